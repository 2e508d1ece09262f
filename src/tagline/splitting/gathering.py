"""Jets of the skims in the order of the splits, however many they are.

A split is shuffled, so its next jet may be anywhere in the skims. Each skim is read once, a few
thousand jets at a time, and every jet goes to the bucket of its place, on disk; then one bucket
after the other is put in order. What is in memory is one bucket, and some numbers of every jet.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tagline.data.jets import ROWS_PER_GROUP, Jets, JetsWriter, read_jets
from tagline.data.stored_jets import StoredJets
from tagline.splitting.common import CommonColumns
from tagline.splitting.index import Index, Integers, Part, Rows

JETS_PER_PIECE = ROWS_PER_GROUP
JETS_PER_BUCKET = ROWS_PER_GROUP
MOST_BUCKETS = 128  # of all splits; their files are open at the same time
PLACE = "place"


@dataclass(frozen=True)
class Buckets:
    """The jets of one split in folders, each with its share of them in any order."""

    folders: Sequence[Path]

    def pieces(self) -> Iterator[Jets]:
        """Yield the jets of one bucket at a time, in the order of the split."""
        for folder in self.folders:
            jets = read_jets(folder)
            order_J = np.argsort(jets.jets.pop(PLACE))
            yield jets.take(order_J)


@dataclass(frozen=True)
class _Chosen:
    """Jets that the splits take, sorted by part and row: where they are, and go to, each (K,)."""

    source: Index
    place: Integers  # in their split
    bucket: Integers

    def between(self, part: int, first: int, last: int) -> "_Chosen":
        """Return those in some rows of a part."""
        start, end = np.searchsorted(self.source.part, [part, part + 1])
        return self.take(
            np.arange(*start + np.searchsorted(self.source.row[start:end], [first, last]))
        )

    def take(self, rows: Integers) -> "_Chosen":
        """Return some of them."""
        return _Chosen(self.source.take(rows), self.place[rows], self.bucket[rows])


@contextmanager
def buckets_beside(folder: Path) -> Iterator[Path]:
    """Yield a folder for buckets on the same disk, which is gone when the block ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".buckets-") as buckets:
        yield Path(buckets)


def fill_buckets(
    index: Index, rows: Rows, parts: Sequence[Part], *, common: CommonColumns, folder: Path
) -> dict[str, Buckets]:
    """Write the jets of all splits into buckets, with their event ids and labels.

    Args:
        index: all jets.
        rows: those of each split, in its order.
        parts: where the jets are.
        common: what is kept of them.
        folder: gets a folder for each bucket.
    """
    total = sum(map(len, rows.values()))
    size = max(JETS_PER_BUCKET, -(-total // MOST_BUCKETS))
    numbers = {name: -(-len(of_split) // size) for name, of_split in rows.items()}
    first = dict(zip(numbers, np.cumsum([0, *numbers.values()]), strict=False))
    place_K = np.concatenate([np.arange(len(of_split)) for of_split in rows.values()])
    bucket_K = np.concatenate([first[name] + np.arange(len(rows[name])) // size for name in rows])
    chosen = _Chosen(index.take(np.concatenate(list(rows.values()))), place_K, bucket_K)
    by_part = np.lexsort([chosen.source.row, chosen.source.part])
    _scatter(chosen.take(by_part), parts, common=common, folder=folder)
    return {
        name: Buckets([folder / str(first[name] + number) for number in range(numbers[name])])
        for name in rows
    }


def _scatter(
    chosen: _Chosen, parts: Sequence[Part], *, common: CommonColumns, folder: Path
) -> None:
    with ExitStack() as stack:
        writers: dict[int, JetsWriter] = {}
        for number in np.unique(chosen.source.part):
            first = 0
            for piece in StoredJets(parts[number].folder, num_jets=JETS_PER_PIECE).pieces():
                here = chosen.between(number, first, first + len(piece))
                for bucket in np.unique(here.bucket):
                    if bucket not in writers:
                        writer = JetsWriter(folder / str(bucket), provenance={})
                        writers[bucket] = stack.enter_context(writer)
                    mine = here.take(np.flatnonzero(here.bucket == bucket))
                    writers[bucket].write(_placed(piece, first, mine, common))
                first += len(piece)


def _placed(piece: Jets, first: int, mine: _Chosen, common: CommonColumns) -> Jets:
    jets = common.of(piece.take(mine.source.row - first))
    added = {"event_id": mine.source.event_id, "label": mine.source.label, PLACE: mine.place}
    return replace(jets, jets=jets.jets | added)
