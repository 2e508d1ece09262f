"""Shapes of jets across their axis and at rest, by hand, by symmetry and by slow sums."""

from dataclasses import replace

import numpy as np
import pytest

from tagline.data.jets import Jets
from tagline.observables.jet_momenta import momenta
from tagline.observables.plane_shapes import angularity, planar_flow
from tagline.observables.rest_shapes import aplanarity, fox_wolfram_20
from tests.toy_splits import emptied, permuted, toy_split_jets

SHAPES = (angularity, planar_flow, aplanarity, fox_wolfram_20)
OF_THE_AXIS = (angularity, planar_flow)
AT_REST = (aplanarity, fox_wolfram_20)


def jet_of(*p_N3, mass=0.0):
    """Return one jet of particles with these momenta."""
    p_N3 = np.array(p_N3, float)
    return Jets(
        {"num_constituents": np.array([len(p_N3)])},
        {
            **dict(zip(("px", "py", "pz"), p_N3.T, strict=True)),
            "energy": np.sqrt(np.sum(p_N3**2, axis=1) + mass**2),
        },
    )


def vectors(jets, jet):
    begin, end = jets.offsets[jet : jet + 2]
    names = ("px", "py", "pz", "energy")
    return np.stack([jets.constituents[name][begin:end].astype(float) for name in names], axis=1)


def rotation(*, seed):
    matrix, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return matrix * np.sign(np.linalg.det(matrix))


def rotated(jets, matrix):
    p_P3 = np.stack([jets.constituents[name] for name in ("px", "py", "pz")], axis=1) @ matrix.T
    turned = dict(zip(("px", "py", "pz"), p_P3.T, strict=True))
    return replace(jets, constituents=jets.constituents | turned)


def boosted_along(jets, axis_3, rapidity):
    """Return the particles of jets, boosted along one direction."""
    p_P3 = np.stack([jets.constituents[name] for name in ("px", "py", "pz")], axis=1)
    energy_P, along_P = jets.constituents["energy"], p_P3 @ axis_3
    new_P = np.sinh(rapidity) * energy_P + np.cosh(rapidity) * along_P
    p_P3 = p_P3 + (new_P - along_P)[:, None] * axis_3
    energy_P = np.cosh(rapidity) * energy_P + np.sinh(rapidity) * along_P
    moved = dict(zip(("px", "py", "pz"), p_P3.T, strict=True)) | {"energy": energy_P}
    return replace(jets, constituents=jets.constituents | moved)


@pytest.fixture
def jets():
    """Jets in float64, as rotations would else round momenta anew."""
    toys = toy_split_jets(40, seed=7)
    wide = {name: column.astype(np.float64) for name, column in toys.constituents.items()}
    return replace(toys, constituents=wide)


