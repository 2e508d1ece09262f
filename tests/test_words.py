"""Jets as bags of words: the observables of known decays, bins and vocabularies."""

import numpy as np
import pytest

from tagline.data.jets import Jets
from tagline.representations.words import (
    AXES,
    RATIOS,
    SHAPE,
    Config,
    Representation,
    declusterings,
)
from tests.toy_splits import toy_split_jets

PARENT, HEAVIER = 173.0, 40.0  # masses [GeV]


def boosted(momentum_4, parent_4):
    """Return a momentum px, py, pz, E given in the rest frame of another."""
    beta = parent_4[:3] / parent_4[3]
    gamma = 1 / np.sqrt(1 - beta @ beta)
    along = beta @ momentum_4[:3]
    space = momentum_4[:3] + beta * (
        gamma * momentum_4[3] + (gamma - 1) * along / max(beta @ beta, 1e-12)
    )
    return np.append(space, gamma * (momentum_4[3] + along))


def at_angle(size, mass, cosine, azimuth=0.4):
    """Return a momentum of this size and mass at an angle to the x axis."""
    sine = np.sqrt(1 - cosine**2)
    direction = np.array([cosine, sine * np.cos(azimuth), sine * np.sin(azimuth)])
    return np.append(size * direction, np.hypot(size, mass))


def decay(cosine):
    """Return the momenta of a jet of pT 600 that is a massless particle and a massive pair."""
    parent = np.array([600.0, 0, 0, np.hypot(600, PARENT)])
    size = (PARENT**2 - HEAVIER**2) / (2 * PARENT)
    heavier = boosted(at_angle(size, HEAVIER, cosine), parent)
    lighter = boosted(at_angle(size, 0, -cosine, azimuth=0.4 + np.pi), parent)
    half = HEAVIER / 2
    pair = [
        boosted(at_angle(half, 0, sign * 0.1, 2.0 + (sign < 0) * np.pi), heavier)
        for sign in (1, -1)
    ]
    return np.array([*pair, lighter]), heavier, lighter


def jets_of(momenta_P4):
    columns = dict(zip(("px", "py", "pz", "energy"), momenta_P4.T, strict=True))
    return Jets({"num_constituents": np.array([len(momenta_P4)])}, columns)


@pytest.mark.parametrize("cosine", [-0.3, 0.3, 0.6])
def test_observables_are_those_of_the_decay(cosine):
    momenta_P4, heavier, lighter = decay(cosine)
    jet_S, observables_SF = declusterings(jets_of(momenta_P4))
    assert jet_S.tolist() == [0, 0]
    (of_pair,) = observables_SF[observables_SF[:, 0] < 100]
    (of_jet,) = observables_SF[observables_SF[:, 0] > 100]
    pt = np.hypot(*lighter[:2]), np.hypot(*heavier[:2])
    rapidity = [np.arctanh(momentum[2] / momentum[3]) for momentum in (lighter, heavier)]
    phi = [np.arctan2(momentum[1], momentum[0]) for momentum in (lighter, heavier)]
    distance2 = (rapidity[0] - rapidity[1]) ** 2 + (phi[0] - phi[1]) ** 2
    expected = (PARENT, HEAVIER / PARENT, 0, min(pt) ** 2 * distance2 / PARENT**2, cosine)
    np.testing.assert_allclose(of_jet, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(of_pair[:2], [HEAVIER, 0], rtol=1e-6, atol=1e-6)


def test_light_subjets_have_no_words():
    momenta_P4, *_ = decay(0.3)
    momenta_P4[:2] *= 0.3  # the pair has 12 GeV
    _, observables_SF = declusterings(jets_of(momenta_P4))
    assert len(observables_SF) == 1


def test_bins_are_open_at_both_ends():
    assert AXES["mass"].bins(np.array([30, 39.9, 40, 199, 200, 1000])).tolist() == [
        0,
        0,
        1,
        16,
        17,
        17,
    ]
    assert AXES["helicity"].bins(np.array([-1.1, -1, 0, 1, 1.1])).tolist() == [0, 0, 10, 19, 19]


def test_a_word_says_in_which_bins_its_declustering_lies():
    momenta_P4, *_ = decay(0.35)
    representation = Representation(Config())
    statistics = representation.fit(jets_of(momenta_P4))
    (cell,) = statistics["vocabulary"][statistics["mass"] == 175].astype(int)
    mass, mass_drop, mass_ratio, _, helicity = np.unravel_index(cell, SHAPE)
    assert (mass, mass_drop, mass_ratio, helicity) == (14, 4, 0, 13)


@pytest.fixture
def jets():
    return toy_split_jets(40, seed=3)


def test_a_jet_has_a_word_for_each_declustering_and_ratio(jets):
    representation = Representation(Config())
    prepared = representation.transform(jets, representation.fit(jets))
    jet_S, _ = declusterings(jets)
    expected = np.bincount(jet_S, minlength=len(jets)) + len(RATIOS)
    np.testing.assert_array_equal(prepared.jets["num_constituents"], expected)


def test_words_that_no_training_jet_has_are_left_out(jets):
    representation = Representation(Config())
    statistics = representation.fit(jets.take(np.arange(20)))
    prepared = representation.transform(jets, statistics)
    complete = representation.transform(jets, representation.fit(jets))
    num_J, all_J = prepared.jets["num_constituents"], complete.jets["num_constituents"]
    np.testing.assert_array_equal(num_J[:20], all_J[:20])
    assert num_J[20:].sum() < all_J[20:].sum()
    assert prepared.constituents["word"].max() < len(statistics["vocabulary"])
