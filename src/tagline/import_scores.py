"""Import: scores made elsewhere become a table like ours, of exactly the jets of a split."""

import csv
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tagline.artefacts.files import write_json
from tagline.data.jets import JETS_FILE, Columns, write_columns
from tagline.measures.scored_jets import read_jets_to_score, require_probabilities
from tagline.settings.contenders import Outside
from tagline.settings.strict import did_you_mean

EVENT, JET = "event_id", "jet_index"
JETS_OF_AN_EVENT = 2**16  # at most: a jet's index has 16 bits

Integers = npt.NDArray[np.int64]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Table:
    """A table of scores as it was given; without the index of a jet, events are to have one."""

    file: Path
    event_id: npt.NDArray[np.uint64]
    jet_index: npt.NDArray[np.uint64] | None
    score: npt.NDArray[np.float64]


def import_scores(
    files: Mapping[str, Path],
    split: Path,
    *,
    outside: Outside,
    protected: Sequence[str],
    outputs: Mapping[str, Path],
    history_file: Path,
) -> None:
    """Write the score tables of both splits and a history.

    Args:
        files: of each split; validation jets may be missing as a whole.
        split: folder of the task's jets.
        outside: entry of the catalogue.
        protected: columns that the score must not sculpt.
        outputs: where each split's table goes.
        history_file: where the history goes.

    Raises:
        ValueError: a jet has no score, or two.
    """
    tables = {file: read(file, column=outside.column) for file in dict.fromkeys(files.values())}
    used = dict.fromkeys(tables, 0)
    for name, output in outputs.items():
        jets = read_jets_to_score(split / name / JETS_FILE, protected=protected)
        if name in files:
            table = tables[files[name]]
            may_lack = name == "validation" and files[name] == files["test"]
            scored = with_scores(jets, table, split_name=name, may_lack=may_lack)
            used[table.file] += len(scored["score"])
        else:
            scored = none_of(jets)
        if not len(scored["score"]):
            log.warning("there are no %s scores, and nothing can be fitted on them", name)
        made = {"outside": outside.model_dump_json()}
        write_columns(scored, output, provenance=made)
    left_out = {table.file: len(table.score) - used[table.file] for table in tables.values()}
    for file, number in left_out.items():
        log.info("%s: %d scores, %d of other jets left out", file, used[file], number)
    sizes = {"num_parameters": outside.num_parameters, "train_jets": outside.train_jets}
    write_json(sizes | {"scores_left_out": sum(left_out.values())}, history_file)


def with_scores(jets: Columns, table: Table, *, split_name: str, may_lack: bool) -> Columns:
    """Return the jets of a split with their scores, or no jets if all may be lacking and are.

    Raises:
        ValueError: jets have no score or are not told apart, or scores are no probabilities.
    """
    row_J = rows_of(jets, table, split_name=split_name)
    lacking_J = row_J < 0
    if may_lack and lacking_J.all():
        return none_of(jets)
    if lacking_J.any():
        first = np.argmax(lacking_J)
        raise ValueError(
            f"{table.file}: {lacking_J.sum():,} of {len(row_J):,} {split_name} jets lack a score; "
            f"the first: {EVENT} {jets[EVENT][first]}, {JET} {jets[JET][first]}"
        )
    score_J = table.score[row_J]
    hint = "give the probability of signal"
    require_probabilities(score_J, source=f"{table.file}, {split_name} jets", hint=hint)
    return jets | {"score": score_J.astype(np.float32)}


def none_of(jets: Columns) -> Columns:
    """Return a score table without jets."""
    empty = {name: column[:0] for name, column in jets.items()}
    return empty | {"score": np.empty(0, np.float32)}


def rows_of(jets: Columns, table: Table, *, split_name: str) -> Integers:
    """Return the row of the table for each jet (J,), -1 where there is none.

    Raises:
        ValueError: the table has two rows for a jet, or one for two jets.
    """
    events = np.concatenate([table.event_id, jets[EVENT]])
    number = np.unique(events, return_inverse=True)[1]  # small enough to make one key with the jet
    if table.jet_index is None:
        indices = np.zeros(len(events), np.int64)
    else:
        indices = np.concatenate([table.jet_index, jets[JET]]).astype(np.int64)
    given, wanted = np.split(number * JETS_OF_AN_EVENT + indices, [len(table.score)])
    if table.jet_index is None and len(np.unique(wanted)) < len(wanted):
        raise ValueError(
            f"{table.file} has no column {JET!r}, but there are {split_name} jets of one event"
        )
    order = np.argsort(given, kind="stable")
    same = np.diff(given[order]) == 0
    if same.any():
        first = order[np.argmax(same)]
        raise ValueError(
            f"{table.file}: {same.sum():,} rows are of a jet that has one before; "
            f"the first is {EVENT} {table.event_id[first]}"
        )
    place = np.searchsorted(given[order], wanted)
    row = np.append(order, -1)[place]
    is_found = (row >= 0) & (np.append(given, -1)[row] == wanted)
    rows: Integers = np.where(is_found, row, -1)
    return rows


def read(file: Path, *, column: str) -> Table:
    """Read event, jet and score of a Parquet or CSV file.

    Raises:
        ValueError: a column is missing, has gaps or is of another type.
    """
    known = names_of(file)
    for name in (EVENT, column):
        if name not in known:
            raise ValueError(f"{file}: no column {name!r}: {did_you_mean(name, known)}")
    wanted = [name for name in (EVENT, JET, column) if name in known]
    columns = (
        _read_csv(file, wanted) if file.suffix == ".csv" else pq.read_table(file, columns=wanted)
    )
    for name in wanted:
        if columns[name].null_count:
            raise ValueError(f"{file}: column {name!r} has {columns[name].null_count:,} gaps")
    for name in wanted[:-1]:
        if not pa.types.is_integer(columns[name].type):
            raise ValueError(
                f"{file}: column {name!r} is of type {columns[name].type}, but identities are "
                "integers: 64 bits do not survive as floating-point numbers"
            )
    jet_index = columns[JET].to_numpy().astype(np.uint64) if JET in wanted else None
    if jet_index is not None and jet_index.max(initial=0) >= JETS_OF_AN_EVENT:
        raise ValueError(f"{file}: column {JET!r} is not between 0 and {JETS_OF_AN_EVENT - 1}")
    return Table(
        file,
        event_id=columns[EVENT].to_numpy().astype(np.uint64),
        jet_index=jet_index,
        score=columns[column].to_numpy().astype(np.float64),
    )


def names_of(file: Path) -> list[str]:
    """Return the names of the columns.

    Raises:
        ValueError: it is neither Parquet nor CSV.
    """
    match file.suffix:
        case ".parquet":
            return list(pq.read_schema(file).names)
        case ".csv":
            with file.open(newline="") as opened:
                return next(csv.reader(opened), [])
    raise ValueError(f"{file}: scores are read from .parquet and .csv files")


def _read_csv(file: Path, names: Sequence[str]) -> pa.Table:
    options = pyarrow.csv.ConvertOptions(
        include_columns=names, column_types={EVENT: pa.uint64(), JET: pa.uint16()}
    )
    try:
        return pyarrow.csv.read_csv(file, convert_options=options)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{file}: {error}") from None
