"""HDF5 and Parquet files as trees: columns of numbers or lists, read range by range as ROOT's.

In HDF5 a column is an array, or a field of an array of records: `jets/pt`; lists are padded there.
What is not as long as the longest array is no column.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import Any

import awkward as ak
import h5py
import hdf5plugin  # noqa: F401 (lets h5py read what is compressed by blosc)
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tagline.datasets import Array, Rows, UnreadableFileError, ends_in, reading, require_here
from tagline.reading.lists import AnyRagged, Ragged
from tagline.reading.tree_files import open_tree, open_trees
from tagline.reading.trees import ShortWay, Tree

ROWS_OF_A_BATCH = 1000  # that are unpacked at once of row groups that are taken in parts
BYTES_OF_A_READ = 1 << 20  # of a column; by itself pyarrow reads all that a row group has of it
HDF5, PARQUET = (".h5", ".hdf5"), (".parquet", ".pq")


class HDF5Tree(Tree):
    """The arrays of an open HDF5 file, or of a group in it."""

    def __init__(self, path: str, name: str, file: h5py.File) -> None:
        self.path, self.name, self.file = path, name, file
        self.where = f"{path}: group {name!r}"
        self.places: dict[str, tuple[h5py.Dataset, str]] = {}
        file[name].visititems(self._add)
        self.num_entries = max((len(array) for array, _ in self.places.values()), default=0)
        self.names = {
            column for column, (array, _) in self.places.items() if len(array) == self.num_entries
        }
        self._records: dict[str, tuple[int, int, Any]] = {}

    def _add(self, name: str, found: h5py.Dataset | h5py.Group) -> None:
        if isinstance(found, h5py.Dataset) and found.shape:
            if found.dtype.names:
                self.places |= {f"{name}/{field}": (found, field) for field in found.dtype.names}
            else:
                self.places[name] = found, ""

    def array(self, branch: str, start: int, stop: int) -> Any:  # noqa: ANN401 (awkward)
        """Read some rows of one column; records are read whole, and once for all their fields."""
        array, field = self.places[branch]
        if not field:
            return ak.Array(array[start:stop])
        if self._records.get(array.name, ())[:2] != (start, stop):
            self._records[array.name] = start, stop, array[start:stop]
        return ak.Array(np.ascontiguousarray(self._records[array.name][2][field]))

    def ranges(self, entries: int) -> Iterator[tuple[int, int]]:
        """Yield consecutive ranges of so many rows."""
        for start in range(0, self.num_entries, entries):
            yield start, min(start + entries, self.num_entries)


class ParquetTree(Tree):
    """The columns of an open Parquet file; a null is NaN, a list that is null is empty."""

    def __init__(self, path: str, file: pq.ParquetFile) -> None:
        self.path, self.name, self.file = path, "", file
        self.where = f"{path}: table"
        self.names = set(file.schema_arrow.names)
        self.num_entries = file.metadata.num_rows
        sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        self.ends: list[int] = np.cumsum(sizes, dtype=np.int64).tolist()
        self._streams: dict[str, Stream] = {}

    def array(self, branch: str, start: int, stop: int) -> Any:  # noqa: ANN401 (awkward)
        """Read some rows of one column: whole row groups, or a part of one after the others."""
        groups = [number for number, end in enumerate(self.ends) if start < end <= stop]
        if groups and stop == self.ends[groups[-1]] and start in (0, *self.ends):
            column = self.file.read_row_groups(groups, columns=[branch])[branch]
        else:
            column = self._part(branch, start, stop)
        return without_nulls(column.combine_chunks())

    def _part(self, branch: str, start: int, stop: int) -> pa.ChunkedArray:
        group = bisect_right(self.ends, start)
        begin = (0, *self.ends)[group]
        stream = self._streams.get(branch)
        if stream is None or not stream.begin <= start or stream.end < begin:
            groups = list(range(group, len(self.ends)))
            batches = self.file.iter_batches(ROWS_OF_A_BATCH, groups, [branch])
            stream = self._streams[branch] = Stream(batches, begin)
        return stream.take(start, stop)

    def _cluster_ends(self) -> list[int]:
        return self.ends

    def _places_to_cut(self, start: int, stop: int) -> list[int]:
        return list(range(start + ROWS_OF_A_BATCH, stop, ROWS_OF_A_BATCH))


class Stream:
    """Rows of one column, which are unpacked once if they are taken in their order.

    Attributes:
        begin: the first row that can still be taken.
        end: behind the last row that is unpacked.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch], begin: int) -> None:
        self.batches, self.unpacked = batches, deque[pa.Array]()
        self.begin = self.end = begin

    def take(self, start: int, stop: int) -> pa.ChunkedArray:
        """Return some rows; those before are forgotten."""
        while self.end < stop:
            self.unpacked.append(next(self.batches).column(0))
            self.end += len(self.unpacked[-1])
            while self.unpacked and self.begin + len(self.unpacked[0]) <= start:
                self.begin += len(self.unpacked.popleft())
        return pa.chunked_array(self.unpacked).slice(start - self.begin, stop - start)


