"""Combine: one score from those of several trainings, in a table like theirs."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tagline.artefacts.files import read_json, write_json
from tagline.combinations import Array, BaseCombination, Members
from tagline.data.jets import Columns, read_columns, write_columns
from tagline.settings import plugins
from tagline.settings.contenders import Combination

IDENTITY = ("event_id", "jet_index")

log = logging.getLogger(__name__)


def combine(
    score_files: Mapping[str, Sequence[Path]],
    history_files: Sequence[Path],
    *,
    combination: Combination,
    seed: int,
    outputs: Mapping[str, Path],
    history_file: Path,
) -> None:
    """Write the score tables of both splits and a history.

    Args:
        score_files: of each split, the tables of all members.
        history_files: of the trainings behind them.
        combination: method and parameters.
        seed: of what is random in the method.
        outputs: where each split's table goes.
        history_file: where the history goes.
    """
    method = load(combination)
    validation, validation_JM = read_members(score_files["validation"])
    members = Members(
        score_JM=validation_JM,
        label_J=validation["label"],
        weight_J=validation["weight"].astype(np.float64),
        event_id_J=validation["event_id"],
    )
    details = method.fit(members, seed=seed)
    test, test_JM = read_members(score_files["test"])
    write(validation, method.out_of_fold(members), combination, outputs["validation"])
    write(test, method.transform(test_JM), combination, outputs["test"])
    histories = [read_json(file) for file in history_files]
    sizes = {
        "num_members": test_JM.shape[1],
        "num_parameters": method.num_parameters([one["num_parameters"] for one in histories]),
        "train_jets": max(one["train_jets"] for one in histories),
        "validation_jets": len(validation_JM),
    }
    write_json(details | sizes, history_file)
    log.info("%s of %s", combination.method, sizes)


def load(combination: Combination) -> BaseCombination:
    """Build the method that the configuration names."""
    plugin = plugins.load("combinations", combination.method)
    method: BaseCombination = plugin.Combination(plugin.Config(**combination.parameters))
    return method


def read_members(files: Sequence[Path]) -> tuple[Columns, Array]:
    """Return the columns of the first table and the scores (J, M) of all of them.

    Raises:
        ValueError: a table is not of the same jets in the same order.
    """
    first = read_columns(files[0])
    scores = [first["score"]]
    for file in files[1:]:
        columns = read_columns(file, names=[*IDENTITY, "score"])
        if not all(np.array_equal(columns[name], first[name]) for name in IDENTITY):
            raise ValueError(
                f"{file} is not of the jets of {files[0]}: "
                f"{len(columns['score'])} jets here, {len(first['score'])} there"
            )
        scores.append(columns["score"])
    return first, np.stack(scores, axis=1).astype(np.float64)


def write(columns: Columns, score_J: Array, combination: Combination, file: Path) -> None:
    """Write a score table with another score."""
    made = {"combination": combination.model_dump_json()}
    write_columns(columns | {"score": score_J.astype(np.float32)}, file, provenance=made)
