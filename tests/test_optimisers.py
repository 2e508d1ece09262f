"""The optimisers that torch lacks, against their formulas and against weaver-core."""

from functools import partial

import pytest
import torch
from torch import nn

from tagline.learning.optimisers import optimiser_of
from tagline.settings.training import Training

STEPS = 20


def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 1))


def trained(optimiser_for, *, steps=STEPS):
    """Return the weights after some steps on a toy regression."""
    trainee = network()
    optimiser = optimiser_for(trainee)
    generator = torch.Generator().manual_seed(2)
    for _ in range(steps):
        x_B3 = torch.randn(16, 3, generator=generator)
        optimiser.zero_grad()
        (trainee(x_B3).squeeze(1) - x_B3.prod(1)).square().mean().backward()
        optimiser.step()
    return torch.cat([parameter.detach().flatten() for parameter in trainee.parameters()])


def ours(**changes):
    training = Training(epochs=1, batch_size=1, learning_rate=0.01, **changes)
    return lambda trainee: optimiser_of(training, trainee)


def test_ranger_is_radam_before_it_looks_ahead():
    expected = trained(lambda trainee: torch.optim.RAdam(trainee.parameters(), lr=0.01), steps=5)
    torch.testing.assert_close(trained(ours(optimiser="ranger"), steps=5), expected)


def test_ranger_goes_half_the_way_back_after_six_steps():
    radam = partial(torch.optim.RAdam, lr=0.01, eps=1e-5)
    fast = trained(lambda trainee: radam(trainee.parameters()), steps=6)
    start = trained(ours(optimiser="ranger"), steps=0)
    torch.testing.assert_close(trained(ours(optimiser="ranger"), steps=6), (fast + start) / 2)


@pytest.mark.parametrize("weight_decay", [0, 0.1])
def test_ranger_is_that_of_weaver(weight_decay):
    from weaver.utils.nn.optimizer.ranger import Ranger

    def of_weaver(trainee):
        parameters = list(trainee.parameters())
        decays = [(lambda each: each.dim() > 1, weight_decay), (lambda each: each.dim() == 1, 0)]
        groups = [
            {"params": [each for each in parameters if belongs(each)], "weight_decay": decay}
            for belongs, decay in decays
        ]
        return Ranger(groups, lr=0.01)

    found = trained(ours(optimiser="ranger", betas=(0.95, 0.999), weight_decay=weight_decay))
    torch.testing.assert_close(found, trained(of_weaver), rtol=1e-5, atol=1e-6)


def test_lion_steps_along_the_sign_of_the_mean_gradient():
    """The update of 2302.06675, algorithm 2, on one number."""
    parameter, (beta1, beta2), rate, decay = 2.0, (0.9, 0.99), 0.01, 0.3
    number = nn.Linear(1, 1, bias=False)
    nn.init.constant_(number.weight, parameter)
    optimiser = ours(optimiser="lion", betas=(beta1, beta2), weight_decay=decay)(number)
    mean = 0.0
    for gradient in (1.0, -0.05, -0.1, -3.0, 0.2):
        number.weight.grad = torch.full((1, 1), gradient)
        optimiser.step()
        direction = 1 if beta1 * mean + (1 - beta1) * gradient > 0 else -1
        parameter -= rate * (direction + decay * parameter)
        mean = beta2 * mean + (1 - beta2) * gradient
        assert number.weight.item() == pytest.approx(parameter)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "ranger", "lion"])
def test_every_optimiser_continues_from_its_state(optimiser):
    expected = trained(ours(optimiser=optimiser))

    class Interrupted:
        """Writes down its state and starts anew from it before every step."""

        def __init__(self, trainee):
            self.trainee, self.running = trainee, ours(optimiser=optimiser)(trainee)

        def zero_grad(self):
            self.running.zero_grad()

        def step(self):
            state = self.running.state_dict()
            self.running = ours(optimiser=optimiser)(self.trainee)
            self.running.load_state_dict(state)
            self.running.step()

    assert torch.equal(trained(Interrupted), expected)
