"""Tables of comma-separated numbers, whole in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyarrow import ArrowInvalid, csv

from tagline.settings.strict import did_you_mean

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class CSVTable:
    """The columns of a file, or some of their rows."""

    path: Path
    columns: dict[str, Array]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def column(self, name: str) -> Array:
        """Return a column (J,).

        Raises:
            ValueError: there is none.
        """
        if name not in self.columns:
            nearest = did_you_mean(name, list(self.columns))
            raise ValueError(f"{self.path}: no column {name!r}; {nearest}")
        return self.columns[name]

    def stacked(self, names: Sequence[str]) -> Array:
        """Return columns beside each other (J, F)."""
        return np.column_stack([self.column(name) for name in names])

    def where(self, chosen_J: Array) -> "CSVTable":
        """Return some of the rows."""
        chosen = {name: column_J[chosen_J] for name, column_J in self.columns.items()}
        return CSVTable(self.path, chosen)


def read_table(path: Path) -> CSVTable:
    """Read a file.

    Raises:
        ValueError: it is no table of numbers.
    """
    try:
        table = csv.read_csv(path)
    except ArrowInvalid as error:
        raise ValueError(f"{path}: no table of comma-separated values: {error}") from None
    columns = {name: table[name].to_numpy() for name in table.column_names}
    for name, column in columns.items():
        if column.dtype.kind not in "biuf":
            raise ValueError(f"{path}: column {name!r} holds other than numbers")
    return CSVTable(path, columns)
