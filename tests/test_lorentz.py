"""Lorentz transformations in networks: what changes under them, and what must not."""

from dataclasses import replace

import pytest
import torch

from tagline.data.inputs import Inputs
from tagline.networks.lorentz import FourVectors, boosted, mass2, minkowski
from tagline.settings import plugins
from tests.four_vectors import (
    METRIC,
    boost_along_beam,
    inputs_of,
    jets_of,
    lorentz_transformation,
    packed,
    rotation_about_beam,
    transformed,
)

TOLERANCE = 1e-4  # of the distance between jets, which is less than one
BROKEN = 1e-3
INVARIANT = ("lorentznet", "pelican")
TRANSFORMATIONS = [lorentz_transformation(seed=seed) for seed in range(5)]


@pytest.fixture(params=INVARIANT)
def architecture(request):
    return request.param


def network_of(architecture, *, beams):
    """Return a network in float64 whose weights and batch statistics are not the first ones."""
    torch.manual_seed(3)
    plugin = plugins.load("taggers", architecture)
    network = plugin.Tagger(plugin.Config(), inputs_of(beams=beams)).double()
    for _ in range(3):
        network(jets_of(beams=beams))
    return network.eval()


def spread_of(network, batch):
    """Return how far the logits of jets are apart, the scale of what a change would be."""
    spread = network(batch).detach().std(0).max().item()
    assert 1e-3 < spread < 1
    return spread


def in_float32(batch):
    return replace(batch, constituents_PF=batch.constituents_PF.float())


def test_transformations_keep_the_metric():
    for matrix_44 in TRANSFORMATIONS:
        torch.testing.assert_close(matrix_44.T @ METRIC @ matrix_44, METRIC)


def test_minkowski_is_the_product_with_the_metric():
    p_P4 = jets_of().constituents_PF
    torch.testing.assert_close(minkowski(p_P4, p_P4[:1]), p_P4 @ METRIC @ p_P4[0])


def test_rounding_makes_no_mass():
    massless_P4 = jets_of(counts=(50,)).constituents_PF.float().double()
    massive_P4 = massless_P4 + torch.tensor([0.1, 0, 0, 0])
    assert not mass2(massless_P4).any()
    assert torch.equal(mass2(massive_P4), minkowski(massive_P4, massive_P4))


def frames_and_momenta():
    generator = torch.Generator().manual_seed(1)
    p_P3 = 100 * torch.randn(2, 50, 3, generator=generator, dtype=torch.float64)
    mass_P1 = 0.5 + 100 * torch.rand(2, 50, 1, generator=generator, dtype=torch.float64)
    p_P4 = torch.cat([(p_P3.square().sum(-1, keepdim=True) + mass_P1**2).sqrt(), p_P3], dim=-1)
    return p_P4[0], p_P4[1]


def test_a_frame_rests_in_itself():
    frame_P4, _ = frames_and_momenta()
    resting_P4 = boosted(frame_P4, frame_P4)
    torch.testing.assert_close(resting_P4[:, 0], minkowski(frame_P4, frame_P4).sqrt())
    torch.testing.assert_close(resting_P4[:, 1:], torch.zeros(50, 3).double(), atol=1e-9, rtol=0)


def test_boosts_keep_masses_and_products():
    frame_P4, p_P4 = frames_and_momenta()
    boosted_P4 = boosted(p_P4, frame_P4)
    torch.testing.assert_close(minkowski(boosted_P4, boosted_P4), minkowski(p_P4, p_P4))
    product_P = minkowski(boosted_P4, boosted(frame_P4, frame_P4))
    torch.testing.assert_close(product_P, minkowski(p_P4, frame_P4))


def test_a_boost_along_the_beam_is_the_textbook_one():
    rapidity = 1.3
    frame_4 = torch.tensor([2.0, 0, 0, 0], dtype=torch.float64) @ boost_along_beam(rapidity).T
    p_P4 = jets_of().constituents_PF
    torch.testing.assert_close(boosted(p_P4, frame_4), p_P4 @ boost_along_beam(-rapidity).T)


def test_refuses_other_features():
    with pytest.raises(ValueError, match="reads energy, px, py, pz; this representation has pt"):
        FourVectors(Inputs(constituent_features=("pt",), max_constituents=3))


@pytest.mark.parametrize("beams", [False, True])
def test_logits_are_lorentz_invariant(architecture, beams):
    """If the beams move along."""
    network, batch = network_of(architecture, beams=beams), jets_of(beams=beams)
    expected_BC = network(batch)
    tolerance = TOLERANCE * spread_of(network, batch)
    for matrix_44 in TRANSFORMATIONS:
        moved = transformed(batch, matrix_44, beams_too=True)
        torch.testing.assert_close(network(moved), expected_BC, atol=tolerance, rtol=0)


def test_logits_are_lorentz_invariant_in_float32(architecture):
    network, batch = network_of(architecture, beams=True).float(), jets_of(beams=True)
    expected_BC = network(in_float32(batch))
    for matrix_44 in TRANSFORMATIONS:
        moved = in_float32(transformed(batch, matrix_44, beams_too=True))
        torch.testing.assert_close(network(moved), expected_BC, atol=TOLERANCE, rtol=0)


def test_beams_leave_rotations_about_the_beam(architecture):
    network, batch = network_of(architecture, beams=True), jets_of(beams=True)
    turned = transformed(batch, rotation_about_beam(0.7), beams_too=False)
    tolerance = TOLERANCE * spread_of(network, batch)
    torch.testing.assert_close(network(turned), network(batch), atol=tolerance, rtol=0)


def test_beams_break_other_symmetries(architecture):
    network, batch = network_of(architecture, beams=True), jets_of(beams=True)
    for matrix_44 in (boost_along_beam(2.0), lorentz_transformation(seed=1, rapidity=0)):
        changed_BC = network(transformed(batch, matrix_44, beams_too=False)) - network(batch)
        assert changed_BC.abs().max() > BROKEN * spread_of(network, batch)


def test_logits_do_not_depend_on_the_order_of_particles(architecture):
    network, batch = network_of(architecture, beams=False), jets_of()
    jets = torch.split(batch.constituents_PF, batch.num_constituents_B.tolist())
    reversed_batch = packed([jet.flip(0) for jet in jets])
    torch.testing.assert_close(network(reversed_batch), network(batch))


def test_a_jet_does_not_depend_on_its_neighbours_in_float64(architecture):
    network, batch = network_of(architecture, beams=True), jets_of(beams=True)
    jets = torch.split(batch.constituents_PF, batch.num_constituents_B.tolist())
    alone_BC = torch.cat([network(packed([jet])) for jet in jets])
    torch.testing.assert_close(alone_BC, network(batch))
