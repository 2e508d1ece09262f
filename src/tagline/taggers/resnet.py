"""ResNet: a deep network of residual convolutions, on jet images.

He et al., "Deep Residual Learning for Image Recognition", 2015, https://arxiv.org/abs/1512.03385.
Started from weights for photographs: Duarte et al., "FPGA-accelerated machine learning inference
as a service for particle physics computing", 2019, https://arxiv.org/abs/1904.08986.
"""

from collections.abc import Iterator
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import Pixels
from tagline.settings.strict import Strict

WIDTHS = (64, 128, 256, 512)
EXPANSION = 4  # of a bottleneck
NUM_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
SHALLOW = (18, 34)  # those without bottlenecks
FIRST_LAYER = "conv1.weight"


class Config(Strict):
    """The published depths; that of 1904.08986 is 50."""

    depth: Literal[18, 34, 50, 101] = Field(50, description="layers with weights")


class Block(nn.Module):
    """Convolutions with norms and ReLU, added to their input; the stride is that of a 3 x 3."""

    def __init__(self, num_in: int, width: int, stride: int, *, is_bottleneck: bool) -> None:
        super().__init__()
        num_out = EXPANSION * width if is_bottleneck else width
        if is_bottleneck:
            self.conv1, self.bn1 = convolution(num_in, width, 1), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = convolution(width, width, 3, stride), nn.BatchNorm2d(width)
            self.conv3, self.bn3 = convolution(width, num_out, 1), nn.BatchNorm2d(num_out)
        else:
            self.conv1, self.bn1 = convolution(num_in, width, 3, stride), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = convolution(width, num_out, 3), nn.BatchNorm2d(num_out)
        self.is_bottleneck = is_bottleneck
        self.downsample: nn.Module = nn.Identity()
        if num_in != num_out or stride != 1:
            self.downsample = nn.Sequential(
                convolution(num_in, num_out, 1, stride), nn.BatchNorm2d(num_out)
            )

    def forward(self, x_BDYX: Tensor) -> Tensor:
        """Return the maps of the block."""
        y_BDYX = F.relu(self.bn1(self.conv1(x_BDYX)), inplace=True)
        y_BDYX = self.bn2(self.conv2(y_BDYX))
        if self.is_bottleneck:
            y_BDYX = self.bn3(self.conv3(F.relu(y_BDYX, inplace=True)))
        return F.relu(y_BDYX + self.downsample(x_BDYX), inplace=True)


class Tagger(nn.Module):
    """A stem, four stages of blocks, mean over the image: 23,505,858 parameters for gray images.

    Modules have the names of torchvision, so that a state dict of a ResNet made with it, such as
    that of ImageNet's weights, can be started from, with a new head. The filters of a colour image
    are added up where there is one channel: that is what they see of three equal ones.
    """

    HEAD = ("fc",)

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.pixels = Pixels(inputs)
        self.conv1 = convolution(self.pixels.shape_KYX[0], WIDTHS[0], 7, 2)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        num_in = WIDTHS[0]
        is_bottleneck = config.depth not in SHALLOW
        for stage, (width, num_blocks) in enumerate(
            zip(WIDTHS, NUM_BLOCKS[config.depth], strict=True), start=1
        ):
            num_out = EXPANSION * width if is_bottleneck else width
            ins = (num_in, *(num_out,) * (num_blocks - 1))
            strides = (1 if stage == 1 else 2, *(1,) * (num_blocks - 1))
            blocks = [
                Block(num, width, stride, is_bottleneck=is_bottleneck)
                for num, stride in zip(ins, strides, strict=True)
            ]
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
            num_in = num_out
        self.fc = nn.Linear(num_in, inputs.num_classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def stages(self) -> Iterator[nn.Module]:
        """Yield the four stages."""
        for stage in range(1, len(WIDTHS) + 1):
            yield self.get_submodule(f"layer{stage}")

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        x_BDYX = F.relu(self.bn1(self.conv1(self.pixels(batch))), inplace=True)
        x_BDYX = F.max_pool2d(x_BDYX, 3, stride=2, padding=1)
        for stage in self.stages():
            x_BDYX = stage(x_BDYX)
        logits_BC: Tensor = self.fc(x_BDYX.mean((2, 3)))
        return logits_BC

    def adapted(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return weights with the filters of all colours added up if there is one channel."""
        filters = weights.get(FIRST_LAYER)
        if filters is None or filters.dim() != 4 or self.conv1.in_channels != 1:
            return weights
        return weights | {FIRST_LAYER: filters.sum(1, keepdim=True)}


def convolution(num_in: int, num_out: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution without bias in front of a norm, with the authors' first weights."""
    layer = nn.Conv2d(num_in, num_out, kernel, stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer
