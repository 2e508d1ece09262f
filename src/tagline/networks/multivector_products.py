"""Geometric products of multivectors on a CPU: one pass over memory forward, one backward.

Scalars (T, D), vectors (4, T, D) and bivectors (3, T, D) come as in `geometric_algebra`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tagline.machine.compiled import compiled
from tagline.networks.multivector_norms import Array, Parts, Places, arrays_of

TOKENS_OF_A_PANEL = 8  # what the products of so many need fits into the first cache


class Product(torch.autograd.Function):
    """The products of the first half of the columns with the second, channel by channel.

    `second` and `sign` say, for each basis element of the first factor and of the product, which
    one of the second factor it takes, and with which sign.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        scalars_TD: Tensor,
        vectors_4TD: Tensor,
        bivectors_3TD: Tensor,
        second: Places,
        sign: Array,
    ) -> tuple[Tensor, ...]:
        """Return scalars, vectors and bivectors."""
        factors = (scalars_TD.contiguous(), vectors_4TD.contiguous(), bivectors_3TD.contiguous())
        ctx.save_for_backward(*factors)
        ctx.second, ctx.sign = second, sign
        out = tuple(part.new_empty(*part.shape[:-1], part.shape[-1] // 2) for part in factors)
        _multiply(arrays_of(factors), second, sign, arrays_of(out))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """Return the gradients of the three parts of the factors."""
        factors = ctx.saved_tensors
        gradient = tuple(part.contiguous() for part in gradients)
        out = tuple(torch.empty_like(part) for part in factors)
        _multiply_backward(
            arrays_of(factors), ctx.second, ctx.sign, arrays_of(gradient), arrays_of(out)
        )
        return *out, None, None


@compiled
def _load(parts: Parts, start: int, num: int, column: int, panel_16L: Array) -> None:
    """Copy channels of tokens to a panel, one row for each of 1, I, e_0, e_0 I ..."""
    channels = panel_16L.shape[1] // num
    for token in range(num):
        for half in range(2):
            begin, to = column + half * channels, token * channels
            for c in range(channels):
                panel_16L[half, to + c] = parts.scalars_TD[start + token, begin + c]
            for m in range(4):
                row = parts.vectors_4TD[m, start + token]
                for c in range(channels):
                    panel_16L[2 + 2 * m + half, to + c] = row[begin + c]
            for k in range(3):
                row = parts.bivectors_3TD[k, start + token]
                for c in range(channels):
                    panel_16L[10 + 2 * k + half, to + c] = row[begin + c]


@compiled
def _store(panel_16L: Array, start: int, num: int, column: int, parts: Parts) -> None:
    """Copy a panel to channels of tokens."""
    channels = panel_16L.shape[1] // num
    for token in range(num):
        for half in range(2):
            begin, at = column + half * channels, token * channels
            for c in range(channels):
                parts.scalars_TD[start + token, begin + c] = panel_16L[half, at + c]
            for m in range(4):
                row = parts.vectors_4TD[m, start + token]
                for c in range(channels):
                    row[begin + c] = panel_16L[2 + 2 * m + half, at + c]
            for k in range(3):
                row = parts.bivectors_3TD[k, start + token]
                for c in range(channels):
                    row[begin + c] = panel_16L[10 + 2 * k + half, at + c]


@compiled
def _multiply(factors: Parts, second: Places, sign: Array, out: Parts) -> None:
    num_tokens, columns = out.vectors_4TD.shape[1:]
    for start in range(0, num_tokens, TOKENS_OF_A_PANEL):
        num = min(TOKENS_OF_A_PANEL, num_tokens - start)
        x, y, z = np.zeros((3, 16, num * columns // 2), np.float32)
        _load(factors, start, num, 0, x)
        _load(factors, start, num, columns, y)
        for i in range(16):
            for k in range(16):
                j, s = second[i, k], sign[i, k]
                for c in range(x.shape[1]):
                    z[k, c] += s * x[i, c] * y[j, c]
        _store(z, start, num, 0, out)


@compiled
def _multiply_backward(
    factors: Parts, second: Places, sign: Array, gradient: Parts, out: Parts
) -> None:
    num_tokens, columns = gradient.vectors_4TD.shape[1:]
    for start in range(0, num_tokens, TOKENS_OF_A_PANEL):
        num = min(TOKENS_OF_A_PANEL, num_tokens - start)
        x, y, z, of_x, of_y = np.zeros((5, 16, num * columns // 2), np.float32)
        _load(factors, start, num, 0, x)
        _load(factors, start, num, columns, y)
        _load(gradient, start, num, 0, z)
        for i in range(16):
            for k in range(16):
                j, s = second[i, k], sign[i, k]
                for c in range(x.shape[1]):
                    signed = s * z[k, c]
                    of_x[i, c] += signed * y[j, c]
                    of_y[j, c] += signed * x[i, c]
        _store(of_x, start, num, 0, out)
        _store(of_y, start, num, columns, out)
