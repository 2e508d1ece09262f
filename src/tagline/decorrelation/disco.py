"""DisCo: a penalty on the distance correlation of score and protected column in the background.

DisCo Fever: Robust Networks Through Distance Correlation, Kasieczka (2020), arXiv:2001.05310. The
paper's code evaluates all pairs of a batch; the same value and gradient cost O(N log N) here.

The correlation does not know how large the score's differences are. A network that has just begun
would rather end with a constant score than learn the classes, and small ones do. The paper has no
remedy; `grows` is ours: the penalty then grows with what the network has learned of the classes.
"""

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy

from tagline.data.batch import Batch
from tagline.decorrelation import BaseDecorrelation
from tagline.measures.distance_correlation import rank, squared_with_gradient
from tagline.settings.strict import Strict


class Config(Strict):
    """The trade between classification and decorrelation."""

    strength: float = Field(10.0, gt=0, description="lambda: weight of dCorr^2 in the loss")
    grows: bool = Field(False, description="grow with what is learned; the paper's does not")


class Decorrelation(BaseDecorrelation):
    """Adds lambda dCorr^2(signal probability, protected column) of background jets to the loss."""

    def __init__(self, config: Config) -> None:
        self.strength = config.strength
        self.grows = config.grows

    def penalty(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the penalty, summed over the protected columns."""
        background_B = batch.label_B == 0
        score_B = logits_BC.float().softmax(dim=1)[:, -1]
        penalties = [
            squared_distance_correlation(
                score_B[background_B], column_B[background_B], batch.weight_B[background_B]
            )
            for column_B in batch.protected_BR.unbind(dim=1)
        ]
        strength = self.strength * (learned_share(logits_BC, batch) if self.grows else 1)
        return strength * torch.stack(penalties).sum()


@torch.no_grad()
def learned_share(logits_BC: Tensor, batch: Batch) -> Tensor:
    """Return 1 - cross entropy / log C: 0 for a network that guesses, 1 for one that knows."""
    guessing = math.log(logits_BC.shape[1])
    return (1 - cross_entropy(logits_BC.float(), batch.label_B) / guessing).clamp(min=0)


def squared_distance_correlation(score_B: Tensor, protected_B: Tensor, weight_B: Tensor) -> Tensor:
    """Return dCorr^2, exact in value and gradient by the score; 0 for fewer than two jets."""
    if len(score_B) < 2:
        return score_B.new_zeros(())
    score, protected, weight = (
        tensor.detach().cpu().numpy().astype("float64")
        for tensor in (score_B, protected_B, weight_B)
    )
    value, gradient = squared_with_gradient(rank(score), rank(protected), weight)
    gradient_B = torch.from_numpy(gradient).to(score_B)
    return value + torch.dot(gradient_B, score_B - score_B.detach())
