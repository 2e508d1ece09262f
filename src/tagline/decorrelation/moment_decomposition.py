"""MoDe: a penalty on what a polynomial in the protected column cannot say of the score.

Kitouni, Nachman, Weisskopf and Williams, "Enhancing searches for resonances with machine learning
and moment decomposition", 2020, https://arxiv.org/abs/2010.09745. A score may depend on the mass,
but its distribution function at any cut only as a polynomial of some degree: 0 is independence, 1
lets the efficiency be a straight line, which makes no peak.

The paper's code integrates over a grid of cuts. Here the integral over all cuts is exact: between
two neighbouring scores of a batch, no distribution function changes.
"""

import torch
from pydantic import Field
from torch import Tensor

from tagline.data.batch import Batch
from tagline.decorrelation import BaseDecorrelation
from tagline.settings.strict import Strict


class Config(Strict):
    """How strong, and what dependence is allowed."""

    strength: float = Field(30.0, gt=0, description="weight of the penalty in the loss")
    order: int = Field(0, ge=0, le=3, description="highest power of the column that is allowed")
    bins: int = Field(16, gt=1, description="of equally many background jets of a batch")


class Decorrelation(BaseDecorrelation):
    """Adds the mean over bins of the integral of (F_bin - its polynomial part)^2 over all cuts."""

    def __init__(self, config: Config) -> None:
        self.strength = config.strength
        self.bins = config.bins
        self.forbidden_MM = torch.eye(config.bins, dtype=torch.float64) - polynomials(
            config.bins, config.order
        )

    def penalty(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the penalty, summed over the protected columns."""
        background_B = batch.label_B == 0
        score_B = logits_BC.float().softmax(dim=1)[:, -1][background_B]
        if len(score_B) < self.bins:
            return score_B.new_zeros(())
        penalties = [
            self._dependence(score_B, column_B[background_B], batch.weight_B[background_B])
            for column_B in batch.protected_BR.unbind(dim=1)
        ]
        return self.strength * torch.stack(penalties).sum()

    def _dependence(self, score_B: Tensor, protected_B: Tensor, weight_B: Tensor) -> Tensor:
        score_B, order_B = score_B.sort()
        with torch.no_grad():
            bin_B = protected_B.argsort().argsort() * self.bins // len(score_B)
            share_BM = torch.nn.functional.one_hot(bin_B, self.bins) * weight_B[:, None].double()
            share_BM = share_BM / share_BM.sum(0).clamp(min=torch.finfo(torch.float64).tiny)
            cumulative_BM = share_BM[order_B].cumsum(0)
            forbidden_BM = cumulative_BM @ self.forbidden_MM.to(cumulative_BM.device)
            square_B = forbidden_BM.square().mean(1)[:-1].to(score_B.dtype)
        return torch.dot(square_B, score_B.diff())


def polynomials(bins: int, order: int) -> Tensor:
    """Return the matrix (M, M) that projects numbers of bins on polynomials of their places."""
    place_M = torch.linspace(-1, 1, bins, dtype=torch.float64)
    powers_MO = torch.stack([place_M**power for power in range(order + 1)], dim=1)
    orthogonal_MO = torch.linalg.qr(powers_MO)[0]
    projection_MM: Tensor = orthogonal_MO @ orthogonal_MO.T
    return projection_MM
