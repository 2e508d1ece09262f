"""What a jet is: the partons of the hard process that it contains."""

import numpy as np
import numpy.typing as npt

from tagline.data.columns import TRUTH
from tagline.data.jets import Jets
from tagline.generate.particles import Floats, Integers, Particles, concatenate, wrapped
from tagline.generate.pythia import Record
from tagline.settings.recipes import Recipe

Codes = npt.NDArray[np.int8]

INCOMING = -21  # status of what enters the hard process; Pythia 8 manual, particle properties
BOTTOM, TOP, GLUON, W = 5, 6, 21, 24
TRUTH_OF_PARTON = {
    1: "light_quark",
    2: "light_quark",
    3: "light_quark",
    4: "charm",
    BOTTOM: "bottom",
    GLUON: "gluon",
}


def truth(jets: Jets, record: Record, recipe: Recipe) -> Codes:
    """Return a code of TRUTH for each jet, `unknown` where it fails the recipe's matching."""
    return MATCHINGS[recipe.match](jets, record, recipe)


def without_matching(jets: Jets, record: Record, recipe: Recipe) -> Codes:  # noqa: ARG001
    """Take all jets for what the recipe says."""
    return np.full(len(jets), TRUTH[recipe.truth], np.int8)


def by_top(jets: Jets, record: Record, recipe: Recipe) -> Codes:
    """Match a top and the three quarks it decays to, all within the jet radius.

    The top is the last one in the record, after its radiation; the quarks are those of the decays,
    before theirs.
    """
    parent = record.mothers.pdgid
    quark = np.abs(record.outgoing.pdgid) <= BOTTOM
    of_top, of_w = (quark & (np.abs(parent) == resonance) for resonance in (TOP, W))
    products = record.outgoing.take(of_top | of_w)
    tops = record.mothers.take(of_top)
    sign = np.sign(np.concatenate([parent[of_top | of_w], tops.pdgid]))
    return contained(jets, record, recipe, concatenate([products, tops]), sign=sign, wanted=4)


def by_w(jets: Jets, record: Record, recipe: Recipe) -> Codes:
    """Match the two quarks that a W decays to, both within the jet radius."""
    parent = record.mothers.pdgid
    quarks = (np.abs(record.outgoing.pdgid) <= BOTTOM) & (np.abs(parent) == W)
    products = record.outgoing.take(quarks)
    return contained(jets, record, recipe, products, sign=np.sign(parent[quarks]), wanted=2)


def contained(
    jets: Jets,
    record: Record,
    recipe: Recipe,
    partons: Particles,
    *,
    sign: Integers,
    wanted: int,
) -> Codes:
    """Return the recipe's truth where all so many partons of one resonance are in the jet.

    The sign tells a resonance of an event from its antiparticle.
    """
    jet, distance = nearness(jets, record, partons)
    inside = distance < recipe.jets.radius
    found = np.zeros(len(jets), np.bool_)
    for charge in (1, -1):
        found |= np.bincount(jet[inside & (sign == charge)], minlength=len(jets)) == wanted
    return np.where(found, TRUTH[recipe.truth], TRUTH["unknown"]).astype(np.int8)


def by_parton(jets: Jets, record: Record, recipe: Recipe) -> Codes:
    """Match the nearest parton from the hard process; it must be what the recipe says."""
    kind = np.abs(record.outgoing.pdgid)
    hard = (record.mother_status == INCOMING) & np.isin(kind, list(TRUTH_OF_PARTON))
    kind = kind[hard]
    jet, distance = nearness(jets, record, record.outgoing.take(hard))
    inside = np.flatnonzero(distance < recipe.jets.radius)
    nearest_last = inside[np.argsort(-distance[inside], kind="stable")]
    code = np.array([TRUTH[TRUTH_OF_PARTON.get(pdgid, "unknown")] for pdgid in range(GLUON + 1)])
    codes = np.full(len(jets), TRUTH["unknown"])
    codes[jet[nearest_last]] = code[kind[nearest_last]]
    wanted = TRUTH[recipe.truth]
    return np.where(codes == wanted, wanted, TRUTH["unknown"]).astype(np.int8)


MATCHINGS = {"none": without_matching, "top": by_top, "w": by_w, "parton": by_parton}


def nearness(jets: Jets, record: Record, partons: Particles) -> tuple[Integers, Floats]:
    """Return the jet in the event of each parton and the distance from it, NaN without a jet."""
    jet_of_event = np.full(record.num_events, -1)
    jet_of_event[jets.jets["event"]] = np.arange(len(jets))
    jet = jet_of_event[partons.event]
    eta, phi = (np.append(jets.jets[name], np.nan)[jet] for name in ("eta", "phi"))
    return jet, np.hypot(partons.eta - eta, wrapped(partons.phi - phi))
