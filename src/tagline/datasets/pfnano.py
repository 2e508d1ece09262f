"""CMS NanoAOD with particle-flow candidates (PFNano, and NanoAOD itself since v15), by coffea.

NanoEvents gives every branch as a virtual array, of TTrees and RNTuples alike; its buffers are
taken as they lie in the file. Energies are in GeV and lengths in cm already.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, NamedTuple

import awkward as ak
import numpy as np
from coffea.nanoevents import BaseSchema, NanoEventsFactory
from pydantic import Field

from tagline.data.columns import Column, Further
from tagline.data.jets import Columns
from tagline.datasets import Array, BaseReader, Chunk, Rows, UnreadableFileError
from tagline.machine.compiled import compiled
from tagline.reading.nano_jets import NanoJets, required
from tagline.reading.tree_files import open_tree
from tagline.reading.trees import Span, Tree
from tagline.settings.jet_truth import DESCRIPTION, FLAVOUR, JetTruth
from tagline.settings.options import ReaderOptions

USED_COLLECTIONS = ("Jet", "FatJet", "PFCand")
IMPACT_PARAMETERS = ("d0", "dz")
CACHE = "100 MB"  # NanoEvents asks for lists twice, for their offsets and for what is in them
PION, ELECTRON, MUON = 211, 11, 13


class Links(NamedTuple):
    """The branches that say which candidates are in which jets.

    Args:
        jet: of each link, the jet in its event.
        candidate: of each link, the candidate in its event.
        candidates: collection of the candidates.
    """

    jet: str
    candidate: str
    candidates: str


DIALECTS = {
    "AK4": (
        Links("JetPFCands_jetIdx", "JetPFCands_pFCandsIdx", "PFCands"),
        Links("JetPFCandsAK4_jetIdx", "JetPFCandsAK4_candIdx", "JetPFCands"),
        Links("JetPFCand_jetIdx", "JetPFCand_pfCandIdx", "PFCand"),
    ),
    "AK8": (
        Links("FatJetPFCands_jetIdx", "FatJetPFCands_pFCandsIdx", "PFCands"),
        Links("JetPFCandsAK8_jetIdx", "JetPFCandsAK8_candIdx", "JetPFCands"),
        Links("FatJetPFCand_jetIdx", "FatJetPFCand_pfCandIdx", "PFCand"),
    ),
}


class Config(ReaderOptions):
    """Options of the reader."""

    jets: Literal["AK4", "AK8"] = Field("AK8", description="which jets are read")
    puppi: Literal["none", "AK8", "both"] = Field(
        "AK8",
        description="jets made of candidates times their PUPPI weight: Run 2 AK8, Run 3 both",
    )
    truth: JetTruth = Field(FLAVOUR, description=DESCRIPTION)
    columns: tuple[str, ...] = Field(
        (), description="further columns of jets, as `particleNet_XbbVsQCD` of `FatJet_` ones"
    )
    tree: str = Field("Events", description="name of the tree or RNTuple")
    entries: int = Field(20_000, gt=0, description="events that are read at once, at least")

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """Those that are asked for."""
        return self.columns


class Reader(BaseReader):
    """Reads AK4 or AK8 jets."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all events of a file, chunk by chunk."""
        with open_tree(path, self.config.tree) as tree:
            links = links_of(tree, self.config.jets)
            tree.require(required(self.config.jets, *self.config.columns))
            for start, stop in tree.ranges(self.config.entries):
                yield PFNanoChunk(Events(tree, start, stop), links=links, config=self.config)


def links_of(tree: Tree, jets: str) -> Links:
    """Return the links of the dialect that a tree is written in."""
    for links in DIALECTS[jets]:
        if links.jet in tree and links.candidate in tree:
            return links
    known = " or ".join(f"{links.jet} with {links.candidate}" for links in DIALECTS[jets])
    raise UnreadableFileError(
        f"{tree.where}: no constituents of {jets} jets; they need {known}, and the reader "
        "`nanoaod` reads jets without them"
    )


class Events(Span):
    """A span whose branches are virtual arrays of NanoEvents."""

    def array(self, branch: str) -> Any:  # noqa: ANN401 (an awkward array)
        """Return one branch."""
        return ak.materialize(self._events[branch])

    @cached_property
    def _events(self) -> Any:  # noqa: ANN401 (NanoEvents makes its classes)
        self.tree.file.file.array_cache = CACHE
        return NanoEventsFactory.from_root(
            self.tree.file,
            treepath=self.tree.name,
            schemaclass=BaseSchema,
            entry_start=self.start,
            entry_stop=self.stop,
            iteritems_options={"filter_name": is_used, "recursive": False},
        ).events()


def is_used(branch: str) -> bool:
    """Return whether a branch may be needed; NanoEvents does not look at the others."""
    return "_" not in branch or branch.startswith(USED_COLLECTIONS)


