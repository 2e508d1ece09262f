"""Dense network on observables of a jet, with a batch norm before each layer or the first alone.

Performance of mass-decorrelated jet substructure observables for hadronic two-body decay tagging
in ATLAS (2018), ATL-PHYS-PUB-2018-014; the place of the norms is that of its authors' code,
https://github.com/asogaard/adversarial.
"""

from itertools import pairwise
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense
from tagline.settings.strict import Strict


class Config(Strict):
    """The network of the note: three layers of 64."""

    widths: tuple[int, ...] = (64, 64, 64)
    norms: Literal["each", "first"] = Field("each", description="layers with a batch norm before")
    first: Literal["relu", "tanh"] = Field("relu", description="what follows the first layer")


class Tagger(nn.Module):
    """Batch norm, dense, ReLU, layer by layer: 9,430 parameters for ten observables."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        widths = (len(inputs.jet_features), *config.widths)
        self.layers = nn.Sequential(
            *(
                nn.Sequential(
                    nn.BatchNorm1d(num_in)
                    if config.norms == "each" or not layer
                    else nn.Identity(),
                    nn.Sequential(nn.Linear(num_in, num_out), nn.Tanh())
                    if config.first == "tanh" and not layer
                    else dense((num_in, num_out)),
                )
                for layer, (num_in, num_out) in enumerate(pairwise(widths))
            )
        )
        self.logits = nn.Linear(widths[-1], inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        logits_BC: Tensor = self.logits(self.layers(batch.features_BG))
        return logits_BC
