"""Decorrelate: fit a method on the background's validation scores, then transform both splits."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tagline.data.jets import Columns, read_columns, write_columns
from tagline.decorrelation import Array, method_of
from tagline.settings.catalogue import Decorrelation

log = logging.getLogger(__name__)


def decorrelate(
    score_files: Mapping[str, Path],
    *,
    decorrelation: Decorrelation,
    protected: Sequence[str],
    outputs: Mapping[str, Path],
) -> None:
    """Write the score tables of both splits again, with decorrelated scores.

    Args:
        score_files: score table of each split; `validation` is the one that is fitted.
        decorrelation: method and parameters.
        protected: columns that the score must not sculpt.
        outputs: where each split's table goes.
    """
    method = method_of(decorrelation)
    columns = (*protected, *method.told)
    validation = read_columns(score_files["validation"])
    rows_J = _weighing_background(validation, score_files["validation"])
    background = {name: column_J[rows_J] for name, column_J in validation.items()}
    fitted = method.fit(
        background["score"].astype(np.float64),
        _stack(background, columns),
        background["weight"].astype(np.float64),
    )
    log.info("%s fitted on %d background jets", decorrelation.method, rows_J.sum())
    for split, output in outputs.items():
        scores = read_columns(score_files[split])
        decorrelated_J = method.transform(
            scores["score"].astype(np.float64), _stack(scores, columns), fitted
        )
        scores["score"] = decorrelated_J.astype(np.float32)
        write_columns(
            scores, output, provenance={"decorrelation": decorrelation.model_dump_json()}
        )


def _weighing_background(scores: Columns, path: Path) -> npt.NDArray[np.bool_]:
    """Return which jets are background that weighs something.

    Raises:
        ValueError: there are none, or weights are negative, which leaves quantiles undefined.
    """
    is_background_J = scores["label"] == 0
    num_negative = (scores["weight"][is_background_J] < 0).sum()
    if num_negative:
        raise ValueError(
            f"{path}: {num_negative} background jets have negative weights; none may be below 0"
        )
    rows_J: npt.NDArray[np.bool_] = is_background_J & (scores["weight"] > 0)
    if not rows_J.any():
        raise ValueError(f"{path}: no background to fit on")
    return rows_J


def _stack(scores: Columns, names: Sequence[str]) -> Array:
    missing = [name for name in names if name not in scores]
    if missing:
        raise ValueError(f"scores have no column {missing[0]!r}; they have {', '.join(scores)}")
    return np.stack([scores[name].astype(np.float64) for name in names], axis=1)
