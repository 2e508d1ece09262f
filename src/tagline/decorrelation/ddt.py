"""Designed decorrelated tagger: the score minus the cut that keeps a fixed share of background.

Thinking outside the ROCs: Designing Decorrelated Taggers (DDT) for jet substructure, Dolen (2016),
arXiv:1603.00027, subtracts the background's profile; since N2-DDT (CMS 2017, arXiv:1705.10532) it
is the background's quantile at a fixed efficiency. The subtraction is done in the logit of the
score and brought back to [0, 1]: a decorrelated score of 0.5 is the cut, and passes the same share
of the background in every bin.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tagline.decorrelation import Array, BaseDecorrelation
from tagline.strict import Strict

SMALLEST_PROBABILITY = 1e-7  # float32 cannot tell 1 - p from 1 below this


class Config(Strict):
    """Where the background is made flat, and how finely."""

    efficiency: float = Field(
        0.05, gt=0, lt=1, description="background efficiency that is made flat"
    )
    bins: int = Field(20, gt=0, description="bins of equal background in the protected column")


class Decorrelation(BaseDecorrelation):
    """Subtracts from each logit the background's quantile in the jet's bin."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def fit(
        self, score_J: Array, protected_JR: Array, label_J: Array, weight_J: Array
    ) -> Mapping[str, Array]:
        """Return the inner edges (bins - 1,) and the cut on the logit in each bin (bins,)."""
        background_J = label_J == 0
        protected_J, weight_J = _only_column(protected_JR[background_J]), weight_J[background_J]
        edges = np.quantile(protected_J, np.linspace(0, 1, self.config.bins + 1)[1:-1])
        bin_J = np.digitize(protected_J, edges)
        logit_J = _logit(score_J[background_J])
        cuts = [
            np.quantile(
                logit_J[bin_J == position],
                1 - self.config.efficiency,
                weights=weight_J[bin_J == position],
                method="inverted_cdf",
            )
            for position in range(self.config.bins)
        ]
        return {"edges": edges, "cut": np.array(cuts)}

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return scores that pass 0.5 with the same background efficiency in every bin."""
        bin_J = np.digitize(_only_column(protected_JR), fitted["edges"])
        return _sigmoid(_logit(score_J) - fitted["cut"][bin_J])


def _only_column(protected_JR: Array) -> npt.NDArray[np.float64]:
    if protected_JR.shape[1] != 1:
        raise ValueError(f"ddt protects one column, the task names {protected_JR.shape[1]}")
    return protected_JR[:, 0]


def _logit(score_J: Array) -> Array:
    score_J = np.clip(score_J, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.log(score_J) - np.log1p(-score_J)


def _sigmoid(logit_J: Array) -> Array:
    return 1 / (1 + np.exp(-logit_J))
