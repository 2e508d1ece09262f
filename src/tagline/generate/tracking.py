"""Tracks of charged particles: how often they are found, and how well they are measured."""

from dataclasses import dataclass

import numpy as np

from tagline.generate.particles import Booleans, Floats, Particles, massless

Table = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Tracker:
    """Tracking of one kind of particle, in bins of pT and of |eta| at the end of the tracker.

    `efficiency` has a row for each upper edge in `efficiency_eta` and a column for each lower edge
    in `efficiency_pt`; outside of them nothing is found. `resolution` has a row (a, b) for each
    upper edge in `resolution_eta`: the relative resolution of pT is the root of a^2 + (b pT)^2.
    """

    efficiency_eta: tuple[float, ...]
    efficiency_pt: tuple[float, ...]
    efficiency: Table
    resolution_eta: tuple[float, ...]
    resolution: Table

    def finds(self, pt: Floats, eta: Floats, random: np.random.Generator) -> Booleans:
        """Say which particles leave a track."""
        table = np.pad(np.array(self.efficiency), ((0, 1), (1, 0)))
        row = np.searchsorted(self.efficiency_eta, np.abs(eta))
        return random.uniform(size=len(pt)) < table[row, np.searchsorted(self.efficiency_pt, pt)]

    def relative_resolution(self, pt: Floats, eta: Floats) -> Floats:
        """Return the relative resolution of pT."""
        table = np.pad(np.array(self.resolution), ((0, 1), (0, 0)))
        constant, slope = table[np.searchsorted(self.resolution_eta, np.abs(eta))].T
        relative: Floats = np.hypot(constant, slope * pt)
        return relative


@dataclass(frozen=True)
class Tracks:
    """Massless tracks, where they leave the tracker, and their relative resolution of pT."""

    particles: Particles
    eta: Floats
    phi: Floats
    resolution: Floats

    def take(self, rows: Booleans) -> "Tracks":
        """Return the tracks where the mask is true."""
        return Tracks(
            self.particles.take(rows), self.eta[rows], self.phi[rows], self.resolution[rows]
        )


def smear(
    particles: Particles,
    *,
    eta: Floats,
    phi: Floats,
    tracker: Tracker,
    random: np.random.Generator,
) -> Tracks:
    """Return the tracks of particles that leave the tracker at (eta, phi), their pT smeared."""
    resolution = tracker.relative_resolution(particles.pt, eta)
    pt = random.normal(particles.pt, resolution * particles.pt)
    tracks = massless(
        particles.event,
        pt=pt,
        eta=particles.eta,
        phi=particles.phi,
        charge=particles.charge,
        pdgid=particles.pdgid,
    )
    return Tracks(tracks, eta, phi, resolution).take(pt > 0)


def log_normal(mean: Floats, width: Floats, random: np.random.Generator) -> Floats:
    """Draw positive numbers of this mean and standard deviation; where the mean is 0, return 0."""
    safe = np.where(mean > 0, mean, 1)
    log_width = np.sqrt(np.log1p((width / safe) ** 2))
    drawn = random.lognormal(np.log(safe) - log_width**2 / 2, log_width)
    return np.where(mean > 0, drawn, 0)
