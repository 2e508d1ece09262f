"""The contract of every objective, and the formulas of each."""

import math

import pytest
import torch
from torch import nn

from tagline.data.control_channel import labels_of
from tagline.data.inputs import Inputs
from tagline.objectives import domain_adaptation, doping, in_bins
from tagline.objectives.supervised import Config, Objective
from tagline.settings import plugins
from tagline.settings.catalogue import Decorrelation
from tests.clouds import random_cloud, without_particles
from tests.tasks import taggers

BACKGROUND, CONTROL_DATA, CONTROL_SIMULATION, SIGNAL = range(4)


def batch_of(label_B, weight_B=None):
    weight_B = None if weight_B is None else torch.tensor(weight_B)
    return without_particles(torch.tensor(label_B), weight_B=weight_B)


def logits_of(*favoured):
    """Return logits (B, 4) of which one of each jet is larger."""
    return 2 * nn.functional.one_hot(torch.tensor(favoured), 4).float()


def doped(share):
    return doping.Objective(doping.Config(share=share))


def adapting(*, progress, **config):
    objective = domain_adaptation.Objective(domain_adaptation.Config(**config))
    objective.progress = progress
    return objective


@pytest.fixture(params=plugins.names("objectives"))
def objective(request):
    plugin = plugins.load("objectives", request.param)
    return plugin.Objective(plugin.Config())


def test_the_loss_is_lower_and_the_score_higher_where_the_signal_is_recognised(objective):
    batch = batch_of([BACKGROUND, SIGNAL])
    right_BC, wrong_BC = logits_of(BACKGROUND, SIGNAL), logits_of(SIGNAL, BACKGROUND)
    assert objective.loss(right_BC, batch) < objective.loss(wrong_BC, batch)
    background, signal = objective.score(right_BC)
    assert background < signal


def test_what_is_trained_has_a_logit_of_each_class(objective):
    inputs = Inputs(jet_features=("a",), num_classes=5)
    network = objective.network(OneLayer, inputs)
    batch = without_particles(torch.zeros(3, dtype=torch.int64), features_BG=torch.ones(3, 1))
    assert network(batch).shape == (3, 5)


def test_the_supervised_loss_is_the_mean_of_weighted_cross_entropies():
    logits_BC = torch.tensor([[0.0, 1.0], [3.0, 1.0]])
    loss = Objective(Config()).loss(logits_BC, batch_of([1, 1], [2.0, 0.5]))
    expected = (2 * math.log(1 + math.exp(-1)) + 0.5 * math.log(1 + math.exp(2))) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_doping_calls_a_share_of_the_simulated_control_channel_background(share):
    logits_BC = torch.tensor([[0.0, 7, 7, 1]]).repeat(4, 1)
    loss = doped(share).loss(logits_BC, batch_of([0, 1, 2, 3], [1.0, 5.0, 2.0, 1.0]))
    as_background, as_signal = math.log(1 + math.e), math.log(1 + math.exp(-1))
    assert loss.item() == pytest.approx(
        ((1 + 2 * share) * as_background + as_signal) / 4, rel=1e-6
    )


def test_the_domains_are_felt_more_and_more():
    batch, logits_BC = batch_of([CONTROL_DATA, CONTROL_SIMULATION]), torch.zeros(2, 4)
    for progress, felt in ((0.0, 0.0), (0.1, 2 / (1 + math.exp(-1)) - 1), (1.0, 1.0)):
        loss = adapting(progress=progress).loss(logits_BC, batch)
        assert loss.item() == pytest.approx(felt * math.log(2), rel=1e-4)


def test_weights_that_subtract_background_subtract_its_loss():
    batch = batch_of([CONTROL_DATA, CONTROL_DATA], [1.0, -1.0])
    loss = adapting(progress=1.0).loss(torch.tensor([[0.0, 3, -2, 1]]).repeat(2, 1), batch)
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_the_tagger_unlearns_what_the_domains_are_told_by():
    """Of a control channel alone, its gradient is the reversed one of the guess, times 3."""
    gradients = {}
    for strength in (0.0, 1.0, 3.0):
        objective = adapting(progress=1.0, strength=strength, features=4, hidden=())
        torch.manual_seed(1)
        network = objective.network(OneLayer, Inputs(jet_features=("a",), num_classes=4))
        batch = batch_of([CONTROL_DATA, CONTROL_SIMULATION])
        batch.features_BG = torch.tensor([[-1.0], [1.0]])
        objective.loss(network(batch), batch).backward()
        gradients[strength] = network.tagger.linear.weight.grad
        assert network.domains[1].weight.grad.abs().sum() > 0
    assert not gradients[0.0].any()
    assert gradients[1.0].any()
    torch.testing.assert_close(gradients[3.0], 3 * gradients[1.0])


