"""CMS' H(bb) ntuples, as ROOT and as HDF5: one entry a jet, with candidates, tracks and vertices.

Sample with jet, track and secondary vertex properties for Hbb tagging ML studies, Duarte (2019),
https://doi.org/10.7483/OPENDATA.CMS.JGJX.MS7Q, the jets of arXiv:1909.12285. Candidates and tracks
have pT > 0.95 GeV; HDF5 files have the first 100 candidates, 60 tracks and 5 vertices, padded. The
jets of an event lie in different files, and the numbers of events are not those of one sample: an
event is the entry of a file.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.columns import EVENT_COLUMNS, TRUTH, Further, Table
from tagline.data.jets import Columns, particles_of
from tagline.datasets import Array, BaseReader, Chunk, Rows, ids_of_entries
from tagline.observables import species
from tagline.observables.momenta import cartesian
from tagline.reading.cms_hbb_columns import OF_CANDIDATES, OF_JETS, TRACKS, VERTICES
from tagline.reading.descriptions import declared, present
from tagline.reading.sources import open_sources, trimmed
from tagline.reading.trees import Span
from tagline.settings.options import ReaderOptions

JET_BRANCHES = {"pt": "fj_pt", "eta": "fj_eta", "phi": "fj_phi", "softdrop_mass": "fj_sdmass"}
TABLES = {"tracks": declared(TRACKS), "vertices": declared(VERTICES)}
KINDS = {
    "pfcand_isChargedHad": 211,
    "pfcand_isNeutralHad": 130,
    "pfcand_isGamma": 22,
    "pfcand_isEl": -11,
    "pfcand_isMu": -13,
}
FILLED_IF = {"constituents": "pfcand_ptrel", "tracks": "track_ptrel", "vertices": "sv_ptrel"}
NUMBERS = {"constituents": "n_pfcands", "tracks": "n_tracks", "vertices": "n_sv"}
LABELS = ("fj_isH", "fj_isBB", "fj_isQCD", "sample_isQCD")


class Config(ReaderOptions):
    """Options of the reader."""

    tables: tuple[Literal["tracks", "vertices"], ...] = Field(
        ("tracks", "vertices"), description="further tables that are read"
    )
    tree: str = Field("deepntuplizer/tree", description="name of the tree; HDF5 files have none")
    entries: int = Field(10_000, gt=0, description="jets that are read at once, at least")

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """All that some version of the files has, and the lengths of the tables."""
        return (
            *(column.name for column in OF_JETS),
            *(f"num_{table}" for table in self.tables),
        )


class Reader(BaseReader):
    """Reads the H(bb) ntuples."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all jets of a file, chunk by chunk."""
        for tree in open_sources(path, self.config.tree, group="/"):
            tree.require([*JET_BRANCHES.values(), *LABELS, *FILLED_IF.values()])
            tables = tuple(
                Table(name, present(TABLES[name], tree.names)) for name in self.config.tables
            )
            further = Further(
                present(OF_JETS, tree.names), present(OF_CANDIDATES, tree.names), tables
            )
            for start, stop in tree.ranges(self.config.entries):
                yield HbbChunk(Span(tree, start, stop), path=tree.path, further=further)


class HbbChunk(Chunk):
    """Some jets of a file."""

    columns = (*EVENT_COLUMNS, "jet_index", "weight", "truth", *JET_BRANCHES)

    def __init__(self, span: Span, *, path: str, further: Further) -> None:
        super().__init__(span.where, num_events=len(span))
        self.span, self.path, self.further = span, path, further
        self.num_jets = len(span)

    def read(self, name: str) -> Array:
        """Return one column."""
        match name:
            case "truth":
                return self._truth()
            case "weight":
                return np.ones(self.num_jets)
            case "run" | "luminosity_block" | "event" | "jet_index":
                entries = range(self.span.start, self.span.stop)
                return ids_of_entries(self.path, entries)[name]
            case _:
                return self.span.flat(JET_BRANCHES.get(name, name))

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return momenta, of which files have ratios and differences to the jet, and the rest."""
        counts, take = self._rows_of("constituents", rows)
        jet = np.repeat(rows, counts)
        pt, eta, phi = (self.span.flat(JET_BRANCHES[name])[jet] for name in ("pt", "eta", "phi"))
        momenta = cartesian(
            {
                "pt": take("pfcand_ptrel") * pt,
                "eta": eta + np.where(eta > 0, take("pfcand_etarel"), -take("pfcand_etarel")),
                "phi": phi + take("pfcand_phirel"),
                "mass": take("pfcand_mass"),
            }
        )
        charge = take("pfcand_charge")
        kinds = {code: take(branch) != 0 for branch, code in KINDS.items()}
        columns = {"charge": charge, "pdgid": species.codes(kinds, charge=charge)}
        columns |= {"d0": take("pfcand_dxy"), "dz": take("pfcand_dz")}
        further = {column.name: take(column.name) for column in self.further.constituents}
        return counts, momenta | columns | further

    def table(self, table: Table, rows: Rows) -> tuple[Rows, Columns]:
        """Return tracks or vertices."""
        counts, take = self._rows_of(table.name, rows)
        return counts, {column.name: take(column.name) for column in table.columns}

    def _rows_of(self, table: str, rows: Rows) -> tuple[Rows, Callable[[str], Array]]:
        """Return how many rows of a table these jets have, and what reads a branch of them."""
        slots = self.span.ragged(FILLED_IF[table])
        is_filled = slots.values > 0
        kept = trimmed(slots, is_filled)
        chosen = np.flatnonzero(is_filled)[particles_of(rows, offsets=kept.offsets)]
        counts = np.diff(kept.offsets)[rows]
        if NUMBERS[table] in self.span.tree:
            lacking = self.span.flat(NUMBERS[table])[rows] - counts
            what = f"{table} that the file is said to have, but lacks"
            self.odd_in_lists[what] = int(lacking.sum())

        def take(branch: str) -> Array:
            return self.span.alike(branch, FILLED_IF[table]).at(chosen)

        return counts, take

    def _truth(self) -> Array:
        is_higgs, is_bb, is_qcd, of_qcd = (self.span.flat(label) != 0 for label in LABELS)
        truth = np.zeros(self.num_jets, np.int8)
        truth[is_qcd & of_qcd] = TRUTH["qcd"]
        truth[is_higgs & is_bb] = TRUTH["h_bb"]
        return truth
