"""The CSV files of LHCb's tau -> 3 mu challenge: a row is the candidate of a decay.

Flavours of Physics, Kaggle (2015), https://www.kaggle.com/c/flavours-of-physics; `training.csv`,
`check_agreement.csv` and `check_correlation.csv` with the columns that the starter kit reads,
https://github.com/yandexdataschool/flavours-of-physics-start. What is called a jet elsewhere is a
candidate here: it has no constituents and no direction, `pt` is its own, and `mass` is that of its
three tracks. Both are in MeV there and in GeV here; all other columns are as the files have them.

Example:
    tau_training:
      reader: flavours_of_physics
      files: [flavours_of_physics/training.csv]
      options: {columns: [LifeTime, FlightDistance, signal, min_ANNmuon]}
      select: min_ANNmuon > 0.4
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import Field

from tagline.data.columns import EVENT_COLUMNS, TRUTH, Column, Further
from tagline.datasets import (
    Array,
    BaseReader,
    Chunk,
    ids_of_entries,
    reading,
    require_here,
)
from tagline.reading.csv_tables import CSVTable, read_table
from tagline.settings.options import ReaderOptions

GEV = 1e-3  # of an MeV


class Config(ReaderOptions):
    """Which columns, and what files lack."""

    columns: tuple[str, ...] = Field(
        ("LifeTime", "FlightDistance"),
        description="to take along: features, `signal`, `min_ANNmuon`; pt, mass and weight are "
        "taken anyway",
    )
    mass: float | None = Field(
        None, gt=0, description="of all candidates of a file without a column `mass` [GeV]"
    )

    @property
    def has_constituents(self) -> bool:
        """Candidates have none."""
        return False

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """The columns that are taken along."""
        return self.columns


class Reader(BaseReader):
    """Reads the files of the challenge."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator["Candidates"]:
        """Yield all candidates of a file at once."""
        require_here(path)
        with reading(path):
            table = read_table(Path(path))
            candidates = Candidates(table, path=path, config=self.config)
        yield candidates


class Candidates(Chunk):
    """The candidates of a file, each an event of its own, of weight one where it has none."""

    has_constituents = False
    columns = (*EVENT_COLUMNS, "jet_index", "pt", "mass", "truth", "weight")

    def __init__(self, table: CSVTable, *, path: str, config: Config) -> None:
        super().__init__(path, num_events=len(table))
        self.num_jets = len(table)
        own = [
            Column(name, "float32", "", f"{name} of the file", required=False)
            for name in config.columns
        ]
        self.further = Further(jets=tuple(own))
        ones = np.ones(len(table))
        self.given = ids_of_entries(path, range(len(table))) | {
            "pt": table.column("pt") * GEV,
            "mass": mass_of(table, otherwise=config.mass),
            "truth": np.full(len(table), TRUTH["unknown"]),
            "weight": table.column("weight") if "weight" in table else ones,
            **{name: table.column(name) for name in config.columns},
        }

    def read(self, name: str) -> Array:
        """Return one column."""
        return self.given[name]


def mass_of(table: CSVTable, *, otherwise: float | None) -> Array:
    """Return the mass (J,) of candidates [GeV].

    Raises:
        ValueError: the file has none, and none is given.
    """
    if otherwise is not None and "mass" not in table:
        return np.full(len(table), otherwise)
    return table.column("mass") * GEV
