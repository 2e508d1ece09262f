"""What the LHCb tau -> 3 mu challenge says of a score, from the score table of a task."""

from dataclasses import dataclass

import numpy as np

from tagline.data.control_channel import BACKGROUND, NUMBERS_OF_CLASSES, Labels, labels_of
from tagline.data.jets import Columns
from tagline.measures.flavours_of_physics import (
    LARGEST_CORRELATION,
    LARGEST_DISAGREEMENT,
    WINDOW,
    correlation,
    disagreement,
    weighted_area,
)


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


def judged(scores: Columns, *, protected: str) -> Verdict:
    """Judge a score table; NaN is what it has too few events, or other classes for."""
    num_classes = int(scores["label"].max()) + 1
    if num_classes not in NUMBERS_OF_CLASSES:
        return Verdict(np.nan, _correlation(scores, BACKGROUND, protected), _area(scores))
    labels = labels_of(num_classes)
    return Verdict(
        disagreement=_disagreement(scores, labels),
        correlation=_correlation(scores, labels.background_at_all_masses, protected),
        area=_area(scores),
    )


def _disagreement(scores: Columns, labels: Labels) -> float:
    control = _of_classes(scores, labels.control_data, labels.control_simulation)
    is_data_J = control["label"] == labels.control_data
    return disagreement(control["score"], is_data_J, control["weight"].astype(np.float64))


def _correlation(scores: Columns, label: int, protected: str) -> float:
    background = _of_classes(scores, label)
    if len(background["score"]) < WINDOW:
        return np.nan
    return correlation(background["score"], background[protected])


def _area(scores: Columns) -> float:
    counted = _of_classes(scores, BACKGROUND, int(scores["label"].max()))
    is_signal_J = counted["label"] > BACKGROUND
    return weighted_area(counted["score"], is_signal_J, counted["weight"].astype(np.float64))


def _of_classes(scores: Columns, *labels: int) -> Columns:
    chosen_J = np.isin(scores["label"], labels)
    return {name: column_J[chosen_J] for name, column_J in scores.items()}
