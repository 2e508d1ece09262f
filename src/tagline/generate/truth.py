"""What a jet is: the partons of the hard process that it contains."""

import numpy as np
import numpy.typing as npt

from tagline.columns import TRUTH
from tagline.catalogue import Recipe
from tagline.generate.particles import Floats, Integers, wrapped
from tagline.generate.pythia import Record
from tagline.jets import Jets

Codes = npt.NDArray[np.int8]

INCOMING, OUTGOING = (
    -21,
    23,
)  # statuses in the hard process; 23 also in decays of resonances; Pythia 8 manual
TOP, W, HEAVIEST_DECAY_QUARK, GLUON = 6, 24, 5, 21
FLAVOURS = {
    1: TRUTH["light_quark"],
    2: TRUTH["light_quark"],
    3: TRUTH["light_quark"],
    4: TRUTH["charm"],
    5: TRUTH["bottom"],
    GLUON: TRUTH["gluon"],
}


def truth(jets: Jets, record: Record, recipe: Recipe) -> Codes:
    """Return a code of TRUTH for each jet, `unknown` where it fails the matching of the recipe."""
    return MATCHINGS[recipe.match](jets, record, recipe)


def _all(jets: Jets, record: Record, recipe: Recipe) -> Codes:  # noqa: ARG001
    return np.full(len(jets), TRUTH[recipe.truth], np.int8)


def _top(jets: Jets, record: Record, recipe: Recipe) -> Codes:
    """Match a top and the three quarks of its hadronic decay, all within the jet radius.

    The top is the last one in the record, after its radiation; the quarks are those of the decays, before theirs.
    """
    entry = np.arange(len(record.pdgid))
    parent = record.pdgid[record.mother]
    quark = (np.abs(record.status) == OUTGOING) & (np.abs(record.pdgid) <= HEAVIEST_DECAY_QUARK)
    of_top, of_w = (quark & (np.abs(parent) == resonance) for resonance in (TOP, W))
    partons = np.concatenate([record.mother[of_top], entry[of_top], entry[of_w]])
    is_top = np.concatenate([parent[of_top], parent[of_top], parent[of_w]]) > 0
    jet = _jet_of_event(jets, record)[record.particles.event[partons]]
    partons, is_top, jet = partons[jet >= 0], is_top[jet >= 0], jet[jet >= 0]
    inside = _distance_to(jets, jet, record, partons) < recipe.jets.radius
    contained = np.zeros(len(jets), np.bool_)
    for sign in (is_top, ~is_top):
        contained |= np.bincount(jet[sign & inside], minlength=len(jets)) == 4
    return np.where(contained, TRUTH[recipe.truth], TRUTH["unknown"]).astype(np.int8)


def _parton(jets: Jets, record: Record, recipe: Recipe) -> Codes:
    """Match the nearest parton that leaves the hard process, within the jet radius."""
    flavour = np.zeros(GLUON + 1, np.int8)
    flavour[list(FLAVOURS)] = list(FLAVOURS.values())
    kind = np.abs(record.pdgid)
    is_parton = (np.abs(record.status) == OUTGOING) & np.isin(kind, list(FLAVOURS))
    partons = np.flatnonzero(is_parton & (record.status[record.mother] == INCOMING))
    jet = _jet_of_event(jets, record)[record.particles.event[partons]]
    partons, jet = partons[jet >= 0], jet[jet >= 0]
    distance_to_jet = _distance_to(jets, jet, record, partons)
    inside = distance_to_jet < recipe.jets.radius
    farthest_first = np.argsort(-distance_to_jet[inside], kind="stable")
    codes = np.full(len(jets), TRUTH["unknown"], np.int8)
    codes[jet[inside][farthest_first]] = flavour[kind[partons[inside][farthest_first]]]
    return np.where(codes == TRUTH[recipe.truth], codes, TRUTH["unknown"]).astype(np.int8)


MATCHINGS = {"none": _all, "top": _top, "parton": _parton}


def _jet_of_event(jets: Jets, record: Record) -> Integers:
    """Return the row of the jet of each event, -1 where it has none."""
    rows = np.full(record.num_events, -1)
    rows[jets.jets["event"]] = np.arange(len(jets))
    return rows


def _distance_to(jets: Jets, jet: Integers, record: Record, entries: Integers) -> Floats:
    """Return the distance of entries of the record from these jets."""
    partons = record.particles.take(entries)
    dphi = wrapped(partons.phi - jets.jets["phi"][jet])
    return np.hypot(partons.eta - jets.jets["eta"][jet], dphi)
