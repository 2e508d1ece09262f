"""A fast detector in the manner of Delphes with its default ATLAS card.

Particles bend in the solenoid; charged ones leave tracks with the card's efficiencies and resolutions; all but muons
and neutrinos end in the towers of two calorimeters; the energy flow combines tracks and towers. All numbers are those of
delphes_card_ATLAS.tcl in Delphes 3.4 (DELPHES 3, de Favereau et al., 2013, arXiv:1307.6346).
"""

from dataclasses import replace

import numpy as np

from tagline.generate.calorimeter import Calorimeter, measure
from tagline.generate.particles import (
    Floats,
    Integers,
    Particles,
    concatenate,
    in_order_of_events,
    visible,
)
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
    resolution=((0.03, 1.3e-3), (0.05, 1.7e-3), (0.15, 3.1e-3)),
)
MUON_TRACKER = Tracker(
    efficiency_eta=(1.5, 2.5),
    efficiency_pt=(0.1, 1.0),
    efficiency=((0.75, 0.99), (0.70, 0.98)),
    resolution_eta=(0.5, 1.5, 2.5),
    resolution=((0.01, 1.0e-4), (0.015, 1.5e-4), (0.025, 3.5e-4)),
)


def _rings(num_phi_of_edge: dict[float, int]) -> tuple[Floats, Integers]:
    """Return the sorted edges in eta, and the towers in phi of the ring below each edge."""
    edges = sorted(num_phi_of_edge)
    return np.array(edges), np.array([num_phi_of_edge[edge] for edge in edges[1:]])


def _ecal_rings() -> tuple[Floats, Integers]:
    """Return towers of 0.0174 x 1 degree up to |eta| = 2.958, and coarse ones behind."""
    barrel = [0.0174 * step for step in range(-85, 87)]
    endcaps = [start + 0.0174 * step for start in (-2.958, 1.4964) for step in range(1, 85)]
    forward = [4.7, 4.525, 4.35, 4.175, 4.0, 3.825, 3.65, 3.475, 3.3, 3.125]
    coarse = [-5.0, *(-edge for edge in forward), -2.958, *forward, 5.0]
    return _rings(
        dict.fromkeys(np.round(barrel + endcaps, 6).tolist(), 360) | dict.fromkeys(coarse, 36)
    )


def _hcal_rings() -> tuple[Floats, Integers]:
    """Return towers of 0.1 x 10 degrees up to |eta| = 2.5, and coarser ones behind."""
    central = [step / 10 for step in range(-25, 27)]
    backward = [-4.9, -4.7, -4.5, -4.3, -4.1, -3.9, -3.7, -3.5, -3.3, -3.0, -2.8, -2.6]
    forward = [2.8, 3.0, 3.2, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9]
    return _rings(
        dict.fromkeys([-3.2, *central, 3.3], 36) | dict.fromkeys([*backward, *forward], 18)
    )


INVISIBLE_TO_CALORIMETERS = dict.fromkeys((12, 13, 14, 16), 0.0)

ECAL = Calorimeter(
    *_ecal_rings(),
    deposits={ELECTRON: 1.0, PHOTON: 1.0, 111: 1.0, 310: 0.3, 3122: 0.3},
    other_deposits=0.0,
    resolution=((3.2, 0.0017, 0.101, 0.0), (4.9, 0.0350, 0.285, 0.0)),
    energy_min=0.5,
    significance_min=2.0,
    tower_pdgid=PHOTON,
)
HCAL = Calorimeter(
    *_hcal_rings(),
    deposits={ELECTRON: 0.0, PHOTON: 0.0, 111: 0.0, 310: 0.7, 3122: 0.7}
    | INVISIBLE_TO_CALORIMETERS,
    other_deposits=1.0,
    resolution=(
        (1.7, 0.0302, 0.5205, 1.59),
        (3.2, 0.0500, 0.706, 0.0),
        (4.9, 0.09420, 1.00, 0.0),
    ),
    energy_min=1.0,
    significance_min=2.0,
    tower_pdgid=NEUTRAL_HADRON,
)


def atlas(particles: Particles, vertex_P3: Floats, random: np.random.Generator) -> Particles:
    """Return the energy-flow particles: tracks, ECAL towers and HCAL towers, all massless."""
    surface = propagate(particles, vertex_P3, SOLENOID)
    tracks = _tracks(particles, surface, random)
    tracks, photons = measure(
        ECAL, particles=particles, surface=surface, tracks=tracks, random=random
    )
    tracks, neutral_hadrons = measure(
        HCAL, particles=particles, surface=surface, tracks=tracks, random=random
    )
    return in_order_of_events([_identified(tracks.particles), photons, neutral_hadrons])


def none(particles: Particles, vertex_P3: Floats, random: np.random.Generator) -> Particles:  # noqa: ARG001
    """Return all particles but neutrinos, as they are."""
    return particles.take(visible(particles))


DETECTORS = {"atlas": atlas, "none": none}


def _tracks(particles: Particles, surface: Surface, random: np.random.Generator) -> Tracks:
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


def _identified(tracks: Particles) -> Particles:
    """Return tracks as a detector tells them apart: electrons, muons, and all others as pions."""
    lepton = np.isin(np.abs(tracks.pdgid), [ELECTRON, MUON])
    pions = PION * tracks.charge.astype(np.int32)
    return replace(tracks, pdgid=np.where(lepton, tracks.pdgid, pions))
