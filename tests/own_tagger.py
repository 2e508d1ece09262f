"""A tagger that is no part of the package: a sum over embedded constituents, and a decision."""

from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense, jet_sum
from tagline.settings.strict import Strict


class Config(Strict):
    """The width of all layers."""

    width: int = 8


class Tagger(nn.Module):
    """Embed, sum, classify."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.embed = dense((len(inputs.constituent_features), config.width))
        self.logits = nn.Linear(config.width, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        logits_BC: Tensor = self.logits(jet_sum(self.embed(batch.constituents_PF), batch))
        return logits_BC
