"""Readers of input files: one file a format, each with a `Config` and a `Reader`.

A reader cuts a file into chunks of consecutive events. A chunk reads a branch when it is asked for
it, so that the constituents of a chunk without a passing jet are never read.
"""

import errno
import struct
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tagline.data.columns import CONSTITUENT_COLUMNS, JET_COLUMNS, Column, Further, Table
from tagline.data.jets import CONSTITUENTS, JETS, Columns, Jets, of_tables, tables_of
from tagline.reading.transports import InterruptedReadError, RefusedReadError

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]

CORRUPT: tuple[type[Exception], ...] = (
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
    zlib.error,
)
"""What the libraries below raise for files that are damaged or cannot be reached."""

PASSING = (InterruptedReadError, ConnectionError, TimeoutError)
"""What another try may better."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""What is no fault of a file that is read, but of the disk that gets a copy."""


class UnreadableFileError(ValueError):
    """A file cannot be read; the message names the file, and as far as it comes what is in it."""


class InterruptedFileError(UnreadableFileError):
    """A file could not be read this time; another try may do better."""


@contextmanager
def reading(where: str, *further: type[Exception]) -> Iterator[None]:
    """Turn whatever goes wrong in the libraries below into an UnreadableFileError."""
    try:
        yield
    except UnreadableFileError:
        raise
    except PASSING as error:
        raise InterruptedFileError(f"{where}: {error}") from error
    except RefusedReadError as error:
        raise UnreadableFileError(f"{where}: {error}") from error
    except CORRUPT + further as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        raise UnreadableFileError(f"{where}: {type(error).__name__}: {error}") from error


class NamedPath(str):
    """Where a file is read from, which need not end as the file is called.

    Attributes:
        name: what it is called.
        before_members: what the names of its members begin with, if it is an archive.
    """

    name: str
    before_members: str

    def __new__(cls, path: str, *, name: str, before_members: str = "") -> Self:
        """Join a path and a name."""
        named = super().__new__(cls, path)
        named.name, named.before_members = name, before_members
        return named


def name_of(path: str) -> str:
    """Return what a file is called, which is the last part of a path without a name."""
    return path.name if isinstance(path, NamedPath) else PurePosixPath(path).name


