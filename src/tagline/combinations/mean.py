"""The mean of the scores: a simple ensemble.

The Machine Learning Landscape of Top Taggers, Kasieczka (2019), arXiv:1902.09914, section 4, takes
every six of nine trainings of a tagger, and quotes the subset with the median rejection with the
standard deviation over the subsets. As subsets share trainings, this is less than an uncertainty.
"""

import numpy as np

from tagline.combinations import Array, BaseCombination
from tagline.settings.strict import Strict


class Config(Strict):
    """It has no parameters."""


class Combination(BaseCombination):
    """All members count the same."""

    def __init__(self, config: Config) -> None:
        del config

    def transform(self, score_JM: Array) -> Array:
        """Return the mean score_J."""
        score_J: Array = np.mean(score_JM, axis=1)
        return score_J
