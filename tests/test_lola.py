"""CoLa and LoLa, against formulas; and the metric that the network learns."""

import torch
from torch.nn import functional as F

from tagline.networks.lorentz import minkowski
from tagline.taggers.lola import CoLa, Config, LoLa, Tagger
from tests.four_vectors import inputs_of, jets_of, lorentz_transformation, packed

LORENTZ_44 = lorentz_transformation(seed=1)


def momenta(num_jets=3, num=4):
    batch = jets_of(counts=(num,) * num_jets)
    return batch.constituents_PF.view(num_jets, num, 4)


def measured(k_BM4, **config):
    """Return the features, which are numbers of momenta, of a layer in float64."""
    torch.manual_seed(1)
    layer = LoLa(Config(**config), k_BM4.shape[1]).double()
    return layer, layer(k_BM4).transpose(0, 1)


def test_combinations_follow_the_particles():
    combine, k_BN4 = CoLa(4, 2), momenta()
    combined_BM4 = combine(k_BN4)
    assert torch.equal(combined_BM4[:, :4], k_BN4)
    expected_BM4 = torch.einsum("mn,bnf->bmf", combine.weight_MN.double(), k_BN4)
    torch.testing.assert_close(combined_BM4[:, 4:], expected_BM4)


def test_a_combination_with_weights_one_has_the_mass_of_the_jet():
    combine, k_BN4 = CoLa(4, 1), momenta()
    torch.nn.init.ones_(combine.weight_MN)
    jet_B4 = k_BN4.sum(1)
    mass2_B = minkowski(combine(k_BN4)[:, 4], combine(k_BN4)[:, 4])
    torch.testing.assert_close(mass2_B, minkowski(jet_B4, jet_B4))


def test_combinations_are_lorentz_vectors():
    combine, k_BN4 = CoLa(4, 3), momenta()
    torch.testing.assert_close(combine(k_BN4 @ LORENTZ_44.T), combine(k_BN4) @ LORENTZ_44.T)


def test_masses_and_distances_are_lorentz_invariant():
    combined_BM4 = CoLa(4, 3)(momenta())
    _, before = measured(combined_BM4)
    _, after = measured(combined_BM4 @ LORENTZ_44.T)
    for invariant in (0, 4, 5, 6, 7, 8, 9, 10):
        torch.testing.assert_close(after[invariant], before[invariant], atol=1e-6, rtol=1e-6)
    assert not torch.allclose(after[1], before[1])


def test_features_are_those_of_the_formulas():
    k_BM4 = CoLa(4, 2)(momenta())
    layer, features = measured(k_BM4, sums=2, minima=3)
    mass2_BM = minkowski(k_BM4, k_BM4)
    pt_BM = torch.hypot(k_BM4[..., 1], k_BM4[..., 2])
    difference_BMM4 = k_BM4[:, :, None] - k_BM4[:, None]
    distance2_BMM = minkowski(difference_BMM4, difference_BMM4)
    expected = [mass2_BM, pt_BM]
    for x_BM, weight in zip((k_BM4[..., 0], pt_BM, mass2_BM), layer.weighted_MM, strict=True):
        expected.append(torch.einsum("jm,bm->bj", weight, x_BM))
    expected += [(weight * distance2_BMM).sum(2) for weight in layer.sum_MM]
    expected += [(weight * distance2_BMM).amin(2) for weight in layer.minimum_MM]
    torch.testing.assert_close(features, torch.stack(expected))


def test_as_many_momenta_as_the_landscape_names_are_more_parameters_than_it_names():
    network = Tagger(Config(combinations=30), inputs_of(beams=False, max_constituents=60))
    assert sum(parameter.numel() for parameter in network.parameters()) == 178_952


def pairs_of_massless_particles(num, *, seed):
    """Return collimated pairs in all directions, and the squares of their masses."""
    generator = torch.Generator().manual_seed(seed)
    axis_B13 = F.normalize(torch.randn(num, 1, 3, generator=generator), dim=2)
    direction = F.normalize(axis_B13 + 0.1 * torch.randn(num, 2, 3, generator=generator), dim=2)
    energy_B21 = 1.5 + 3 * torch.rand(num, 2, 1, generator=generator)
    k_B24 = torch.cat([energy_B21, energy_B21 * direction], dim=2).double()
    jet_B4 = k_B24.sum(1)
    return k_B24, minkowski(jet_B4, jet_B4)


def learned_metric(*, seed):
    """Train on heavy and light pairs of massless particles, told apart by their mass alone."""
    k_B24, mass2_B = pairs_of_massless_particles(1000, seed=seed)
    batch = packed(list(k_B24.float()))
    batch.label_B = (mass2_B > mass2_B.median()).long()
    torch.manual_seed(seed)
    config = Config(combinations=1, sums=1, minima=1, dense=(16,), trainable_metric=True)
    network = Tagger(config, inputs_of(beams=False, max_constituents=2))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimiser, 1, 0, total_iters=500)
    for _ in range(500):
        optimiser.zero_grad()
        F.cross_entropy(network(batch), batch.label_B).backward()
        optimiser.step()
        scheduler.step()
    metric_4 = network.measure.metric_4.detach()
    return metric_4 / metric_4[0]


def test_learns_the_metric_of_minkowski_up_to_a_factor():
    """A single training may end some per cent away, on one processor and not on another."""
    metric_4 = torch.stack([learned_metric(seed=seed) for seed in range(1, 6)]).median(0).values
    expected_4 = torch.tensor([1.0, -1, -1, -1])
    torch.testing.assert_close(metric_4, expected_4, atol=0.03, rtol=0)
