"""Tables of pandas in HDF5 files, as `to_hdf(format="table")` writes them, read row by row.

Columns of one type lie in one field, and an attribute lists their names as a pickle. It is not
unpickled, which would run what a file says: its texts are picked out.
"""

import pickletools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import h5py
import hdf5plugin  # noqa: F401 (lets h5py read what is compressed by blosc)
import numpy as np

from tagline.datasets import Array, UnreadableFileError, reading, require_here
from tagline.settings.strict import did_you_mean


class Table:
    """A table of an open file."""

    def __init__(self, path: str, key: str, dataset: h5py.Dataset) -> None:
        self.where = f"{path}: table {key!r}"
        self.dataset = dataset
        self.num_rows = len(dataset)
        self.places = {
            column: (field, position)
            for field in dataset.dtype.names
            if field != "index"
            for position, column in enumerate(_texts(dataset.attrs.get(f"{field}_kind", b"")))
        }

    def require(self, columns: Iterable[str]) -> None:
        """Raise UnreadableFileError if some column is not there."""
        for column in columns:
            if column not in self.places:
                nearest = did_you_mean(column, list(self.places))
                raise UnreadableFileError(f"{self.where}: no column {column!r}; {nearest}")

    def read(self, rows: range, *wanted: Sequence[str]) -> list[Array]:
        """Return, for each group of columns, their values (J, columns) in these rows."""
        with reading(f"{self.where}, rows {rows.start} to {rows.stop}"):
            records = self.dataset[rows.start : rows.stop]
        return [self._gathered(records, columns) for columns in wanted]

    def _gathered(self, records: Array, columns: Sequence[str]) -> Array:
        places = [self.places[column] for column in columns]
        fields = list(dict.fromkeys(field for field, _ in places))
        kind = np.result_type(*(records.dtype[field].base for field in fields))
        gathered = np.empty((len(records), len(columns)), kind)
        for field in fields:
            targets = [place for place, (holder, _) in enumerate(places) if holder == field]
            positions = [places[target][1] for target in targets]
            values = records[field].reshape(len(records), -1)
            gathered[:, targets] = values[:, positions]
        return gathered


@contextmanager
def open_table(path: str, key: str) -> Iterator[Table]:
    """Yield a table of a file."""
    require_here(path)
    with reading(path):
        file = h5py.File(path)
    with file:
        with reading(path):
            dataset, keys = file.get(f"{key}/table"), list(file)
        if not isinstance(dataset, h5py.Dataset) or not dataset.dtype.names:
            raise UnreadableFileError(f"{path}: no table {key!r}; {did_you_mean(key, keys)}")
        with reading(f"{path}: table {key!r}"):
            table = Table(path, key, dataset)
        yield table


def _texts(pickled: bytes) -> list[str]:
    """Return the texts in a pickle, in their order."""
    operations = pickletools.genops(pickled) if pickled else []
    return [argument for _, argument, _ in operations if isinstance(argument, str)]
