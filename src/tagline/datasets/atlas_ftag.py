"""ATLAS' HDF5 files of flavour tagging: records of jets, and of their tracks, padded.

As written by the training dataset dumper and read by umami-hep's Salt and Puma. Energies are in
MeV, lengths in mm. Constituents are the valid tracks; a track's direction is that of its jet plus
`deta` and `dphi`. Files without azimuths of jets have them at 0. An event is a row of a file.
"""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from tagline.data.columns import EVENT_COLUMNS, TRUTH, Column, Further
from tagline.data.jets import Columns, particles_of
from tagline.datasets import Array, BaseReader, Chunk, Rows, ids_of_entries
from tagline.reading.atlas import CM_PER_MM, GEV_PER_MEV, track_momenta, truth_of
from tagline.reading.lists import AnyRagged
from tagline.reading.sources import open_sources, trimmed
from tagline.reading.trees import Span
from tagline.settings.jet_truth import DESCRIPTION, FLAVOUR, JetTruth
from tagline.settings.options import ReaderOptions

LABEL = "HadronConeExclTruthLabelID"
IMPACT = {"d0": "d0", "dz": "z0SinTheta"}


class Config(ReaderOptions):
    """Options of the reader."""

    jets: str = Field("jets", description="array of the jets")
    tracks: str = Field("tracks", description="array of their tracks, with a field `valid`")
    columns: tuple[str, ...] = Field(
        (), description="further fields of jets, such as scores of taggers, as they are"
    )
    track_columns: tuple[str, ...] = Field((), description="likewise of tracks")
    truth: JetTruth = Field(FLAVOUR, description=DESCRIPTION)
    entries: int = Field(20_000, gt=0, description="jets that are read at once")

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """The fields that are asked for."""
        return self.columns


class Reader(BaseReader):
    """Reads jets and tracks."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all jets of a file, chunk by chunk."""
        config = self.config
        truth = [LABEL] if config.truth == FLAVOUR else []
        fields = [f"{config.jets}/{name}" for name in ("pt", "eta", *truth, *config.columns)]
        of_tracks = ("valid", "qOverP", "deta", "dphi", *config.track_columns)
        fields += [f"{config.tracks}/{name}" for name in of_tracks]
        for tree in open_sources(path, "/"):
            tree.require(fields)
            for start, stop in tree.ranges(config.entries):
                yield FtagChunk(Span(tree, start, stop), path=path, config=config)


class FtagChunk(Chunk):
    """Some jets of a file."""

    columns = (*EVENT_COLUMNS, "jet_index", "weight", "truth", "pt", "eta", "phi")

    def __init__(self, span: Span, *, path: str, config: Config) -> None:
        super().__init__(span.where, num_events=len(span))
        self.span, self.path, self.config, self.num_jets = span, path, config, len(span)
        self.further = Further(jets=_own(config.columns), constituents=_own(config.track_columns))
        if f"{config.jets}/phi" not in span.tree:
            self.notes = (f"{self.where}: jets without azimuth, taken as 0",)

    def read(self, name: str) -> Array:
        """Return one column."""
        match name:
            case "truth":
                return self._truth()
            case "weight":
                return np.ones(self.num_jets)
            case "phi" if self.notes:
                return np.zeros(self.num_jets, np.float32)
            case "run" | "luminosity_block" | "event" | "jet_index":
                entries = range(self.span.start, self.span.stop)
                return ids_of_entries(self.path, entries)[name]
            case "pt":
                return self._of_jet(name) * GEV_PER_MEV
            case _:
                return self._of_jet(name)

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return momenta, charges, impact parameters and what else is asked for of tracks."""
        slots = self._slots("valid")
        is_filled = slots.values.astype(bool)
        offsets = trimmed(slots, is_filled).offsets
        chosen = np.flatnonzero(is_filled)[particles_of(rows, offsets=offsets)]
        counts = np.diff(offsets)[rows]

        def take(name: str) -> Array:
            return self._slots(name).at(chosen)

        eta, phi = (np.repeat(self.read(name)[rows], counts) for name in ("eta", "phi"))
        columns = track_momenta(take("qOverP"), eta=eta + take("deta"), phi=phi + take("dphi"))
        for column, name in IMPACT.items():
            if f"{self.config.tracks}/{name}" in self.span.tree:
                columns[column] = take(name) * CM_PER_MM
        return counts, columns | {name: take(name) for name in self.config.track_columns}

    def _truth(self) -> Array:
        if self.config.truth != FLAVOUR:
            return np.full(self.num_jets, TRUTH[self.config.truth])
        return truth_of(self._of_jet(LABEL))

    def _of_jet(self, name: str) -> Array:
        return self.span.flat(f"{self.config.jets}/{name}")

    def _slots(self, name: str) -> AnyRagged:
        return self.span.ragged(f"{self.config.tracks}/{name}")


def _own(names: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(
        Column(name, "float32", "as in the file", "a field of the file", required=False)
        for name in names
    )
