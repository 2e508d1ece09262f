"""What training optimises: one file an objective, each with a `Config` and an `Objective`."""

from abc import ABC, abstractmethod

from torch import Tensor

from tagline.data.batch import Batch


class BaseObjective(ABC):
    """A loss to make small, and the score that a trained tagger gives each jet."""

    @abstractmethod
    def loss(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""

    @abstractmethod
    def score(self, logits_BC: Tensor) -> Tensor:
        """Return score_B, larger for jets more like the signal, the last class."""
