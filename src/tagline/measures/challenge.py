"""The LHCb tau -> 3 mu challenge from its own files: `tagline challenge FOLDER [FEATURE ...]`.

Flavours of Physics, Kaggle (2015), https://www.kaggle.com/c/flavours-of-physics. Boosted trees
learn from every other event of the training file, from the features that are named. The starter
kit, https://github.com/yandexdataschool/flavours-of-physics-start, whose baseline reads those
named by default, reports for it a disagreement of 0.0682, a correlation of 0.00098 and a weighted
area of 0.8343.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyarrow import ArrowInvalid, csv

from tagline.measures.flavours_of_physics import (
    LARGEST_CORRELATION,
    LARGEST_DISAGREEMENT,
    correlation,
    disagreement,
    weighted_area,
)
from tagline.settings.strict import did_you_mean

Array = npt.NDArray[Any]

TRAINING, CONTROL, BACKGROUND = "training.csv", "check_agreement.csv", "check_correlation.csv"
BASELINE = ("LifeTime", "FlightDistance", "pt")
LEAST_MUON = 0.4  # of `min_ANNmuon`, in events that count for the area
SEED = 1


@dataclass(frozen=True)
class Events:
    """The events of a file."""

    path: Path
    columns: dict[str, Array]

    def column(self, name: str) -> Array:
        """Return a column (J,).

        Raises:
            ValueError: there is none.
        """
        if name not in self.columns:
            nearest = did_you_mean(name, list(self.columns))
            raise ValueError(f"{self.path}: no column {name!r}; {nearest}")
        return self.columns[name]

    def features(self, names: Sequence[str]) -> Array:
        """Return columns beside each other (J, F)."""
        return np.column_stack([self.column(name) for name in names])

    def where(self, chosen_J: Array) -> "Events":
        """Return some of the events."""
        return Events(self.path, {name: column[chosen_J] for name, column in self.columns.items()})


@dataclass(frozen=True)
class Verdict:
    """What the challenge says of a score: a valid one is worth its area."""

    disagreement: float
    correlation: float
    area: float

    def __str__(self) -> str:
        valid = "valid" if self.is_valid else "not valid"
        return (
            f"disagreement {self.disagreement:.4f} (below {LARGEST_DISAGREEMENT:g}), "
            f"correlation {self.correlation:.5f} (below {LARGEST_CORRELATION:g}): {valid}; "
            f"weighted area {self.area:.4f}"
        )

    @property
    def is_valid(self) -> bool:
        """Whether the score knows neither the simulation nor the mass."""
        return self.disagreement < LARGEST_DISAGREEMENT and self.correlation < LARGEST_CORRELATION


def read_events(path: Path) -> Events:
    """Read a file of the challenge.

    Raises:
        ValueError: it is no table of numbers.
    """
    try:
        table = csv.read_csv(path)
    except ArrowInvalid as error:
        raise ValueError(f"{path}: no table of comma-separated values: {error}") from None
    columns = {name: table[name].to_numpy() for name in table.column_names}
    for name, column in columns.items():
        if column.dtype.kind not in "biuf":
            raise ValueError(f"{path}: column {name!r} holds other than numbers")
    return Events(path, columns)


def judge(folder: Path, features: Sequence[str] = BASELINE) -> Verdict:
    """Train on half of the training events, and judge the score on all others.

    Raises:
        ValueError: a file or a column is not as expected.
    """
    from sklearn.ensemble import GradientBoostingClassifier

    training, control, background = (
        read_events(folder / name) for name in (TRAINING, CONTROL, BACKGROUND)
    )
    is_odd_J = np.arange(len(training.column("signal"))) % 2 == 1
    learned, counted = training.where(is_odd_J), training.where(~is_odd_J)
    counted = counted.where(counted.column("min_ANNmuon") > LEAST_MUON)
    trees = GradientBoostingClassifier(random_state=SEED)
    trees.fit(learned.features(features), learned.column("signal"))

    def score(events: Events) -> Array:
        probability_J: Array = trees.predict_proba(events.features(features))[:, 1]
        return probability_J.astype(np.float32)

    is_signal_J = counted.column("signal") == 1
    return Verdict(
        disagreement(score(control), control.column("signal") == 0, control.column("weight")),
        correlation(score(background), background.column("mass")),
        weighted_area(score(counted), is_signal_J, np.ones(len(is_signal_J))),
    )


def main(arguments: list[str]) -> int:
    """Print the verdict on boosted trees; return 1 if their score is not valid."""
    parser = argparse.ArgumentParser(
        prog="tagline challenge", description="Judge boosted trees by the LHCb challenge."
    )
    parser.add_argument("folder", type=Path, help=f"of {TRAINING}, {CONTROL} and {BACKGROUND}")
    parser.add_argument("features", nargs="*", default=BASELINE, help="columns to learn from")
    options = parser.parse_args(arguments)
    verdict = judge(options.folder, options.features)
    sys.stdout.write(f"{verdict}\n")
    return 0 if verdict.is_valid else 1
