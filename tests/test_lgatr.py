"""L-GATr, against the package of its authors and against Lorentz transformations."""

import copy
from dataclasses import replace

import pytest
import torch

from tagline.taggers.lgatr import Config, Tagger
from tests.four_vectors import (
    boost_along_beam,
    inputs_of,
    jets_of,
    lorentz_transformation,
    packed,
    rotation_about_beam,
    transformed,
)

SCALE = 20.0  # GeV, of the momenta
COUNTS = (7, 0, 4, 1, 30, 12)
TOLERANCE = 1e-4  # of the distance between jets
BROKEN = 1e-3
CALLS_OLD_TORCH = pytest.mark.filterwarnings("ignore:.*is_autocast_cpu_enabled.*is deprecated")
TRANSFORMATIONS = [lorentz_transformation(seed=seed) for seed in range(5)]


def network_of(config):
    """Return a network in float64 whose weights are not the first ones."""
    torch.manual_seed(3)
    network = Tagger(config, inputs_of(beams=False)).double().eval()
    with torch.no_grad():
        for block in [*network.blocks, network.last_block]:
            block.head_factor.uniform_(0.5, 1.5)
    return network


@pytest.fixture(scope="module")
def network():
    return network_of(Config())


@pytest.fixture(scope="module")
def batch():
    jets = jets_of(counts=COUNTS)
    return replace(jets, constituents_PF=jets.constituents_PF / SCALE)


def in_float32(batch):
    return replace(batch, constituents_PF=batch.constituents_PF.float())


@CALLS_OLD_TORCH
@torch.no_grad()
def test_equal_weights_give_the_logits_of_the_package(network, batch):
    package = pytest.importorskip("tests.lgatr_package", reason="lgatr is not installed")
    theirs = package.Package(network, Config()).double()
    torch.testing.assert_close(network(batch), theirs(batch), rtol=1e-10, atol=1e-10)
    ours, theirs = copy.deepcopy(network).float(), theirs.float()
    torch.testing.assert_close(
        ours(in_float32(batch)), theirs(in_float32(batch)), rtol=1e-5, atol=1e-5
    )


@CALLS_OLD_TORCH
def test_equal_weights_give_the_gradients_of_the_package(batch):
    """Of massive particles: those of an absolute square have none where it is zero."""
    package = pytest.importorskip("tests.lgatr_package", reason="lgatr is not installed")
    ours = network_of(Config(blocks=2))
    theirs = package.Package(ours, Config(blocks=2))
    massive_P4 = batch.constituents_PF + torch.tensor([0.5, 0, 0, 0])
    expected_P4 = gradient_of(theirs, replace(batch, constituents_PF=massive_P4))
    ours, batch = ours.float(), replace(batch, constituents_PF=massive_P4.float())
    tolerance = 1e-5 * expected_P4.abs().max().item()
    torch.testing.assert_close(
        gradient_of(ours, batch), expected_P4.float(), rtol=0, atol=tolerance
    )


def gradient_of(network, batch):
    p_P4 = batch.constituents_PF.clone().requires_grad_()
    network(replace(batch, constituents_PF=p_P4))[:, 0].sum().backward()
    return p_P4.grad


def test_its_configuration_says_which_heads_do_not_fit():
    with pytest.raises(ValueError, match=r"`heads` must divide .* `multivectors`, found 5 and 32"):
        Config(heads=5)


def test_refuses_beams_among_the_particles():
    with pytest.raises(ValueError, match="`beams` must be false"):
        Tagger(Config(), inputs_of(beams=True))


def seen_by(network, matrix_44):
    """Return the network whose references are those of another observer."""
    other = copy.deepcopy(network)
    matrix_44 = matrix_44.to(other.time_4)
    other.time_4 = matrix_44 @ other.time_4
    tensor_44 = antisymmetric(other.plane_6)
    other.plane_6 = halves(matrix_44 @ tensor_44 @ matrix_44.T)
    return other


def antisymmetric(bivector_6):
    """Return the coefficients of e_m e_n, given those of e_0 e_k and of e_0 e_k I."""
    ex, ey, ez, bx, by, bz = bivector_6
    zero = torch.zeros_like(ex)
    rows = [[zero, ex, ey, ez], [-ex, zero, bz, -by], [-ey, -bz, zero, bx], [-ez, by, -bx, zero]]
    return torch.stack([torch.stack(row) for row in rows])


def halves(tensor_44):
    electric = tensor_44[0, 1:]
    return torch.cat([electric, torch.stack([tensor_44[2, 3], tensor_44[3, 1], tensor_44[1, 2]])])


@torch.no_grad()
def spread_of(network, batch):
    """Return how far the logits of jets are apart, the scale of what a change would be."""
    spread = network(batch).std(0).max().item()
    assert 1e-3 < spread < 1
    return spread


@torch.no_grad()
def test_logits_are_lorentz_invariant_if_the_references_move_along(network, batch):
    expected_BC, tolerance = network(batch), 1e-8 * spread_of(network, batch)
    for matrix_44 in TRANSFORMATIONS:
        moved = transformed(batch, matrix_44, beams_too=True)
        torch.testing.assert_close(
            seen_by(network, matrix_44)(moved), expected_BC, atol=tolerance, rtol=0
        )


@torch.no_grad()
def test_logits_are_lorentz_invariant_in_float32(network, batch):
    expected_BC = network(batch).float()
    for matrix_44 in TRANSFORMATIONS:
        moved = in_float32(transformed(batch, matrix_44, beams_too=True))
        logits_BC = seen_by(network, matrix_44).float()(moved)
        torch.testing.assert_close(logits_BC, expected_BC, atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_references_leave_rotations_about_the_beam(network, batch):
    turned = transformed(batch, rotation_about_beam(0.7), beams_too=False)
    tolerance = TOLERANCE * spread_of(network, batch)
    torch.testing.assert_close(network(turned), network(batch), atol=tolerance, rtol=0)


@pytest.mark.parametrize(
    "matrix_44", [boost_along_beam(2.0), lorentz_transformation(seed=1, rapidity=0)]
)
@torch.no_grad()
def test_references_break_other_symmetries(network, batch, matrix_44):
    changed_BC = network(transformed(batch, matrix_44, beams_too=False)) - network(batch)
    assert changed_BC.abs().max() > BROKEN * spread_of(network, batch)


@torch.no_grad()
def test_logits_do_not_depend_on_the_order_of_particles_or_on_neighbours(network, batch):
    jets = torch.split(batch.constituents_PF, batch.num_constituents_B.tolist())
    alone_BC = torch.cat([network(packed([jet.flip(0)])) for jet in jets])
    torch.testing.assert_close(alone_BC, network(batch))
