"""Residual blocks of convolutions: what ResNet and ResNeXt are made of.

Deep Residual Learning for Image Recognition, He et al. 2015, https://arxiv.org/abs/1512.03385; its
blocks with groups: Aggregated Residual Transformations for Deep Neural Networks, Xie et al. 2016,
https://arxiv.org/abs/1611.05431.
"""

from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """A branch and a shortcut, added, then ReLU."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, maps_BKYX: Tensor) -> Tensor:
        """Return the maps of the block."""
        added_BKYX: Tensor = self.branch(maps_BKYX).add_(self.shortcut(maps_BKYX))
        return F.relu(added_BKYX, inplace=True)


def bottleneck(num_in: int, width: int, num_out: int, *, stride: int, groups: int) -> nn.Module:
    """Return a branch that narrows to a width, convolves 3 x 3 in groups there, and widens."""
    return nn.Sequential(
        normed_convolution(num_in, width, kernel=1),
        nn.ReLU(inplace=True),
        normed_convolution(width, width, kernel=3, stride=stride, groups=groups),
        nn.ReLU(inplace=True),
        normed_convolution(width, num_out, kernel=1),
    )


def projection(num_in: int, num_out: int, *, stride: int) -> nn.Module:
    """Return a shortcut between maps of different shapes."""
    return normed_convolution(num_in, num_out, kernel=1, stride=stride)


def stem(num_channels: int, num_out: int) -> nn.Sequential:
    """Return what is in front of the blocks; a quarter of the rows and columns leaves it."""
    return nn.Sequential(
        normed_convolution(num_channels, num_out, kernel=7, stride=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2, padding=1),
    )


def normed_convolution(
    num_in: int, num_out: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Return a convolution and its batch norm, which makes a bias superfluous.

    Weights are normal with variance 2 / inputs (1502.01852).
    """
    convolution = nn.Conv2d(
        num_in, num_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(num_out))
