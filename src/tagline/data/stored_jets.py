"""Jets of a folder a few thousand at a time: many of them need no more memory than few."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from tagline.data.jets import (
    CONSTITUENTS,
    JETS,
    JETS_PER_PIECE,
    Columns,
    Jets,
    columns_in,
    further_tables,
    of_tables,
)


class InPieces(Protocol):
    """Jets in memory or in a folder, gone through as often as one likes."""

    def pieces(self) -> Iterator[Jets]:
        """Yield a few thousand jets at a time; one piece of no jets if there are none."""
        ...


@dataclass(frozen=True)
class StoredJets:
    """Jets that `write_jets` or `write_stream` wrote.

    Args:
        folder: has a Parquet file for each table.
        constituents: their columns that are read, all if None are named.
        tables: further tables that are read, all if None are named.
        num_jets: how many jets a piece has, but for the last one.
    """

    folder: Path
    constituents: Sequence[str] | None = None
    tables: Sequence[str] | None = None
    num_jets: int = JETS_PER_PIECE

    def pieces(self) -> Iterator[Jets]:
        """Yield so many jets at a time, in order; one piece of no jets if there are none.

        Raises:
            ValueError: a table has not the rows that its jets should have.
        """
        further = further_tables(self.folder) if self.tables is None else self.tables
        jets = _Rows(self.folder, JETS)
        lists = {CONSTITUENTS: _Rows(self.folder, CONSTITUENTS, names=self.constituents)}
        lists |= {name: _Rows(self.folder, name) for name in further}
        while True:
            columns = jets.take(min(self.num_jets, jets.left))
            rows = {name: int(columns[f"num_{name}"].sum()) for name in lists}
            yield of_tables(
                {JETS: columns} | {name: table.take(rows[name]) for name, table in lists.items()}
            )
            if not jets.left:
                break
        for name, table in lists.items():
            if table.left:
                raise ValueError(f"{self.folder}: {name} has {table.left} rows of no jet")


class _Rows:
    """The rows of a table in turn."""

    def __init__(self, folder: Path, table: str, *, names: Sequence[str] | None = None) -> None:
        self.path = folder / f"{table}.parquet"
        file = pq.ParquetFile(self.path)
        self.left: int = file.metadata.num_rows
        columns = columns_in(file, self.path, names)
        self._schema = pa.schema([file.schema_arrow.field(name) for name in columns])
        self._groups = (  # `iter_batches` would hold what it has read
            file.read_row_group(number, columns) for number in range(file.num_row_groups)
        )
        self._rest: pa.Table | None = None

    def take(self, number: int) -> Columns:
        """Return the next rows, so many of them."""
        if number > self.left:
            raise ValueError(f"{self.path}: {self.left} rows are left, but its jets have {number}")
        self.left -= number
        taken = list(self._next(number if self._schema.names else 0))
        table = pa.concat_tables(taken) if taken else self._schema.empty_table()
        return {name: table[name].to_numpy() for name in table.column_names}

    def _next(self, number: int) -> Iterator[pa.Table]:
        while number:
            group = self._rest or next(self._groups)
            yield group.slice(0, number)
            self._rest = group.slice(number) if len(group) > number else None
            number -= min(number, len(group))
