"""What is read of a split: which of its jets, how often, and with which weights."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.data.jets import Columns, Jets

WEIGHTED = ("train", "validation")  # splits whose weights a task may change

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Draw(NamedTuple):
    """Rows of a split (K,), in order, which may come again, and weights (K,)."""

    rows_K: Integers
    weight_K: Array

    def scaled(self, factor_K: Array) -> "Draw":
        """Return the same rows with weights multiplied by a factor."""
        return Draw(self.rows_K, self.weight_K * factor_K)

    def between(self, first: int, last: int) -> "Draw":
        """Return what is drawn of these rows, of which the first has number 0 then."""
        drawn = slice(*np.searchsorted(self.rows_K, [first, last]))
        return Draw(self.rows_K[drawn] - first, self.weight_K[drawn])

    def of(self, jets: Jets) -> Jets:
        """Return the drawn jets with their weights."""
        taken = jets.take(self.rows_K)
        return replace(taken, jets=taken.jets | {"weight": self.weight_K.astype(np.float32)})


def everything(columns: Columns) -> Draw:
    """Return all jets, each once with the weight that it has."""
    return Draw(np.arange(len(columns["weight"])), columns["weight"].astype(np.float64))
