"""ResNeXt-50 on jet images, with a quarter of its channels.

Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", 2016,
https://arxiv.org/abs/1611.05431; for jets: Qu and Gouskos, "ParticleNet: Jet Tagging via Particle
Clouds", 2019, https://arxiv.org/abs/1902.08570.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import Pixels
from tagline.networks.residual import Residual, bottleneck, projection, stem
from tagline.settings.strict import Strict


class Config(Strict):
    """The network of the Landscape: all channels but those of the first layer are a quarter."""

    stem: int = Field(64, gt=0, description="channels of the first convolution")
    stages: tuple[tuple[int, int], ...] = Field(
        ((32, 3), (64, 4), (128, 6), (256, 3)),
        description="width and number of the blocks of each stage",
    )
    groups: int = Field(32, gt=0, description="cardinality; the widths are multiples of it")
    expansion: int = Field(2, gt=0, description="channels behind a block over its width")
    dropout: float = Field(0.5, ge=0, lt=1, description="behind the average over the pixels")


class Tagger(nn.Module):
    """Residual blocks, mean over the pixels, dropout: 1,457,314 parameters for one channel.

    The paper rounds them to 1.46M, which takes all 32 groups of ResNeXt-50 (32x4d): the groups are
    4 / 4 = 1 wide in the first stage. With 8 groups that stay 4 wide they would be 1.72M.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.pixels = Pixels(inputs)
        self.stem = stem(self.pixels.shape_KYX[0], config.stem)
        blocks: list[nn.Module] = []
        num_in = config.stem
        for stage, (width, num_blocks) in enumerate(config.stages):
            num_out = config.expansion * width
            for block in range(num_blocks):
                stride = 2 if stage and not block else 1
                branch = bottleneck(num_in, width, num_out, stride=stride, groups=config.groups)
                shortcut = nn.Identity() if block else projection(num_in, num_out, stride=stride)
                blocks.append(Residual(branch, shortcut))
                num_in = num_out
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.logits = nn.Linear(num_in, inputs.num_classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        maps_BKYX = self.blocks(self.stem(self.pixels(batch)))
        logits_BC: Tensor = self.logits(self.dropout(maps_BKYX.mean(dim=(2, 3))))
        return logits_BC
