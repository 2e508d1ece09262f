"""The split of a task: labels, and whole events shared out to training, validation and test.

The hash of an event, or the author's choice, decides its share, the hash its place: the split
depends neither on the order of files nor on the size of parts, no event is on two sides, and every
split is shuffled already.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tagline.artefacts.files import whole_folder, write_json
from tagline.data.columns import EVENT_COLUMNS
from tagline.data.event_ids import look_for_like_numbers, look_for_shared_events
from tagline.data.hashing import Hashes
from tagline.data.jets import JETS, Jets, write_stream
from tagline.data.stored_jets import InPieces
from tagline.data.twins import content_hashes, look_for_twins
from tagline.settings.task import Task
from tagline.splitting.balance import balanced
from tagline.splitting.common import CommonColumns, common_columns
from tagline.splitting.draws import Draw, everything
from tagline.splitting.gathering import buckets_beside, fill_buckets
from tagline.splitting.index import (
    NO_CLASS,
    Index,
    Integers,
    Part,
    Rows,
    columns_of,
    index_parts,
    input_files,
    parts_of,
    parts_with,
)
from tagline.splitting.sampling import draw_jets
from tagline.splitting.spectra import ALWAYS, account_of_sampling

log = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
NO_SPLIT = -1  # of datasets that a variation alone has


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
    common = common_columns([parts[number].folder for number in parts_with(index, rows)])
    columns = columns_of(index, rows, parts, names=_read_by(task, common))
    refuse = task.refuse_shared_events
    ledger["events_of_like_numbers"] = look_for_like_numbers(columns, refuse=refuse)
    file_J = input_files(parts)[index.part]
    files = {name: file_J[rows[name]] for name in SPLITS}
    ledger["shared_events"] = look_for_shared_events(columns, files=files)
    draws = draw_jets(columns, task)
    write_json(account_of_sampling(columns, draws, task=task), sampling)
    if task.balance:
        draws = balanced(columns, draws)
    draws["test"] = everything(columns["test"])
    with whole_folder(folder) as unfinished, buckets_beside(folder) as buckets:
        gathered = fill_buckets(index, rows, parts, common=common, folder=buckets)
        contents = {
            name: write_split(gathered[name], draws[name], unfinished / name, task=task)
            for name in SPLITS
        }
        ledger["twins"] = look_for_twins(contents, refuse=task.refuse_twins)
        write_json(ledger, unfinished / "ledger.json")


def _read_by(task: Task, common: CommonColumns) -> list[str]:
    """Name the jet columns that decide what is drawn, or are looked at."""
    bins = task.sampling.bins if task.sampling else {}
    common.require(bins, by="sampling")
    wanted = dict.fromkeys([*EVENT_COLUMNS, "weight", *bins, *ALWAYS, *task.protected])
    return [name for name in wanted if name in common.types[JETS]]


def write_split(jets: InPieces, draw: Draw, folder: Path, *, task: Task) -> Hashes:
    """Write the drawn jets of a split; return the content hashes of all of its jets."""
    contents: list[Hashes] = []

    def drawn() -> Iterator[Jets]:
        first = 0
        for piece in jets.pieces():
            contents.append(content_hashes(piece))
            last = first + len(piece)
            yield draw.between(first, last).of(piece)
            first = last

    write_stream(drawn(), folder, provenance={"task": task.model_dump_json()})
    return np.concatenate(contents)


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
