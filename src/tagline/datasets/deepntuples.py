"""DeepNTuples, which CMS trains DeepJet on: one entry a jet, with candidates and vertices.

Jet Flavour Classification Using DeepJet, Bols (2020), arXiv:2008.10519; the producer is
https://github.com/CMSDeepFlavour/DeepNTuples. `pt` is that before corrections, which DeepJet is
given. A jet has at most 100 charged and 100 neutral candidates, whose `d0` has no sign. Momenta
come from pt, eta and phi, as differences to the jet axis have no signs either. Where energies
lack, neutral candidates are massless and charged ones have the masses of what they are, as in CMS'
particle flow; where charges lack, so do ids.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from tagline.data.columns import EVENT_COLUMNS, TRUTH, Further, Table
from tagline.data.jets import Columns, particles_of
from tagline.datasets import Array, BaseReader, Chunk, Rows, ids_of_entries
from tagline.observables import species
from tagline.observables.momenta import POLAR, cartesian
from tagline.reading.deepntuples_columns import ALTERNATIVE_FLAGS, FLAGS, OF_JETS, TABLES
from tagline.reading.descriptions import present
from tagline.reading.tree_files import open_trees
from tagline.reading.trees import Span, Tree
from tagline.settings.jet_truth import DESCRIPTION, FLAVOUR, JetTruth
from tagline.settings.options import ReaderOptions

JET_BRANCHES = {"pt": "jet_pt", "eta": "jet_eta", "phi": "jet_phi"}
COUNTED_BY = {"charged": "Cpfcan_pt", "neutral": "Npfcan_pt", "vertices": "sv_pt"}


class Kind(NamedTuple):
    """Charged or neutral candidates.

    Args:
        prefix: of their branches.
        charge: what it is, but for its sign.
        pdgid: what they are where no flag says otherwise.
        flags: which branch says otherwise, by PDG id at a positive charge or none.
        required: further branches that all files have.
    """

    prefix: str
    charge: int
    pdgid: int
    flags: dict[int, str]
    required: tuple[str, ...] = ()

    def branch(self, name: str) -> str:
        """Return the whole name of a branch."""
        return f"{self.prefix}_{name}"


CHARGED = Kind("Cpfcan", 1, 211, flags={-11: "isEl", -13: "isMu"}, required=("dxy", "dz"))
NEUTRAL = Kind("Npfcan", 0, 130, flags={22: "isGamma"})


class Config(ReaderOptions):
    """Options of the reader."""

    tables: tuple[Literal["charged", "neutral", "vertices"], ...] = Field(
        ("charged", "neutral", "vertices"), description="further tables that are read"
    )
    truth: JetTruth = Field(FLAVOUR, description=DESCRIPTION)
    events: Literal["number", "entry"] = Field(
        "number",
        description="`number`: jets of a file with the same `event_no` are of one event; `entry`: "
        "each is an event of its own, as in files that are merged of several samples",
    )
    tree: str = Field("deepntuplizer/tree", description="name of the tree")
    entries: int = Field(10_000, gt=0, description="jets that are read at once, at least")

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """All that some version of the files has, and the lengths of the tables."""
        return (
            *(column.name for column in OF_JETS),
            *(f"num_{table}" for table in self.tables),
        )


class Reader(BaseReader):
    """Reads DeepNTuples."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all jets of a file, chunk by chunk."""
        for tree in open_trees(path, self.config.tree):
            tree.require(required(tree, self.config))
            tables = tuple(
                Table(name, present(TABLES[name], tree.names)) for name in self.config.tables
            )
            further = Further(present(OF_JETS, tree.names), tables=tables)
            for start, stop in tree.ranges(self.config.entries):
                span = Span(tree, start, stop)
                yield DeepNTuplesChunk(span, config=self.config, further=further)


def required(tree: Tree, config: Config) -> Iterator[str]:
    """Yield the branches without which there are no jets of a configuration."""
    yield from JET_BRANCHES.values()
    for kind in (CHARGED, NEUTRAL):
        yield from map(kind.branch, (*POLAR, *kind.flags.values(), *kind.required))
    if "vertices" in config.tables:
        yield "sv_pt"
    if config.events == "number":
        yield from ("event_no", "jet_no")
    if config.truth == FLAVOUR:
        yield from (flag for flag in FLAGS if flag not in ALTERNATIVE_FLAGS)
        yield from ("isU", "isD") if "isU" in tree else ("isUD",)


