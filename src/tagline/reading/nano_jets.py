"""Jets in events of CMS' NanoAOD, whether or not their candidates are there."""

from collections.abc import Iterator

import numpy as np

from tagline.data.columns import EVENT_COLUMNS, TRUTH
from tagline.datasets import Array, Chunk
from tagline.reading.jet_rows import EventRows
from tagline.reading.trees import Span
from tagline.settings.jet_truth import FLAVOUR

COLLECTIONS = {"AK4": "Jet", "AK8": "FatJet"}
GENERATED = {"AK4": "genJetIdx", "AK8": "genJetAK8Idx"}
EVENT = {"run": "run", "luminosity_block": "luminosityBlock", "event": "event"}
JET_BRANCHES = ("pt", "eta", "phi")
SOFTDROP_MASS = "msoftdrop"
LIGHT_QUARKS, CHARM, BOTTOM, GLUON = (1, 2, 3), 4, 5, 21


def required(jets: str, *further: str) -> Iterator[str]:
    """Yield the branches without which there are no AK4 or AK8 jets, and further ones of these."""
    yield from EVENT.values()
    yield from (f"{COLLECTIONS[jets]}_{name}" for name in (*JET_BRANCHES, *further))


class NanoJets(Chunk):
    """Jets of some events."""

    def __init__(self, span: Span, *, jets: str, truth: str) -> None:
        """Hold J jets.

        Args:
            span: the events.
            jets: a key of COLLECTIONS.
            truth: what they are, or FLAVOUR.
        """
        super().__init__(span.where, num_events=len(span))
        self.span, self.truth, self.collection = span, truth, COLLECTIONS[jets]
        self.generated = GENERATED[jets]
        self.rows = EventRows(span, jets=f"{self.collection}_pt")
        self.num_jets = self.rows.num_jets
        self.columns = (*EVENT_COLUMNS, "jet_index", *JET_BRANCHES, "truth", "weight")
        if self.has(SOFTDROP_MASS):
            self.columns += ("softdrop_mass",)

    def has(self, name: str) -> bool:
        """Whether the file has a branch of these jets."""
        return f"{self.collection}_{name}" in self.span.tree

    def of_jet(self, name: str) -> Array:
        """Return a branch of these jets: (J,)."""
        return self.rows.flat(f"{self.collection}_{name}")

    def read(self, name: str) -> Array:
        """Return one column."""
        match name:
            case "run" | "luminosity_block" | "event":
                return self.rows.flat(EVENT[name])
            case "jet_index":
                return self.rows.places()
            case "weight":
                simulated = "genWeight" in self.span.tree
                return self.rows.flat("genWeight") if simulated else np.ones(self.num_jets)
            case "truth":
                return self._truth()
            case "softdrop_mass":
                return self.of_jet(SOFTDROP_MASS)
            case _:
                return self.of_jet(name)

    def _truth(self) -> Array:
        """Return what jets are by the parton they follow, or rather by the hadrons in them."""
        if self.truth != FLAVOUR:
            return np.full(self.num_jets, TRUTH[self.truth])
        truth = np.zeros(self.num_jets, np.int8)
        has_parton = self.has("partonFlavour")
        parton = np.abs(self.of_jet("partonFlavour")) if has_parton else np.zeros(self.num_jets)
        truth[np.isin(parton, LIGHT_QUARKS)] = TRUTH["light_quark"]
        truth[parton == GLUON] = TRUTH["gluon"]
        if self.has(self.generated):
            truth[(parton == 0) & (self.of_jet(self.generated) < 0)] = TRUTH["pileup"]
        if self.has("hadronFlavour"):
            hadron = self.of_jet("hadronFlavour")
            truth[hadron == CHARM] = TRUTH["charm"]
            truth[hadron == BOTTOM] = TRUTH["bottom"]
        return truth
