"""Gradient reversal: what one network learns from its input, the network before unlearns.

Unsupervised Domain Adaptation by Backpropagation, Ganin and Lempitsky (2014),
https://arxiv.org/abs/1409.7495. Both networks are trained in the same steps.
"""

from typing import Any

import torch
from torch import Tensor


def reverse_gradient(x: Tensor, *, strength: float) -> Tensor:
    """Return x, whose gradient is multiplied by -strength on its way back."""
    reversed_x: Tensor = _Reversed.apply(x, strength)  # type: ignore[no-untyped-call]
    return reversed_x


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:  # noqa: ANN401
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return -ctx.strength * gradient, None
