"""The index of a task's jets: where each lies in the skims, its event and its class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.data.columns import EVENT_COLUMNS
from tagline.data.event_ids import event_ids
from tagline.data.hashing import Hashes
from tagline.data.jets import JETS_FILE, Columns, read_columns, read_details
from tagline.settings.selection import passes
from tagline.settings.task import Task

NO_CLASS = -1

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


def parts_with(index: Index, rows: Rows) -> Integers:
    """Number the parts in which the jets of the splits are."""
    return np.unique(np.concatenate([index.part[of_split] for of_split in rows.values()]))


def columns_of(
    index: Index, rows: Rows, parts: Sequence[Part], *, names: Sequence[str]
) -> dict[str, Columns]:
    """Return some columns of the jets of each split in the order of its rows, and their labels."""
    chosen = index.take(np.concatenate(list(rows.values())))
    by_part = np.argsort(chosen.part, kind="stable")
    read = [
        {
            name: column_J[chosen.row[by_part][chosen.part[by_part] == number]]
            for name, column_J in read_columns(
                parts[number].folder / JETS_FILE, names=names
            ).items()
        }
        for number in np.unique(chosen.part)
    ]
    place = np.argsort(by_part)
    columns = {name: np.concatenate([part[name] for part in read])[place] for name in names}
    columns["label"] = chosen.label
    ends = np.cumsum([len(of_split) for of_split in rows.values()])
    return {
        name: {column: values[end - len(of_split) : end] for column, values in columns.items()}
        for (name, of_split), end in zip(rows.items(), ends, strict=True)
    }
