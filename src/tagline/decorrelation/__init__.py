"""Ways to keep a score from sculpting a protected column.

One file a method, each with a `Config` and a `Decorrelation`.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tagline.batch import Batch

Array = npt.NDArray[np.float64]


class BaseDecorrelation:
    """Four hooks that do nothing; a method overrides one or two.

    `weight` and `penalty` act in training, `fit` and `transform` on the scores afterwards.
    """

    def weight(self, protected_JR: Array, label_J: Array, weight_J: Array) -> Array:
        """Return training weights (J,)."""
        return weight_J

    def penalty(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return a scalar to add to the loss."""
        return logits_BC.new_zeros(())

    def fit(
        self, score_J: Array, protected_JR: Array, label_J: Array, weight_J: Array
    ) -> Mapping[str, Array]:
        """Return what `transform` needs, found in the validation scores."""
        return {}

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return decorrelated scores (J,)."""
        return score_J
