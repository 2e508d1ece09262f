"""What stands beside a score in every score table, and the rules for a score."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tagline.data.jets import Columns, read_columns

COLUMNS = ("event_id", "jet_index", "label", "weight", "pt")


def read_jets_to_score(jets_file: Path, *, protected: Sequence[str]) -> Columns:
    """Return identity, label, weight, pt and protected columns of the jets of a split."""
    return read_columns(jets_file, names=list(dict.fromkeys((*COLUMNS, *protected))))


def require_probabilities(score_J: npt.NDArray[Any], *, source: str, hint: str) -> None:
    """Raise ValueError if a score from outside is not a number between 0 and 1."""
    wrong_J = ~((score_J >= 0) & (score_J <= 1))
    if wrong_J.any():
        raise ValueError(
            f"{source}: {wrong_J.sum():,} of {len(score_J):,} scores are not between 0 and 1, "
            f"such as {score_J[np.argmax(wrong_J)]:g}: {hint}"
        )
