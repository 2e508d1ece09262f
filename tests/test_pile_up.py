"""Pile-up: whole collisions are laid over events, turned and moved, and nothing else changes."""

import numpy as np
import pytest

from tagline.generate.particles import Particles, massless
from tagline.generate.pile_up import Pool
from tagline.generate.pythia import Record
from tagline.settings.recipes import PileUp

NUM_EVENTS, NUM_COLLISIONS = 200, 7


def random_particles(num_groups, *, seed):
    random = np.random.default_rng(seed)
    counts = random.integers(1, 6, num_groups)
    size = counts.sum()
    return massless(
        np.repeat(np.arange(num_groups), counts),
        pt=random.exponential(2, size),
        eta=random.uniform(-4, 4, size),
        phi=random.uniform(-np.pi, np.pi, size),
        charge=random.integers(-1, 2, size).astype(np.int8),
        pdgid=np.arange(size, dtype=np.int32),
    )


def vertices_of(particles):
    return np.random.default_rng(3).normal(0, 1, (len(particles), 3))


@pytest.fixture
def record():
    particles = random_particles(NUM_EVENTS, seed=1)
    nothing = particles.take(np.zeros(len(particles), bool))
    return Record(
        NUM_EVENTS,
        particles,
        vertices_of(particles),
        outgoing=nothing,
        mothers=nothing,
        mother_status=np.empty(0, np.int32),
    )


@pytest.fixture
def pool():
    """Return a function that makes a pool of collisions, whose particles are those from 1000."""
    particles = random_particles(NUM_COLLISIONS, seed=2)
    particles.pdgid[:] += 1000

    def with_mean(mean, **settings):
        return Pool(
            particles,
            vertices_of(particles),
            num_collisions=NUM_COLLISIONS,
            settings=PileUp(mean=mean, **settings),
        )

    return with_mean


def laid(pool, record, seed=4):
    return pool.laid_over(record, np.random.default_rng(seed))


def is_added(particles: Particles):
    return particles.pdgid >= 1000


def test_the_event_itself_is_as_it_was(pool, record):
    together, _ = laid(pool(5), record)
    own = ~is_added(together.particles)
    for name in ("event", "px", "py", "pz", "energy", "pdgid"):
        expected = getattr(record.particles, name)
        np.testing.assert_array_equal(getattr(together.particles, name)[own], expected)
    np.testing.assert_array_equal(together.vertex_P3[own], record.vertex_P3)


def test_events_stay_together_and_get_whole_collisions(pool, record):
    together, num_E = laid(pool(1), record)
    event = together.particles.event
    assert np.all(np.diff(event) >= 0)
    sizes = np.bincount(pool(1).particles.event)
    kinds = together.particles.pdgid[is_added(together.particles)] - 1000
    times = np.bincount(kinds, minlength=sizes.sum())
    for of_collision in np.split(times, np.cumsum(sizes)[:-1]):
        assert len(set(of_collision)) == 1
    assert sum(times[np.cumsum(sizes) - sizes]) == num_E.sum()
    with_some = np.unique(event[is_added(together.particles)])
    assert with_some.tolist() == np.flatnonzero(num_E).tolist()


def test_collisions_are_turned_around_the_beam_and_moved_along_it(pool, record):
    one = pool(1, spread=30.0)
    together, _ = laid(one, record)
    added = is_added(together.particles)
    row = together.particles.pdgid[added] - 1000
    after, before = together.particles.take(added), one.particles.take(row)
    np.testing.assert_allclose(after.pt, before.pt)
    for name in ("pz", "energy", "charge"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    moved, at_first = together.vertex_P3[added], one.vertex_P3[row]
    np.testing.assert_allclose(np.hypot(*moved.T[:2]), np.hypot(*at_first.T[:2]))
    turn_of_vertex = np.angle((moved @ [1, 1j, 0]) / (at_first @ [1, 1j, 0]))
    np.testing.assert_allclose(
        np.exp(1j * (after.phi - before.phi)), np.exp(1j * turn_of_vertex), atol=1e-9
    )
    assert 20 < np.std(moved[:, 2] - at_first[:, 2]) < 40


def test_the_numbers_are_those_of_poisson(pool, record):
    numbers = np.concatenate([laid(pool(5), record, seed=seed)[1] for seed in range(50)])
    assert numbers.mean() == pytest.approx(5, abs=0.1)
    assert numbers.var() == pytest.approx(5, abs=0.3)


def test_none_are_laid_over_where_the_mean_is_zero(pool, record):
    together, num_E = laid(pool(0), record)
    assert not num_E.any()
    assert len(together.particles) == len(record.particles)


@pytest.mark.slow
def test_a_pool_is_of_inelastic_collisions_that_the_detector_sees():
    pool = Pool.generate(PileUp(mean=1, pool=600), np.random.default_rng(1))
    assert pool.num_collisions == 600
    assert np.abs(pool.particles.eta).max() < 5
    charged = pool.particles.take(pool.particles.charge != 0)
    central = np.sum((np.abs(charged.eta) < 0.5) & (charged.pt > 0.5)) / 600
    assert 1.5 < central < 3.5  # inelastic collisions at 13 TeV have some 2.5 in these limits
