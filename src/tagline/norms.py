"""Batch norm and ReLU on rows that come in pieces, forward and backward, on a CPU.

What is behind a norm is never kept, since making it again costs less than fetching it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tagline.compiled import compiled

Array = npt.NDArray[np.float32]


def shaped(space: Tensor, num_rows: int, width: int) -> Tensor:
    """Return the beginning of a buffer as a matrix."""
    return space[: num_rows * width].view(num_rows, width)


class Moments:
    """Mean and variance of columns that come in pieces, around the mean of the first piece."""

    def __init__(self, width: int) -> None:
        self.num = 0
        self.shift = torch.zeros(width)
        self.sums = torch.zeros(2, width, dtype=torch.float64)

    def add(self, x_ED: Tensor) -> None:
        """Add a piece."""
        if not self.num:
            self.shift = x_ED.mean(0)
        self.num += len(x_ED)
        _add_moments(x_ED.numpy(), self.shift.numpy(), self.sums.numpy())

    @property
    def mean(self) -> Tensor:
        """Of each column, of all pieces so far."""
        return self.shift + (self.sums[0] / self.num).float()

    @property
    def variance(self) -> Tensor:
        """Of each column, around the mean."""
        return (self.sums[1] / self.num - (self.sums[0] / self.num).square()).float()


@dataclass
class Layer:
    """A norm of the forward pass: what is in front of it, and what it does to that."""

    x_ED: Tensor
    mean: Tensor
    factor: Tensor
    offset: Tensor
    inverse_deviation: Tensor

    def activated(self, of_E: slice, space: Tensor) -> Tensor:
        """Return ReLU behind the norm of some edges."""
        x_ED = self.x_ED[of_E]
        out = shaped(space, *x_ED.shape)
        _activate(x_ED.numpy(), self.factor.numpy(), self.offset.numpy(), out.numpy())
        return out


def normed(x_ED: Tensor, moments: Moments, norm: nn.BatchNorm1d) -> Layer:
    """Return a layer, and let its norm remember the moments."""
    mean, variance, num = moments.mean, moments.variance, moments.num
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (num / max(1, num - 1)), norm.momentum)
    norm.num_batches_tracked += 1
    inverse_deviation = (variance + norm.eps).rsqrt()
    factor = norm.weight.detach() * inverse_deviation
    return Layer(x_ED, mean, factor, norm.bias.detach() - mean * factor, inverse_deviation)


class Reduction:
    """Sums over the edges of the gradient behind a norm, and of its product with x - mean."""

    def __init__(self, layer: Layer) -> None:
        self.mean = layer.mean
        self.sums = torch.zeros(2, len(layer.mean), dtype=torch.float64)

    @property
    def plain(self) -> Tensor:
        """The sum of the gradient: that of the offset."""
        return self.sums[0].float()

    @property
    def product(self) -> Tensor:
        """The sum of the gradient times x - mean."""
        return self.sums[1].float()

    def behind(self, gradient_ED: Tensor, activated_ED: Tensor, x_ED: Tensor) -> None:
        """Turn the gradient behind ReLU into that behind the norm, and add it."""
        _mask(gradient_ED.numpy(), activated_ED.numpy())
        _add_products(gradient_ED.numpy(), x_ED.numpy(), self.mean.numpy(), self.sums.numpy())


class OfInput:
    """The gradient in front of a norm: a (g - mean g - x^ mean(g x^)), linear in g and x."""

    def __init__(self, layer: Layer, reduction: Reduction) -> None:
        num = len(layer.x_ED)
        self.factor = layer.factor
        self.slope = -layer.factor * layer.inverse_deviation.square() * reduction.product / num
        self.constant = -layer.factor * reduction.plain / num - self.slope * layer.mean

    def __call__(self, gradient_ED: Tensor, x_ED: Tensor, space: Tensor) -> Tensor:
        """Return it for a piece, in the buffer."""
        out = shaped(space, *x_ED.shape)
        _combine(
            gradient_ED.numpy(),
            x_ED.numpy(),
            self.factor.numpy(),
            self.slope.numpy(),
            self.constant.numpy(),
            out.numpy(),
        )
        return out


@compiled
def _activate(x_ED: Array, factor_D: Array, offset_D: Array, out_ED: Array) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            value = x_ED[row, column] * factor_D[column] + offset_D[column]
            out_ED[row, column] = max(value, np.float32(0))


@compiled
def _add_moments(x_ED: Array, shift_D: Array, sums_2D: Array) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            centred = x_ED[row, column] - shift_D[column]
            sums_2D[0, column] += centred
            sums_2D[1, column] += centred * centred


@compiled
def _mask(gradient_ED: Array, activated_ED: Array) -> None:
    for row in range(gradient_ED.shape[0]):
        for column in range(gradient_ED.shape[1]):
            passes = activated_ED[row, column] > 0
            gradient_ED[row, column] = gradient_ED[row, column] if passes else np.float32(0)


@compiled
def _add_products(gradient_ED: Array, x_ED: Array, mean_D: Array, sums_2D: Array) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            gradient = gradient_ED[row, column]
            sums_2D[0, column] += gradient
            sums_2D[1, column] += gradient * (x_ED[row, column] - mean_D[column])


@compiled
def _combine(
    gradient_ED: Array,
    x_ED: Array,
    factor_D: Array,
    slope_D: Array,
    constant_D: Array,
    out_ED: Array,
) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            out_ED[row, column] = (
                factor_D[column] * gradient_ED[row, column]
                + slope_D[column] * x_ED[row, column]
                + constant_D[column]
            )
