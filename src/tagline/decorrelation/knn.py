"""A cut of fixed background efficiency, by regression on the k nearest neighbours.

Performance of mass-decorrelated jet substructure observables for hadronic two-body decay tagging
in ATLAS (2018), ATL-PHYS-PUB-2018-014, measures the D2 below which 16 % of the background lie on a
grid of 20 x 20 cells in rho and pT, interpolates it between its nearest neighbours and subtracts
it from D2. Here D2 is the logit of the score. Of a grid, many cells are empty once columns are
correlated or more than two; so some of the background jets are the places where the cut is found,
and the jets that are nearest to each, in any direction, are its cell. Coordinates are the shares
of the background below each column, which are the same for a mass, its logarithm and its square.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors

from tagline.decorrelation import Array, BaseDecorrelation
from tagline.logits import logits_of, scores_of
from tagline.protected import share_knots, shares_below
from tagline.quantile_maps import quantiles
from tagline.strict import Strict

Rows = npt.NDArray[np.int64]

FEWEST_JETS = 20  # of which a quantile is worth knowing [chosen]


class Config(Strict):
    """Where the background is made flat, and how finely."""

    efficiency: float = Field(0.16, gt=0, lt=1, description="background efficiency made flat")
    share: float = Field(5e-3, gt=0, le=1, description="of the background, nearest to a place")
    places: int = Field(1000, gt=0, description="background jets around which the cut is found")
    nearest_places: int = Field(10, gt=0, description="from which the cut is interpolated")


class Decorrelation(BaseDecorrelation):
    """Subtracts the cut at each jet's protected columns, and adds that of all background.

    All jets with the same protected columns are shifted alike, so their order is kept.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.level = np.array([1 - config.efficiency])

    def fit(
        self, score_J: Array, protected_JR: Array, label_J: Array, weight_J: Array
    ) -> Mapping[str, Array]:
        """Return the knots of the coordinates, the places (P, R), their cuts (P,), that of all."""
        background_J = label_J == 0
        logit_J, weight_J = logits_of(score_J[background_J]), weight_J[background_J]
        knots_QR = share_knots(protected_JR[background_J])
        share_JR = shares_below(protected_JR[background_J], knots_QR)
        place_PR = _spread(share_JR, self.config.places)
        rows_PN = self._nearest(place_PR, share_JR)
        cut_P = [quantiles(logit_J[rows_N], self.level, weight_J[rows_N]) for rows_N in rows_PN]
        return {
            "knots": knots_QR,
            "places": place_PR,
            "cuts": np.concatenate(cut_P),
            "of_all": quantiles(logit_J, self.level, weight_J),
        }

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return scores of which one cut passes the efficiency everywhere."""
        num_nearest = min(self.config.nearest_places, len(fitted["places"]))
        surface = KNeighborsRegressor(num_nearest, weights="distance")
        surface.fit(fitted["places"], fitted["cuts"])
        cut_J = surface.predict(shares_below(protected_JR, fitted["knots"]))
        return scores_of(logits_of(score_J) - cut_J + fitted["of_all"])

    def _nearest(self, place_PR: Array, share_JR: Array) -> Rows:
        """Return the rows of the jets around each place."""
        wanted = max(FEWEST_JETS, round(self.config.share * len(share_JR)))
        neighbours = NearestNeighbors(n_neighbors=min(wanted, len(share_JR))).fit(share_JR)
        rows_PN: Rows = neighbours.kneighbors(place_PR, return_distance=False)
        return rows_PN


def _spread(share_JR: Array, num_places: int) -> Array:
    """Return so many of the jets, or all if they are fewer, evenly spread over the table."""
    rows_P = np.linspace(0, len(share_JR) - 1, min(num_places, len(share_JR))).round().astype(int)
    place_PR: Array = share_JR[rows_P]
    return place_PR
