"""Particle Flow Network: a function of each particle, summed over the jet.

Komiske, Metodiev and Thaler, "Energy Flow Networks: Deep Sets for Particle Jets", 2018,
https://arxiv.org/abs/1810.05165.
"""

from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense, jet_sum
from tagline.settings.strict import Strict


class Config(Strict):
    """The published widths, of 1810.05165 and of the Landscape of Top Taggers (1902.09914)."""

    phi: tuple[int, ...] = (100, 100, 256)
    f: tuple[int, ...] = (100, 100, 100)


class Tagger(nn.Module):
    """F(sum over particles of Phi(p)): 82,458 parameters for three features a particle."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.phi = dense((len(inputs.constituent_features), *config.phi))
        self.f = dense((config.phi[-1], *config.f))
        self.logits = nn.Linear(config.f[-1], inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        latent_BD = jet_sum(self.phi(batch.constituents_PF), batch)
        logits_BC: Tensor = self.logits(self.f(latent_BD))
        return logits_BC
