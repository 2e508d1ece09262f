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

from tagline.data.protected import share_knots, shares_below
from tagline.decorrelation import Array
from tagline.measures.cut_surface import FEWEST_JETS, CutSurface
from tagline.measures.quantile_maps import quantiles
from tagline.settings.strict import Strict

Rows = npt.NDArray[np.int64]


class Config(Strict):
    """Where the background is made flat, and how finely."""

    efficiency: float = Field(0.16, gt=0, lt=1, description="background efficiency made flat")
    share: float = Field(5e-3, gt=0, le=1, description="of the background, nearest to a place")
    places: int = Field(1000, gt=0, description="background jets around which the cut is found")
    nearest_places: int = Field(10, gt=0, description="from which the cut is interpolated")
    told: tuple[str, ...] = Field(
        (), description="jet columns of which the cut is a function, too: `pt`"
    )


class Decorrelation(CutSurface):
    """The cut at each place is the quantile of the jets around it."""

    def __init__(self, config: Config) -> None:
        super().__init__(config.efficiency)
        self.config = config
        self.told = config.told

    def learn(self, logit_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return the knots of the coordinates, the places (P, R) and their cuts (P,)."""
        knots_QR = share_knots(protected_JR)
        share_JR = shares_below(protected_JR, knots_QR)
        place_PR = _spread(share_JR, self.config.places)
        level = np.array([self.level])
        cut_P = [
            quantiles(logit_J[rows_N], level, weight_J[rows_N])
            for rows_N in self._nearest(place_PR, share_JR)
        ]
        return {"knots": knots_QR, "places": place_PR, "cuts": np.concatenate(cut_P)}

    def cuts(self, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return the mean of the nearest places' cuts, weighted by one over the distance."""
        num_nearest = min(self.config.nearest_places, len(fitted["places"]))
        surface = KNeighborsRegressor(num_nearest, weights="distance")
        surface.fit(fitted["places"], fitted["cuts"])
        cut_J: Array = surface.predict(shares_below(protected_JR, fitted["knots"]))
        return cut_J

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
