"""Domain adaptation: what tells data from simulation is unlearned, by a reversed gradient.

Unsupervised Domain Adaptation by Backpropagation, Ganin and Lempitsky (2014),
https://arxiv.org/abs/1409.7495; for the LHCb tau -> 3 mu challenge: Gradient reversal for MC/real
data calibration, Ryzhikov and Ustyuzhanin (ACAT 2017). The tagger makes hidden features. One layer
makes of them the logits of background and signal, a small network guesses whether an event of the
control channel is simulated, and its gradient changes its sign on the way back to the tagger.

The classes are those of `tagline.data.control_channel`.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.control_channel import BACKGROUND, labels_of
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense
from tagline.networks.reversal import reverse_gradient
from tagline.networks.two_ends import cross_entropy, ends_of, weight_of
from tagline.objectives import OfControlChannel
from tagline.settings.strict import Strict


class Config(Strict):
    """The trade, and the networks behind the tagger."""

    strength: float = Field(10.0, ge=0, description="by which the reversed gradient is multiplied")
    features: int = Field(20, gt=0, description="hidden features that the tagger makes")
    hidden: tuple[int, ...] = Field((50,), description="widths of the network that guesses")


class Objective(OfControlChannel):
    """Cross entropy of signal and background, and L(p) times that of the control channel.

    L(p) = 2 / (1 + exp(-10 p)) - 1 at the share p of the training is that of the paper, so that
    the domains are felt once there are features to tell them by. It is on the loss, not on the
    reversal: to Adam, which takes steps of one size, that makes no difference.
    """

    keeps_last = True

    def __init__(self, config: Config) -> None:
        self.config = config

    def network(self, tagger: Callable[[Inputs], nn.Module], inputs: Inputs) -> nn.Module:
        """Return the tagger with both heads; its classes are hidden features."""
        hidden = replace(inputs, num_classes=self.config.features)
        return Adapted(tagger(hidden), inputs, self.config)

    def loss(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the sum of both cross entropies, with the domains' own factor."""
        labels = labels_of(logits_BC.shape[1])
        domains = labels.control_data, labels.control_simulation
        is_simulated_B = batch.label_B == labels.control_simulation
        of_domains = cross_entropy(
            logits_BC[:, domains], is_simulated_B, weight_of(batch, *domains)
        )
        is_signal_B = batch.label_B == labels.signal
        weight_B = weight_of(batch, BACKGROUND, labels.signal)
        felt = math.tanh(5 * self.progress)  # the same function
        return cross_entropy(ends_of(logits_BC), is_signal_B, weight_B) + felt * of_domains


class Adapted(nn.Module):
    """A tagger whose outputs are hidden features, and two heads."""

    HEAD = ("classes",)

    def __init__(self, tagger: nn.Module, inputs: Inputs, config: Config) -> None:
        super().__init__()
        self.labels = labels_of(inputs.num_classes)
        self.num_between = inputs.num_classes - 4
        self.strength = config.strength
        self.tagger = tagger
        self.classes = nn.Linear(config.features, 2)
        widths = (config.features, *config.hidden)
        self.domains = nn.Sequential(dense(widths), nn.Linear(widths[-1], 2))

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC, zero for classes that no head knows."""
        hidden_BD = self.tagger(batch).relu()
        background_B1, signal_B1 = self.classes(hidden_BD).split(1, dim=1)
        domains_B2 = self.domains(reverse_gradient(hidden_BD, strength=self.strength))
        between_BC = background_B1.new_zeros(len(background_B1), self.num_between)
        return torch.cat([background_B1, between_BC, domains_B2, signal_B1], dim=1)