@pytest.mark.parametrize("objective", ["supervised", "doping", "domain_adaptation"])
def test_penalties_are_for_scores_among_all_classes(objective):
    tagger = taggers()["pfn"].model_copy(update={"objective": objective})
    disco = Decorrelation(method="disco", when="training")
    assert disco.suits(tagger) == (objective == "supervised")
    assert Decorrelation(method="conditional_flow", when="post_hoc").suits(tagger)


def test_a_control_channel_is_missed_before_the_first_step():
    for wrap in (doped(0.1).network, adapting(progress=0).network):
        with pytest.raises(ValueError, match=r"4 or 5 classes.* this has 3"):
            wrap(OneLayer, Inputs(jet_features=("a",), num_classes=3))
    assert labels_of(4) == (0, 1, 2, 3)
    assert labels_of(5) == (1, 2, 3, 4)


class TestInBins:
    """Three bins of the first protected column."""

    @pytest.fixture
    @staticmethod
    def network():
        torch.manual_seed(1)
        objective = in_bins.Objective(in_bins.Config(edges=(60, 80)))
        return objective.network(OneLayer, Inputs(jet_features=("a",), num_classes=2))

    @staticmethod
    def jets(num_jets, *, seed):
        """Return jets of random masses, whose feature tells them apart the other way above 80."""
        generator = torch.Generator().manual_seed(seed)
        mass_B = torch.empty(num_jets).uniform_(40, 100, generator=generator)
        label_B = torch.randint(2, (num_jets,), generator=generator)
        sign_B = torch.where(mass_B < 80, 1, -1) * (2 * label_B - 1)
        feature_B = sign_B + torch.randn(num_jets, generator=generator)
        return without_particles(
            label_B, features_BG=feature_B[:, None], protected_BR=mass_B[:, None]
        )

    def test_each_jet_is_seen_by_the_copy_of_its_bin_alone(self, network):
        batch = self.jets(50, seed=1)
        expected = [
            network.copies[sum(mass >= edge for edge in (60, 80))].linear(feature)
            for mass, feature in zip(batch.protected_BR[:, 0], batch.features_BG, strict=True)
        ]
        torch.testing.assert_close(network(batch), torch.stack(expected))

    def test_jets_of_a_bin_train_no_other_copy(self, network):
        batch = in_bins.part_of(jets := self.jets(50, seed=2), jets.protected_BR[:, 0] < 60)
        in_bins.Objective(in_bins.Config()).loss(network(batch), batch).backward()
        assert network.copies[0].linear.weight.grad.any()
        assert network.copies[1].linear.weight.grad is None

    def test_particles_stay_with_their_jets(self):
        cloud = random_cloud([3, 0, 2, 4])
        part = in_bins.part_of(cloud, torch.tensor([False, True, True, True]))
        assert part.num_constituents_B.tolist() == [0, 2, 4]
        assert part.jet_of_constituent_P.tolist() == [1, 1, 2, 2, 2, 2]
        assert torch.equal(part.constituents_PF, cloud.constituents_PF[3:])

    def test_what_turns_round_with_the_mass_is_learned(self, network):
        """One layer for all masses finds less; the optimum has an accuracy of 0.841."""
        alone = OneLayer(Inputs(jet_features=("a",), num_classes=2))
        accuracies = {}
        for name, trained in (("in bins", network), ("alone", alone)):
            optimiser = torch.optim.Adam(trained.parameters(), 0.05)
            batch = self.jets(4000, seed=3)
            for _ in range(200):
                optimiser.zero_grad()
                in_bins.Objective(in_bins.Config()).loss(trained(batch), batch).backward()
                optimiser.step()
            tested = self.jets(20_000, seed=4)
            right_B = trained(tested).argmax(1) == tested.label_B
            accuracies[name] = right_B.float().mean().item()
        assert accuracies["in bins"] == pytest.approx(0.841, abs=0.01)
        assert accuracies["alone"] < 0.65

    def test_edges_rise(self):
        with pytest.raises(ValueError, match="edges must rise"):
            plugins.config_of("objectives", "in_bins")(edges=(80, 60))


class OneLayer(nn.Module):
    """A linear layer on the features of jets."""

    def __init__(self, inputs):
        super().__init__()
        self.linear = nn.Linear(len(inputs.jet_features), inputs.num_classes)

    def forward(self, batch):
        return self.linear(batch.features_BG)
