"""A cut of fixed background efficiency, by boosted trees that learn a quantile.

Regression quantiles, Koenker (1978), https://doi.org/10.2307/1913643, minimise the absolute loss
tilted towards one side; here trees do, boosted as in "Greedy Function Approximation: A Gradient
Boosting Machine", Friedman (2001), https://doi.org/10.1214/aos/1013203451. The cut is subtracted
from the logit as the kNN's of ATL-PHYS-PUB-2018-014 is, and the trees split whichever of the
protected columns it depends on.
"""

from collections.abc import Mapping

from pydantic import Field
from sklearn.ensemble import HistGradientBoostingRegressor

from tagline.decorrelation import Array
from tagline.measures.cut_surface import FEWEST_JETS, CutSurface
from tagline.settings.strict import Strict

SEED = 1  # picks the jets from which the bins of the histograms are made


class Config(Strict):
    """Where the background is made flat, and how the trees grow: few cuts each [chosen]."""

    efficiency: float = Field(0.16, gt=0, lt=1, description="background efficiency made flat")
    trees: int = Field(100, gt=0, description="so many")
    leaves: int = Field(8, gt=1, description="at most so many in a tree")
    learning_rate: float = Field(0.1, gt=0, description="by which the leaves are multiplied")
    smallest_leaf: float = Field(0.01, ge=0, lt=1, description="share of the background in each")


class Decorrelation(CutSurface):
    """Trees are no arrays: the instance that was fitted keeps them, and is the one that cuts."""

    trees: HistGradientBoostingRegressor

    def __init__(self, config: Config) -> None:
        super().__init__(config.efficiency)
        self.config = config

    def learn(self, logit_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Grow the trees."""
        smallest_leaf = max(FEWEST_JETS, round(self.config.smallest_leaf * len(logit_J)))
        self.trees = HistGradientBoostingRegressor(
            loss="quantile",
            quantile=self.level,
            max_iter=self.config.trees,
            max_leaf_nodes=self.config.leaves,
            learning_rate=self.config.learning_rate,
            min_samples_leaf=smallest_leaf,
            early_stopping=False,
            random_state=SEED,
        ).fit(protected_JR, logit_J, weight_J)
        return {}

    def cuts(self, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return the sum of the trees."""
        del fitted
        cut_J: Array = self.trees.predict(protected_JR)
        return cut_J
