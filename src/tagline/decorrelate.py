"""Decorrelate: fit a post-hoc method on the validation scores, then transform both splits."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tagline.catalogue import Decorrelation
from tagline.decorrelation import Array, method_of
from tagline.jets import Columns, read_columns, write_columns

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
    validation = read_columns(score_files["validation"])
    if not len(validation["score"]):
        raise ValueError(f"{score_files['validation']}: no validation scores to fit on")
    fitted = method.fit(
        validation["score"].astype(np.float64),
        _stack(validation, protected),
        validation["label"],
        validation["weight"].astype(np.float64),
    )
    log.info("%s fitted on %d jets", decorrelation.method, len(validation["score"]))
    for split, output in outputs.items():
        scores = read_columns(score_files[split])
        decorrelated_J = method.transform(
            scores["score"].astype(np.float64), _stack(scores, protected), fitted
        )
        scores["score"] = decorrelated_J.astype(np.float32)
        write_columns(
            scores, output, provenance={"decorrelation": decorrelation.model_dump_json()}
        )


def _stack(scores: Columns, protected: Sequence[str]) -> Array:
    return np.stack([scores[name].astype(np.float64) for name in protected], axis=1)
