"""Norms of multivectors on a CPU: one pass over memory forward, one backward.

Scalars (T, D), vectors (4, T, D) and bivectors (3, T, D) come as in `geometric_algebra`, and leave
as one array: in their order, or head by head for an attention, which saves copying them.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tagline.machine.compiled import compiled

Array = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

SMALLEST_NORM2 = 0.01  # of multivectors that a norm divides by, as the authors have it
EPSILON = np.float32(1e-5)  # of the layer norm of scalars, as in torch
LANES = 8  # columns at once: a number that the compiler knows makes copies seven times as fast
ZERO, ONE = np.float32(0), np.float32(1)


class Parts(NamedTuple):
    """Multivectors as arrays."""

    scalars_TD: Array
    vectors_4TD: Array
    bivectors_3TD: Array


class Order(NamedTuple):
    """Which groups there are, and where their numbers go.

    Args:
        num_groups: how many.
        channels: multivectors of a group.
        num_lowered: so many groups get the signs of the metric.
        scalars_T: place of the scalars of the first group.
        vectors_T: place of the first components of its vectors.
        bivectors_T: place of the first components of its bivectors.
        shift_G: from the place of the first group to that of each.
        stride: distance between two components.
        size: of all numbers together.
    """

    num_groups: int
    channels: int
    num_lowered: int
    scalars_T: Places
    vectors_T: Places
    bivectors_T: Places
    shift_G: Places
    stride: int
    size: int


def as_it_came(num_tokens: int, channels: int, scalars: int) -> Order:
    """Return the order of scalars, vectors and bivectors of one group behind each other."""
    both, width = 2 * channels, 2 * channels + scalars
    vectors_T = num_tokens * width + both * np.arange(num_tokens)
    return Order(
        num_groups=1,
        channels=channels,
        num_lowered=0,
        scalars_T=width * np.arange(num_tokens),
        vectors_T=vectors_T,
        bivectors_T=vectors_T + 4 * num_tokens * both,
        shift_G=np.zeros(1, np.int64),
        stride=num_tokens * both,
        size=num_tokens * (width + 7 * both),
    )


def by_heads(
    slot_T: Places, *, num_slots: int, channels: int, scalars: int, num_heads: int
) -> Order:
    """Return the order (3, slots, heads, numbers); queries get the signs of the metric."""
    both = 2 * channels
    width = 8 * both + scalars
    scalars_T = num_heads * width * slot_T
    shift_3H = width * (num_heads * num_slots * np.arange(3)[:, None] + np.arange(num_heads))
    return Order(
        num_groups=3 * num_heads,
        channels=channels,
        num_lowered=num_heads,
        scalars_T=scalars_T,
        vectors_T=scalars_T + both + scalars,
        bivectors_T=scalars_T + 5 * both + scalars,
        shift_G=shift_3H.flatten(),
        stride=both,
        size=3 * num_heads * width * num_slots,
    )


class Normalised(torch.autograd.Function):
    """The numbers of normalised multivectors in their order, zero where nothing goes."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        scalars_TD: Tensor,
        vectors_4TD: Tensor,
        bivectors_3TD: Tensor,
        order: Order,
    ) -> Tensor:
        """Return a tensor of one dimension."""
        parts = (scalars_TD.contiguous(), vectors_4TD.contiguous(), bivectors_3TD.contiguous())
        ctx.save_for_backward(*parts)
        ctx.order = order
        out = scalars_TD.new_zeros(order.size)
        _normalise(arrays_of(parts), order, out.numpy())
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """Return the gradients of the three parts."""
        parts = ctx.saved_tensors
        out = tuple(torch.empty_like(part) for part in parts)
        _normalise_backward(
            arrays_of(parts), ctx.order, gradient.contiguous().numpy(), arrays_of(out)
        )
        return *out, None


def arrays_of(parts: tuple[Tensor, ...]) -> Parts:
    """Return the same memory as arrays."""
    return Parts(*(part.detach().numpy() for part in parts))


