"""Readers of input files: one file a format, each with a `Config` and a `Reader`.

A reader cuts a file into chunks of consecutive events. A chunk reads a branch when it is asked for
it, so that the constituents of a chunk without a passing jet are never read.
"""

import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot

from tagline.columns import CONSTITUENT_COLUMNS, JET_COLUMNS
from tagline.jets import Columns, Jets
from tagline.strict import did_you_mean

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]

CORRUPT = (
    ArithmeticError,
    AssertionError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    uproot.DeserializationError,
    zlib.error,
)
"""What uproot and the libraries below it raise for files that are damaged or cannot be reached."""

TREES = ["TTree", "ROOT::RNTuple"]
LOCAL = {"handler": uproot.MultithreadedFileSource}  # a fifth less CPU time than fsspec
JET_TYPES = {column.name: column.dtype for column in JET_COLUMNS}
CONSTITUENT_TYPES = {column.name: column.dtype for column in CONSTITUENT_COLUMNS}


class UnreadableFileError(ValueError):
    """A file cannot be read; the message names the file, and the tree and branch it comes to."""


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn whatever goes wrong in the libraries below into an UnreadableFileError."""
    try:
        yield
    except CORRUPT as error:
        raise UnreadableFileError(f"{where}: {type(error).__name__}: {error}") from error


class Ragged(NamedTuple):
    """Lists behind each other: their values, and where each begins, with the end of the last."""

    values: Array
    offsets: Rows


class Tree:
    """A TTree or RNTuple of an open file."""

    def __init__(self, path: str, name: str, file: Any) -> None:  # noqa: ANN401 (uproot's)
        self.name, self.file, self.branches = name, file, file[name]
        self.where = f"{path}: tree {name!r}"
        self.names = set(self.branches.keys(recursive=False))
        self.num_entries: int = self.branches.num_entries

    def __contains__(self, branch: str) -> bool:
        return branch in self.names

    def require(self, branches: Iterable[str]) -> None:
        """Raise UnreadableFileError if some branch is not there."""
        for branch in branches:
            if branch not in self:
                nearest = did_you_mean(branch, sorted(self.names))
                raise UnreadableFileError(f"{self.where}: no branch {branch!r}; {nearest}")

    def ranges(self, entries: int) -> Iterator[tuple[int, int]]:
        """Yield consecutive ranges of whole clusters, of at least so many entries but the last."""
        start = 0
        for stop in self._cluster_ends():
            if stop - start >= entries or stop == self.num_entries:
                yield start, stop
                start = stop
        if start != self.num_entries:
            raise UnreadableFileError(f"{self.where}: {start} of {self.num_entries} entries found")

    def _cluster_ends(self) -> list[int]:
        if hasattr(self.branches, "cluster_summaries"):
            clusters = self.branches.cluster_summaries
            return [cluster.num_first_entry + cluster.num_entries for cluster in clusters]
        ends: list[int] = self.branches.common_entry_offsets()[1:]
        return ends


class Span:
    """A range of a tree's entries, whose branches are read once, when they are asked for."""

    def __init__(self, tree: Tree, start: int, stop: int) -> None:
        self.tree, self.start, self.stop = tree, start, stop
        self.where = f"{tree.where}, entries {start} to {stop}"
        self._arrays: dict[str, Any] = {}

    def __len__(self) -> int:
        return self.stop - self.start

    def array(self, branch: str) -> Any:  # noqa: ANN401 (an awkward array)
        """Read one branch."""
        return self.tree.branches[branch].array(entry_start=self.start, entry_stop=self.stop)

    def flat(self, branch: str) -> Array:
        """Return one number an entry."""
        return _native(np.asarray(self._read(branch)))

    def ragged(self, branch: str) -> Ragged:
        """Return one list of numbers an entry."""
        lists = ak.to_layout(self._read(branch)).to_ListOffsetArray64(True)
        offsets = np.asarray(lists.offsets.data)
        return Ragged(_native(np.asarray(lists.content.data)[: offsets[-1]]), offsets)

    def _read(self, branch: str) -> Any:  # noqa: ANN401 (an awkward array)
        if branch not in self._arrays:
            self.tree.require([branch])
            with reading(f"{self.where}, branch {branch!r}"):
                self._arrays[branch] = self.array(branch)
        return self._arrays[branch]


def _native(values: Array) -> Array:
    return values.astype(values.dtype.newbyteorder("="), copy=False)


@contextmanager
def open_tree(path: str, name: str) -> Iterator[Tree]:
    """Yield a tree of a file; where it has several cycles, the newest alone."""
    with reading(path):
        file = uproot.open(path, **({} if "://" in path else LOCAL))
    with file:
        with reading(path):
            trees = file.keys(cycle=False, filter_classname=TREES)
        if name not in trees:
            raise UnreadableFileError(f"{path}: no tree {name!r}; {did_you_mean(name, trees)}")
        with reading(path):
            tree = Tree(path, name, file)
        yield tree


class Chunk(ABC):
    """Consecutive events of a file, with J jets in them.

    Attributes:
        num_events: number of entries of the tree.
        num_jets: number of jets J.
        columns: the jet columns there are, besides mass and num_constituents.
    """

    num_jets: int
    columns: tuple[str, ...]

    def __init__(self, span: Span) -> None:
        self.span = span
        self.num_events = len(span)

    @abstractmethod
    def read(self, name: str) -> Array:
        """Return the values (J,) of one of `columns`."""

    @abstractmethod
    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return the number of constituents of these jets, and all of them behind each other."""

    def column(self, name: str) -> Array:
        """Return the values (J,) of a jet column; the computed ones need all constituents."""
        if name in ("mass", "num_constituents"):
            counts, particles = self.constituents(np.arange(self.num_jets))
            return counts if name == "num_constituents" else invariant_mass(counts, particles)
        if name not in self.columns:
            known = ", ".join(self.columns)
            raise UnreadableFileError(f"{self.span.where}: no jet column {name!r}; it has {known}")
        return self.read(name)

    def take(self, rows: Rows) -> Jets:
        """Return these jets with all columns, as they are declared in `columns.py`."""
        counts, particles = self.constituents(rows)
        jets = {name: self.read(name)[rows] for name in self.columns}
        jets |= {"mass": invariant_mass(counts, particles), "num_constituents": counts}
        return Jets(
            jets={
                name: jets[name].astype(kind) for name, kind in JET_TYPES.items() if name in jets
            },
            constituents={
                name: particles[name].astype(kind, copy=False)
                for name, kind in CONSTITUENT_TYPES.items()
                if name in particles
            },
        )


class BaseReader(ABC):
    """Reads one format."""

    @abstractmethod
    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all events of a file, chunk by chunk.

        Raises:
            UnreadableFileError: a tree or a branch is missing or damaged.
        """


def invariant_mass(counts: Rows, particles: Columns) -> npt.NDArray[np.float32]:
    """Return the mass (J,) of the sum of each jet's constituents, 0 where it has none."""
    filled = counts > 0
    starts = (np.cumsum(counts) - counts)[filled]
    square = np.zeros(len(counts))
    for name, sign in {"energy": 1, "px": -1, "py": -1, "pz": -1}.items():
        if len(starts):
            total = np.add.reduceat(particles[name], starts, dtype=np.float64)
            square[filled] += sign * total**2
    return np.sqrt(np.maximum(square, 0)).astype(np.float32)