def without_nulls(column: pa.Array) -> Any:  # noqa: ANN401 (an awkward array)
    """Return numbers or lists, at any depth; a null is NaN, a list that is null is empty."""
    if not hasattr(column, "value_lengths"):
        return ak.Array(column.to_numpy(zero_copy_only=False))
    counts = np.asarray(column.value_lengths().fill_null(0), np.int64)
    return ak.unflatten(without_nulls(column.flatten()), counts)


class Befriended(Tree):
    """A tree and its friends, which have further columns of the same entries."""

    def __init__(self, tree: Tree, friends: Sequence[Tree]) -> None:
        self.path, self.name, self.where = tree.path, tree.name, tree.where
        self.tree, self.num_entries = tree, tree.num_entries
        self.home = {branch: each for each in (*friends[::-1], tree) for branch in each.names}
        self.names = set(self.home)
        for friend in friends:
            if friend.num_entries != tree.num_entries:
                sizes = f"{friend.num_entries} entries, not {tree.num_entries}"
                raise UnreadableFileError(f"{tree.where}: its friend {friend.where} has {sizes}")

    def array(self, branch: str, start: int, stop: int) -> Any:  # noqa: ANN401 (awkward)
        """Read some entries of one branch."""
        return self.home[branch].array(branch, start, stop)

    def _short_way(self, branch: str, start: int, stop: int) -> ShortWay | None:
        return self.home[branch]._short_way(branch, start, stop)

    def ranges(self, entries: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of the tree itself."""
        yield from self.tree.ranges(entries)


def open_sources(
    path: str, name: str, *, group: str | None = None, friends: Sequence[str] = ()
) -> Iterator[Tree]:
    """Yield the tree of a ROOT file, the group of an HDF5 file, or the table of a Parquet file.

    Args:
        path: its suffix, or its name's, tells the kind; other files are ROOT, or a tar archive
            of it.
        name: of the tree or group.
        group: of HDF5 files, where it is called differently.
        friends: other trees of the same file, or `FILE:TREE`, where `{folder}` and `{stem}` in
            FILE stand for those of `path`.
    """
    if ends_in(path, HDF5):
        require_here(path)
        with reading(path):
            file = h5py.File(path)
        with file:
            wanted = group or name
            if not isinstance(file.get(wanted), h5py.Group):
                raise UnreadableFileError(f"{path}: no group {wanted!r}; it has {', '.join(file)}")
            yield HDF5Tree(path, wanted, file)
    elif ends_in(path, PARQUET):
        require_here(path)
        with reading(path, pa.ArrowException):
            table = pq.ParquetFile(path, pre_buffer=False, buffer_size=BYTES_OF_A_READ)
        with table:
            yield ParquetTree(path, table)
    else:
        for tree in open_trees(path, name):
            yield from _befriended(tree, friends)


def _befriended(tree: Tree, friends: Sequence[str]) -> Iterator[Tree]:
    if not friends:
        yield tree
        return
    with ExitStack() as stack:
        opened = [stack.enter_context(open_tree(*place_of(friend, tree))) for friend in friends]
        yield Befriended(tree, opened)


def place_of(friend: str, tree: Tree) -> tuple[str, str]:
    """Return the file and the name of a friend of a tree."""
    file, _, name = friend.rpartition(":")
    path = PurePosixPath(tree.path)
    folder = tree.path[: -len(path.name) - 1] or "."
    return (file.format(folder=folder, stem=path.stem) if file else tree.path), name


def leading(offsets: Rows, counts: Array) -> npt.NDArray[np.bool_]:
    """Return, of all slots of padded lists, true for the first so many of each list."""
    sizes = np.diff(offsets)
    return np.arange(offsets[-1]) < np.repeat(offsets[:-1] + counts.astype(np.int64), sizes)


def trimmed(lists: AnyRagged, filled: npt.NDArray[np.bool_]) -> Ragged:
    """Return padded lists without the slots that are not filled."""
    ends = np.append(0, np.cumsum(filled))
    return Ragged(lists.values[filled], ends[lists.offsets])
