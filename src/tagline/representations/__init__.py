"""How a jet becomes numbers: one file a representation, with a `Config` and a `Representation`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tagline.data.inputs import Inputs, Statistics
from tagline.data.jets import Jets
from tagline.data.stored_jets import InPieces

Array = npt.NDArray[np.float64]


class BaseRepresentation(ABC):
    """A fit on the training set alone, then the same transformation of every split."""

    def reads(self) -> tuple[str, ...]:
        """Name the constituent columns that are read."""
        return "px", "py", "pz", "energy"

    def fit(self, train: InPieces) -> Statistics:
        """Return the statistics of the training jets that `transform` or the tagger needs."""
        del train
        return {}

    @abstractmethod
    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return the prepared jets: `num_constituents` and feature columns only, all float32."""

    @abstractmethod
    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe what `transform` returns."""

    def mean_images(
        self, train: InPieces, statistics: Statistics, class_names: Sequence[str]
    ) -> dict[str, Any]:
        """Return mean images of each class after each step, as JSON; nothing if no images."""
        del train, statistics, class_names
        return {}


class JetFeatures(BaseRepresentation):
    """A representation by columns over jets, standardised to mean 0 and deviation 1 on demand."""

    names: tuple[str, ...]
    standardise: bool

    @abstractmethod
    def compute(self, jets: Jets) -> Array:
        """Return the features `names` of each jet, not standardised: (J, G)."""

    def fit(self, train: InPieces) -> Statistics:
        """Return `mean` and `scale` of each feature; 0 and 1 where not standardised."""
        if not self.standardise:
            return {"mean": np.zeros(len(self.names)), "scale": np.ones(len(self.names))}
        mean_G, deviation_G = _moments(self.compute(piece) for piece in train.pieces())
        return {"mean": mean_G, "scale": np.where(deviation_G > 0, deviation_G, 1)}

    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return one column `feature_<name>` for each feature."""
        values_JG = (self.compute(jets) - statistics["mean"]) / statistics["scale"]
        features = {
            f"feature_{name}": values_J.astype(np.float32)
            for name, values_J in zip(self.names, values_JG.T, strict=True)
        }
        return Jets(
            jets={"num_constituents": np.zeros(len(jets), np.int32), **features}, constituents={}
        )

    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe the features."""
        return Inputs(jet_features=self.names, statistics=statistics)


def _moments(pieces: Iterable[Array]) -> tuple[Array, Array]:
    """Return mean and deviation of columns that come in pieces of rows: (G,) each.

    Differences to the first row are added up, so that a column that never changes deviates by 0.
    """
    num, sum_G, square_sum_G, first_G = 0, np.zeros(1), np.zeros(1), np.zeros(1)
    for values_JG in pieces:
        if num == 0:
            first_G = values_JG[:1].sum(axis=0)
        num += len(values_JG)
        sum_G = sum_G + (values_JG - first_G).sum(axis=0)
        square_sum_G = square_sum_G + ((values_JG - first_G) ** 2).sum(axis=0)
    mean_G = sum_G / num
    return first_G + mean_G, np.sqrt(np.maximum(square_sum_G / num - mean_G**2, 0))
