"""Delphes files: jets of events, with constituents that point to tracks, towers and particles.

DELPHES 3, de Favereau (2014), https://arxiv.org/abs/1307.6346. A reference is the last 24 bits of
the unique id of an object in the same event. Numbers of events begin anew in each file: an event
is the entry of a file. Lengths are in mm, energies in GeV.
"""

from collections.abc import Iterator
from functools import cached_property

import awkward as ak
import numpy as np
from pydantic import Field

from tagline.data.columns import EVENT_COLUMNS, TRUTH, Column, Further
from tagline.data.jets import Columns, particles_of
from tagline.datasets import Array, BaseReader, Chunk, Rows
from tagline.observables.momenta import CARTESIAN, cartesian
from tagline.reading.jet_rows import EventRows
from tagline.reading.lists import Ragged
from tagline.reading.tree_files import open_trees
from tagline.reading.trees import Span, as_ragged
from tagline.settings.jet_truth import DESCRIPTION, FLAVOUR, JetTruth
from tagline.settings.options import ReaderOptions

TRACKS = ("EFlowTrack", "Track")
ENERGIES = {"EFlowPhoton": 22, "EFlowNeutralHadron": 130, "Tower": 0}
PARTICLES = "Particle"
PT_LEAVES = dict.fromkeys((*TRACKS, PARTICLES), "PT") | dict.fromkeys(ENERGIES, "ET")
JET_LEAVES = {"pt": "PT", "eta": "Eta", "phi": "Phi"}
IMPACT_LEAVES = {"d0": "D0", "d0_error": "ErrorD0", "dz": "DZ", "dz_error": "ErrorDZ"}
CM_PER_MM = 0.1
CONSTITUENTS = (*CARTESIAN, "charge", "pdgid", *IMPACT_LEAVES)
REFERENCE = (1 << 24) - 1
FLAVOURS = dict.fromkeys((1, 2, 3), "light_quark") | {4: "charm", 5: "bottom", 21: "gluon"}
MASS = Column("jet_mass", "float32", "GeV", "mass as the file has it", required=False)


class Config(ReaderOptions):
    """Options of the reader."""

    jets: str = Field(
        "Jet", description="branch of the jets, such as `Jet` or `ParticleFlowJet08`"
    )
    truth: JetTruth = Field(FLAVOUR, description=DESCRIPTION)
    tree: str = Field("Delphes", description="name of the tree")
    entries: int = Field(2_000, gt=0, description="events that are read at once, at least")

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """The mass of the file."""
        return ("jet_mass",)


class Reader(BaseReader):
    """Reads the jets of one branch."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all events of a file, chunk by chunk."""
        for tree in open_trees(path, self.config.tree):
            leaves = [*JET_LEAVES.values(), "Constituents"]
            tree.require(f"{self.config.jets}.{leaf}" for leaf in leaves)
            for start, stop in tree.ranges(self.config.entries):
                yield DelphesChunk(Span(tree, start, stop), path=tree.path, config=self.config)


