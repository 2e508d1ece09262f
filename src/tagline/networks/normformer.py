"""The dense half of a NormFormer block (2110.09456) on a CPU, some rows at a time.

All that is done to them is done while they are in the cache. Kept for the way back is only what
stands in front of a norm or an activation: what is behind it is made again.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from tagline.machine.compiled import vectorised
from tagline.machine.elementary import normal
from tagline.networks.dropout import Dropout, dropout_of, kept
from tagline.networks.layers import in_compiled_loops

Array = npt.NDArray[np.float32]
f32 = np.float32

ROWS_AT_ONCE = 256
EPSILON = f32(1e-5)  # of torch's layer norm


class Weights(NamedTuple):
    """What is trained. Factors and offsets of a norm in front of a linear layer are part of it."""

    mixing: Tensor
    mixing_bias: Tensor
    norm: Tensor
    norm_bias: Tensor
    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor
    residual: Tensor


def dense_half(attended_PD: Tensor, x_PD: Tensor, weights: Weights, *, dropout: float) -> Tensor:
    """Return residual y + drop(second(norm(drop(GELU(first(norm(y))))))).

    There y = x + drop(norm(mixing(attended))).
    """
    if in_compiled_loops(x_PD) and in_compiled_loops(attended_PD):
        drops = tuple(dropout_of(dropout) for _ in range(3))
        new_PD: Tensor = _DenseHalf.apply(  # type: ignore[no-untyped-call]
            attended_PD, x_PD, drops, torch.is_grad_enabled(), *weights
        )
        return new_PD
    shape, w = x_PD.shape[1:], weights
    mixed_PD = F.linear(attended_PD, w.mixing, w.mixing_bias)
    mixed_PD = F.layer_norm(mixed_PD, shape, w.norm, w.norm_bias)
    joined_PD = x_PD + F.dropout(mixed_PD, dropout)
    wide_PD = F.linear(F.layer_norm(joined_PD, shape), w.first, w.first_bias)
    active_PD = F.dropout(F.gelu(wide_PD), dropout)
    active_PD = F.layer_norm(active_PD, active_PD.shape[1:])
    new_PD = F.linear(active_PD, w.second, w.second_bias)
    return w.residual * joined_PD + F.dropout(new_PD, dropout)


class _DenseHalf(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        attended_PD: Tensor,
        x_PD: Tensor,
        drops: tuple[Dropout | None, ...],
        keeps: bool,
        *parameters: Tensor,
    ) -> Tensor:
        weights = Weights(*parameters)
        new_PD = torch.empty_like(x_PD)
        ctx.drops, ctx.saved = drops, []
        ctx.save_for_backward(attended_PD, *parameters)
        for rows in _pieces(len(x_PD)):
            mixed = torch.addmm(weights.mixing_bias, attended_PD[rows], weights.mixing.T)
            joined, normed = torch.empty_like(mixed), torch.empty_like(mixed)
            _join(
                drops[0],
                rows.start,
                *_arrays(mixed, x_PD[rows], weights.norm, weights.norm_bias, joined, normed),
            )
            wide = torch.addmm(weights.first_bias, normed, weights.first.T)
            active = torch.empty_like(wide)
            _activate(drops[1], rows.start, *_arrays(wide, active))
            new = torch.addmm(weights.second_bias, active, weights.second.T, out=new_PD[rows])
            _finish(drops[2], rows.start, *_arrays(new, joined, weights.residual))
            if keeps:
                ctx.saved.append((mixed, joined, wide))
        return new_PD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_PD: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        attended_PD, *parameters = ctx.saved_tensors
        weights, of = Weights(*parameters), Weights(*map(torch.zeros_like, parameters))
        of_attended_PD, of_x_PD = torch.empty_like(attended_PD), torch.empty_like(gradient_PD)
        for rows, saved in zip(_pieces(len(attended_PD)), ctx.saved, strict=True):
            mixed, joined, wide = saved
            of_new, of_joined = torch.empty_like(joined), of_x_PD[rows]
            inputs = gradient_PD[rows], joined, weights.residual
            outputs = of_new, of_joined, of.residual, of.second_bias
            _finish_backward(ctx.drops[2], rows.start, *_arrays(*inputs, *outputs))
            of_wide, active = of_new @ weights.second, torch.empty_like(wide)
            arrays = _arrays(wide, of_wide, active, of.first_bias)
            _activate_backward(ctx.drops[1], rows.start, *arrays)
            of.second.addmm_(of_new.T, active)
            of_normed = of_wide @ weights.first
            normed, of_mixed = torch.empty_like(joined), torch.empty_like(mixed)
            inputs = mixed, joined, weights.norm
            rest = of_normed, of_joined, normed, of_mixed, of.norm, of.norm_bias, of.mixing_bias
            _join_backward(ctx.drops[0], rows.start, *_arrays(*inputs, *rest))
            of.first.addmm_(of_wide.T, normed)
            of.mixing.addmm_(of_mixed.T, attended_PD[rows])
            torch.mm(of_mixed, weights.mixing, out=of_attended_PD[rows])
        return of_attended_PD, of_x_PD, None, None, *of


def _pieces(num_rows: int) -> Iterator[slice]:
    for start in range(0, num_rows, ROWS_AT_ONCE):
        yield slice(start, min(start + ROWS_AT_ONCE, num_rows))


def _arrays(*tensors: Tensor) -> Iterator[Array]:
    return (tensor.detach().numpy() for tensor in tensors)


@vectorised
def _moments(x_D: Array) -> tuple[f32, f32]:
    """Return the mean and what a norm multiplies by."""
    total = f32(0)
    for d in range(len(x_D)):
        total += x_D[d]
    mean, squares = total / f32(len(x_D)), f32(0)
    for d in range(len(x_D)):
        squares += (x_D[d] - mean) * (x_D[d] - mean)
    return mean, f32(1) / np.sqrt(squares / f32(len(x_D)) + EPSILON)


@vectorised
def _norm_backward(x_D: Array, of_normed_D: Array, of_x_D: Array) -> None:
    """Turn the gradient behind a norm into that in front of it."""
    mean, inverse = _moments(x_D)
    plain, product = f32(0), f32(0)
    for d in range(len(x_D)):
        plain += of_normed_D[d]
        product += of_normed_D[d] * (x_D[d] - mean)
    plain, product = plain / f32(len(x_D)), product * inverse * inverse / f32(len(x_D))
    for d in range(len(x_D)):
        of_x_D[d] = inverse * (of_normed_D[d] - plain - (x_D[d] - mean) * product)


@vectorised
def _join(
    dropout: Dropout | None,
    first: int,
    mixed_PD: Array,
    x_PD: Array,
    factor_D: Array,
    offset_D: Array,
    joined_PD: Array,
    normed_PD: Array,
) -> None:
    num_P, width = mixed_PD.shape
    for row in range(num_P):
        start = (first + row) * width
        mean, inverse = _moments(mixed_PD[row])
        for d in range(width):
            scaled = (mixed_PD[row, d] - mean) * inverse * factor_D[d] + offset_D[d]
            joined_PD[row, d] = x_PD[row, d] + scaled * kept(dropout, start + d)
        mean, inverse = _moments(joined_PD[row])
        for d in range(width):
            normed_PD[row, d] = (joined_PD[row, d] - mean) * inverse


@vectorised
def _join_backward(
    dropout: Dropout | None,
    first: int,
    mixed_PD: Array,
    joined_PD: Array,
    factor_D: Array,
    of_normed_PD: Array,
    of_joined_PD: Array,
    normed_PD: Array,
    of_mixed_PD: Array,
    of_factor_D: Array,
    of_offset_D: Array,
    of_bias_D: Array,
) -> None:
    """Make the norm again, add to the gradients of what was joined and of the parameters."""
    num_P, width = mixed_PD.shape
    for row in range(num_P):
        start = (first + row) * width
        mean, inverse = _moments(joined_PD[row])
        for d in range(width):
            normed_PD[row, d] = (joined_PD[row, d] - mean) * inverse
        _norm_backward(joined_PD[row], of_normed_PD[row], of_mixed_PD[row])
        mean, inverse = _moments(mixed_PD[row])
        for d in range(width):
            of_joined_PD[row, d] += of_mixed_PD[row, d]
            gradient = of_joined_PD[row, d] * kept(dropout, start + d)
            of_offset_D[d] += gradient
            of_factor_D[d] += gradient * (mixed_PD[row, d] - mean) * inverse
            of_normed_PD[row, d] = gradient * factor_D[d]
        _norm_backward(mixed_PD[row], of_normed_PD[row], of_mixed_PD[row])
        for d in range(width):
            of_bias_D[d] += of_mixed_PD[row, d]


@vectorised
def _activate(dropout: Dropout | None, first: int, wide_PD: Array, active_PD: Array) -> None:
    num_P, width = wide_PD.shape
    for row in range(num_P):
        start = (first + row) * width
        for d in range(width):
            below, _ = normal(wide_PD[row, d])
            active_PD[row, d] = wide_PD[row, d] * below * kept(dropout, start + d)
        mean, inverse = _moments(active_PD[row])
        for d in range(width):
            active_PD[row, d] = (active_PD[row, d] - mean) * inverse


@vectorised
def _activate_backward(
    dropout: Dropout | None,
    first: int,
    wide_PD: Array,
    gradient_PD: Array,
    active_PD: Array,
    of_bias_D: Array,
) -> None:
    """Turn the gradient behind the norm into that in front of GELU; make the norm again."""
    num_P, width = wide_PD.shape
    slope_D = np.empty(width, f32)
    for row in range(num_P):
        start = (first + row) * width
        for d in range(width):
            x = wide_PD[row, d]
            below, density = normal(x)
            factor = kept(dropout, start + d)
            slope_D[d] = (below + x * density) * factor
            active_PD[row, d] = x * below * factor
        _norm_backward(active_PD[row], gradient_PD[row], gradient_PD[row])
        mean, inverse = _moments(active_PD[row])
        for d in range(width):
            active_PD[row, d] = (active_PD[row, d] - mean) * inverse
            gradient_PD[row, d] *= slope_D[d]
            of_bias_D[d] += gradient_PD[row, d]


@vectorised
def _finish(
    dropout: Dropout | None, first: int, new_PD: Array, joined_PD: Array, factor_D: Array
) -> None:
    num_P, width = new_PD.shape
    for row in range(num_P):
        start = (first + row) * width
        for d in range(width):
            around = factor_D[d] * joined_PD[row, d]
            new_PD[row, d] = new_PD[row, d] * kept(dropout, start + d) + around


@vectorised
def _finish_backward(
    dropout: Dropout | None,
    first: int,
    gradient_PD: Array,
    joined_PD: Array,
    factor_D: Array,
    of_new_PD: Array,
    of_joined_PD: Array,
    of_factor_D: Array,
    of_bias_D: Array,
) -> None:
    num_P, width = gradient_PD.shape
    for row in range(num_P):
        start = (first + row) * width
        for d in range(width):
            gradient = gradient_PD[row, d]
            of_new = gradient * kept(dropout, start + d)
            of_new_PD[row, d] = of_new
            of_bias_D[d] += of_new
            of_joined_PD[row, d] = gradient * factor_D[d]
            of_factor_D[d] += gradient * joined_PD[row, d]
