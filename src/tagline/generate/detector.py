"""A fast detector in the manner of Delphes with its default ATLAS card.

Particles bend in the solenoid; charged ones leave tracks with the card's efficiencies and
resolutions; all but muons and neutrinos end in calorimeter towers; the energy flow combines tracks
and towers. All numbers are those of delphes_card_ATLAS.tcl up to Delphes 3.3.3 (August 2016);
DELPHES 3, de Favereau et al. (2013), arXiv:1307.6346. The top-tagging reference sample was made
with these towers: with the ECAL towers of Delphes 3.4, fifty times smaller, leading constituents
come out 14 % softer than there, with these 2 % harder.
"""

from dataclasses import replace

import numpy as np

from tagline.generate.calorimeter import Grid, Layer, energy_flow
from tagline.generate.particles import Floats, Particles, concatenate, visible
from tagline.generate.propagation import Solenoid, Surface, propagate
from tagline.generate.tracking import Tracker, Tracks, smear

ELECTRON, MUON, PHOTON, PION, NEUTRAL_HADRON = 11, 13, 22, 211, 130

SOLENOID = Solenoid(radius=1.15, half_length=3.51, field=2.0)

CHARGED_HADRON_TRACKER = Tracker(
    efficiency_eta=(1.5, 2.5),
    efficiency_pt=(0.1, 1.0),
    efficiency=((0.70, 0.95), (0.60, 0.85)),
    resolution_eta=(0.5, 1.5, 2.5),
    resolution=((0.06, 1.3e-3), (0.10, 1.7e-3), (0.25, 3.1e-3)),
)
ELECTRON_TRACKER = Tracker(
    efficiency_eta=(1.5, 2.5),
    efficiency_pt=(0.1, 1.0, 100.0),
    efficiency=((0.73, 0.95, 0.99), (0.50, 0.83, 0.90)),
    resolution_eta=(0.5, 1.5, 2.5),
    resolution=((0.06, 1.3e-3), (0.10, 1.7e-3), (0.25, 3.1e-3)),
)
MUON_TRACKER = Tracker(
    efficiency_eta=(1.5, 2.5),
    efficiency_pt=(0.1, 1.0),
    efficiency=((0.75, 0.99), (0.70, 0.98)),
    resolution_eta=(0.5, 1.5, 2.5),
    resolution=((0.02, 2.0e-4), (0.03, 3.0e-4), (0.06, 6.0e-4)),
)

# Towers of 0.1 x 10 degrees up to |eta| = 2.5, and coarser ones behind. The card gives the number
# of towers in the ring below each edge.
TOWERS_BELOW_EDGE = (
    dict.fromkeys((-4.9, -4.7, -4.5, -4.3, -4.1, -3.9, -3.7, -3.5, -3.3, -3.0, -2.8, -2.6), 18)
    | dict.fromkeys((-3.2, *(step / 10 for step in range(-25, 27)), 3.3), 36)
    | dict.fromkeys((2.8, 3.0, 3.2, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9), 18)
)
GRID = Grid(
    eta_edges=np.array(sorted(TOWERS_BELOW_EDGE)),
    num_phi=np.array([TOWERS_BELOW_EDGE[edge] for edge in sorted(TOWERS_BELOW_EDGE)[1:]]),
)
ECAL = Layer(
    shares={ELECTRON: 1.0, PHOTON: 1.0, 111: 1.0, 310: 0.3, 3122: 0.3},
    share_of_others=0.0,
    resolution=((3.2, 0.0017, 0.101, 0.0), (4.9, 0.0350, 0.285, 0.0)),
    energy_min=0.5,
    significance_min=1.0,
    pdgid=PHOTON,
)
HCAL = Layer(
    shares=dict.fromkeys((ELECTRON, PHOTON, 111, 12, MUON, 14, 16), 0.0) | {310: 0.7, 3122: 0.7},
    share_of_others=1.0,
    resolution=(
        (1.7, 0.0302, 0.5205, 1.59),
        (3.2, 0.0500, 0.706, 0.0),
        (4.9, 0.0942, 1.00, 0.0),
    ),
    energy_min=1.0,
    significance_min=1.0,
    pdgid=NEUTRAL_HADRON,
)


def atlas(particles: Particles, vertex_P3: Floats, random: np.random.Generator) -> Particles:
    """Return the energy-flow particles, all massless: tracks, ECAL towers and HCAL towers."""
    surface = propagate(particles, vertex_P3, SOLENOID)
    tracks = _tracks(particles, surface, random)
    flow = energy_flow(particles, surface, tracks, grid=GRID, layers=(ECAL, HCAL), random=random)
    return _identified(flow)


def none(particles: Particles, vertex_P3: Floats, random: np.random.Generator) -> Particles:  # noqa: ARG001
    """Return all particles but neutrinos, as they are."""
    return particles.take(visible(particles))


DETECTORS = {"atlas": atlas, "none": none}


def _tracks(particles: Particles, surface: Surface, random: np.random.Generator) -> Tracks:
    """Return the tracks that charged particles leave, kind by kind."""
    kind = np.abs(particles.pdgid)
    charged = surface.reached & (particles.charge != 0)
    found = []
    for tracker, rows in (
        (CHARGED_HADRON_TRACKER, charged & (kind != ELECTRON) & (kind != MUON)),
        (ELECTRON_TRACKER, charged & (kind == ELECTRON)),
        (MUON_TRACKER, charged & (kind == MUON)),
    ):
        candidates, eta, phi = particles.take(rows), surface.eta[rows], surface.phi[rows]
        finds = tracker.finds(candidates.pt, eta, random)
        found.append(
            smear(
                candidates.take(finds),
                eta=eta[finds],
                phi=phi[finds],
                tracker=tracker,
                random=random,
            )
        )
    return Tracks(
        particles=concatenate([tracks.particles for tracks in found]),
        eta=np.concatenate([tracks.eta for tracks in found]),
        phi=np.concatenate([tracks.phi for tracks in found]),
        resolution=np.concatenate([tracks.resolution for tracks in found]),
    )


def _identified(flow: Particles) -> Particles:
    """Return particles as a detector tells them apart: charged hadrons are all taken for pions."""
    hadron = (flow.charge != 0) & ~np.isin(np.abs(flow.pdgid), [ELECTRON, MUON])
    pions = PION * flow.charge.astype(np.int32)
    return replace(flow, pdgid=np.where(hadron, pions, flow.pdgid))
