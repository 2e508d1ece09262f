"""Data doping: some of the simulated control channel is called background.

Gaitan, "Data Doping solution for Flavours of Physics", 2015,
https://indico.cern.ch/event/433556/contributions/1930582. Signal is simulated and background is
data; what only tells simulation from data helps less where some background is simulated, too. The
classes are those of `tagline.data.control_channel`; all but background, signal and what is doped
are left alone, so that without doping it is a plain training of signal against background.

There a few events are added; here all of the simulated control channel, with little weight, which
is the same loss on average with less noise.
"""

from collections.abc import Callable

from pydantic import Field
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.control_channel import BACKGROUND, labels_of
from tagline.data.inputs import Inputs
from tagline.networks.two_ends import cross_entropy, ends_of, weight_of
from tagline.objectives import OfControlChannel
from tagline.settings.strict import Strict


class Config(Strict):
    """How much is called background."""

    share: float = Field(
        0.1, ge=0, description="of the weight of the simulated control channel; 0: plain training"
    )


class Objective(OfControlChannel):
    """Cross entropy of signal against background and the share of the control channel."""

    def __init__(self, config: Config) -> None:
        self.share = config.share

    def network(self, tagger: Callable[[Inputs], nn.Module], inputs: Inputs) -> nn.Module:
        """Return the tagger, if the task has a control channel."""
        labels_of(inputs.num_classes)
        return tagger(inputs)

    def loss(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the weighted cross entropy."""
        labels = labels_of(logits_BC.shape[1])
        weight_B = weight_of(batch, BACKGROUND, labels.signal)
        weight_B = weight_B + self.share * weight_of(batch, labels.control_simulation)
        return cross_entropy(ends_of(logits_BC), batch.label_B == labels.signal, weight_B)
