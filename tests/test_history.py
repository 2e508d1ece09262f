"""Clustering histories, against FastJet and by symmetries."""

from itertools import pairwise

import fastjet
import numpy as np
import pytest

from tagline.observables.history import ANTI_KT, CAMBRIDGE_AACHEN, KT, LEAF, cluster, momenta_of
from tests.toy_splits import moved, permuted, toy_split_jets

LARGEST_RADIUS = 1000.0
POWERS = (KT, CAMBRIDGE_AACHEN, ANTI_KT, 0.5)


@pytest.fixture
def jets():
    return toy_split_jets(40, seed=4)


def history_of(jets, **options):
    return cluster(momenta_of(jets), jets.jets["num_constituents"].astype(np.int64), **options)


def trees(history):
    """Yield the nodes of each jet, each column as an array."""
    ends = np.cumsum(history.num_J)
    for begin, end in zip(ends - history.num_J, ends, strict=True):
        yield type(history.nodes)(*(column[begin:end] for column in history.nodes))


def sequences(jets, *, power, radius=LARGEST_RADIUS):
    """Yield FastJet's clustering of each jet."""
    definition = fastjet.JetDefinition(fastjet.genkt_algorithm, radius, power)
    momenta_P4, offsets = momenta_of(jets), jets.offsets
    for begin, end in pairwise(offsets):
        particles = [fastjet.PseudoJet(*row) for row in momenta_P4[begin:end].tolist()]
        yield fastjet.ClusterSequence(particles, definition)


def sorted_momenta(momenta):
    return np.array(sorted(momenta, key=lambda momentum: momentum[0]))


def momenta_of_pseudojets(pseudojets):
    return sorted_momenta([[jet.px(), jet.py(), jet.pz(), jet.e()] for jet in pseudojets])


def smallest_weight(tree, power):
    """Return min(pT^2p) of the children of each merged node."""
    merged = tree.children_T2[:, 0] != LEAF
    return (tree.pt2_T[tree.children_T2[merged]] ** power).min(axis=1)


def last_left(tree, num_left):
    """Return the momenta of what was left when so many pseudojets were."""
    num_nodes = len(tree.pt2_T) - num_left + 1
    gone = tree.children_T2[:num_nodes]
    left = np.setdiff1d(np.arange(num_nodes), gone[gone != LEAF])
    return sorted_momenta(tree.momenta_T4[left])


@pytest.mark.parametrize("power", POWERS)
def test_merges_at_the_distances_of_fastjet(jets, power):
    expected = sequences(jets, power=power)
    for tree, sequence in zip(trees(history_of(jets, power=power)), expected, strict=True):
        distances = smallest_weight(tree, power) * tree.distance2_T[tree.children_T2[:, 0] != LEAF]
        num = len(distances) + 1
        dmerge = [sequence.exclusive_dmerge(left) for left in range(num - 1, 0, -1)]
        np.testing.assert_allclose(distances, np.array(dmerge) * LARGEST_RADIUS**2, rtol=1e-10)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("num_left", [1, 2, 3, 7])
def test_leaves_the_exclusive_jets_of_fastjet(jets, power, num_left):
    expected = sequences(jets, power=power)
    for tree, sequence in zip(trees(history_of(jets, power=power)), expected, strict=True):
        exclusive = momenta_of_pseudojets(sequence.exclusive_jets(num_left))
        np.testing.assert_allclose(last_left(tree, num_left), exclusive, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("radius", [0.1, 0.4])
def test_roots_are_the_inclusive_jets_of_fastjet(jets, power, radius):
    history = history_of(jets, power=power, radius=radius)
    expected = sequences(jets, power=power, radius=radius)
    for tree, sequence in zip(trees(history), expected, strict=True):
        inclusive = momenta_of_pseudojets(sequence.inclusive_jets())
        np.testing.assert_allclose(last_left(tree, 1), inclusive, rtol=1e-10, atol=1e-9)


def test_a_tree_has_twice_as_many_nodes_as_particles_but_one(jets):
    history = history_of(jets, power=KT)
    np.testing.assert_array_equal(history.num_J, 2 * jets.jets["num_constituents"] - 1)


def test_a_node_is_the_sum_of_its_children_and_the_harder_comes_first(jets):
    for tree in trees(history_of(jets, power=KT)):
        merged = tree.children_T2[:, 0] != LEAF
        children = tree.children_T2[merged]
        np.testing.assert_array_equal(
            tree.momenta_T4[merged], tree.momenta_T4[children].sum(axis=1)
        )
        assert (tree.pt2_T[children[:, 0]] >= tree.pt2_T[children[:, 1]]).all()


def test_every_node_but_the_last_is_one_child(jets):
    for tree in trees(history_of(jets, power=CAMBRIDGE_AACHEN)):
        children = tree.children_T2[tree.children_T2 != LEAF]
        np.testing.assert_array_equal(np.sort(children), np.arange(len(tree.pt2_T) - 1))


@pytest.mark.parametrize("power", POWERS)
def test_the_order_of_particles_does_not_matter(jets, power):
    history, other = (history_of(each, power=power) for each in (jets, permuted(jets, seed=1)))
    merged = history.nodes.distance2_T > 0
    np.testing.assert_allclose(
        other.nodes.distance2_T[merged], history.nodes.distance2_T[merged], rtol=1e-9
    )


def test_a_rotation_and_a_boost_along_the_beam_do_not_matter(jets):
    """The rotation takes the first jet across the cut of azimuth."""
    history = history_of(moved(jets, d_phi=0.0, d_eta=0.0), power=KT)
    across = moved(jets, d_phi=np.pi - float(jets.jets["phi"][0]), d_eta=0.7)
    np.testing.assert_allclose(
        history_of(across, power=KT).nodes.distance2_T, history.nodes.distance2_T, rtol=1e-7
    )


def test_momenta_along_the_beam_are_far_from_all_others():
    momenta_P4 = np.array([[0, 0, 5, 5], [10, 0, 3, 11], [9, 1, 3, 10], [0, 0, -2, 2]], float)
    tree = cluster(momenta_P4, np.array([4]), power=CAMBRIDGE_AACHEN).nodes
    assert np.isfinite(tree.distance2_T).all()
    assert tree.children_T2[4].tolist() == [1, 2]


def test_jets_may_have_one_particle_or_none():
    momenta_P4 = np.array([[3.0, 4.0, 0.0, 5.0]])
    history = cluster(momenta_P4, np.array([0, 1, 0]), power=KT)
    assert history.num_J.tolist() == [0, 1, 0]
    assert history.nodes.pt2_T.tolist() == [25.0]
    assert history.nodes.children_T2.tolist() == [[LEAF, LEAF]]
