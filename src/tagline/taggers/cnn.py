"""Convolutional network on jet images.

Macaluso and Shih, "Pulling Out All the Tops with Computer Vision and Deep Learning", 2018,
https://arxiv.org/abs/1803.00107.
"""

import torch
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import Pixels, dense, in_compiled_loops
from tagline.networks.sparse_images import through
from tagline.settings.strict import Strict


class Config(Strict):
    """The published network. A block is convolutions with ReLU, then 2 x 2 max pooling."""

    blocks: tuple[tuple[int, ...], ...] = ((128, 64), (64, 64))
    kernel: int = 4
    padding: int = 1
    dense: tuple[int, ...] = (64, 256, 256)


class Tagger(nn.Module):
    """Image, blocks of convolutions, dense layers: 609,666 parameters for a gray image of 40 x 40.

    On a CPU, convolutions do what empty pixels alone lead to once for all jets. Elsewhere, filters
    and images are channels-last.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.pixels = Pixels(inputs)
        layers: list[nn.Module] = []
        num_channels, *size_YX = self.pixels.shape_KYX
        for block in config.blocks:
            for num_filters in block:
                layers += [
                    nn.Conv2d(num_channels, num_filters, config.kernel, padding=config.padding),
                    nn.ReLU(inplace=True),
                ]
                num_channels = num_filters
            layers.append(nn.MaxPool2d(2))
            narrowing = len(block) * (config.kernel - 1 - 2 * config.padding)
            size_YX = [(size - narrowing) // 2 for size in size_YX]
        self.convolutions = nn.Sequential(*layers)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.dense = dense((num_channels * size_YX[0] * size_YX[1], *config.dense))
        self.logits = nn.Linear(config.dense[-1], inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        if in_compiled_loops(batch.constituents_PF):
            maps_BKYX = through(self.pixels.sparse(batch), self.convolutions).dense()
        else:
            maps_BKYX = self.convolutions(self.pixels(batch))
        logits_BC: Tensor = self.logits(self.dense(maps_BKYX.flatten(1)))
        return logits_BC
