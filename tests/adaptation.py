"""A small network that learns from simulated signal and background of data, domains or not."""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.networks.layers import dense
from tagline.networks.posteriors import Binned
from tagline.networks.reversal import reverse_gradient
from tests.two_domains import Array

HIDDEN = (50, 20)
HIDDEN_OF_CLASSIFIER = (50,)
STEPS = 600
EVENTS_OF_STEP = 500  # of each sample
LEARNING_RATE = 1e-3


class Network(nn.Module):
    """A trunk that makes hidden features of an event, and a head that makes their logit."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.trunk = dense((num_features, *HIDDEN))
        self.head = nn.Linear(HIDDEN[-1], 1)

    def forward(self, features_BF: Tensor) -> Tensor:
        """Return logits (B,)."""
        return self.head(self.trunk(features_BF))[:, 0]

    @torch.inference_mode()
    def score(self, features_JF: Array) -> Array:
        """Return the probability of signal (J,)."""
        return self(_tensor(features_JF)).sigmoid().numpy()


class DomainClassifier(nn.Module):
    """Tells from the hidden features whether an event of the control channel is simulated.

    The trunk feels -L(p) times its gradient, L(p) = strength (2 / (1 + exp(-10 p)) - 1) at the
    share p of all steps. This and the falling rate are those of arXiv:1409.7495.
    """

    def __init__(self, data_JF: Array, simulation_JF: Array, *, strength: float) -> None:
        super().__init__()
        self.samples, self.strength = (_tensor(data_JF), _tensor(simulation_JF)), strength
        domains_J1 = torch.tensor([[0.0], [1.0]])
        self.guess = Binned(HIDDEN[-1], HIDDEN_OF_CLASSIFIER, bins=2, y_JR=domains_J1)

    def loss(self, trunk: nn.Module, *, progress: float) -> Tensor:
        """Return the mean of -log p(domain | hidden features)."""
        features_BF = torch.cat([_batch(sample_JF) for sample_JF in self.samples])
        domain_B1 = torch.arange(2.0).repeat_interleave(EVENTS_OF_STEP)[:, None]
        felt = self.strength * math.tanh(5 * progress)  # the same function
        hidden_BD = reverse_gradient(trunk(features_BF), strength=felt)
        return self.guess.negative_log_likelihood(hidden_BD, domain_B1).mean()


class NoDomainClassifier(nn.Module):
    """Leaves the trunk alone."""

    def loss(self, trunk: nn.Module, *, progress: float) -> float:
        """Return nothing."""
        del trunk, progress
        return 0.0


def trained(signal_JF: Array, background_JF: Array, *, classifier: nn.Module) -> Network:
    """Minimise the cross entropy of simulated signal and of background, and of the domains."""
    network = Network(signal_JF.shape[1])
    signal_JF, background_JF = _tensor(signal_JF), _tensor(background_JF)
    optimiser = torch.optim.Adam([*network.parameters(), *classifier.parameters()], LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: (1 + 10 * step / STEPS) ** -0.75
    )
    for step in range(STEPS):
        signal_B, background_B = network(_batch(signal_JF)), network(_batch(background_JF))
        loss = F.softplus(-signal_B).mean() + F.softplus(background_B).mean()
        loss = loss + classifier.loss(network.trunk, progress=step / STEPS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


def _batch(sample_JF: Tensor) -> Tensor:
    return sample_JF[torch.randint(len(sample_JF), (EVENTS_OF_STEP,))]
