"""JetClass files, and the generated ones, which have the same branches: one entry a jet.

JetClass: A Large-Scale Dataset for Deep Learning in Jet Physics, Qu, Li and Qian (2022),
https://doi.org/10.5281/zenodo.6619768. It has no event ids: there an event is the entry of a file.
The published tar archives are read as they are.
"""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from tagline.data.columns import EVENT_COLUMNS, TRUTH
from tagline.data.jets import Columns
from tagline.datasets import Array, BaseReader, Chunk, Rows, ids_of_entries
from tagline.observables import species
from tagline.reading.tree_files import open_trees
from tagline.reading.trees import Span
from tagline.settings.options import ReaderOptions

LABELS = {
    "label_QCD": "qcd",
    "label_Hbb": "h_bb",
    "label_Hcc": "h_cc",
    "label_Hgg": "h_gg",
    "label_H4q": "h_4q",
    "label_Hqql": "h_qql",
    "label_Zqq": "z_qq",
    "label_Wqq": "w_qq",
    "label_Tbqq": "t_bqq",
    "label_Tbl": "t_bl",
    "label_quark": "light_quark",
    "label_gluon": "gluon",
    "label_charm": "charm",
    "label_bottom": "bottom",
}
JET_BRANCHES = {"pt": "jet_pt", "eta": "jet_eta", "phi": "jet_phi"}
OPTIONAL = {"softdrop_mass": "jet_sdmass", "pile_up": "pile_up"}
MOMENTUM_BRANCHES = {name: f"part_{name}" for name in ("px", "py", "pz", "energy")}
IMPACT_BRANCHES = {
    "d0": "part_d0val",
    "d0_error": "part_d0err",
    "dz": "part_dzval",
    "dz_error": "part_dzerr",
}
CM_PER_MM = np.float32(0.1)
KINDS = {
    "part_isChargedHadron": 211,
    "part_isNeutralHadron": 130,
    "part_isPhoton": 22,
    "part_isElectron": -11,
    "part_isMuon": -13,
}
"""Particle ids where the charge is positive or zero; they change sign with it."""


class Config(ReaderOptions):
    """Options of the reader."""

    tree: str = Field("tree", description="name of the tree")
    entries: int = Field(50_000, gt=0, description="jets that are read at once, at least")


class Reader(BaseReader):
    """Reads JetClass files."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all jets of a file, chunk by chunk."""
        for tree in open_trees(path, self.config.tree):
            tree.require([*JET_BRANCHES.values(), *MOMENTUM_BRANCHES.values()])
            for start, stop in tree.ranges(self.config.entries):
                yield JetClassChunk(Span(tree, start, stop), path=tree.path)


class JetClassChunk(Chunk):
    """Some jets of a file."""

    def __init__(self, span: Span, *, path: str) -> None:
        super().__init__(span.where, num_events=len(span))
        self.span, self.path = span, path
        self.num_jets = len(span)
        self.columns = (*EVENT_COLUMNS, "jet_index", "weight", "truth", *JET_BRANCHES)
        self.columns += tuple(name for name in OPTIONAL if OPTIONAL[name] in span.tree)

    def read(self, name: str) -> Array:
        """Return one column."""
        branch = (JET_BRANCHES | OPTIONAL).get(name, name)
        if branch in self.span.tree:
            return self.span.flat(branch)
        return self._truth() if name == "truth" else self._implied(name)

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return momenta, and what else there is."""
        tree, offsets = self.span.tree, self.span.ragged("part_px").offsets

        def take(branch: str) -> Array:
            return self.span.alike(branch, "part_px").of(rows)

        columns = {column: take(branch) for column, branch in MOMENTUM_BRANCHES.items()}
        for column, branch in IMPACT_BRANCHES.items():
            if branch in tree:
                columns[column] = take(branch) * CM_PER_MM
        if "part_charge" in tree:
            columns["charge"] = take("part_charge")
        if "part_pdgid" in tree:
            columns["pdgid"] = take("part_pdgid")
        elif "charge" in columns and all(branch in tree for branch in KINDS):
            kinds = {code: take(branch).astype(bool) for branch, code in KINDS.items()}
            columns["pdgid"] = species.codes(kinds, charge=columns["charge"])
        return np.diff(offsets)[rows], columns

    def _truth(self) -> Array:
        truth = np.zeros(self.num_jets, np.int8)
        for label, name in LABELS.items():
            if label in self.span.tree:
                truth[self.span.flat(label) != 0] = TRUTH[name]
        return truth

    def _implied(self, name: str) -> Array:
        """Return what a file without event ids and weights implies."""
        if name == "weight":
            return np.ones(self.num_jets)
        return ids_of_entries(self.path, range(self.span.start, self.span.stop))[name]
