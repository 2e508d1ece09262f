"""Supervised classification: cross entropy with the true classes."""

from torch import Tensor
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.objectives import BaseObjective
from tagline.settings.strict import Strict


class Config(Strict):
    """It has no parameters."""


class Objective(BaseObjective):
    """Mean of w_i * (-log p_i), with p_i the softmax probability of the true class of jet i."""

    def __init__(self, config: Config) -> None:
        del config

    def loss(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the weighted cross entropy; the weights are one on average, not in each batch."""
        return (
            F.cross_entropy(logits_BC, batch.label_B, reduction="none") * batch.weight_B
        ).mean()

    def score(self, logits_BC: Tensor) -> Tensor:
        """Return the probability of the last class."""
        return logits_BC.softmax(1)[:, -1]