class PFNanoChunk(NanoJets):
    """Jets of some events, with their candidates."""

    def __init__(self, span: Span, *, links: Links, config: Config) -> None:
        super().__init__(span, jets=config.jets, truth=config.truth)
        self.links, self.config = links, config
        self.further = Further(
            tuple(
                Column(name, "float32", "as in NanoAOD", "a column of NanoAOD", required=False)
                for name in config.columns
            )
        )

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return momenta, and what else there is."""
        of = self.links.candidates
        counts, candidate = self._links(rows)
        once = len(rows) < self.num_jets  # a selection on the mass asks for all, then for some

        def read(name: str) -> Array:
            return self.span.at(f"{of}_{name}", f"{of}_pt", candidate, once=once)

        weight = read("puppiWeight") if self._is_weighted else np.ones(len(candidate), np.float32)
        if not (kept := weight > 0).all():
            counts = np.diff(np.append(0, np.cumsum(kept))[np.append(0, np.cumsum(counts))])
            candidate, weight = candidate[kept], weight[kept]
        pt, eta, phi, mass, pdgid = map(read, ("pt", "eta", "phi", "mass", "pdgId"))
        pt, mass = pt * weight, mass * weight
        columns = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta)}
        squares = sum(component**2 for component in (*columns.values(), mass))
        columns |= {"energy": np.sqrt(squares), "pdgid": pdgid, "charge": charges(pdgid)}
        for name in IMPACT_PARAMETERS:
            if f"{of}_{name}Err" in self.span.tree:
                error = read(f"{name}Err")
                has_track = error >= 0
                columns[name] = read(name) * has_track
                columns[f"{name}_error"] = error * has_track
        return counts, columns

    def _links(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return how many links each of these jets has, and the row of each link's candidate."""
        links = self.span.ragged(self.links.jet)
        candidates = self.span.alike(self.links.candidate, self.links.jet)
        first = self.span.ragged(f"{self.links.candidates}_pt").offsets
        events = np.flatnonzero(
            np.bincount(np.searchsorted(self.rows.offsets, rows, side="right") - 1)
        )
        place = np.full(self.num_jets, -1)
        place[rows] = np.arange(len(rows))
        found = follow(
            events,
            links.of(events),
            candidates.of(events),
            np.diff(links.offsets)[events],
            self.rows.offsets,
            first,
            place,
            counts := np.zeros(len(rows), np.int64),
        )
        if found is None:
            names = " or ".join(self.links[:2])
            raise UnreadableFileError(f"{self.where}: {names} points beyond its event")
        return counts, found

    @property
    def _is_weighted(self) -> bool:
        """Whether momenta are to be weighted; they have that behind them in v15."""
        branch = f"{self.links.candidates}_puppiWeight"
        return self.config.puppi in (self.config.jets, "both") and branch in self.span.tree


def charges(pdgid: Array) -> Array:
    """Return the charge (P,) of particle-flow candidates by their ids."""
    kind = np.abs(pdgid)
    is_hadron, is_lepton = kind == PION, (kind == ELECTRON) | (kind == MUON)
    charge: Array = np.sign(pdgid) * (is_hadron.astype(np.int8) - is_lepton.astype(np.int8))
    return charge


@compiled
def follow(
    events: Rows,
    jets: Array,
    candidates: Array,
    num_links: Rows,
    first_jets: Rows,
    first_candidates: Rows,
    place: Rows,
    counts: Rows,
) -> Rows | None:
    """Return the row of each candidate that is linked to a wanted jet, jet after jet.

    Args:
        events: those of the links (E,).
        jets: of each link, the jet in its event; negative if there is none: (L,).
        candidates: likewise, the candidate: (L,).
        num_links: of each event: (E,).
        first_jets: where the jets of any event begin among all.
        first_candidates: where its candidates begin.
        place: of any jet, its place among those wanted, or -1.
        counts: becomes how many links each wanted jet has.

    Returns:
        Nothing if a link leads beyond its event.
    """
    jet_of, row_of = np.empty(len(jets), np.int64), np.empty(len(jets), np.int64)
    num, link = 0, 0
    for event, in_event in zip(events, num_links):  # noqa: B905 (numba knows no `strict`)
        first_jet, first_candidate = first_jets[event], first_candidates[event]
        num_jets = first_jets[event + 1] - first_jet
        num_candidates = first_candidates[event + 1] - first_candidate
        for _ in range(in_event):
            jet, candidate = jets[link], candidates[link]
            link += 1
            if jet >= num_jets or candidate >= num_candidates:
                return None
            if jet >= 0 and candidate >= 0 and place[first_jet + jet] >= 0:
                jet_of[num], row_of[num] = place[first_jet + jet], first_candidate + candidate
                counts[jet_of[num]] += 1
                num += 1
    ends = np.cumsum(counts) - counts
    rows = np.empty(num, np.int64)
    for n in range(num):
        rows[ends[jet_of[n]]] = row_of[n]
        ends[jet_of[n]] += 1
    return rows
