"""The top-tagging reference files: HDF5 tables of pandas, 200 constituents a jet, zero-padded.

Top Quark Tagging Reference Dataset, Kasieczka, Plehn, Thompson and Russel (2019),
https://doi.org/10.5281/zenodo.2603256, the jets of arXiv:1902.09914. A row is a jet with the
columns E_0, PX_0, PY_0, PZ_0 ... PZ_199, the momentum of its top, `ttv` (test, train or
validation, the same in all of a file) and `is_signal_new`. An event is a row of a file.
"""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from tagline.data.columns import TRUTH
from tagline.datasets import BaseReader, UnreadableFileError
from tagline.reading.bare_jets import BareJets
from tagline.reading.pandas_tables import Table, open_table
from tagline.settings.options import ReaderOptions

NUM_CONSTITUENTS = 200
COMPONENTS = {"energy": "E", "px": "PX", "py": "PY", "pz": "PZ"}
MOMENTA = [f"{name}_{place}" for place in range(NUM_CONSTITUENTS) for name in COMPONENTS.values()]
SPLIT, LABEL = "ttv", "is_signal_new"
TRUTH_OF_LABEL = np.array([TRUTH["qcd"], TRUTH["t_bqq"]])


class Config(ReaderOptions):
    """Options of the reader."""

    key: str = Field("table", description="name of the table")
    entries: int = Field(20_000, gt=0, description="jets that are read at once")


class Reader(BaseReader):
    """Reads the top-tagging reference files."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[BareJets]:
        """Yield all jets of a file, chunk by chunk."""
        with open_table(path, self.config.key) as table:
            table.require([*MOMENTA, SPLIT, LABEL])
            splits: set[int] = set()
            for start in range(0, table.num_rows, self.config.entries):
                stop = min(start + self.config.entries, table.num_rows)
                yield read_rows(table, range(start, stop), path=path, splits=splits)


def read_rows(table: Table, rows: range, *, path: str, splits: set[int]) -> BareJets:
    """Return the jets of some rows; `splits` are those of all rows so far.

    Raises:
        UnreadableFileError: the file has jets of two splits, or some that are neither top nor QCD.
    """
    where = f"{table.where}, rows {rows.start} to {rows.stop}"
    momenta, split, label = table.read(rows, MOMENTA, [SPLIT], [LABEL])
    splits.update(np.unique(split).tolist())
    if len(splits) > 1:
        raise UnreadableFileError(f"{where}: {SPLIT!r} is {splits}, but a file is of one split")
    if not np.isin(label, (0, 1)).all():
        raise UnreadableFileError(f"{where}: {LABEL!r} is {np.unique(label)}, not 0 or 1")
    momenta_JNF = momenta.reshape(len(rows), NUM_CONSTITUENTS, len(COMPONENTS))
    filled_JN = np.asarray(momenta_JNF.any(axis=2))
    return BareJets(
        where,
        path=path,
        entries=rows,
        truth=TRUTH_OF_LABEL[label[:, 0].astype(int)],
        filled_JN=filled_JN,
        particles=dict(zip(COMPONENTS, momenta_JNF[filled_JN].T, strict=True)),
    )
