"""Readers of input files: one file a format, each with a `Config` and a `Reader`.

A reader cuts a file into chunks of consecutive events. A chunk reads a branch when it is asked for
it, so that the constituents of a chunk without a passing jet are never read.
"""

import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from tagline.columns import CONSTITUENT_COLUMNS, JET_COLUMNS
from tagline.jets import Columns, Jets
from tagline.transports import InterruptedReadError

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

JET_TYPES = {column.name: column.dtype for column in JET_COLUMNS}
CONSTITUENT_TYPES = {column.name: column.dtype for column in CONSTITUENT_COLUMNS}


class UnreadableFileError(ValueError):
    """A file cannot be read; the message names the file, and as far as it comes what is in it."""


class InterruptedFileError(UnreadableFileError):
    """A file could not be read this time; another try may do better."""


@contextmanager
def reading(where: str, *further: type[Exception]) -> Iterator[None]:
    """Turn whatever goes wrong in the libraries below into an UnreadableFileError."""
    try:
        yield
    except PASSING as error:
        raise InterruptedFileError(f"{where}: {error}") from error
    except CORRUPT + further as error:
        raise UnreadableFileError(f"{where}: {type(error).__name__}: {error}") from error


class Chunk(ABC):
    """Consecutive events of a file, with J jets in them.

    Attributes:
        where: names the file and the part of it.
        num_events: number of events.
        num_jets: number of jets J.
        columns: the jet columns there are, besides mass and num_constituents.
        notes: what is odd about it, for the ledger.
    """

    num_jets: int
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __init__(self, where: str, *, num_events: int) -> None:
        self.where, self.num_events = where, num_events

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
            raise UnreadableFileError(f"{self.where}: no jet column {name!r}; it has {known}")
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
    name = PurePosixPath(path).name.encode()
    run, luminosity_block = np.frombuffer(blake2b(name, digest_size=8).digest(), np.uint32)
    return {
        "run": np.full(len(entries), run),
        "luminosity_block": np.full(len(entries), luminosity_block),
        "event": np.arange(entries.start, entries.stop),
        "jet_index": np.zeros(len(entries), np.uint16),
    }
