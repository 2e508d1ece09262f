"""A cut of fixed background efficiency at each place in the protected columns: a surface.

Subtracted from the logit of the score, it leaves a score of which one cut passes as much
background everywhere, as the kNN of ATL-PHYS-PUB-2018-014 does with D2.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from tagline.decorrelation import Array, BaseDecorrelation
from tagline.measures.logits import logits_of, scores_of
from tagline.measures.quantile_maps import quantiles

FEWEST_JETS = 20  # of which a quantile is worth knowing [chosen]


class CutSurface(BaseDecorrelation, ABC):
    """Subtracts the cut at each jet's protected columns, and adds that of all background.

    All jets with the same protected columns are shifted alike, so their order is kept.
    """

    def __init__(self, efficiency: float) -> None:
        self.level = 1 - efficiency

    @abstractmethod
    def learn(self, logit_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return what `cuts` needs, found in background jets."""

    @abstractmethod
    def cuts(self, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return the logit (J,) above which the efficiency passes at these protected columns."""

    def fit(self, score_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return what was learned, and the cut of all background."""
        logit_J = logits_of(score_J)
        of_all = quantiles(logit_J, np.array([self.level]), weight_J)
        return {"of_all": of_all, **self.learn(logit_J, protected_JR, weight_J)}

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return scores of which one cut passes the efficiency everywhere."""
        cut_J = self.cuts(protected_JR, fitted)
        return scores_of(logits_of(score_J) - cut_J + fitted["of_all"])
