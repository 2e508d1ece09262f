"""The last two kT subjets, against FastJet."""

from itertools import pairwise

import fastjet
import numpy as np
import pytest

from tagline.data.jets import Jets
from tagline.observables.history import momenta_of
from tagline.observables.kt_subjets import RADIUS, last_two_distance, splitting_share
from tests.toy_splits import emptied, moved, permuted, toy_split_jets


@pytest.fixture
def jets():
    return toy_split_jets(150, seed=7)


def exclusive_pairs(jets, radius):
    """Yield the two exclusive kT jets of FastJet, and what keeps them alive."""
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, radius)
    momenta_P4, offsets = momenta_of(jets), jets.offsets
    for begin, end in pairwise(offsets):
        particles = [fastjet.PseudoJet(*row) for row in momenta_P4[begin:end].tolist()]
        sequence = fastjet.ClusterSequence(particles, definition)
        yield *sequence.exclusive_jets(2), sequence


def wide_jets(*, seed):
    """Return jets of few particles far apart, of which most subjets are done before they merge."""
    random = np.random.default_rng(seed)
    num_J = random.integers(2, 9, size=200)
    total = num_J.sum()
    pt, eta = random.exponential(20, total) + 1, random.normal(0, 0.5, total)
    phi = random.normal(3, 0.5, total)
    columns = (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta))
    names = ("px", "py", "pz", "energy")
    return Jets({"num_constituents": num_J}, dict(zip(names, columns, strict=True)))


@pytest.mark.parametrize("wide", [False, True])
def test_the_distance_is_that_of_fastjets_exclusive_jets(jets, wide):
    jets = wide_jets(seed=2) if wide else jets
    expected = [one.delta_R(other) for one, other, _sequence in exclusive_pairs(jets, RADIUS)]
    np.testing.assert_allclose(last_two_distance(jets), expected, rtol=1e-8)


def test_a_soft_particle_far_away_does_not_count():
    """Two at a distance of 0.3, and one of 1 GeV at 0.9, which is done before they merge."""
    phi, pt = np.array([0.0, 0.3, 0.9]), np.array([50.0, 40.0, 1.0])
    columns = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": 0 * pt, "energy": pt}
    assert last_two_distance(Jets({"num_constituents": np.array([3])}, columns)) == pytest.approx(
        0.3
    )


def test_the_order_of_particles_and_the_place_of_the_jet_do_not_matter(jets):
    expected = last_two_distance(moved(jets, d_phi=0.0, d_eta=0.0))
    across = moved(permuted(jets, seed=1), d_phi=1.0, d_eta=0.4)
    np.testing.assert_allclose(last_two_distance(across), expected, rtol=1e-6)


def test_less_than_two_particles_have_no_distance(jets):
    one = Jets(
        {"num_constituents": np.array([1])},
        {name: np.array([3.0]) for name in ("px", "py", "pz", "energy")},
    )
    assert last_two_distance(one).tolist() == [0.0]
    assert not last_two_distance(emptied(jets))[[0, -1]].any()


def test_the_splitting_share_is_that_of_two_particles():
    """30 and 10 GeV, 0.5 apart: d is (10 * 0.5)^2."""
    mass2 = 2 * 30 * 10 * (1 - np.cos(0.5))
    found = splitting_share(np.array([5.0, 0.0]), np.array([np.sqrt(mass2), 0.0]))
    np.testing.assert_allclose(found, [25 / (25 + mass2), 0])
