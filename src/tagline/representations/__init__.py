"""How a jet becomes numbers.

One file a representation, each with a `Config` and a `Representation`.
"""

from abc import ABC, abstractmethod

from tagline.inputs import Inputs, Statistics
from tagline.jets import Jets


class BaseRepresentation(ABC):
    """A fit on the training set alone, then the same transformation of every split."""

    def fit(self, train: Jets) -> Statistics:
        """Return the statistics of the training jets that `transform` or the tagger needs."""
        del train
        return {}

    @abstractmethod
    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return the prepared jets: `num_constituents` and feature columns only, all float32."""

    @abstractmethod
    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe what `transform` returns."""