@compiled
def _factors(parts: Parts, t: int, order: Order, rows_4D: Array, norm2_G: Array) -> None:
    """Write the mean square norm of each group, and four rows for its columns.

    These are the square of each vector, of each half of a bivector that of its components (less
    that of the other half, in the first), and the factors of first and of other components.
    """
    channels, both = order.channels, 2 * order.channels
    width = parts.scalars_TD.shape[1] // order.num_groups
    scalars = parts.scalars_TD[t]
    v0, v1 = parts.vectors_4TD[0, t], parts.vectors_4TD[1, t]
    v2, v3 = parts.vectors_4TD[2, t], parts.vectors_4TD[3, t]
    b1, b2, b3 = parts.bivectors_3TD[0, t], parts.bivectors_3TD[1, t], parts.bivectors_3TD[2, t]
    of_vectors, of_bivectors, first, others = rows_4D[0], rows_4D[1], rows_4D[2], rows_4D[3]
    for c in range(len(v0)):
        of_vectors[c] = v0[c] * v0[c] - v1[c] * v1[c] - v2[c] * v2[c] - v3[c] * v3[c]
        of_bivectors[c] = b1[c] * b1[c] + b2[c] * b2[c] + b3[c] * b3[c]
    for group in range(order.num_groups):
        total = ZERO
        for c in range(both):
            scalar = scalars[group * width + c]
            total += scalar * scalar + abs(of_vectors[group * both + c])
        for c in range(group * both, group * both + channels):
            of_bivectors[c] -= of_bivectors[c + channels]
            total += abs(of_bivectors[c])
        norm2_G[group] = total / np.float32(channels)
        factor = ONE / np.sqrt(max(norm2_G[group], np.float32(SMALLEST_NORM2)))
        lowered = -factor if group < order.num_lowered else factor
        for c in range(group * both, group * both + channels):
            first[c] = others[c + channels] = factor
            others[c] = first[c + channels] = lowered


@compiled
def _scatter(row_D: Array, factors_D: Array, place: int, order: Order, out: Array) -> None:
    """Write a row times the factors, group by group."""
    both = 2 * order.channels
    for group in range(order.num_groups):
        for c in range(0, both, LANES):
            begin, to = group * both + c, place + order.shift_G[group] + c
            x, y = row_D[begin : begin + LANES], factors_D[begin : begin + LANES]
            target = out[to : to + LANES]
            for lane in range(LANES):
                target[lane] = x[lane] * y[lane]


@compiled
def _gather(gradient: Array, factors_D: Array, place: int, order: Order, out_D: Array) -> None:
    """Write a row of what stands there times the factors."""
    both = 2 * order.channels
    for group in range(order.num_groups):
        for c in range(0, both, LANES):
            begin, at = group * both + c, place + order.shift_G[group] + c
            x, y = gradient[at : at + LANES], factors_D[begin : begin + LANES]
            target = out_D[begin : begin + LANES]
            for lane in range(LANES):
                target[lane] = x[lane] * y[lane]


@compiled
def _moments(row_D: Array, begin: int, end: int) -> tuple[np.float32, np.float32]:
    """Return the mean of a part of a row, and one over its standard deviation."""
    mean, variance, num = ZERO, ZERO, np.float32(end - begin)
    for c in range(begin, end):
        mean += row_D[c]
    mean /= num
    for c in range(begin, end):
        variance += (row_D[c] - mean) * (row_D[c] - mean)
    return mean, ONE / np.sqrt(variance / num + EPSILON)


@compiled
def _normalise(parts: Parts, order: Order, out: Array) -> None:
    both = 2 * order.channels
    width = parts.scalars_TD.shape[1] // order.num_groups
    rows_4D = np.empty((4, order.num_groups * both), np.float32)
    norm2_G = np.empty(order.num_groups, np.float32)
    first, others = rows_4D[2], rows_4D[3]
    for t in range(len(order.scalars_T)):
        _factors(parts, t, order, rows_4D, norm2_G)
        for m in range(4):
            place = order.vectors_T[t] + m * order.stride
            _scatter(parts.vectors_4TD[m, t], others if m else first, place, order, out)
        for k in range(3):
            place = order.bivectors_T[t] + k * order.stride
            _scatter(parts.bivectors_3TD[k, t], others, place, order, out)
        row = parts.scalars_TD[t]
        for group in range(order.num_groups):
            begin, place = group * width, order.scalars_T[t] + order.shift_G[group]
            target = out[place : place + width]
            for c in range(both):
                target[c] = row[begin + c] * first[group * both + c]
            if width > both:
                mean, scale = _moments(row, begin + both, begin + width)
                for c in range(both, width):
                    target[c] = (row[begin + c] - mean) * scale


