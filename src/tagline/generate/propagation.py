"""Flight of particles through a solenoid to the cylinder where the calorimeter begins.

As the ParticlePropagator of Delphes (DELPHES 3, de Favereau et al., 2013, arXiv:1307.6346), with
the helix solved for the angle by which it turns.
"""

from dataclasses import dataclass

import numpy as np

from tagline.generate.particles import Booleans, Floats, Particles

GEV_PER_TESLA_METRE = 0.299792458
METRES_PER_MILLIMETRE = 1e-3
SLOWEST_PT = 3e-5  # GeV; below it a particle has no direction
SLOWEST_PZ = 1e-30  # GeV; in place of 0, so that any particle would meet an endcap at last


@dataclass(frozen=True)
class Solenoid:
    """A cylinder around the beam, in m, and the field inside it, in T."""

    radius: float
    half_length: float
    field: float


@dataclass(frozen=True)
class Surface:
    """Where particles leave the cylinder, seen from the origin, and whether they do."""

    eta: Floats
    phi: Floats
    reached: Booleans


def propagate(particles: Particles, vertex_P3: Floats, solenoid: Solenoid) -> Surface:
    """Follow particles from their vertices in mm to the surface of the solenoid."""
    start_P3 = vertex_P3 * METRES_PER_MILLIMETRE
    inside = (np.hypot(start_P3[:, 0], start_P3[:, 1]) < solenoid.radius) & (
        np.abs(start_P3[:, 2]) < solenoid.half_length
    )
    reached = inside & (particles.pt > SLOWEST_PT)
    end_P3 = np.ones_like(start_P3)
    for follow, rows in (
        (_straight, reached & (particles.charge == 0)),
        (_helix, reached & (particles.charge != 0)),
    ):
        end_P3[rows] = follow(particles.take(rows), start_P3[rows], solenoid)
    x, y, z = end_P3.T
    return Surface(eta=np.arcsinh(z / np.hypot(x, y)), phi=np.arctan2(y, x), reached=reached)


def _straight(particles: Particles, start_P3: Floats, solenoid: Solenoid) -> Floats:
    """Return where straight lines leave the cylinder, (P, 3) in m."""
    x, y, z = start_P3.T
    along = (x * particles.px + y * particles.py) / particles.pt
    across = (x * particles.py - y * particles.px) / particles.pt
    to_barrel = np.sqrt(solenoid.radius**2 - across**2) - along
    length = np.minimum(to_barrel, _transverse_length_to_endcap(particles, z, solenoid))
    direction_P3 = np.stack([particles.px, particles.py, particles.pz], -1) / particles.pt[:, None]
    end_P3: Floats = start_P3 + length[:, None] * direction_P3
    return end_P3


def _helix(particles: Particles, start_P3: Floats, solenoid: Solenoid) -> Floats:
    """Return where helices leave the cylinder, (P, 3) in m.

    With r the signed radius of the circle and c its centre, a particle that flies in direction phi
    is at c - r (sin phi, -cos phi). It is at a distance R from the beam where sin(phi - phi_c) is
    (c^2 + r^2 - R^2) / (2 r c). Where that has no solution, it circles until it meets an endcap.
    """
    x, y, z = start_P3.T
    phi, turn = particles.phi, -np.sign(particles.charge)
    radius = particles.pt / (GEV_PER_TESLA_METRE * particles.charge * solenoid.field)
    centre_x, centre_y = x + radius * np.sin(phi), y - radius * np.cos(phi)
    distance, centre_phi = np.hypot(centre_x, centre_y), np.arctan2(centre_y, centre_x)
    sine = (distance**2 + radius**2 - solenoid.radius**2) / (2 * radius * distance)
    crosses = np.abs(sine) < 1
    first = np.arcsin(np.where(crosses, sine, 0))
    to_barrel = np.minimum(
        *(turn * (centre_phi + angle - phi) % (2 * np.pi) for angle in (first, np.pi - first))
    )
    to_endcap = _transverse_length_to_endcap(particles, z, solenoid) / np.abs(radius)
    angle = np.minimum(np.where(crosses, to_barrel, np.inf), to_endcap)
    end_phi = phi + turn * angle
    return np.stack(
        [
            centre_x - radius * np.sin(end_phi),
            centre_y + radius * np.cos(end_phi),
            z + np.abs(radius) * angle * particles.pz / particles.pt,
        ],
        axis=-1,
    )


def _transverse_length_to_endcap(particles: Particles, z: Floats, solenoid: Solenoid) -> Floats:
    """Return the transverse path length to the endcap the particle flies to, in m."""
    pz = np.where(particles.pz == 0, SLOWEST_PZ, particles.pz)
    length: Floats = (np.copysign(solenoid.half_length, pz) - z) * particles.pt / pz
    return length
