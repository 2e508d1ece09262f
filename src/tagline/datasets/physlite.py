"""ATLAS DAOD_PHYSLITE: small-radius jets of events, with the tracks that are left in the file.

Most links of jets lead to tracks that were thinned away, so that constituents are those tracks
which analyses need most. Energies are in MeV and lengths in mm; dz is to the first primary vertex.
"""

from collections.abc import Iterator

import awkward as ak
import numpy as np
from pydantic import Field

from tagline.data.columns import EVENT_COLUMNS, TRUTH, Column, Further
from tagline.data.jets import Columns, particles_of
from tagline.datasets import Array, BaseReader, Chunk, Rows, UnreadableFileError
from tagline.reading.atlas import CM_PER_MM, GEV_PER_MEV, track_momenta, truth_of
from tagline.reading.jet_rows import EventRows
from tagline.reading.lists import Ragged
from tagline.reading.tree_files import open_trees
from tagline.reading.trees import Span, as_ragged
from tagline.settings.jet_truth import DESCRIPTION, FLAVOUR, JetTruth
from tagline.settings.options import ReaderOptions

EVENT = {"run": "runNumber", "luminosity_block": "lumiBlock", "event": "eventNumber"}
EVENT_PREFIX, TRACK_PREFIX = "EventInfoAuxDyn", "InDetTrackParticlesAuxDyn"
VERTEX_Z = "PrimaryVerticesAuxDyn.z"
WEIGHTS, LABEL, LINKS = "mcEventWeights", "HadronConeExclTruthLabelID", "GhostTrack"
COVARIANCE = "definingParametersCovMatrixDiag"
TRACK_LEAVES = ("qOverP", "theta", "phi", "d0", "z0", "vz")
MASS = Column("jet_mass", "float32", "GeV", "mass as the file has it", required=False)


class Config(ReaderOptions):
    """Options of the reader."""

    jets: str = Field("AnalysisJets", description="collection of the jets, which links tracks")
    truth: JetTruth = Field(FLAVOUR, description=DESCRIPTION)
    tree: str = Field("CollectionTree", description="name of the tree")
    entries: int = Field(2_000, gt=0, description="events that are read at once, at least")

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """The mass of the file."""
        return ("jet_mass",)


class Reader(BaseReader):
    """Reads the jets of one collection."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all events of a file, chunk by chunk."""
        jets = f"{self.config.jets}AuxDyn"
        needed = [f"{jets}.{leaf}" for leaf in ("pt", "eta", "phi", "m", LINKS)]
        needed += [f"{EVENT_PREFIX}.{leaf}" for leaf in EVENT.values()]
        needed += [f"{TRACK_PREFIX}.{leaf}" for leaf in TRACK_LEAVES]
        for tree in open_trees(path, self.config.tree):
            tree.require([*needed, VERTEX_Z])
            for start, stop in tree.ranges(self.config.entries):
                yield PhysliteChunk(Span(tree, start, stop), config=self.config)


class PhysliteChunk(Chunk):
    """Jets of some events."""

    columns = (*EVENT_COLUMNS, "jet_index", "weight", "truth", "pt", "eta", "phi")
    further = Further(jets=(MASS,))

    def __init__(self, span: Span, *, config: Config) -> None:
        super().__init__(span.where, num_events=len(span))
        self.span, self.config, self.jets = span, config, f"{config.jets}AuxDyn"
        self.rows = EventRows(span, jets=f"{self.jets}.pt")
        self.num_jets = self.rows.num_jets

    def read(self, name: str) -> Array:
        """Return one column."""
        match name:
            case "run" | "luminosity_block" | "event":
                return self.rows.flat(f"{EVENT_PREFIX}.{EVENT[name]}")
            case "jet_index":
                return self.rows.places()
            case "weight":
                return np.repeat(self._weights(), self.rows.counts)
            case "truth":
                return self._truth()
            case "pt":
                return self.rows.flat(f"{self.jets}.pt") * GEV_PER_MEV
            case "jet_mass":
                return self.rows.flat(f"{self.jets}.m") * GEV_PER_MEV
            case _:
                return self.rows.flat(f"{self.jets}.{name}")

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return momenta, charges and impact parameters of tracks."""
        tracks, offsets = self._tracks()
        chosen = particles_of(rows, offsets=offsets)
        kept = tracks[chosen] >= 0
        self.odd_in_lists["tracks of jets that are not in the file"] = int((~kept).sum())
        jet = np.repeat(np.arange(len(rows)), np.diff(offsets)[rows])
        counts = np.bincount(jet[kept], minlength=len(rows))
        return counts, self._columns(tracks[chosen][kept])

    def _tracks(self) -> Ragged:
        """Return the row of each track of each jet in the chunk, -1 where it is not there."""
        links = self.span.read(f"{self.jets}.{LINKS}")
        where = f"{self.where}, branch {self.jets}.{LINKS}"
        key, offsets = as_ragged(ak.flatten(links.m_persKey), where=where)
        index = as_ragged(ak.flatten(links.m_persIndex), where=where).values.astype(np.int64)
        is_there = key != 0
        first = self.span.ragged(f"{TRACK_PREFIX}.phi").offsets
        event = np.repeat(self.rows.entries() - self.span.start, np.diff(offsets))
        beyond = is_there & (index >= np.diff(first)[event])
        if len(np.unique(key[is_there])) > 1 or beyond.any():
            raise UnreadableFileError(f"{where}: some links do not lead to {TRACK_PREFIX}")
        return Ragged(np.where(is_there, first[event] + index, -1), offsets)

    def _columns(self, tracks: Rows) -> Columns:
        def leaf(name: str) -> Array:
            return self.span.ragged(f"{TRACK_PREFIX}.{name}").at(tracks)

        eta = -np.log(np.tan(leaf("theta") / 2))
        columns = track_momenta(leaf("qOverP"), eta=eta, phi=leaf("phi"))
        columns["d0"] = leaf("d0") * CM_PER_MM
        columns["dz"] = (leaf("z0") + leaf("vz") - self._vertex_z()[tracks]) * CM_PER_MM
        if f"{TRACK_PREFIX}.{COVARIANCE}" in self.span.tree:
            variances = ak.flatten(self.span.read(f"{TRACK_PREFIX}.{COVARIANCE}"))[tracks]
            for place, name in enumerate(("d0_error", "dz_error")):
                columns[name] = np.sqrt(np.asarray(variances[:, place])) * CM_PER_MM
        return columns

    def _vertex_z(self) -> Array:
        """Return z of the first primary vertex of each track's event, 0 where there is none."""
        z, offsets = self.span.ragged(VERTEX_Z).values, self.span.ragged(VERTEX_Z).offsets
        first = np.append(z, 0)[np.where(np.diff(offsets) > 0, offsets[:-1], len(z))]
        counts = np.diff(self.span.ragged(f"{TRACK_PREFIX}.phi").offsets)
        return np.repeat(first, counts)

    def _truth(self) -> Array:
        if self.config.truth != FLAVOUR:
            return np.full(self.num_jets, TRUTH[self.config.truth])
        if f"{self.jets}.{LABEL}" not in self.span.tree:
            return np.zeros(self.num_jets, np.int8)
        return truth_of(self.rows.flat(f"{self.jets}.{LABEL}"))

    def _weights(self) -> Array:
        if f"{EVENT_PREFIX}.{WEIGHTS}" not in self.span.tree:
            return np.ones(self.num_events)
        weights = self.span.ragged(f"{EVENT_PREFIX}.{WEIGHTS}")
        first = weights.offsets[:-1]
        return weights.at(first) if weights.offsets[-1] else np.ones(self.num_events)
