"""What training optimises: one file an objective, each with a `Config` and an `Objective`."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.two_ends import ends_of


class BaseObjective(ABC):
    """A loss to make small, and the score that a trained tagger gives each jet.

    Attributes:
        progress: share of the training that is over, set before each step.
        keeps_last: the last weights are the result, since losses of epochs do not compare.
    """

    progress: float = 0.0
    keeps_last: bool = False

    def network(self, tagger: Callable[[Inputs], nn.Module], inputs: Inputs) -> nn.Module:
        """Return what is trained: a tagger of these inputs, or one with more layers behind."""
        return tagger(inputs)

    @abstractmethod
    def loss(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""

    @abstractmethod
    def score(self, logits_BC: Tensor) -> Tensor:
        """Return score_B, larger for jets more like the signal, the last class."""


class OfControlChannel(BaseObjective):
    """Signal against background, of a task whose classes between are not to be told apart.

    Penalties of decorrelations take the score to be a probability among all classes, and are
    refused for such an objective.
    """

    def score(self, logits_BC: Tensor) -> Tensor:
        """Return the probability of signal rather than background."""
        return ends_of(logits_BC).softmax(1)[:, 1]
