"""All pairs of constituents within each jet, behind each other, without padding.

What goes from particles to pairs and back has a gradient of the same kind: a sum over contiguous
rows where it was a copy, a copy where it was a sum. Both are faster than `index_add`, and they add
in a fixed order.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.networks.layers import added_up, positions, repeated


@dataclass(frozen=True)
class Pairs:
    """Ordered pairs (i, j), first by i, then by j: Q of them.

    Args:
        first_Q: row of the constituent i.
        second_Q: row of the constituent j.
        swapped_Q: row of the pair (j, i).
        start_P: row of the first pair of each i.
        num_P: number of pairs of each i.
    """

    first_Q: Tensor
    second_Q: Tensor
    swapped_Q: Tensor
    start_P: Tensor
    num_P: Tensor

    def first(self, x_PD: Tensor) -> Tensor:
        """Return x_i of each pair."""
        x_QD: Tensor = _Copy.apply(x_PD, self.first_Q, self.start_P, None)  # type: ignore[no-untyped-call]
        return x_QD

    def second(self, x_PD: Tensor) -> Tensor:
        """Return x_j of each pair."""
        x_QD: Tensor = _Copy.apply(x_PD, self.second_Q, self.start_P, self.swapped_Q)  # type: ignore[no-untyped-call]
        return x_QD

    def sum_over_second(self, x_QD: Tensor) -> Tensor:
        """Return the sum over j of x_ij for each i."""
        if torch.compiler.is_exporting():
            return added_up(x_QD, self.first_Q, len(self.num_P))
        x_PD: Tensor = _Sum.apply(x_QD, self.first_Q, self.start_P)  # type: ignore[no-untyped-call]
        return x_PD

    def mean_over_second(self, x_QD: Tensor) -> Tensor:
        """Return the mean over j of x_ij for each i, zero if there is no j."""
        return self.sum_over_second(x_QD) / self.num_P.clamp(min=1)[:, None]

    def swapped(self, x_QD: Tensor) -> Tensor:
        """Return x_ji of each pair (i, j)."""
        x_ji_QD: Tensor = _Swap.apply(x_QD, self.swapped_Q)  # type: ignore[no-untyped-call]
        return x_ji_QD


def all_pairs(batch: Batch, *, with_itself: bool) -> Pairs:
    """Return all ordered pairs within each jet, of a particle with itself only if asked for."""
    jet_P, num_B = batch.jet_of_constituent_P, batch.num_constituents_B
    every_P = torch.arange(len(jet_P), device=jet_P.device)
    begin_P = (num_B.cumsum(0) - num_B)[jet_P]
    place_P = every_P - begin_P
    num_P = num_B[jet_P] - int(not with_itself)
    start_P = num_P.cumsum(0) - num_P
    first_Q = repeated(num_P, batch.longest)
    i_Q = place_P[first_Q]
    j_Q = torch.arange(len(first_Q), device=jet_P.device) - start_P[first_Q]
    if not with_itself:
        j_Q += (j_Q >= i_Q).long()
    second_Q = begin_P[first_Q] + j_Q
    swapped_Q = start_P[second_Q] + i_Q
    if not with_itself:
        swapped_Q -= (i_Q > j_Q).long()
    return Pairs(first_Q, second_Q, swapped_Q, start_P, num_P)


def half_of_pairs(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the rows of i and j of all pairs with j up to i, by jet, then by i, then by j."""
    position_P = positions(batch)
    num_P = position_P + 1
    first_Q = repeated(num_P, batch.longest)
    start_P = num_P.cumsum(0) - num_P
    place_Q = torch.arange(len(first_Q), device=first_Q.device) - start_P[first_Q]
    return first_Q, first_Q - position_P[first_Q] + place_Q


def _summed(x_QD: Tensor, start_P: Tensor) -> Tensor:
    every_Q = torch.arange(len(x_QD), device=x_QD.device)
    return F.embedding_bag(every_Q, x_QD, start_P, mode="sum")


class _Copy(torch.autograd.Function):
    @staticmethod
    def forward(x_PD: Tensor, row_Q: Tensor, start_P: Tensor, swapped_Q: Tensor | None) -> Tensor:
        del start_P, swapped_Q
        return x_PD.index_select(0, row_Q)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        del output
        ctx.save_for_backward(*inputs[2:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401
        start_P, swapped_Q = ctx.saved_tensors
        gradient_QD = gradients[0]
        if swapped_Q is not None:
            gradient_QD = gradient_QD.index_select(0, swapped_Q)
        return _summed(gradient_QD.contiguous(), start_P), None, None, None


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(x_QD: Tensor, first_Q: Tensor, start_P: Tensor) -> Tensor:
        del first_Q
        return _summed(x_QD, start_P)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        del output
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        (first_Q,) = ctx.saved_tensors
        return gradients[0].index_select(0, first_Q), None, None


class _Swap(torch.autograd.Function):
    @staticmethod
    def forward(x_QD: Tensor, swapped_Q: Tensor) -> Tensor:
        return x_QD.index_select(0, swapped_Q)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        del output
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (swapped_Q,) = ctx.saved_tensors
        return gradients[0].index_select(0, swapped_Q), None
