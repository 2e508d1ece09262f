"""Pile-up: collisions of the same crossing of bunches, laid over each event.

A pool of collisions is generated once. An event takes as many of them as a Poisson number says,
each turned around the beam by an angle of its own and moved along the beam, so that one that is
taken often is not the same each time, as in DELPHES 3, de Favereau et al. (2013), arXiv:1307.6346.
"""

from dataclasses import replace
from typing import Self

import numpy as np

from tagline.data.jets import particles_of
from tagline.generate.particles import (
    Floats,
    Integers,
    Particles,
    concatenate,
    in_order_of_events,
    visible,
)
from tagline.generate.pythia import Generator, Record
from tagline.settings.recipes import PileUp

COLLISIONS_PER_BATCH = 500
ABS_ETA_MAX = 5.0  # where the detector ends


class Pool:
    """Collisions to lay over events.

    Args:
        particles: those that a detector may see, in the order of their collisions.
        vertex_P3: where they come from [mm].
        num_collisions: some may have no such particle.
        settings: how many an event gets, and how far apart they are.
    """

    def __init__(
        self, particles: Particles, vertex_P3: Floats, *, num_collisions: int, settings: PileUp
    ) -> None:
        self.particles, self.vertex_P3 = particles, vertex_P3
        self.num_collisions, self.settings = num_collisions, settings
        counts = np.bincount(particles.event, minlength=num_collisions)
        self.offsets = np.concatenate([[0], np.cumsum(counts)])

    @classmethod
    def generate(cls, settings: PileUp, random: np.random.Generator) -> Self:
        """Generate a pool; Pythia may give up some of its collisions."""
        generator = Generator(settings.pythia, seed=int(random.integers(2**62)))
        parts, vertices, num_collisions = [], [], 0
        for first in range(0, settings.pool, COLLISIONS_PER_BATCH):
            record = generator.events(min(COLLISIONS_PER_BATCH, settings.pool - first))
            seen = visible(record.particles) & (np.abs(record.particles.eta) < ABS_ETA_MAX)
            kept = record.particles.take(seen)
            parts.append(replace(kept, event=kept.event + num_collisions))
            vertices.append(record.vertex_P3[seen])
            num_collisions += record.num_events
        return cls(
            concatenate(parts),
            np.concatenate(vertices),
            num_collisions=num_collisions,
            settings=settings,
        )

    def laid_over(self, record: Record, random: np.random.Generator) -> tuple[Record, Integers]:
        """Return events with further collisions, and how many each event (E,) got."""
        num_E = random.poisson(self.settings.mean, record.num_events)
        collision_N = random.integers(self.num_collisions, size=num_E.sum())
        angle_N = random.uniform(-np.pi, np.pi, len(collision_N))
        shift_N = random.normal(0, self.settings.spread, len(collision_N))
        rows = particles_of(collision_N, offsets=self.offsets)
        nth = np.repeat(np.arange(len(collision_N)), np.diff(self.offsets)[collision_N])
        added, vertex_P3 = self.particles.take(rows), self.vertex_P3[rows]
        cosine, sine = np.cos(angle_N)[nth], np.sin(angle_N)[nth]
        px, py = turned(added.px, added.py, cosine, sine)
        x, y = turned(vertex_P3[:, 0], vertex_P3[:, 1], cosine, sine)
        event = np.repeat(np.arange(record.num_events), num_E)[nth]
        return joined(
            record,
            replace(added, event=event, px=px, py=py),
            np.stack([x, y, vertex_P3[:, 2] + shift_N[nth]], axis=1),
        ), num_E


def turned(x: Floats, y: Floats, cosine: Floats, sine: Floats) -> tuple[Floats, Floats]:
    """Return components across the beam after a turn around it."""
    return cosine * x - sine * y, sine * x + cosine * y


def joined(record: Record, added: Particles, vertex_P3: Floats) -> Record:
    """Return the record with further final particles, those of an event together."""
    order = np.argsort(np.concatenate([record.particles.event, added.event]), kind="stable")
    return replace(
        record,
        particles=in_order_of_events([record.particles, added]),
        vertex_P3=np.concatenate([record.vertex_P3, vertex_P3])[order],
    )
