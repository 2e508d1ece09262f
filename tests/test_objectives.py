"""The contract of every objective, and the formula of the supervised one."""

import math

import pytest
import torch

from tagline.objectives.supervised import Config, Objective
from tagline.settings import plugins
from tests.clouds import without_particles


def batch_of(label_B, weight_B):
    return without_particles(torch.tensor(label_B), weight_B=torch.tensor(weight_B))


@pytest.fixture(params=plugins.names("objectives"))
def objective(request):
    plugin = plugins.load("objectives", request.param)
    return plugin.Objective(plugin.Config())


def test_the_loss_is_lower_and_the_score_higher_where_the_signal_is_recognised(objective):
    batch = batch_of([0, 1], [1.0, 1.0])
    right_BC, wrong_BC = torch.tensor([[2.0, 0], [0, 2]]), torch.tensor([[0.0, 2], [2, 0]])
    assert objective.loss(right_BC, batch) < objective.loss(wrong_BC, batch)
    background, signal = objective.score(right_BC)
    assert background < signal


def test_the_supervised_loss_is_the_mean_of_weighted_cross_entropies():
    logits_BC = torch.tensor([[0.0, 1.0], [3.0, 1.0]])
    loss = Objective(Config()).loss(logits_BC, batch_of([1, 1], [2.0, 0.5]))
    expected = (2 * math.log(1 + math.exp(-1)) + 0.5 * math.log(1 + math.exp(2))) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-6)
