"""Dense network on N-subjettiness observables of a jet.

Datta and Larkoski, "How Much Information is in a Jet?", 2017, https://arxiv.org/abs/1704.08249;
for top quarks: Moore et al., "Reports of My Demise Are Greatly Exaggerated", 2018, https://arxiv.org/abs/1807.04769.
"""

from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense
from tagline.settings.strict import Strict


class Config(Strict):
    """The network of the Landscape of Top Taggers (1902.09914).

    The paper names dropout of 0.2 and 0.1; that each pair of layers has it is our reading.
    """

    widths: tuple[int, ...] = (200, 200, 50, 50)
    dropouts: tuple[float, ...] = (0.2, 0.2, 0.1, 0.1)


class Tagger(nn.Module):
    """Dense layers with dropout: 56,302 parameters for 16 observables, 57,502 for 22."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.dense = dense((len(inputs.jet_features), *config.widths), config.dropouts)
        self.logits = nn.Linear(config.widths[-1], inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        logits_BC: Tensor = self.logits(self.dense(batch.features_BG))
        return logits_BC