class DeepNTuplesChunk(Chunk):
    """Some jets of a file."""

    columns = (*EVENT_COLUMNS, "jet_index", "weight", "truth", *JET_BRANCHES)

    def __init__(self, span: Span, *, config: Config, further: Further) -> None:
        super().__init__(span.where, num_events=len(span))
        self.span, self.config, self.further = span, config, further
        self.num_jets = len(span)

    def read(self, name: str) -> Array:
        """Return one column."""
        match name:
            case "truth":
                return self._truth
            case "weight" if "event_weight" in self.span.tree:
                return self.span.flat("event_weight")
            case "weight":
                return np.ones(self.num_jets)
            case "run" | "luminosity_block" | "event" | "jet_index":
                return self._ids()[name]
            case _:
                return self.span.flat(JET_BRANCHES.get(name, name))

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return the charged candidates of each jet, and then its neutral ones."""
        (num_charged, charged), (num_neutral, neutral) = (
            self._candidates(kind, rows) for kind in (CHARGED, NEUTRAL)
        )
        jet = np.arange(len(rows))
        jets = np.concatenate([np.repeat(jet, num_charged), np.repeat(jet, num_neutral)])
        order = np.argsort(jets, kind="stable")
        unknown = () if CHARGED.branch("charge") in self.span.tree else ("charge", "pdgid")
        return num_charged + num_neutral, {
            name: np.concatenate([charged[name], neutral[name]])[order]
            for name in charged
            if name not in unknown
        }

    def table(self, table: Table, rows: Rows) -> tuple[Rows, Columns]:
        """Return what DeepJet is given of candidates or vertices."""
        counted_by = COUNTED_BY[table.name]
        counts, chosen = self._chosen(counted_by, rows)
        return counts, {
            column.name: self.span.alike(column.name, counted_by).at(chosen)
            for column in table.columns
        }

    def _candidates(self, kind: Kind, rows: Rows) -> tuple[Rows, Columns]:
        """Return candidates of a kind; without signs of charges they are taken as positive."""
        counts, chosen = self._chosen(kind.branch("pt"), rows)

        def take(name: str, *, otherwise: float = 0) -> Array:
            if kind.branch(name) in self.span.tree:
                return self.span.alike(kind.branch(name), kind.branch("pt")).at(chosen)
            return np.full(len(chosen), otherwise, np.float32)

        charge = take("charge", otherwise=kind.charge)
        kinds = {kind.pdgid: np.ones(len(chosen), np.bool_)}
        kinds |= {code: take(flag) != 0 for code, flag in kind.flags.items()}
        pdgid = species.codes(kinds, charge=charge)
        momenta = {name: take(name) for name in POLAR}
        if kind.branch("e") in self.span.tree:
            momenta["energy"] = take("e")
        else:
            momenta["mass"] = species.masses(pdgid) * kind.charge
        columns = {"charge": charge, "pdgid": pdgid, "d0": take("dxy"), "dz": take("dz")}
        return counts, cartesian(momenta) | columns

    def _chosen(self, counted_by: str, rows: Rows) -> tuple[Rows, Rows]:
        """Return how long the lists of these jets are, and where all that is in them lies."""
        offsets = self.span.ragged(counted_by).offsets
        return np.diff(offsets)[rows], particles_of(rows, offsets=offsets)

    def _ids(self) -> Columns:
        """Return what names jets: run and luminosity block stand for the file."""
        ids = ids_of_entries(self.span.tree.path, range(self.span.start, self.span.stop))
        if self.config.events == "entry":
            return ids
        event = self.span.flat("event_no").astype(np.uint32)  # some versions write it as signed
        return ids | {"event": event, "jet_index": self.span.flat("jet_no")}

    @cached_property
    def _truth(self) -> Array:
        if self.config.truth != FLAVOUR:
            return np.full(self.num_jets, TRUTH[self.config.truth])
        truth = np.zeros(self.num_jets, np.int8)
        for flag, (name, _) in FLAGS.items():
            if flag in self.span.tree:
                truth[self.span.flat(flag) != 0] = TRUTH[name]
        self.odd["jets without a known truth"] += int((truth == 0).sum())
        return truth
