"""Batch norm and activation on rows that come in pieces, forward and backward, on a CPU.

What is behind a norm is never kept, since making it again costs less than fetching it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tagline.machine.compiled import compiled, vectorised
from tagline.machine.elementary import normal

Array = npt.NDArray[np.float32]
Sums = npt.NDArray[np.float64]
f32 = np.float32

ROWS_ADDED_IN_FLOAT32 = 4  # converting each number to float64 takes twice the time


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


@dataclass(frozen=True)
class Activation:
    """A function of x * factor + offset, and its way back, which makes it again."""

    forward: Callable[[Array, Array, Array, Array], None]
    backward: Callable[[Array, Array, Array, Array, Array, Array, Sums], None]


@dataclass
class Norm:
    """What a norm does to numbers, and what an activation does to them then."""

    factor: Tensor
    offset: Tensor
    activation: Activation

    def activated(self, x_ED: Tensor, space: Tensor) -> Tensor:
        """Return what is behind both, in a buffer; not in place, since that is no vector loop."""
        out_ED = shaped(space, *x_ED.shape)
        self.activation.forward(
            x_ED.numpy(), self.factor.numpy(), self.offset.numpy(), out_ED.numpy()
        )
        return out_ED


def fixed(norm: nn.BatchNorm1d, bias: Tensor | None, activation: Activation) -> Norm:
    """Return a norm with the moments that it remembers, behind a layer with this bias."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight.detach() * (norm.running_var + norm.eps).rsqrt()
    mean = norm.running_mean if bias is None else norm.running_mean - bias.detach()
    return Norm(factor, norm.bias.detach() - mean * factor, activation)


@dataclass
class Layer(Norm):
    """A norm in training, with the moments of what is in front of it and the number of rows."""

    mean: Tensor
    inverse_deviation: Tensor
    num: int


def normed(
    moments: Moments, norm: nn.BatchNorm1d, bias: Tensor | None, activation: Activation
) -> Layer:
    """Return a layer, and let its norm remember the moments, those with the bias."""
    mean, variance, num = moments.mean, moments.variance, moments.num
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.running_mean.lerp_(mean if bias is None else mean + bias.detach(), norm.momentum)
    norm.running_var.lerp_(variance * (num / max(1, num - 1)), norm.momentum)
    norm.num_batches_tracked += 1
    inverse_deviation = (variance + norm.eps).rsqrt()
    factor = norm.weight.detach() * inverse_deviation
    offset = norm.bias.detach() - mean * factor
    return Layer(factor, offset, activation, mean, inverse_deviation, num)


class Reduction:
    """Sums over the rows of the gradient behind a norm, and of its product with x - mean."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.sums = torch.zeros(2, len(layer.mean), dtype=torch.float64)

    @property
    def plain(self) -> Tensor:
        """The sum of the gradient: that of the offset."""
        return self.sums[0].float()

    @property
    def product(self) -> Tensor:
        """The sum of the gradient times x - mean."""
        return self.sums[1].float()

    def behind(self, gradient_ED: Tensor, x_ED: Tensor, space: Tensor) -> Tensor:
        """Turn the gradient behind the activation into that in front of it, and add it.

        Return what is behind the activation, in a buffer.
        """
        layer = self.layer
        activated_ED = shaped(space, *x_ED.shape)
        layer.activation.backward(
            x_ED.numpy(),
            layer.factor.numpy(),
            layer.offset.numpy(),
            layer.mean.numpy(),
            gradient_ED.numpy(),
            activated_ED.numpy(),
            self.sums.numpy(),
        )
        return activated_ED


class OfInput:
    """The gradient in front of a norm: a (g - mean g - x^ mean(g x^)), linear in g and x."""

    def __init__(self, reduction: Reduction) -> None:
        layer = reduction.layer
        num = layer.num
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


@vectorised
def _relu(x_ED: Array, factor_D: Array, offset_D: Array, out_ED: Array) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            value = x_ED[row, column] * factor_D[column] + offset_D[column]
            out_ED[row, column] = max(value, f32(0))


@vectorised
def _relu_backward(
    x_ED: Array,
    factor_D: Array,
    offset_D: Array,
    mean_D: Array,
    gradient_ED: Array,
    out_ED: Array,
    sums_2D: Sums,
) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            value = x_ED[row, column] * factor_D[column] + offset_D[column]
            gradient = gradient_ED[row, column]
            gradient_ED[row, column] = gradient if value > f32(0) else f32(0)
            out_ED[row, column] = max(value, f32(0))
        _add_products(gradient_ED[row], x_ED[row], mean_D, sums_2D)


@vectorised
def _gelu(x_ED: Array, factor_D: Array, offset_D: Array, out_ED: Array) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            value = x_ED[row, column] * factor_D[column] + offset_D[column]
            below, _ = normal(value)
            out_ED[row, column] = value * below


@vectorised
def _gelu_backward(
    x_ED: Array,
    factor_D: Array,
    offset_D: Array,
    mean_D: Array,
    gradient_ED: Array,
    out_ED: Array,
    sums_2D: Sums,
) -> None:
    for row in range(x_ED.shape[0]):
        for column in range(x_ED.shape[1]):
            value = x_ED[row, column] * factor_D[column] + offset_D[column]
            below, density = normal(value)
            gradient_ED[row, column] *= below + value * density
            out_ED[row, column] = value * below
        _add_products(gradient_ED[row], x_ED[row], mean_D, sums_2D)


@vectorised
def _add_products(gradient_D: Array, x_D: Array, mean_D: Array, sums_2D: Sums) -> None:
    for column in range(len(x_D)):
        sums_2D[0, column] += gradient_D[column]
        sums_2D[1, column] += gradient_D[column] * (x_D[column] - mean_D[column])


@vectorised
def _add_moments(x_ED: Array, shift_D: Array, sums_2D: Sums) -> None:
    num_E, width = x_ED.shape
    whole = num_E - num_E % ROWS_ADDED_IN_FLOAT32
    for row in range(0, whole, ROWS_ADDED_IN_FLOAT32):
        for column in range(width):
            plain, squares = f32(0), f32(0)
            for number in range(ROWS_ADDED_IN_FLOAT32):
                centred = x_ED[row + number, column] - shift_D[column]
                plain += centred
                squares += centred * centred
            sums_2D[0, column] += plain
            sums_2D[1, column] += squares
    for row in range(whole, num_E):
        for column in range(width):
            centred = x_ED[row, column] - shift_D[column]
            sums_2D[0, column] += centred
            sums_2D[1, column] += centred * centred


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


RELU = Activation(_relu, _relu_backward)
GELU = Activation(_gelu, _gelu_backward)
