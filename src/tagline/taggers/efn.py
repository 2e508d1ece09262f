"""Energy Flow Network: a function of each particle's direction, weighted with its momentum share.

Komiske, Metodiev and Thaler, "Energy Flow Networks: Deep Sets for Particle Jets", 2018,
https://arxiv.org/abs/1810.05165.
"""

from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense, jet_sum
from tagline.settings.strict import Strict

WEIGHT = "pt_fraction"


class Config(Strict):
    """The published widths, of 1810.05165 and of the Landscape of Top Taggers (1902.09914)."""

    phi: tuple[int, ...] = (100, 100, 256)
    f: tuple[int, ...] = (100, 100, 100)


class Tagger(nn.Module):
    """F(sum over particles of z Phi(direction)): 82,358 parameters for two angles.

    The score is infrared and collinear safe: a particle of no momentum adds nothing, and two
    particles in one direction add what their sum would.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        features = list(inputs.constituent_features)
        if WEIGHT not in features:
            raise ValueError(
                f"an EFN needs the feature {WEIGHT!r}; it got {', '.join(features) or 'none'}"
            )
        self.weight = features.index(WEIGHT)
        self.directions = [index for index in range(len(features)) if index != self.weight]
        self.phi = dense((len(self.directions), *config.phi))
        self.f = dense((config.phi[-1], *config.f))
        self.logits = nn.Linear(config.f[-1], inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        z_P1 = batch.constituents_PF[:, self.weight, None]
        phi_PD = self.phi(batch.constituents_PF[:, self.directions])
        logits_BC: Tensor = self.logits(self.f(jet_sum(z_P1 * phi_PD, batch)))
        return logits_BC
