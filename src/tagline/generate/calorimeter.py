"""A calorimeter of towers, and the energy flow that combines its towers with tracks.

As the SimpleCalorimeter of Delphes 3.4 (DELPHES 3, de Favereau et al., 2013, arXiv:1307.6346, sections 3.2 and 3.3).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tagline.generate.particles import Floats, Integers, Particles, massless
from tagline.generate.propagation import Surface
from tagline.generate.tracking import Tracks, log_normal

MAX_TOWERS_IN_PHI = 1024
NOWHERE = -1


@dataclass(frozen=True)
class Calorimeter:
    """The towers of a calorimeter, what is deposited in them, and how well it is measured.

    `eta_edges` and `num_phi` say where the rings of towers end and into how many equal towers each is divided.
    `resolution` has rows (largest |eta|, c, s, n): the resolution in GeV is the root of (c E)^2 + s^2 E + n^2.
    """

    eta_edges: Floats
    num_phi: Integers
    deposits: dict[int, float]
    other_deposits: float
    resolution: tuple[tuple[float, float, float, float], ...]
    energy_min: float
    significance_min: float
    tower_pdgid: int

    def deposited_fraction(self, pdgid: npt.NDArray[np.int32]) -> Floats:
        """Return the share of its energy that each particle leaves here."""
        kinds, kind = np.unique(np.abs(pdgid), return_inverse=True)
        fractions = [self.deposits.get(int(pdgid), self.other_deposits) for pdgid in kinds]
        return np.array(fractions)[kind]

    def tower(self, event: Integers, eta: Floats, phi: Floats) -> Integers:
        """Return the number of the tower that is hit, different in each event, or NOWHERE."""
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
        width = 2 * np.pi / self.num_phi[tower // MAX_TOWERS_IN_PHI % len(self.num_phi)]
        low = tower % MAX_TOWERS_IN_PHI * width - np.pi
        return low, low + width

    def sigma(self, eta: Floats, energy: Floats) -> Floats:
        """Return the energy resolution in GeV; outside of all rows it is 0."""
        edges, *terms = zip(*self.resolution, strict=True)
        row = np.searchsorted(edges, np.abs(eta))
        constant, stochastic, noise = (np.append(term, 0)[row] for term in terms)
        return np.sqrt((constant * energy) ** 2 + stochastic**2 * energy + noise**2)


@dataclass(frozen=True)
class Towers:
    """The towers hit in a batch: their numbers, and what is measured in each (GeV)."""

    number: Integers
    energy: Floats
    sigma: Floats


def measure(
    calorimeter: Calorimeter,
    *,
    particles: Particles,
    surface: Surface,
    tracks: Tracks,
    random: np.random.Generator,
) -> tuple[Tracks, Particles]:
    """Return the tracks and the neutral particles of the energy flow.

    Where a tower holds significantly more energy than its tracks, the excess is a neutral particle. Where it does not,
    the tracks are scaled to the mean of both measurements, weighted with their inverse variances. Tracks of particles
    that deposit nothing here pass unchanged.
    """
    tower = calorimeter.tower(tracks.particles.event, tracks.eta, tracks.phi)
    tracks, tower = tracks.take(tower != NOWHERE), tower[tower != NOWHERE]
    stops = calorimeter.deposited_fraction(tracks.particles.pdgid) > 0
    towers = _read_out(calorimeter, particles=particles, surface=surface, random=random)
    row = np.searchsorted(towers.number, tower[stops])
    energy = tracks.particles.energy[stops]
    variance = (tracks.resolution[stops] * energy) ** 2
    track_energy = np.bincount(row, energy, minlength=len(towers.number))
    track_sigma = np.sqrt(np.bincount(row, variance, minlength=len(towers.number)))

    excess = towers.energy - track_energy
    threshold = calorimeter.significance_min * np.hypot(track_sigma, towers.sigma)
    significant = excess > np.maximum(calorimeter.energy_min, threshold)
    best_energy = _combine(track_energy, track_sigma, towers.energy, towers.sigma)
    factor = np.ones(len(tower))
    factor[stops] = np.where(significant[row], 1, best_energy[row] / track_energy[row])
    neutral = _neutral_particles(
        calorimeter, towers.number[significant], excess[significant], random
    )
    return replace(tracks, particles=tracks.particles.scaled(factor)), neutral


def _read_out(
    calorimeter: Calorimeter,
    *,
    particles: Particles,
    surface: Surface,
    random: np.random.Generator,
) -> Towers:
    """Sum and smear what the particles deposit in each tower; what is not significant is read as 0."""
    fraction = calorimeter.deposited_fraction(particles.pdgid)
    hit = calorimeter.tower(particles.event, surface.eta, surface.phi)
    counts = surface.reached & (fraction > 0) & (hit != NOWHERE)
    number, row = np.unique(hit[counts], return_inverse=True)
    deposited = np.bincount(row, (fraction * particles.energy)[counts], minlength=len(number))
    low, high = calorimeter.eta_range(number)
    centre = (low + high) / 2
    energy = log_normal(deposited, calorimeter.sigma(centre, deposited), random)
    sigma = calorimeter.sigma(centre, energy)
    threshold = np.maximum(calorimeter.energy_min, calorimeter.significance_min * sigma)
    return Towers(number, energy=np.where(energy < threshold, 0, energy), sigma=sigma)


def _combine(first: Floats, first_sigma: Floats, second: Floats, second_sigma: Floats) -> Floats:
    """Return the mean weighted with inverse variances; a measurement without uncertainty is not used."""
    weights = [
        np.divide(1, sigma**2, out=np.zeros_like(sigma), where=sigma > 0)
        for sigma in (first_sigma, second_sigma)
    ]
    total = weights[0] + weights[1]
    return np.divide(
        weights[0] * first + weights[1] * second, total, out=np.zeros_like(total), where=total > 0
    )


def _neutral_particles(
    calorimeter: Calorimeter, tower: Integers, energy: Floats, random: np.random.Generator
) -> Particles:
    """Return massless particles anywhere in their towers."""
    eta = random.uniform(*calorimeter.eta_range(tower))
    return massless(
        calorimeter.event(tower),
        pt=energy / np.cosh(eta),
        eta=eta,
        phi=random.uniform(*calorimeter.phi_range(tower)),
        charge=np.zeros(len(tower), np.int8),
        pdgid=np.full(len(tower), calorimeter.tower_pdgid, np.int32),
    )
