"""A tagger whose training lasts long enough to be disturbed, whatever machine trains it."""

import time

from torch import Tensor

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.settings.strict import Strict
from tagline.taggers import pfn

BATCHES_OF_AN_EPOCH = 18  # of the toy's training and validation jets


class Config(Strict):
    """How long an epoch lasts at least, in seconds."""

    epoch_seconds: float = 0.1


class Tagger(pfn.Tagger):
    """A small Particle Flow Network that waits before each batch."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__(pfn.Config(phi=(16, 16), f=(16,)), inputs)
        self.batch_seconds = config.epoch_seconds / BATCHES_OF_AN_EPOCH

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        time.sleep(self.batch_seconds)
        return super().forward(batch)
