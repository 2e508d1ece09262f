"""The split of a task: labels, and whole events shared out to training, validation and test.

The hash of an event, or the author's choice, decides its share, the hash its place: the split
depends neither on the order of files nor on the size of parts, no event is on two sides, and every
split is shuffled already.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.artefacts.files import whole_folder, write_json
from tagline.data.columns import EVENT_COLUMNS
from tagline.data.event_ids import event_ids, look_for_like_numbers, look_for_shared_events
from tagline.data.hashing import Hashes
from tagline.data.jets import (
    CONSTITUENTS,
    JETS_FILE,
    Columns,
    Jets,
    concatenate,
    of_tables,
    read_columns,
    read_details,
    read_jets,
    tables_of,
    write_jets,
)
from tagline.data.twins import look_for_twins
from tagline.settings.selection import passes
from tagline.settings.task import Task
from tagline.splitting.balance import balanced
from tagline.splitting.sampling import draw_jets, drawn
from tagline.splitting.spectra import account_of_sampling

log = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
NO_CLASS = -1
NO_SPLIT = -1  # of datasets that a variation alone has

Integers = npt.NDArray[np.int64]
Rows = dict[str, Integers]


class Part(NamedTuple):
    """One folder of skimmed jets."""

    dataset: str
    folder: Path


@dataclass(frozen=True)
class Index:
    """Where each of J jets is, and what decides about it: each (J,)."""

    part: Integers
    row: Integers
    event_id: Hashes
    jet_index: Integers
    label: Integers

    def take(self, rows: npt.NDArray[Any]) -> "Index":
        """Return the entries of some rows."""
        return Index(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def split(
    skims: Mapping[str, Sequence[Path]], *, task: Task, folder: Path, sampling: Path
) -> None:
    """Label the jets of a task, and write its splits and their ledger.

    Args:
        skims: for each dataset, the folders that `skim` made.
        task: classes, fractions and limits.
        folder: gets a folder for each of SPLITS; it appears whole.
        sampling: gets the numbers and spectra of jets before and after sampling.

    Raises:
        ValueError: a jet has two classes or is there twice, a class has no jets in a split, or
            jets or events are in two splits and the task refuses that.
    """
    parts = parts_of(skims)
    index = index_parts(parts, task=task)
    rows = share_out(index, parts, task=task)
    ledger = account(index, rows, classes=list(task.classes))
    log.info("jets of each class: %s", ledger)
    jets = gather(index, rows, parts)
    refuse = task.refuse_shared_events
    ledger["events_of_like_numbers"] = look_for_like_numbers(jets, refuse=refuse)
    file_J = input_files(parts)[index.part]
    files = {name: file_J[rows[name]] for name in SPLITS}
    ledger["shared_events"] = look_for_shared_events(jets, files=files)
    ledger["twins"] = look_for_twins(jets, refuse=task.refuse_twins)
    draws = draw_jets(jets, task)
    write_json(account_of_sampling(jets, draws, task=task), sampling)
    if task.sampling:
        jets = drawn(jets, draws)
    if task.balance:
        jets = balanced(jets)
    with whole_folder(folder) as unfinished:
        write_json(ledger, unfinished / "ledger.json")
        for name in SPLITS:
            write_jets(jets[name], unfinished / name, provenance={"task": task.model_dump_json()})


def parts_of(skims: Mapping[str, Sequence[Path]]) -> list[Part]:
    """List the folders of jets in the skims of each dataset.

    Raises:
        ValueError: there are none.
    """
    parts = [
        Part(dataset, jets.parent)
        for dataset, folders in skims.items()
        for skim in folders
        for jets in sorted(skim.glob(f"*/{JETS_FILE}"))
    ]
    if not parts:
        raise ValueError(f"there are no jets in the skims of {', '.join(skims)}")
    return parts


def index_parts(parts: Sequence[Part], *, task: Task) -> Index:
    """Return the index of all jets, sorted by event and jet.

    Raises:
        ValueError: a jet has two classes, or is there twice.
    """
    indices = [_index_part(number, part, task) for number, part in enumerate(parts)]
    everything = Index(
        **{
            field.name: np.concatenate([getattr(index, field.name) for index in indices])
            for field in fields(Index)
        }
    )
    index = everything.take(np.lexsort([everything.jet_index, everything.event_id]))
    _refuse_duplicates(index, parts)
    return index


def _index_part(number: int, part: Part, task: Task) -> Index:
    jets = read_columns(part.folder / JETS_FILE)
    num_jets = len(jets["event"])
    return Index(
        part=np.full(num_jets, number),
        row=np.arange(num_jets),
        event_id=event_ids(part.dataset, jets),
        jet_index=jets["jet_index"].astype(np.int64),
        label=labels(part, jets, task=task),
    )


def labels(part: Part, jets: Columns, *, task: Task) -> Integers:
    """Return the class (J,) of each jet, NO_CLASS where it has none."""

    def read(name: str) -> npt.NDArray[Any]:
        if name not in jets:
            raise ValueError(f"{part.folder}: no jet column {name!r}; it has {', '.join(jets)}")
        return jets[name]

    num_jets = len(jets["event"])
    label = np.full(num_jets, NO_CLASS)
    classes = list(task.classes)
    for number, (name, jet_class) in enumerate(task.classes.items()):
        if part.dataset in jet_class.datasets:
            belongs = passes(jet_class.select, read, num_jets=num_jets)
            for row in np.flatnonzero(belongs & (label != NO_CLASS))[:1]:
                both = f"{classes[label[row]]!r} and {name!r}"
                raise ValueError(f"{part.folder}: jet {row} is of two classes, {both}")
            label[belongs] = number
    return label


def _refuse_duplicates(index: Index, parts: Sequence[Part]) -> None:
    same = (np.diff(index.event_id) == 0) & (np.diff(index.jet_index) == 0)
    for row in np.flatnonzero(same)[:1]:
        first, second = (parts[part].folder for part in index.part[row : row + 2])
        jets = read_columns(first / JETS_FILE)
        jet = {name: int(jets[name][index.row[row]]) for name in (*EVENT_COLUMNS, "jet_index")}
        raise ValueError(
            f"{same.sum()} jets are there twice; the first is {jet} in {first} and {second}"
        )


def share_out(index: Index, parts: Sequence[Part], *, task: Task) -> Rows:
    """Return the rows of each split: whole events, and the first so many jets of each class."""
    place = place_of(index, parts, task)
    rows = {}
    for number, name in enumerate(SPLITS):
        limit = getattr(task.max_jets, name) or len(place)
        of_class = [
            np.flatnonzero((place == number) & (index.label == label))[:limit]
            for label in range(len(task.classes))
        ]
        rows[name] = np.sort(np.concatenate(of_class))
    return rows


def place_of(index: Index, parts: Sequence[Part], task: Task) -> Integers:
    """Return the number of the split (J,) of each jet."""
    return place_by_dataset(index, parts, task) if task.splits else place_by_event(index, task)


def place_by_event(index: Index, task: Task) -> Integers:
    """Return the number of the split (J,) of each jet by the hash of its event."""
    bounds = np.cumsum([getattr(task.fractions, name) for name in SPLITS])[:-1]
    place: Integers = np.searchsorted(bounds, index.event_id / 2.0**64, side="right")
    return place


def place_by_dataset(index: Index, parts: Sequence[Part], task: Task) -> Integers:
    """Return the number of the split (J,) of each jet that its author has chosen."""
    number_of = {
        dataset: number
        for number, name in enumerate(SPLITS)
        for dataset in getattr(task.splits, name)
    }
    return np.array([number_of.get(part.dataset, NO_SPLIT) for part in parts])[index.part]


def account(index: Index, rows: Rows, *, classes: Sequence[str]) -> dict[str, Any]:
    """Return how many jets of each class there are, how many of them in each split or in none.

    Raises:
        ValueError: a class has no jets in some split.
    """
    jets = _count_labels(index.label, classes)
    used = {share: _count_labels(index.label[rows[share]], classes) for share in rows}
    for share in rows:
        for name in classes:
            if not used[share][name]:
                raise ValueError(f"class {name!r} has no jets for {share}, of {jets[name]} in all")
    return {
        "jets": jets,
        **used,
        "beyond_max_jets": {
            name: jets[name] - sum(used[share][name] for share in rows) for name in classes
        },
        "without_class": int((index.label == NO_CLASS).sum()),
    }


def _count_labels(label: Integers, classes: Sequence[str]) -> dict[str, int]:
    return {name: int((label == number).sum()) for number, name in enumerate(classes)}


def gather(index: Index, rows: Rows, parts: Sequence[Part]) -> dict[str, Jets]:
    """Return the jets of each split in the order of its rows, with their event ids and labels."""
    chosen = index.take(np.concatenate(list(rows.values())))
    by_part = np.argsort(chosen.part, kind="stable")
    read = [
        read_jets(parts[part].folder).take(chosen.row[by_part][chosen.part[by_part] == part])
        for part in np.unique(chosen.part)
    ]
    joined = concatenate(with_common_columns(read))
    added = {"event_id": chosen.event_id[by_part], "label": chosen.label[by_part]}
    together = replace(joined, jets=joined.jets | added)
    place = np.argsort(by_part)
    ends = np.cumsum([len(of_split) for of_split in rows.values()])
    return {
        name: together.take(place[end - len(of_split) : end])
        for (name, of_split), end in zip(rows.items(), ends, strict=True)
    }


def input_files(parts: Sequence[Part]) -> Integers:
    """Return the number of the input file of each part, the same for a file of two datasets.

    A file is known by its name and size, since each dataset may have a copy of its own.
    """
    names = []
    for part in parts:
        details = read_details(part.folder / JETS_FILE)
        name = PurePosixPath(details.get("source", str(part.folder))).name
        names.append(f"{name} {details.get('source_bytes')}")
    numbers: Integers = np.unique(names, return_inverse=True)[1]
    return numbers


def with_common_columns(parts: Sequence[Jets]) -> list[Jets]:
    """Return the parts with the columns that all of them have; the log says what others had."""
    names = [
        {(table, name) for table, columns in tables_of(part).items() for name in columns}
        for part in parts
    ]
    common = set.intersection(*names)
    if dropped := sorted({name for _, name in set.union(*names) - common}):
        log.warning("only some datasets have the columns %s: left out", dropped)
    kept = {CONSTITUENTS, *(table for table, _ in common)}
    return [
        of_tables(
            {
                table: {name: columns[name] for name in columns if (table, name) in common}
                for table, columns in tables_of(part).items()
                if table in kept
            }
        )
        for part in parts
    ]
