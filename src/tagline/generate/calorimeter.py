"""A calorimeter of towers, and the energy flow that combines its towers with tracks.

As the Calorimeter of Delphes 3.3 (DELPHES 3, de Favereau et al., 2013, arXiv:1307.6346, sections
2.2 and 2.3).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagline.generate.particles import (
    Booleans,
    Floats,
    Integers,
    Particles,
    in_order_of_events,
    massless,
)
from tagline.generate.propagation import Surface
from tagline.generate.tracking import Tracks, log_normal

MAX_TOWERS_IN_PHI = 1024
NOWHERE = -1


@dataclass(frozen=True)
class Grid:
    """Rings of towers: where they end in eta, and into how many equal towers each is divided."""

    eta_edges: Floats
    num_phi: Integers

    def tower(self, event: Integers, eta: Floats, phi: Floats) -> Integers:
        """Return the number of the tower that is hit, unique in the batch, or NOWHERE."""
        ring = np.searchsorted(self.eta_edges, eta) - 1
        covered = (ring >= 0) & (ring < len(self.num_phi))
        ring = np.where(covered, ring, 0)
        num_phi = self.num_phi[ring]
        sector = ((phi + np.pi) / (2 * np.pi) * num_phi).astype(np.int64) % num_phi
        number = (event * len(self.num_phi) + ring) * MAX_TOWERS_IN_PHI + sector
        return np.where(covered, number, NOWHERE)

    def event(self, tower: Integers) -> Integers:
        """Return the events of towers."""
        return tower // (MAX_TOWERS_IN_PHI * len(self.num_phi))

    def eta_range(self, tower: Integers) -> tuple[Floats, Floats]:
        """Return where towers begin and end in eta."""
        ring = tower // MAX_TOWERS_IN_PHI % len(self.num_phi)
        return self.eta_edges[ring], self.eta_edges[ring + 1]

    def phi_range(self, tower: Integers) -> tuple[Floats, Floats]:
        """Return where towers begin and end in phi."""
        ring = tower // MAX_TOWERS_IN_PHI % len(self.num_phi)
        width = 2 * np.pi / self.num_phi[ring]
        low = tower % MAX_TOWERS_IN_PHI * width - np.pi
        return low, low + width


@dataclass(frozen=True)
class Layer:
    """One depth of the towers: what particles leave in it, and how well that is read.

    `shares` are the shares of its energy that a particle leaves, by absolute PDG id. `resolution`
    has rows (largest |eta|, c, s, n): the resolution in GeV is the root of (c E)^2 + s^2 E + n^2.
    `pdgid` is what a deposit without a track is taken for.
    """

    shares: dict[int, float]
    share_of_others: float
    resolution: tuple[tuple[float, float, float, float], ...]
    energy_min: float
    significance_min: float
    pdgid: int

    def share(self, pdgid: npt.NDArray[np.int32]) -> Floats:
        """Return the share of its energy that each particle leaves here."""
        kinds, kind = np.unique(np.abs(pdgid), return_inverse=True)
        shares = [self.shares.get(int(pdgid), self.share_of_others) for pdgid in kinds]
        return np.array(shares)[kind]

    def sigma(self, eta: Floats, energy: Floats) -> Floats:
        """Return the resolution in GeV, 0 outside of all rows."""
        edges, *terms = zip(*self.resolution, strict=True)
        row = np.searchsorted(edges, np.abs(eta))
        constant, stochastic, noise = (np.append(term, 0)[row] for term in terms)
        variance: Floats = (constant * energy) ** 2 + stochastic**2 * np.abs(energy) + noise**2
        return np.sqrt(variance)

    def significant(self, eta: Floats, energy: Floats) -> Booleans:
        """Say which energies are above the thresholds."""
        return energy >= np.maximum(
            self.energy_min, self.significance_min * self.sigma(eta, energy)
        )


@dataclass(frozen=True)
class Towers:
    """Towers with a deposit: their centres in eta, and the places they are taken to be at."""

    number: Integers
    event: Integers
    centre: Floats
    eta: Floats
    phi: Floats


def energy_flow(
    particles: Particles,
    surface: Surface,
    tracks: Tracks,
    *,
    grid: Grid,
    layers: tuple[Layer, ...],
    random: np.random.Generator,
) -> Particles:
    """Return tracks, and neutral particles for what the towers hold beyond them, by event."""
    hit = grid.tower(particles.event, surface.eta, surface.phi)
    shares = [layer.share(particles.pdgid) for layer in layers]
    stops = surface.reached & (hit != NOWHERE) & (np.sum(shares, axis=0) > 0)
    number, row = np.unique(hit[stops], return_inverse=True)
    towers = _towers(grid, number, random)
    track_hit = grid.tower(tracks.particles.event, tracks.eta, tracks.phi)
    covered = track_hit != NOWHERE
    stopped = [covered & (layer.share(tracks.particles.pdgid) > 0) for layer in layers]
    flow = [tracks.particles.take(covered & ~np.any(stopped, axis=0))]
    for layer, share, ours in zip(layers, shares, stopped, strict=True):
        deposited = _sum((share * particles.energy)[stops], row, towers)
        measured = log_normal(deposited, layer.sigma(towers.centre, deposited), random)
        measured[~layer.significant(towers.centre, measured)] = 0
        track_row = np.searchsorted(number, track_hit[ours])
        flow += combine(layer, towers, measured, tracks=tracks.take(ours), row=track_row)
    return in_order_of_events(flow)


def combine(
    layer: Layer, towers: Towers, measured: Floats, *, tracks: Tracks, row: Integers
) -> tuple[Particles, Particles]:
    """Return the tracks of a layer and its neutral particles; `row` is the tower of each track.

    A track measured better than the layer would is kept, and its energy taken from its tower. The
    other tracks of a tower are scaled to share what is left in it; without such tracks, what is
    left and significant is a neutral particle. Where nothing is left to share, a track is lost
    (Delphes would turn it around and give it a negative energy).
    """
    energy = tracks.particles.energy
    trusted = tracks.resolution <= layer.sigma(towers.centre[row], energy) / energy
    left = measured - _sum(energy * trusted, row, towers)
    to_share = _sum(energy * ~trusted, row, towers)
    factor = np.where(trusted, 1, left[row] / np.where(trusted, 1, to_share[row]))
    neutral = (to_share == 0) & layer.significant(towers.centre, left)
    kept = factor > 0
    return (
        tracks.particles.take(kept).scaled(factor[kept]),
        massless(
            towers.event[neutral],
            pt=left[neutral] / np.cosh(towers.eta[neutral]),
            eta=towers.eta[neutral],
            phi=towers.phi[neutral],
            charge=np.zeros(np.sum(neutral), np.int8),
            pdgid=np.full(np.sum(neutral), layer.pdgid, np.int32),
        ),
    )


def _towers(grid: Grid, number: Integers, random: np.random.Generator) -> Towers:
    """Return towers, each taken to be anywhere between its edges."""
    low, high = grid.eta_range(number)
    return Towers(
        number,
        event=grid.event(number),
        centre=(low + high) / 2,
        eta=random.uniform(low, high),
        phi=random.uniform(*grid.phi_range(number)),
    )


def _sum(values: Floats, row: Integers, towers: Towers) -> Floats:
    """Return the sum of the values in each tower."""
    return np.bincount(row, values, minlength=len(towers.number)).astype(np.float64)
