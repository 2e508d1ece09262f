"""Convolved substructure: in each bin of mass, the background is given the shape of one of them.

Convolved substructure: analytically decorrelating jet substructure observables, Moult (2017),
arXiv:1710.06859. The background's distribution of an observable in each bin is convolved with

    F(k | alpha, Omega) = (alpha / Omega)^alpha k^(alpha - 1) exp(-alpha k / Omega) / Gamma(alpha),

Omega being fitted so that the result is like the reference bin's, and the observable is mapped on
the convolved one so that its quantiles keep their order. The observable must be positive and small
for signal, as D2 is; here it is how far the logit of the score lies below the largest there is.
As k is positive, the reference is the bin whose background is the furthest from signal.
"""

from collections.abc import Mapping

import numpy as np
from pydantic import Field
from scipy.optimize import minimize_scalar
from scipy.special import expit, gammainc

from tagline.data.protected import filled_edges, only_column
from tagline.decorrelation import Array, BaseDecorrelation
from tagline.measures.logits import LARGEST_LOGIT, logits_of, scores_of
from tagline.measures.quantile_maps import map_in_bins
from tagline.settings.strict import Strict

WIDTH = 0.05  # of the cells of histograms
CELLS = np.arange(0, 4 * LARGEST_LOGIT, WIDTH)  # half for the observable, half for what is added
SMALLEST_OMEGA = 1e-3  # a fiftieth of a cell: nothing is added
LEVELS = expit(np.linspace(-7, 7, 141))  # quantiles that are mapped, dense at both ends


class Config(Strict):
    """The bins, and the shape that is added: a narrow one [chosen], as logits mostly shift."""

    bins: int = Field(
        10, gt=0, description="bins of equal background in the protected column, at most so many"
    )
    alpha: float = Field(10.0, gt=0, description="of the shape: Omega / sqrt(alpha) is its width")


class Decorrelation(BaseDecorrelation):
    """Maps the background's quantiles in each bin on those of the convolution."""

    def __init__(self, config: Config) -> None:
        self.bins, self.alpha = config.bins, config.alpha

    def fit(self, score_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return inner edges (S - 1,), Omega (S,), quantiles before and after (S, Q)."""
        x_J = _observable(score_J)
        protected_J = only_column(protected_JR, method="css")
        edges = filled_edges(protected_J, self.bins)
        bin_J = np.digitize(protected_J, edges)
        share_SX = np.array(
            [_shares(x_J[bin_J == s], weight_J[bin_J == s]) for s in range(len(edges) + 1)]
        )
        reference_X = share_SX[np.argmax(share_SX @ CELLS[:-1])]
        omega_S = np.array([self._omega(share_X, reference_X) for share_X in share_SX])
        convolved_SX = [
            self._convolved(share_X, omega)
            for share_X, omega in zip(share_SX, omega_S, strict=True)
        ]
        return {
            "edges": edges,
            "omega": omega_S,
            "before": np.array([_quantiles(share_X) for share_X in share_SX]),
            "after": np.array([_quantiles(share_X) for share_X in convolved_SX]),
        }

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return scores whose background has about the reference's distribution in every bin."""
        bin_J = np.digitize(only_column(protected_JR, method="css"), fitted["edges"])
        x_J = map_in_bins(_observable(score_J), bin_J, fitted["before"], fitted["after"])
        return scores_of(LARGEST_LOGIT - x_J)

    def _omega(self, share_X: Array, reference_X: Array) -> float:
        """Return the Omega at which the cumulative distributions differ least, in squares."""

        def difference(omega: float) -> float:
            difference_X = np.cumsum(self._convolved(share_X, omega) - reference_X)
            return float(np.sum(difference_X**2))

        bounds = (SMALLEST_OMEGA, 2 * LARGEST_LOGIT)
        return float(minimize_scalar(difference, bounds=bounds, method="bounded").x)

    def _convolved(self, share_X: Array, omega: float) -> Array:
        """Return the shares of the cells after the shape is added: to none, to half a cell, ..."""
        upper_X = CELLS[:-1] + WIDTH / 2
        shape_X = np.diff(gammainc(self.alpha, self.alpha * upper_X / omega), prepend=0)
        convolved_X: Array = np.convolve(share_X, shape_X)[: len(share_X)]
        return convolved_X


def _observable(score_J: Array) -> Array:
    return LARGEST_LOGIT - logits_of(score_J)


def _shares(x_J: Array, weight_J: Array) -> Array:
    share_X, _ = np.histogram(x_J, CELLS, weights=weight_J)
    normalised_X: Array = share_X / share_X.sum()
    return normalised_X


def _quantiles(share_X: Array) -> Array:
    """Return the quantiles at LEVELS, linear within cells."""
    quantile_Q: Array = np.interp(LEVELS, np.cumsum(np.append(0, share_X)), CELLS)
    return quantile_Q