@compiled
def _normalise_backward(parts: Parts, order: Order, gradient: Array, out: Parts) -> None:
    """With y = f x and f = |x|^-1: dx = f dy - f^2 / C (f dy x) d|x|^2 / 2."""
    channels, both = order.channels, 2 * order.channels
    width = parts.scalars_TD.shape[1] // order.num_groups
    rows_4D = np.empty((4, order.num_groups * both), np.float32)
    norm2_G = np.empty(order.num_groups, np.float32)
    products_D = np.empty(order.num_groups * both, np.float32)
    of_vectors, of_bivectors, first, others = rows_4D[0], rows_4D[1], rows_4D[2], rows_4D[3]
    for t in range(len(order.scalars_T)):
        _factors(parts, t, order, rows_4D, norm2_G)
        products_D[:] = ZERO
        for m in range(4):
            row, out_row = parts.vectors_4TD[m, t], out.vectors_4TD[m, t]
            place = order.vectors_T[t] + m * order.stride
            _gather(gradient, others if m else first, place, order, out_row)
            for c in range(len(row)):
                products_D[c] += row[c] * out_row[c]
        for k in range(3):
            row, out_row = parts.bivectors_3TD[k, t], out.bivectors_3TD[k, t]
            _gather(gradient, others, order.bivectors_T[t] + k * order.stride, order, out_row)
            for c in range(len(row)):
                products_D[c] += row[c] * out_row[c]
        row, out_row = parts.scalars_TD[t], out.scalars_TD[t]
        for group in range(order.num_groups):
            begin, start = group * width, group * both
            place = order.scalars_T[t] + order.shift_G[group]
            of_group, total = gradient[place : place + width], ZERO
            for c in range(both):
                out_row[begin + c] = of_group[c] * first[start + c]
                total += row[begin + c] * out_row[begin + c] + products_D[start + c]
            if width > both:
                _standardise_backward(row, of_group, begin, both, out_row)
            slope = ZERO
            if norm2_G[group] > np.float32(SMALLEST_NORM2):
                slope = -total / (norm2_G[group] * np.float32(channels))
            for c in range(both):
                out_row[begin + c] += slope * row[begin + c]
            for c in range(start, start + both):
                first[c] = slope * np.sign(of_vectors[c])
            for c in range(start, start + channels):
                others[c] = slope * np.sign(of_bivectors[c])
                others[c + channels] = -others[c]
        for m in range(4):
            row, out_row = parts.vectors_4TD[m, t], out.vectors_4TD[m, t]
            for c in range(len(row)):
                out_row[c] += (-ONE if m else ONE) * first[c] * row[c]
        for k in range(3):
            row, out_row = parts.bivectors_3TD[k, t], out.bivectors_3TD[k, t]
            for c in range(len(row)):
                out_row[c] += others[c] * row[c]


@compiled
def _standardise_backward(
    row_D: Array, gradient: Array, begin: int, first: int, out_D: Array
) -> None:
    """Write the gradient of those scalars of a group that no multivector owns."""
    width = len(gradient)
    mean, scale = _moments(row_D, begin + first, begin + width)
    sum_g, sum_gx = ZERO, ZERO
    for c in range(first, width):
        sum_g += gradient[c]
        sum_gx += gradient[c] * (row_D[begin + c] - mean)
    share = ONE / np.float32(width - first)
    for c in range(first, width):
        along = scale * scale * (row_D[begin + c] - mean) * sum_gx
        out_D[begin + c] = scale * (gradient[c] - share * (sum_g + along))