@pytest.mark.parametrize("shape", SHAPES)
def test_rotations_do_not_matter(shape, jets):
    turned = rotated(jets, rotation(seed=3))
    expected = shape(momenta(jets))
    np.testing.assert_allclose(shape(momenta(turned)), expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_order_of_particles_does_not_matter(shape, jets):
    expected = shape(momenta(jets))
    np.testing.assert_allclose(
        shape(momenta(permuted(jets, seed=1))), expected, rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_scale_of_momenta_does_not_matter(shape, jets):
    names = ("px", "py", "pz", "energy")
    larger = replace(
        jets,
        constituents=jets.constituents | {name: 10 * jets.constituents[name] for name in names},
    )
    expected = shape(momenta(jets))
    np.testing.assert_allclose(shape(momenta(larger)), expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("shape", AT_REST)
def test_boosts_do_not_matter_at_rest(shape, jets):
    axis_3 = np.array([0.6, 0.0, 0.8])
    expected = shape(momenta(jets))
    found = shape(momenta(boosted_along(jets, axis_3, 0.9)))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_the_jet_is_at_rest(jets):
    particles = momenta(jets)
    total_J3 = particles.sum(particles.at_rest())
    np.testing.assert_allclose(total_J3, 0, atol=1e-8 * particles.jet_energy_J.max())


@pytest.mark.parametrize("shape", SHAPES)
def test_jets_without_particles_and_of_one_are_zero(shape, jets):
    assert not shape(momenta(emptied(jets)))[[0, -1]].any()
    assert shape(momenta(jet_of((30.0, 1.0, 2.0)))).tolist() == [0.0]


def test_angularity_is_the_sum_of_its_definition(jets):
    """sin^a (1 - cos)^(1 - a) with a = -2, term by term; angles are large enough for cosines."""
    for jet, found in enumerate(angularity(momenta(jets))):
        p_N4 = vectors(jets, jet)
        total_4 = p_N4.sum(axis=0)
        cos_N = p_N4[:, :3] @ total_4[:3] / np.linalg.norm(total_4[:3])
        angle_N = np.arccos(cos_N / np.linalg.norm(p_N4[:, :3], axis=1))
        terms_N = p_N4[:, 3] * np.sin(angle_N) ** -2 * (1 - np.cos(angle_N)) ** 3
        mass = np.sqrt(total_4[3] ** 2 - np.sum(total_4[:3] ** 2))
        assert found == pytest.approx(terms_N.sum() / mass, rel=1e-5)


def test_angularity_of_two_prongs():
    """Both of energy E at the angle t from the axis: m = 2 E sin t, a term is 2 s^4 / c^2."""
    tilt = 0.3
    both = jet_of(
        (50 * np.cos(tilt), 50 * np.sin(tilt), 0), (50 * np.cos(tilt), -50 * np.sin(tilt), 0)
    )
    expected = 2 * np.sin(tilt / 2) ** 4 / np.cos(tilt / 2) ** 2 / np.sin(tilt)
    assert angularity(momenta(both)) == pytest.approx(expected)


def test_two_prongs_have_no_planar_flow():
    assert planar_flow(momenta(jet_of((40, 3, 8), (25, -6, 4)))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("num", [3, 4, 17])
def test_a_ring_around_the_axis_flows_everywhere_alike(num):
    angle = 2 * np.pi * np.arange(num) / num
    ring = np.stack([np.full(num, 20), 3 * np.cos(angle), 3 * np.sin(angle)], axis=1)
    assert planar_flow(momenta(jet_of(*ring))) == pytest.approx(1)


def test_planar_flow_of_a_cross():
    """I is diagonal, with the squares of 3 and 1: 4 * 9 * 1 / (9 + 1)^2."""
    height = np.sqrt(100 - 9), np.sqrt(100 - 1)  # so that all have the same energy
    cross = jet_of((height[0], 3, 0), (height[0], -3, 0), (height[1], 0, 1), (height[1], 0, -1))
    assert planar_flow(momenta(cross)) == pytest.approx(0.36)


def test_back_to_back_particles_have_the_largest_moment():
    assert fox_wolfram_20(momenta(jet_of((30, 4, 5), (-30, -4, -5)))) == pytest.approx(1)
    assert fox_wolfram_20(momenta(jet_of((40, 3, 8), (25, -6, 4)))) == pytest.approx(1)


def test_three_particles_in_a_star_have_the_moment_of_their_angle():
    """P_2(cos 120 degrees) = -1/8 for each pair."""
    star = [(np.cos(angle), np.sin(angle), 0) for angle in 2 * np.pi * np.arange(3) / 3]
    assert fox_wolfram_20(momenta(jet_of(*star))) == pytest.approx(-1 / 8)


def test_fox_wolfram_is_the_sum_over_pairs(jets):
    particles = momenta(jets)
    p_P3 = particles.at_rest()
    for jet, found in enumerate(fox_wolfram_20(particles)):
        p_N3 = p_P3[particles.jet_P == jet]
        size_N = np.linalg.norm(p_N3, axis=1)
        product_NN = np.outer(size_N, size_N)
        cos_NN = p_N3 @ p_N3.T / product_NN
        pairs = np.triu_indices(len(p_N3), k=1)
        second = (product_NN * (3 * cos_NN**2 - 1) / 2)[pairs].sum()
        assert found == pytest.approx(second / product_NN[pairs].sum())


def test_particles_in_a_plane_are_planar():
    star = jet_of((40, 3, 0), (25, -6, 0), (10, 8, 0))
    assert aplanarity(momenta(star)) == pytest.approx(0, abs=1e-12)


def test_no_direction_is_preferred_among_six():
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    assert aplanarity(momenta(jet_of(*axes))) == pytest.approx(0.5)
    assert aplanarity(momenta(jet_of(*axes, mass=2.0))) == pytest.approx(0.5)