class DelphesChunk(Chunk):
    """Jets of some events."""

    columns = (*EVENT_COLUMNS, "jet_index", "weight", "truth", *JET_LEAVES)

    def __init__(self, span: Span, *, path: str, config: Config) -> None:
        super().__init__(span.where, num_events=len(span))
        self.span, self.path, self.config = span, path, config
        self.rows = EventRows(span, jets=f"{config.jets}.PT")
        self.num_jets = self.rows.num_jets
        if f"{config.jets}.Mass" in span.tree:
            self.further = Further(jets=(MASS,))
        if f"{config.jets}.SoftDroppedJet" in span.tree:
            self.columns += ("softdrop_mass",)

    def read(self, name: str) -> Array:
        """Return one column."""
        match name:
            case "run" | "luminosity_block" | "event" | "jet_index":
                return self.rows.ids(self.path)[name]
            case "weight":
                return np.repeat(self._weights(), self.rows.counts)
            case "truth":
                return self._truth()
            case "softdrop_mass":
                return self._softdrop_mass()
            case _:
                return self._of_jet(JET_LEAVES.get(name, "Mass"))

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return momenta, charges, ids and impact parameters of what jets point to."""
        keys, offsets = self._references
        wanted = keys[particles_of(rows, offsets=offsets)]
        jet = np.repeat(np.arange(len(rows)), np.diff(offsets)[rows])
        columns = {name: np.zeros(len(wanted), np.float32) for name in CONSTITUENTS}
        is_found, is_kept = np.zeros((2, len(wanted)), np.bool_)
        for name in PT_LEAVES:
            places, rows_there = self._find(wanted, name)
            is_found[places] = True
            if len(places):
                moves = self.span.ragged(f"{name}.{PT_LEAVES[name]}").at(rows_there) > 0
                is_kept[places[moves]] = True
                places, rows_there = places[moves], rows_there[moves]
                for column, values in self._collection(name, rows_there).items():
                    columns[column][places] = values
        for what, is_odd in {
            "constituents that point to nothing in the file, left out": ~is_found,
            "constituents without momentum, left out": is_found & ~is_kept,
        }.items():
            self.odd_in_lists[what] = int(is_odd.sum())
        counts = np.bincount(jet[is_kept], minlength=len(rows))
        return counts, {name: column[is_kept] for name, column in columns.items()}

    @cached_property
    def _references(self) -> Ragged:
        """Event and id of each constituent, jet after jet."""
        branch = f"{self.config.jets}.Constituents"
        references = ak.flatten(self.span.read(branch).refs)
        values, offsets = as_ragged(references, where=f"{self.where}, branch {branch!r}")
        event = np.repeat(self.rows.entries() - self.span.start, np.diff(offsets))
        return Ragged(_keys(event, values), offsets)

    def _find(self, wanted: Rows, name: str) -> tuple[Rows, Rows]:
        """Return which of the wanted objects are in a branch, and the row of each there."""
        if f"{name}.fUniqueID" not in self.span.tree:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        ids = self.span.ragged(f"{name}.fUniqueID")
        event = np.repeat(np.arange(self.num_events), np.diff(ids.offsets))
        keys = _keys(event, ids.values)
        order = np.argsort(keys)
        place = np.searchsorted(keys, wanted, sorter=order)
        row = order[np.minimum(place, max(len(keys) - 1, 0))] if len(keys) else place
        places = np.flatnonzero(keys[row] == wanted) if len(keys) else row[:0]
        return places, row[places]

    def _collection(self, name: str, rows: Rows) -> Columns:
        """Return what is known of some objects of a branch."""

        def leaf(leaf: str) -> Array:
            return self.span.ragged(f"{name}.{leaf}").at(rows)

        given = {"eta": leaf("Eta"), "phi": leaf("Phi")}
        given["pt"] = leaf(PT_LEAVES[name])
        if name in ENERGIES:
            return cartesian(given | {"energy": leaf("E")}) | {
                "pdgid": np.full(len(rows), ENERGIES[name])
            }
        if f"{name}.Mass" in self.span.tree:
            given["mass"] = leaf("Mass")
        columns = cartesian(given)
        columns |= {"charge": leaf("Charge"), "pdgid": leaf("PID")}
        impact = IMPACT_LEAVES if name in TRACKS else {}
        present = {c: n for c, n in impact.items() if f"{name}.{n}" in self.span.tree}
        return columns | {c: leaf(n) * np.float32(CM_PER_MM) for c, n in present.items()}

    def _truth(self) -> Array:
        if self.config.truth != FLAVOUR:
            return np.full(self.num_jets, TRUTH[self.config.truth])
        flavour = self._of_jet("Flavor")
        truth = np.zeros(self.num_jets, np.int8)
        for code, name in FLAVOURS.items():
            truth[flavour == code] = TRUTH[name]
        return truth

    def _weights(self) -> Array:
        if "Event.Weight" not in self.span.tree:
            return np.ones(self.num_events)
        weights = self.span.ragged("Event.Weight")
        return weights.at(weights.offsets[:-1])

    def _softdrop_mass(self) -> Array:
        momentum = ak.flatten(self.span.read(f"{self.config.jets}.SoftDroppedJet"))
        x, y, z = (np.asarray(momentum.fP[name]) for name in ("fX", "fY", "fZ"))
        square: Array = np.asarray(momentum.fE) ** 2 - x**2 - y**2 - z**2
        return np.sqrt(np.maximum(square, 0))

    def _of_jet(self, leaf: str) -> Array:
        return self.rows.flat(f"{self.config.jets}.{leaf}")


def _keys(event: Rows, ids: Array) -> Rows:
    return event << 24 | (ids.astype(np.int64) & REFERENCE)
