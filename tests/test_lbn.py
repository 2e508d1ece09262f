"""LBN in float64: its boosts against matrices, its features against formulas."""

import pytest
import torch

from tagline.networks.lorentz import minkowski
from tagline.taggers.lbn import Boost, Config, Tagger, measured
from tests.four_vectors import inputs_of, jets_of, lorentz_transformation

NUM_JETS, NUM_PARTICLES = 5, 6


@pytest.fixture
def momenta():
    batch = jets_of(counts=(NUM_PARTICLES,) * NUM_JETS)
    return batch.constituents_PF.view(NUM_JETS, NUM_PARTICLES, 4)


@pytest.fixture
def boost():
    torch.manual_seed(1)
    return Boost(NUM_PARTICLES, 4).double()


def matrix_of(frame_4):
    """Return the boost into a rest frame, in the form of the authors' code."""
    energy, momentum_3 = frame_4[0], frame_4[1:]
    size = momentum_3.norm()
    beta, gamma = size / energy, energy / minkowski(frame_4, frame_4).sqrt()
    e_4 = torch.cat([torch.ones(1).double(), -momentum_3 / size])
    u_44 = torch.tensor([[-1.0, 0, 0, 0]] + 3 * [[0, -1, -1, -1]]).double()
    return torch.eye(4).double() + (u_44 + gamma) * ((u_44 + 1) * beta - u_44) * torch.outer(
        e_4, e_4
    )


def test_boosts_are_those_of_the_authors_matrices(boost, momenta):
    particles_BM4, frames_BM4 = boost.particle_MN @ momenta, boost.frame_MN @ momenta
    expected_BM4 = torch.stack(
        [
            torch.stack([matrix_of(k_4) @ p_4 for p_4, k_4 in zip(*jet, strict=True)])
            for jet in zip(particles_BM4, frames_BM4, strict=True)
        ]
    )
    torch.testing.assert_close(boost(momenta), expected_BM4)


def test_a_combination_rests_in_its_own_frame(boost, momenta):
    boost.particle_MN = boost.frame_MN
    combined_BM4, resting_BM4 = boost.particle_MN @ momenta, boost(momenta)
    mass_BM = minkowski(combined_BM4, combined_BM4).sqrt()
    torch.testing.assert_close(resting_BM4[..., 0], mass_BM)
    zero = torch.zeros_like(resting_BM4[..., 1:])
    torch.testing.assert_close(resting_BM4[..., 1:], zero, atol=1e-9, rtol=0)


def test_boosts_keep_masses(boost, momenta):
    combined_BM4, boosted_BM4 = boost.particle_MN @ momenta, boost(momenta)
    mass2_BM = minkowski(combined_BM4, combined_BM4)
    torch.testing.assert_close(minkowski(boosted_BM4, boosted_BM4), mass2_BM)


def test_energies_and_masses_in_rest_frames_are_lorentz_invariant(boost, momenta):
    moved_BN4 = momenta @ lorentz_transformation(seed=1).T
    before, after = (measured(boost(each))[:, :8] for each in (momenta, moved_BN4))
    torch.testing.assert_close(after, before)


def test_weights_count_without_their_sign(boost, momenta):
    expected_BM4 = boost(momenta)
    with torch.no_grad():
        boost.particle_MN *= -1
        boost.frame_MN *= -1
    torch.testing.assert_close(boost(momenta), expected_BM4)


def test_features_are_those_of_the_formulas(momenta):
    p_BM4 = momenta[:, :3] + momenta[:, 3:]
    energy, px, py, pz = p_BM4.unbind(2)
    size = p_BM4[..., 1:].norm(dim=2)
    mass = (energy**2 - size**2).sqrt()
    single = [energy, mass, torch.hypot(px, py), torch.atanh(pz / size), torch.atan2(py, px)]
    pairs = ((1, 0), (2, 0), (2, 1))
    cosines = [
        (p_BM4[:, i, 1:] * p_BM4[:, j, 1:]).sum(1) / (size[:, i] * size[:, j]) for i, j in pairs
    ]
    expected = torch.cat([*single, torch.stack(cosines, dim=1)], dim=1)
    torch.testing.assert_close(measured(p_BM4), expected)


def test_jets_of_no_and_of_one_particle_have_finite_gradients():
    network = Tagger(Config(combinations=3, dense=(4,)), inputs_of(beams=False)).double()
    network(jets_of(counts=(0, 1, 2))).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_published_widths_are_more_parameters_than_published():
    """1902.09914 says 705k, which is little more than what follows the first of these widths."""
    network = Tagger(Config(), inputs_of(beams=False, max_constituents=60))
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    assert sum(sizes.values()) == 2_209_656
    assert sum(sizes.values()) - sizes["dense.0.weight"] - 2 * 1475 - 2 * 50 * 60 == 690_306
