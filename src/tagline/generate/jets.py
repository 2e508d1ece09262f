"""Anti-kT jets: the leading one of each event, and which of them a recipe keeps.

The anti-kT jet clustering algorithm, Cacciari, Salam, Soyez (2008), arXiv:0802.1189; FastJet user
manual (2011), arXiv:1111.6097, through its awkward interface.
"""

from typing import NamedTuple

import awkward as ak
import fastjet
import numpy as np

from tagline.data.jets import Columns, Jets
from tagline.generate.particles import Booleans, Floats, Integers, Particles, by_group
from tagline.generate.trimming import survivors
from tagline.settings.recipes import JetSelection, Trim

LOWEST_PT = 20.0  # GeV; softer jets are not looked at


class Leading(NamedTuple):
    """The leading jets of J events, and their constituents, jet after jet.

    Args:
        event: position of its event in the batch (J,).
        momentum: px, py, pz, E [GeV], each (J,).
        num_constituents: (J,).
        rows: of the constituents among the particles (P,).
    """

    event: Integers
    momentum: tuple[Floats, ...]
    num_constituents: Integers
    rows: Integers


def leading_jets(particles: Particles, *, num_events: int, selection: JetSelection) -> Jets:
    """Return the leading jet of each event that has one, with its hardest constituents first.

    The particles are in the order of their events. A jet's momentum is that of all constituents,
    or of those that trimming leaves; it led before it was trimmed.
    """
    leading = _clustered(particles, num_events=num_events, radius=selection.radius)
    if selection.trim:
        leading = _trimmed(leading, particles, selection.trim)
    hardest, num_kept = _hardest(
        particles.pt[leading.rows], leading.num_constituents, largest=selection.max_constituents
    )
    kept = particles.take(leading.rows[hardest])
    return Jets(
        jets={
            "event": leading.event,
            **_kinematics(*leading.momentum),
            "num_constituents": num_kept,
        },
        constituents={
            name: getattr(kept, name) for name in ("px", "py", "pz", "energy", "charge", "pdgid")
        },
    )


def _clustered(particles: Particles, *, num_events: int, radius: float) -> Leading:
    counts = np.bincount(particles.event, minlength=num_events)
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    cluster = fastjet.ClusterSequence(by_group(particles, counts), definition)
    jets = cluster.inclusive_jets(min_pt=LOWEST_PT)
    members = cluster.constituent_index(min_pt=LOWEST_PT)
    num_jets = ak.to_numpy(ak.num(jets, axis=1))
    event = np.flatnonzero(num_jets)
    rank = ak.to_numpy(ak.argmax(jets.px**2 + jets.py**2, axis=1)[event])
    leading = (np.cumsum(num_jets) - num_jets)[event] + np.asarray(rank)
    jets, members = (ak.flatten(each, axis=1)[leading] for each in (jets, members))
    first = np.cumsum(counts) - counts
    return Leading(
        event=event,
        momentum=tuple(ak.to_numpy(jets[axis]) for axis in ("px", "py", "pz", "E")),
        num_constituents=ak.to_numpy(ak.num(members, axis=1)),
        rows=ak.to_numpy(ak.flatten(members + first[event])),
    )


def _trimmed(leading: Leading, particles: Particles, trim: Trim) -> Leading:
    """Return the jets of which trimming leaves something, with what it leaves."""
    left = survivors(particles.take(leading.rows), leading.num_constituents, trim)
    jet = np.repeat(np.arange(len(leading.event)), leading.num_constituents)[left]
    rows = leading.rows[left]
    num_constituents = np.bincount(jet, minlength=len(leading.event))
    some = num_constituents > 0
    momentum = (
        np.bincount(jet, column[rows], minlength=len(leading.event))[some].astype(np.float64)
        for column in (particles.px, particles.py, particles.pz, particles.energy)
    )
    return Leading(leading.event[some], tuple(momentum), num_constituents[some], rows)


def cuts(jets: Jets, selection: JetSelection) -> dict[str, Booleans]:
    """Return which jets pass each cut of a selection, in the order in which they are made."""
    direction = "rapidity" if selection.rapidity else "eta"
    pt = jets.jets["pt"]
    return {
        "pt": (pt > selection.pt_min) & (pt < selection.pt_max),
        direction: np.abs(jets.jets[direction]) < selection.abs_eta_max,
    }


def _kinematics(px: Floats, py: Floats, pz: Floats, energy: Floats) -> Columns:
    pt = np.hypot(px, py)
    return {
        "energy": energy,
        "pt": pt,
        "eta": np.arcsinh(pz / pt),
        "rapidity": np.arctanh(pz / energy),
        "phi": np.arctan2(py, px),
        "mass": np.sqrt(np.maximum(energy**2 - pt**2 - pz**2, 0)),
    }


def _hardest(pt: Floats, num_constituents: Integers, *, largest: int) -> tuple[Integers, Integers]:
    """Return the rows of each jet's hardest constituents, hardest first, and how many they are."""
    jet = np.repeat(np.arange(len(num_constituents)), num_constituents)
    order = np.lexsort([-pt, jet])
    first = np.cumsum(num_constituents) - num_constituents
    rank = np.arange(len(pt)) - first[jet]
    return order[rank < largest], np.minimum(num_constituents, largest)
