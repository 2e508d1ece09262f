"""TopoDNN: a dense network on the momenta of the leading constituents.

Pearkes et al., "Jet Constituents for Deep Neural Network Based Top Quark Tagging", 2017, https://arxiv.org/abs/1704.02124.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense, padded
from tagline.settings.strict import Strict


class Config(Strict):
    """The published hidden layers."""

    widths: tuple[int, ...] = (300, 102, 12, 6)


class Tagger(nn.Module):
    """Padded constituents side by side, then dense layers: 59,323 parameters for 30 x 3 inputs.

    The published network ends in one sigmoid. A sigmoid of z is the softmax of the logits (0, z),
    so the first class has logit zero.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.max_constituents = inputs.max_constituents
        num_inputs = inputs.max_constituents * len(inputs.constituent_features)
        self.dense = dense((num_inputs, *config.widths))
        self.logits = nn.Linear(config.widths[-1], inputs.num_classes - 1)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        x_BNF = padded(batch, self.max_constituents)
        return F.pad(self.logits(self.dense(x_BNF.flatten(1))), (1, 0))
