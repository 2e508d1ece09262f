"""Ways to keep a score from sculpting a protected column.

One file a method, each with a `Config` and a `Decorrelation`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tagline.settings import plugins
from tagline.settings.catalogue import Decorrelation

if TYPE_CHECKING:  # torch takes seconds, and most methods on scores do without it
    from torch import Tensor, nn

    from tagline.data.batch import Batch

Array = npt.NDArray[np.float64]


class BaseDecorrelation:
    """Five hooks that do nothing; a method overrides one or two.

    `weight`, `begin` and `penalty` act in training, `fit` and `transform` on the scores
    afterwards.

    Attributes:
        epoch: where the training is, set before each step: 1.5 is in the middle of the second.
        adversary: a network of the penalty's own, trained in the same steps.
        adversary_rate: how many times faster it learns than the tagger.
        keeps_last: the last weights are the result, since losses of epochs do not compare.
        told: jet columns that the method reads beside the protected ones and does not make flat;
            they are the last columns R of what its hooks get.
    """

    epoch: float = 0.0
    adversary: "nn.Module | None" = None
    adversary_rate: float = 1.0
    keeps_last: bool = False
    told: tuple[str, ...] = ()

    @property
    def tagger_rate(self) -> float:
        """How many times faster than by itself the tagger learns in this epoch."""
        return 1.0

    def begin(self, protected_JR: Array, label_J: Array) -> None:
        """Learn once, before the first step, what the penalty must know of the training jets."""

    def weight(self, protected_JR: Array, label_J: Array, weight_J: Array) -> Array:
        """Return training weights (J,)."""
        return weight_J

    def penalty(self, logits_BC: "Tensor", batch: "Batch") -> "Tensor":
        """Return a scalar to add to the loss."""
        return logits_BC.new_zeros(())

    def fit(self, score_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return what `transform` needs, found in the background's validation scores."""
        return {}

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return decorrelated scores (J,)."""
        return score_J


def method_of(decorrelation: Decorrelation) -> BaseDecorrelation:
    """Build the method that an entry of the catalogue names."""
    plugin = plugins.load("decorrelation", decorrelation.method)
    method: BaseDecorrelation = plugin.Decorrelation(plugin.Config(**decorrelation.parameters))
    return method
