"""Jets and their constituents as flat columns, in memory and as two Parquet files.

Flat columns without nulls read four to six times faster than Parquet lists: the constituents of
all jets lie behind each other in jet order, and `num_constituents` says where each jet ends. The
same container carries the skim, the split and the prepared representations, whose "constituents"
may be particles or pixels.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tagline import provenance as made
from tagline.files import whole_file

Columns = dict[str, npt.NDArray[Any]]

JETS_FILE = "jets.parquet"
CONSTITUENTS_FILE = "constituents.parquet"
ROWS_PER_GROUP = 65_536
JETS_PER_PIECE = 8_192  # columns of so many jets fit a cache


@dataclass(frozen=True)
class Jets:
    """Columns over jets (J,), and columns over their constituents (P,), in jet order."""

    jets: Columns
    constituents: Columns

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.jets.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"jet columns of different lengths: {lengths}")
        num_constituents = int(self.jets["num_constituents"].sum())
        for name, column in self.constituents.items():
            if len(column) != num_constituents:
                raise ValueError(
                    f"constituent column {name!r} has {len(column)} rows, "
                    f"but num_constituents adds up to {num_constituents}"
                )

    def __len__(self) -> int:
        return len(self.jets["num_constituents"])

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each jet's constituents begin, and the end of the last: (J+1,)."""
        return np.concatenate([[0], np.cumsum(self.jets["num_constituents"], dtype=np.int64)])

    def take(self, rows: npt.NDArray[np.int64]) -> "Jets":
        """Return the jets of these rows, in this order."""
        particles = particles_of(rows, offsets=self.offsets)
        return Jets(
            jets={name: column[rows] for name, column in self.jets.items()},
            constituents={name: column[particles] for name, column in self.constituents.items()},
        )

    def pieces(self) -> Iterator["Jets"]:
        """Yield views of a few thousand jets at a time; one of no jets if there are none."""
        offsets = self.offsets
        for first in range(0, max(len(self), 1), JETS_PER_PIECE):
            last = min(first + JETS_PER_PIECE, len(self))
            particles = slice(offsets[first], offsets[last])
            yield Jets(
                jets={name: column[first:last] for name, column in self.jets.items()},
                constituents={n: column[particles] for n, column in self.constituents.items()},
            )


def particles_of(
    rows: npt.NDArray[np.int64], *, offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return where the constituents of these jets are, given where each jet's begin: (P,)."""
    counts = np.diff(offsets)[rows]
    ends = np.cumsum(counts)
    shifts = np.repeat(offsets[:-1][rows] - (ends - counts), counts)
    particles: npt.NDArray[np.int64] = np.arange(len(shifts)) + shifts
    return particles


def concatenate(parts: Sequence[Jets]) -> Jets:
    """Join jets; constituent columns that some part lacks are refused."""
    if not parts:
        raise ValueError("no jets to join")
    for part in parts[1:]:
        if part.jets.keys() != parts[0].jets.keys():
            raise ValueError(
                f"jet columns differ: {sorted(part.jets.keys() ^ parts[0].jets.keys())}"
            )
        if part.constituents.keys() != parts[0].constituents.keys():
            differing = sorted(part.constituents.keys() ^ parts[0].constituents.keys())
            raise ValueError(f"constituent columns differ: {differing}")
    return Jets(
        jets={name: np.concatenate([part.jets[name] for part in parts]) for name in parts[0].jets},
        constituents={
            name: np.concatenate([part.constituents[name] for part in parts])
            for name in parts[0].constituents
        },
    )


def write_jets(jets: Jets, folder: Path, *, provenance: dict[str, str]) -> None:
    """Write both tables into a folder, with the provenance in their metadata."""
    write_columns(jets.jets, folder / JETS_FILE, provenance=provenance)
    write_columns(jets.constituents, folder / CONSTITUENTS_FILE, provenance=provenance)


def write_stream(stream: Iterable[Jets], folder: Path, *, provenance: dict[str, str]) -> int:
    """Write jets as they come, in both tables of a folder; return how many they were."""
    total = 0
    with ExitStack() as stack:
        writers: list[pq.ParquetWriter] = []
        for jets in stream:
            tables = {JETS_FILE: jets.jets, CONSTITUENTS_FILE: jets.constituents}
            if not writers:
                writers += [
                    stack.enter_context(_writer(columns, folder / name, provenance))
                    for name, columns in tables.items()
                ]
            for columns, writer in zip(tables.values(), writers, strict=True):
                _append(columns, writer)
            total += len(jets)
    return total


def write_columns(columns: Columns, path: Path, *, provenance: dict[str, str]) -> None:
    """Write flat columns without nulls as lz4 Parquet, floats split by byte."""
    with whole_file(path) as unfinished, _writer(columns, unfinished, provenance) as writer:
        _append(columns, writer)


def _writer(columns: Columns, path: Path, provenance: dict[str, str]) -> pq.ParquetWriter:
    fields = [
        pa.field(name, pa.from_numpy_dtype(column.dtype), nullable=False)
        for name, column in columns.items()
    ]
    writer = pq.ParquetWriter(
        path,
        pa.schema(fields),
        compression="lz4",
        use_dictionary=False,
        use_byte_stream_split=[
            name for name, column in columns.items() if column.dtype.kind == "f"
        ],
        store_schema=False,
    )
    described = provenance | made.text()
    writer.add_key_value_metadata({f"tagline.{key}": text for key, text in described.items()})
    return writer


def _append(columns: Columns, writer: pq.ParquetWriter) -> None:
    arrays = [pa.array(column) for column in columns.values()]
    writer.write_table(pa.table(arrays, schema=writer.schema), row_group_size=ROWS_PER_GROUP)


def read_jets(folder: Path, *, constituents: Sequence[str] | None = None) -> Jets:
    """Read both tables of a folder, all columns of constituents if None are named."""
    return Jets(
        jets=read_columns(folder / JETS_FILE),
        constituents=read_columns(folder / CONSTITUENTS_FILE, names=constituents),
    )


def read_columns(path: Path, *, names: Sequence[str] | None = None) -> Columns:
    """Read flat columns of a Parquet file, all if None are named; a missing one is an error."""
    file = pq.ParquetFile(path, memory_map=True)
    known = file.schema_arrow.names
    for name in names or ():
        if name not in known:
            raise ValueError(f"{path}: no column {name!r}; it has {', '.join(known)}")
    table = file.read(columns=list(names) if names is not None else None)
    return {name: table[name].to_numpy() for name in table.column_names}
