"""What a tagger is told of its input: names, shapes and the statistics of the training set."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tagline.artefacts.files import read_json, write_json

LINKS = ("left", "right")  # features of a constituent that are places of others in its jet
PLACES = ("row", "column", "depth", *LINKS)  # features that say where something is, not how much

Statistics = dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Inputs:
    """The shape of prepared jets.

    Args:
        constituent_features: names of the F columns of each particle (or pixel).
        jet_features: names of the G columns of each jet.
        max_constituents: no jet has more constituents than this; 0 if it has none at all.
        image_shape: channels, rows, columns (K, Y, X) if the constituents are pixels.
        statistics: what `fit` found in the training set, such as the mean of each pixel.
        num_classes: number of classes C of the task.
    """

    constituent_features: tuple[str, ...] = ()
    jet_features: tuple[str, ...] = ()
    max_constituents: int = 0
    image_shape: tuple[int, int, int] | None = None
    statistics: Statistics = field(default_factory=dict)
    num_classes: int = 2

    @property
    def are_linked(self) -> bool:
        """Whether constituents point to others, so that a jet cannot lose any."""
        return bool(set(LINKS) & set(self.constituent_features))


def as_json(inputs: Inputs) -> dict[str, Any]:
    """Return values that JSON has."""
    statistics = {name: array.tolist() for name, array in inputs.statistics.items()}
    return vars(inputs) | {"statistics": statistics}


def write_inputs(inputs: Inputs, path: Path) -> None:
    """Write as JSON."""
    write_json(as_json(inputs), path)


def read_inputs(path: Path) -> Inputs:
    """Read what `write_inputs` wrote."""
    values = read_json(path)
    shape = values["image_shape"]
    return Inputs(
        constituent_features=tuple(values["constituent_features"]),
        jet_features=tuple(values["jet_features"]),
        max_constituents=values["max_constituents"],
        image_shape=tuple(shape) if shape else None,
        statistics={name: np.array(array) for name, array in values["statistics"].items()},
        num_classes=values["num_classes"],
    )