def ends_in(path: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a path, or what the file is called, has one of these suffixes."""
    return path.endswith(suffixes) or name_of(path).endswith(suffixes)


def require_here(path: str) -> None:
    """Raise UnreadableFileError if a file of a format that is only read here is elsewhere."""
    if "://" in path:
        raise UnreadableFileError(
            f"{path}: only ROOT files are read in place; set `copy_first: true`, or `fetch` it"
        )


class Chunk(ABC):
    """Consecutive events of a file, with J jets in them.

    Attributes:
        where: names the file and the part of it.
        num_events: number of events.
        num_jets: number of jets J.
        has_constituents: whether jets have any; if not, `mass` is a column like any other.
        columns: the jet columns of `columns.py` there are, besides mass and num_constituents.
        further: columns and tables besides those of `columns.py`.
        notes: what is odd about it, for the ledger.
        odd: how often something odd was met in what has been read of it, for the ledger.
        odd_in_lists: likewise in the lists of those jets that were asked for last; `take` adds it
            to `odd`, so that a selection, which asks for more than once, has no part in it.
    """

    num_jets: int
    has_constituents: bool = True
    columns: tuple[str, ...]
    further: Further = Further()
    notes: tuple[str, ...] = ()

    def __init__(self, where: str, *, num_events: int) -> None:
        self.where, self.num_events = where, num_events
        self.odd: Counter[str] = Counter()
        self.odd_in_lists: Counter[str] = Counter()

    @abstractmethod
    def read(self, name: str) -> Array:
        """Return the values (J,) of one of `columns`, or of a further one of jets."""

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return the number of constituents of these jets, and all of them behind each other.

        Where jets have none, it is never asked.
        """
        raise NotImplementedError(f"{type(self).__name__} declares and lacks `constituents`")

    def table(self, table: Table, rows: Rows) -> tuple[Rows, Columns]:
        """Return how many rows of a further table these jets have, and all of them.

        A reader that declares such tables overrides this; of others it is never asked.
        """
        raise NotImplementedError(f"{type(self).__name__} declares {table.name} and lacks `table`")

    def column(self, name: str) -> Array:
        """Return the values (J,) of a jet column; the computed ones need all constituents."""
        if name == "num_constituents" or (name == "mass" and self.has_constituents):
            return self._of_constituents(np.arange(self.num_jets))[0][name]
        for table in self.further.tables:
            if name == f"num_{table.name}":
                return self.table(table, np.arange(self.num_jets))[0]
        known = [*self.columns, *(column.name for column in self.further.jets)]
        if name not in known:
            raise UnreadableFileError(
                f"{self.where}: no jet column {name!r}; it has {', '.join(known)}"
            )
        return self.read(name)

    @property
    def declared(self) -> dict[str, tuple[Column, ...]]:
        """The columns of each table, whether or not a file has them."""
        counts = tuple(
            Column(f"num_{table.name}", "int32", "", f"number of rows in {table.name}")
            for table in self.further.tables
        )
        return {
            JETS: (*JET_COLUMNS, *self.further.jets, *counts),
            CONSTITUENTS: (*CONSTITUENT_COLUMNS, *self.further.constituents),
            **{table.name: table.columns for table in self.further.tables},
        }

    def take(self, rows: Rows) -> Jets:
        """Return these jets with all columns; see `as_declared`."""
        made, particles = self._of_constituents(rows)
        jets = {name: self.read(name)[rows] for name in self.columns} | made
        jets |= {column.name: self.read(column.name)[rows] for column in self.further.jets}
        tables = {}
        for table in self.further.tables:
            jets[f"num_{table.name}"], tables[table.name] = self.table(table, rows)
        self.odd += self.odd_in_lists
        return self.as_declared(Jets(jets, particles, tables))

    def _of_constituents(self, rows: Rows) -> tuple[Columns, Columns]:
        """Return the columns of these jets that are made of constituents, and all of those."""
        if not self.has_constituents:
            return {"num_constituents": np.zeros(len(rows), np.int32)}, {}
        found, all_particles = self.constituents(rows)
        counts, particles = with_pt(found, all_particles)
        lost = int(found.sum() - counts.sum())
        self.odd_in_lists["constituents without pt, left out"] = lost
        return {"mass": invariant_mass(counts, particles), "num_constituents": counts}, particles

    def as_declared(self, jets: Jets) -> Jets:
        """Return the declared columns, of those types if they hold all values; see `cast`."""
        tables = tables_of(jets)
        return of_tables(
            {
                table: {
                    column.name: cast(tables[table][column.name], column.dtype)
                    for column in columns
                    if column.name in tables[table]
                }
                for table, columns in self.declared.items()
            }
        )


def cast(values: Array, dtype: str) -> Array:
    """Return values as another type, or as they are if it is of integers that lack some of them.

    Integers lack NaN, infinities and what is beyond them; fractions are cut off.
    """
    if np.dtype(dtype).kind == "f" or np.can_cast(values.dtype, dtype) or not len(values):
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    lowest, highest = values.min().item(), values.max().item()  # both are NaN if one value is
    return values.astype(dtype) if limits.min <= lowest <= highest < limits.max + 1 else values


def are_held(values: Array, dtype: str) -> npt.NDArray[np.bool_]:
    """Return which values, once `cast`, are finite, and not left since integers lack them."""
    if np.dtype(dtype).kind == "f":
        return np.isfinite(values)
    if values.dtype == dtype:
        return np.ones(len(values), np.bool_)
    limits = np.iinfo(dtype)
    if values.dtype.kind == "f":
        values = values.astype(np.float64)  # the limits may be beyond smaller types
    held: npt.NDArray[np.bool_] = (values >= limits.min) & (values < limits.max + 1)
    return held


def with_pt(counts: Rows, particles: Columns) -> tuple[Rows, Columns]:
    """Leave out constituents without transverse momentum, which have no direction.

    Such are padding that was not declared, and what moves along the beam.
    """
    has_pt_P = (particles["px"] != 0) | (particles["py"] != 0)
    if has_pt_P.all():
        return counts, particles
    jet_P = np.repeat(np.arange(len(counts)), counts)[has_pt_P]
    kept = {name: column[has_pt_P] for name, column in particles.items()}
    return np.bincount(jet_P, minlength=len(counts)), kept


class BaseReader(ABC):
    """Reads one format."""

    @abstractmethod
    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all events of a file, chunk by chunk.

        Raises:
            UnreadableFileError: something is missing or damaged.
        """


def momentum_sums(counts: Rows, particles: Columns) -> dict[str, npt.NDArray[np.float64]]:
    """Return energy, px, py and pz (J,) of the sum of each jet's constituents."""
    filled = counts > 0
    starts = (np.cumsum(counts) - counts)[filled]
    sums = {}
    for name in ("energy", "px", "py", "pz"):
        sums[name] = np.zeros(len(counts))
        if len(starts):
            sums[name][filled] = np.add.reduceat(particles[name], starts, dtype=np.float64)
    return sums


def invariant_mass(counts: Rows, particles: Columns) -> npt.NDArray[np.float32]:
    """Return the mass (J,) of the sum of each jet's constituents, 0 where it has none."""
    sums = momentum_sums(counts, particles)
    square = sums["energy"] ** 2 - sums["px"] ** 2 - sums["py"] ** 2 - sums["pz"] ** 2
    return np.sqrt(np.maximum(square, 0)).astype(np.float32)


def ids_of_entries(path: str, entries: range) -> Columns:
    """Return event ids (J,) for a file that has none: each of its entries is an event of one jet.

    Run and luminosity block are a hash of the file's name, wherever the file lies.
    """
    digest = blake2b(name_of(path).encode(), digest_size=8).digest()
    run, luminosity_block = np.frombuffer(digest, np.uint32)
    return {
        "run": np.full(len(entries), run),
        "luminosity_block": np.full(len(entries), luminosity_block),
        "event": np.arange(entries.start, entries.stop),
        "jet_index": np.zeros(len(entries), np.uint16),
    }
