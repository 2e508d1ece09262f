"""The columns that all skims of a task have, each of a type that suits all of them."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tagline.data.jets import (
    CONSTITUENTS,
    JETS,
    Columns,
    Jets,
    further_tables,
    of_tables,
    tables_of,
)

log = logging.getLogger(__name__)

Types = dict[str, np.dtype[Any]]


@dataclass(frozen=True)
class CommonColumns:
    """The types of common columns, by table and name."""

    types: dict[str, Types]

    def of(self, jets: Jets) -> Jets:
        """Return the jets with these columns alone."""
        tables = tables_of(jets)
        return of_tables({table: self.of_table(table, tables[table]) for table in self.types})

    def of_table(self, table: str, columns: Columns) -> Columns:
        """Return these columns of one table."""
        types = self.types[table]
        return {name: columns[name].astype(types[name], copy=False) for name in types}

    def require(self, names: Iterable[str], *, by: str) -> None:
        """Check that the jets have some columns.

        Raises:
            ValueError: one is missing.
        """
        for name in names:
            if name not in self.types[JETS]:
                known = ", ".join(self.types[JETS])
                raise ValueError(f"{by}: no jet column {name!r}; there are {known}")


def common_columns(folders: Sequence[Path]) -> CommonColumns:
    """Find the columns that all folders of jets have; the log says what only some have."""
    found = [_types_in(folder) for folder in folders]
    common = set.intersection(*map(set, found))
    if dropped := sorted({name for _, name in set.union(*map(set, found)) - common}):
        log.warning("only some datasets have the columns %s: left out", dropped)
    types: dict[str, Types] = {JETS: {}, CONSTITUENTS: {}}
    for table, name in found[0]:
        if (table, name) in common:
            kinds = [of_folder[table, name] for of_folder in found]
            types.setdefault(table, {})[name] = np.result_type(*kinds)
    return CommonColumns(types)


def _types_in(folder: Path) -> dict[tuple[str, str], np.dtype[Any]]:
    return {
        (table, field.name): np.dtype(field.type.to_pandas_dtype())
        for table in (JETS, CONSTITUENTS, *further_tables(folder))
        for field in pq.read_schema(folder / f"{table}.parquet")
    }
