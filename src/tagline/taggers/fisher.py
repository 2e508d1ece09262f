"""Fisher's linear discriminant on features of a jet.

The use of multiple measurements in taxonomic problems, Fisher 1936,
https://doi.org/10.1111/j.1469-1809.1936.tb02137.x; on energy flow polynomials: Komiske, Metodiev
and Thaler 2017, https://arxiv.org/abs/1712.07124.
"""

from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.learning.fitted import Fitted
from tagline.settings.strict import Strict

JETS_A_PIECE = 8192


class Config(Strict):
    """How features that depend on each other are treated."""

    tolerance: float = Field(
        1e-4,
        gt=0,
        lt=1,
        description="leaves out directions along which jets of a class deviate less, each feature "
        "being in units of its own deviation; scikit-learn's default",
    )


class Tagger(Fitted):
    """A weight for each feature and an offset: 995 numbers for 994 polynomials and two classes.

    Where jets of class c have Gaussian features of mean m_c and a covariance W that all classes
    share, its odds against class 0 have the logarithm x w_c + b_c with w_c = W^-1 (m_c - m_0) and
    b_c = log(n_c / n_0) - w_c (m_c + m_0) / 2. Fisher's discriminant is the same up to its scale.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.tolerance = config.tolerance
        num_features, num_others = len(inputs.jet_features), inputs.num_classes - 1
        self.log_odds = nn.Linear(num_features, num_others, dtype=torch.float64)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC, 0 for class 0."""
        log_odds_BC: Tensor = self.log_odds(batch.features_BG.double())
        return F.pad(log_odds_BC, (1, 0)).float()

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Solve for the weights; there is nothing random."""
        del seed
        num_C, mean_CG, within_GG = _moments(train, num_classes=self.log_odds.out_features + 1)
        deviation_G = within_GG.diagonal().sqrt()
        deviation_G[deviation_G == 0] = 1
        correlation_GG = within_GG / deviation_G / deviation_G[:, None]
        variance_D, direction_GD = torch.linalg.eigh(correlation_GG)
        kept_D = variance_D > self.tolerance**2
        direction_GD, variance_D = direction_GD[:, kept_D], variance_D[kept_D]
        difference_CG = (mean_CG[1:] - mean_CG[0]) / deviation_G
        weight_CG = (difference_CG @ direction_GD / variance_D) @ direction_GD.T / deviation_G
        self.log_odds.weight.copy_(weight_CG)
        middle_CG = (mean_CG[1:] + mean_CG[0]) / 2
        self.log_odds.bias.copy_((num_C[1:] / num_C[0]).log() - (weight_CG * middle_CG).sum(1))


class Moments(NamedTuple):
    """Sums of weights and means of each class, and the covariance within classes."""

    num_C: Tensor
    mean_CG: Tensor
    within_GG: Tensor


def _moments(jets: PackedJets, *, num_classes: int) -> Moments:
    """Return moments in double precision.

    Raises:
        ValueError: a class has no jets, or no positive weight.
    """
    weight_J = jets.weight_J.double()
    num_C = torch.bincount(jets.label_J, weight_J, minlength=num_classes)
    for label, num in enumerate(num_C.tolist()):
        if num <= 0:
            raise ValueError(f"training jets of class {label} have a weight of {num:g} in all")
    num_features = jets.features_JG.shape[1]
    mean_CG = torch.zeros(num_classes, num_features, dtype=torch.float64)
    within_GG = torch.zeros(num_features, num_features, dtype=torch.float64)
    pieces = torch.split(torch.arange(len(jets)), JETS_A_PIECE)
    for rows_B in pieces:
        weighted_BG = jets.features_JG[rows_B] * weight_J[rows_B, None]
        mean_CG.index_add_(0, jets.label_J[rows_B], weighted_BG)
    mean_CG /= num_C[:, None]
    for rows_B in pieces:
        offset_BG = jets.features_JG[rows_B] - mean_CG[jets.label_J[rows_B]]
        within_GG.addmm_(offset_BG.T, offset_BG * weight_J[rows_B, None])
    return Moments(num_C, mean_CG, within_GG / num_C.sum())
