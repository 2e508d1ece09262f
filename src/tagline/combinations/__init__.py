"""Ways to make one score of several: one file each, with a `Config` and a `Combination`.

A combination sees labels of validation jets alone. Of test jets it gets the scores of its members
and nothing else, so that no choice of code can fit it on them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Members:
    """The validation jets as the members of a combination score them.

    Args:
        score_JM: of each member.
        label_J: class, 0 is the background.
        weight_J: the classes have equal sums where the task balances them.
        event_id_J: uint64, the same for jets of one event.
    """

    score_JM: Array
    label_J: npt.NDArray[np.int64]
    weight_J: Array
    event_id_J: npt.NDArray[np.uint64]


class BaseCombination(ABC):
    """A function of the members' scores, fitted on validation jets if it has to be."""

    def fit(self, members: Members, *, seed: int) -> dict[str, Any]:  # noqa: ARG002
        """Fit on the validation jets, and return what the history is to tell of it."""
        return {}

    def out_of_fold(self, members: Members) -> Array:
        """Return score_J of the jets it was fitted on, each as if it had not been."""
        return self.transform(members.score_JM)

    @abstractmethod
    def transform(self, score_JM: Array) -> Array:
        """Return score_J of other jets."""

    def num_parameters(self, of_members: Sequence[int]) -> int:
        """Count the trained numbers, by default of all members together."""
        return sum(of_members)
