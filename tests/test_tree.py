"""Trees of jets as a representation."""

import numpy as np
import pytest

from tagline.data.jets import Jets
from tagline.representations.tree import FEATURES, STRUCTURE, Config, Representation
from tests.toy_splits import emptied, permuted, toy_split_jets

NOT_SCALED = {"centre": np.zeros(len(FEATURES)), "scale": np.ones(len(FEATURES))}


@pytest.fixture
def jets():
    return toy_split_jets(30, seed=3)


def nodes_of(jets, **config):
    """Yield the columns of the nodes of each jet, not scaled."""
    prepared = Representation(Config(**config)).transform(jets, NOT_SCALED)
    ends = np.cumsum(prepared.jets["num_constituents"])
    for begin, end in zip(ends - prepared.jets["num_constituents"], ends, strict=True):
        yield {name: column[begin:end] for name, column in prepared.constituents.items()}


def one_jet(pt, eta, phi):
    pt, eta, phi = (np.array(values, dtype=np.float64) for values in (pt, eta, phi))
    momenta = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "energy": pt * np.cosh(eta),
    }
    return Jets({"num_constituents": np.array([len(pt)])}, momenta)


def children_of(nodes):
    inner = nodes["left"] >= 0
    return inner, nodes["left"][inner].astype(int), nodes["right"][inner].astype(int)


@pytest.mark.parametrize("algorithm", ["kt", "cambridge_aachen", "anti_kt"])
def test_a_node_is_the_sum_of_its_children_and_the_harder_is_on_the_left(jets, algorithm):
    for nodes in nodes_of(jets, algorithm=algorithm):
        inner, left, right = children_of(nodes)
        energy, pt = nodes["energy"], nodes["pt"]
        np.testing.assert_allclose(energy[inner], energy[left] + energy[right], rtol=1e-5)
        assert (pt[left] >= pt[right]).all()


def test_the_leaves_are_the_particles(jets):
    for jet, nodes in enumerate(nodes_of(jets)):
        leaves = nodes["energy"][nodes["left"] < 0]
        particles = jets.take(np.array([jet])).constituents["energy"]
        np.testing.assert_array_equal(np.sort(leaves), np.sort(particles))


def test_nodes_follow_level_by_level(jets):
    for nodes in nodes_of(jets):
        inner, left, right = children_of(nodes)
        np.testing.assert_array_equal(left, 1 + 2 * np.arange(inner.sum()))
        np.testing.assert_array_equal(right, left + 1)


def test_children_are_one_step_deeper(jets):
    for nodes in nodes_of(jets):
        inner, left, right = children_of(nodes)
        assert nodes["depth"][0] == 0
        for children in (left, right):
            np.testing.assert_array_equal(nodes["depth"][children], nodes["depth"][inner] + 1)


def test_trees_do_not_depend_on_the_order_of_particles_at_all(jets):
    for nodes, others in zip(nodes_of(jets), nodes_of(permuted(jets, seed=1)), strict=True):
        for name in FEATURES + STRUCTURE:
            np.testing.assert_array_equal(nodes[name], others[name])


def test_features_are_those_of_the_momenta():
    (nodes,) = nodes_of(one_jet(pt=[30, 10], eta=[0.5, 1.0], phi=[0.1, -0.2]))
    pt, eta, phi = np.array([30, 10]), np.array([0.5, 1.0]), np.array([0.1, -0.2])
    energy = pt * np.cosh(eta)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    for name, of_jet, of_particles in (
        ("momentum", np.linalg.norm([px.sum(), py.sum(), pz.sum()]), energy),
        ("eta", np.arcsinh(pz.sum() / np.hypot(px.sum(), py.sum())), eta),
        ("phi", np.arctan2(py.sum(), px.sum()), phi),
        ("energy", energy.sum(), energy),
        ("energy_fraction", 1, energy / energy.sum()),
        ("pt", np.hypot(px.sum(), py.sum()), pt),
        ("theta", np.arccos(pz.sum() / np.linalg.norm([px.sum(), py.sum(), pz.sum()])), None),
    ):
        np.testing.assert_allclose(nodes[name][0], of_jet, rtol=1e-6, err_msg=name)
        if of_particles is not None:
            np.testing.assert_allclose(nodes[name][1:], of_particles, rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(nodes["theta"][1:], 2 * np.arctan(np.exp(-eta)), rtol=1e-6)


def test_in_the_frame_of_the_jet_the_root_is_at_the_origin(jets):
    for nodes in nodes_of(jets, frame="jet"):
        np.testing.assert_allclose([nodes["eta"][0], nodes["phi"][0]], 0, atol=1e-6)
        np.testing.assert_allclose(nodes["theta"][0], np.pi / 2, atol=1e-6)


def test_the_frame_changes_neither_the_tree_nor_masses_nor_pt(jets):
    def mass2(nodes):
        return nodes["energy"].astype(float) ** 2 - nodes["momentum"].astype(float) ** 2

    for nodes, seen in zip(nodes_of(jets), nodes_of(jets, frame="jet"), strict=True):
        for name in STRUCTURE:
            np.testing.assert_array_equal(nodes[name], seen[name])
        np.testing.assert_allclose(seen["pt"], nodes["pt"], rtol=1e-5)
        np.testing.assert_allclose(mass2(seen)[0], mass2(nodes)[0], rtol=1e-3)


def test_with_a_radius_the_hardest_tree_is_kept():
    jets = one_jet(pt=[30, 10, 25], eta=[0, 0.2, 2], phi=[0, 0, 0])
    (nodes,) = nodes_of(jets, radius=0.8)
    np.testing.assert_allclose(nodes["pt"], [40, 30, 10], rtol=1e-6)
    (nodes,) = nodes_of(jets)
    np.testing.assert_allclose(nodes["pt"][0], 65, rtol=1e-6)


def test_leading_particles_make_the_tree(jets):
    for nodes in nodes_of(jets, max_constituents=5):
        assert len(nodes["pt"]) == 9


def test_scaled_training_features_have_median_0_and_quartiles_1_apart(jets):
    representation = Representation(Config())
    prepared = representation.transform(jets, representation.fit(jets))
    for name in FEATURES:
        quartiles = np.percentile(prepared.constituents[name], [25, 50, 75])
        np.testing.assert_allclose(quartiles[1], 0, atol=1e-5)
        np.testing.assert_allclose(quartiles[2] - quartiles[0], 1, rtol=1e-5)


def test_an_empty_jet_between_others_changes_nothing(jets):
    representation = Representation(Config())
    statistics = representation.fit(jets)
    whole = representation.transform(jets, statistics)
    without = representation.transform(emptied(jets), statistics)
    num_J = whole.jets["num_constituents"]
    for name in FEATURES + STRUCTURE:
        np.testing.assert_array_equal(
            without.constituents[name], whole.constituents[name][num_J[0] : -num_J[-1]]
        )
