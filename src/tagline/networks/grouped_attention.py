"""Attention on a CPU: jets with equally many constituents at once, as many as its caches hold.

Nothing is padded, and the weights of the attention, more numbers than all others, are never kept:
to make them again costs less than to fetch them from memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tagline.machine.compiled import compiled, vectorised
from tagline.machine.elementary import exp
from tagline.networks.dropout import Dropout, dropout_of, kept
from tagline.networks.groups import Group

Array = npt.NDArray[np.float32]
f32 = np.float32

LOWEST = np.int32(-(2**31))


@dataclass(frozen=True)
class Heads:
    """The heads of a group's jets, X of them: all heads of the first jet, of the second...

    Args:
        group: the jets.
        num_heads: of each jet.
    """

    group: Group
    num_heads: int

    @cached_property
    def weights(self) -> slice:
        """Where their weights are among those of all jets: arrays of jet, head, i and j."""
        pairs = self.group.pairs
        return slice(pairs.start * self.num_heads, pairs.stop * self.num_heads)

    def split(self, x_RD: Tensor, rows: slice, num_things: int) -> Tensor:
        """Return what is side by side in these rows, such as keys and values, x_TXND."""
        x_BNTHD = self._apart(x_RD, rows, num_things)
        x_TBHND = x_BNTHD.permute(2, 0, 3, 1, 4)
        return x_TBHND.reshape(num_things, -1, x_BNTHD.shape[1], x_BNTHD.shape[4])

    def join(self, things: list[Tensor], out_RD: Tensor, rows: slice) -> None:
        """Write x_XND of each thing side by side into these rows."""
        out_BNTHD = self._apart(out_RD, rows, len(things))
        x_TBHND = torch.stack(things).view(
            len(things), self.group.num_jets, self.num_heads, *things[0].shape[1:]
        )
        out_BNTHD.copy_(x_TBHND.permute(1, 3, 0, 2, 4))

    def _apart(self, x_RD: Tensor, rows: slice, num_things: int) -> Tensor:
        num_rows = (rows.stop - rows.start) // self.group.num_jets
        return x_RD[rows].view(self.group.num_jets, num_rows, num_things, self.num_heads, -1)


def attend_in_groups(
    qkv_PD: Tensor, bias_S: Tensor | None, groups: Sequence[Heads], *, dropout: float
) -> Tensor:
    """Return softmax(q k / sqrt(D) + bias) v of all heads side by side.

    Args:
        qkv_PD: queries of all heads, keys of all heads, values of all heads.
        bias_S: for each group an array of jet, head, i and j; or nothing.
        groups: the jets.
        dropout: probability that a weight is dropped.
    """
    mixed_PD: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
        None, qkv_PD, bias_S, groups, dropout_of(dropout)
    )
    return mixed_PD


def attend_from_jets(query_BD: Tensor, key_value_PD: Tensor, groups: Sequence[Heads]) -> Tensor:
    """Return the same for one query of each jet."""
    mixed_BD: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
        query_BD, key_value_PD, None, groups, None
    )
    return mixed_BD


def bias_in_groups(half_QH: Tensor, groups: Sequence[Heads]) -> Tensor:
    """Return bias_S, the same for (i, j) and (j, i), from one row for each of `half_of_pairs`."""
    bias_S: Tensor = _BothHalves.apply(half_QH, groups)  # type: ignore[no-untyped-call]
    return bias_S


class _Attention(torch.autograd.Function):
    """Queries are of each constituent, beside its key and value, or given for each jet."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        query_BD: Tensor | None,
        packed_PD: Tensor,
        bias_S: Tensor | None,
        groups: Sequence[Heads],
        dropout: Dropout | None,
    ) -> Tensor:
        ctx.save_for_backward(query_BD, packed_PD, bias_S)
        ctx.groups, ctx.dropout = groups, dropout
        num_R = len(packed_PD if query_BD is None else query_BD)
        width = packed_PD.shape[1] // (3 if query_BD is None else 2)
        mixed_RD = packed_PD.new_empty(num_R, width)
        for heads in groups:
            within = _Within(heads, query_BD, packed_PD)
            kept_XMN = within.weights(bias_S, dropout, None)
            heads.join([torch.bmm(kept_XMN, within.value_XND)], mixed_RD, within.rows)
        return mixed_RD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_RD: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        query_BD, packed_PD, bias_S = ctx.saved_tensors
        of_query_BD, of_packed_PD, of_bias_S = (
            None if each is None else each.new_empty(each.shape)
            for each in (query_BD, packed_PD, bias_S)
        )
        for heads in ctx.groups:
            within = _Within(heads, query_BD, packed_PD)
            gradient_XMD = heads.split(gradient_RD, within.rows, 1)[0]
            things = within.backward(gradient_XMD, bias_S, ctx.dropout, of_bias_S)
            if of_query_BD is not None:
                heads.join(things[:1], of_query_BD, within.rows)
                things = things[1:]
            heads.join(things, of_packed_PD, heads.group.constituents)
        return of_query_BD, of_packed_PD, of_bias_S, None, None


class _Within:
    """The queries, keys and values of a group, and what is done to them."""

    def __init__(self, heads: Heads, query_BD: Tensor | None, packed_PD: Tensor) -> None:
        self.heads, constituents = heads, heads.group.constituents
        if query_BD is None:
            self.rows = constituents
            self.query_XMD, self.key_XND, self.value_XND = heads.split(packed_PD, constituents, 3)
        else:
            self.rows = heads.group.jets
            (self.query_XMD,) = heads.split(query_BD, self.rows, 1)
            self.key_XND, self.value_XND = heads.split(packed_PD, constituents, 2)
        self.scale = f32(self.key_XND.shape[2] ** -0.5)

    def weights(
        self, bias_S: Tensor | None, dropout: Dropout | None, all_RN: Array | None
    ) -> Tensor:
        """Return the weights of the values that are kept; write all of them where asked to."""
        kept_XMN = torch.bmm(self.query_XMD, self.key_XND.mT)
        bias_RN, first = self._of_pairs(bias_S), self.heads.weights.start
        _soften(_rows(kept_XMN), self.scale, bias_RN, dropout, first, all_RN)
        return kept_XMN

    def backward(
        self,
        gradient_XMD: Tensor,
        bias_S: Tensor | None,
        dropout: Dropout | None,
        of_bias_S: Tensor | None,
    ) -> list[Tensor]:
        """Return the gradients of queries, keys and values, and write that of the bias."""
        product_XMN = torch.bmm(gradient_XMD, self.value_XND.mT)
        weights_RN = np.empty_like(_rows(product_XMN))
        kept_XMN = self.weights(bias_S, dropout, weights_RN)
        of_value_XND = torch.bmm(kept_XMN.mT, gradient_XMD)
        of_bias_RN, first = self._of_pairs(of_bias_S), self.heads.weights.start
        _soften_backward(_rows(product_XMN), weights_RN, self.scale, dropout, first, of_bias_RN)
        of_query_XMD = torch.bmm(product_XMN, self.key_XND)
        return [of_query_XMD, torch.bmm(product_XMN.mT, self.query_XMD), of_value_XND]

    def _of_pairs(self, bias_S: Tensor | None) -> Array | None:
        """Return the part of this group as (rows, N)."""
        num_N = self.heads.group.num_constituents
        return None if bias_S is None else bias_S[self.heads.weights].view(-1, num_N).numpy()


def _rows(x_XMN: Tensor) -> Array:
    array: Array = x_XMN.view(-1, x_XMN.shape[2]).numpy()
    return array


class _BothHalves(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, half_QH: Tensor, groups: Sequence[Heads]) -> Tensor:  # noqa: ANN401
        ctx.groups, ctx.shape = groups, half_QH.shape
        bias_S = half_QH.new_empty(groups[-1].weights.stop if groups else 0)
        for half_BTH, both_BHNN in _halves(groups, half_QH, bias_S):
            _fill(half_BTH, both_BHNN)
        return bias_S

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_S: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        of_half_QH = gradient_S.new_empty(ctx.shape)
        for half_BTH, both_BHNN in _halves(ctx.groups, of_half_QH, gradient_S):
            _add_up(both_BHNN, half_BTH)
        return of_half_QH, None


def _halves(
    groups: Sequence[Heads], half_QH: Tensor, bias_S: Tensor
) -> Iterator[tuple[Array, Array]]:
    for heads in groups:
        num_B, num_H, num_N = heads.group.num_jets, heads.num_heads, heads.group.num_constituents
        half_BTH = half_QH[heads.group.half_of_pairs].view(num_B, -1, num_H)
        both_BHNN = bias_S[heads.weights].view(num_B, num_H, num_N, num_N)
        yield half_BTH.numpy(), both_BHNN.numpy()


@vectorised
def _soften(
    logits_RN: Array,
    scale: f32,
    bias_RN: Array | None,
    dropout: Dropout | None,
    first: int,
    weights_RN: Array | None,
) -> None:
    num_R, num_N = logits_RN.shape
    for row in range(num_R):
        highest = LOWEST  # a whole number is near enough, and its search becomes vectors
        for n in range(num_N):
            logit = logits_RN[row, n] * scale
            if bias_RN is not None:
                logit += bias_RN[row, n]
            logits_RN[row, n] = logit
            highest = max(highest, np.int32(logit))
        total, shift = f32(0), f32(highest)
        for n in range(num_N):
            weight = exp(logits_RN[row, n] - shift)
            logits_RN[row, n] = weight
            total += weight
        share = f32(1) / total
        for n in range(num_N):
            weight = logits_RN[row, n] * share
            if weights_RN is not None:
                weights_RN[row, n] = weight
            logits_RN[row, n] = weight * kept(dropout, first + row * num_N + n)


@vectorised
def _soften_backward(
    gradient_RN: Array,
    weights_RN: Array,
    scale: f32,
    dropout: Dropout | None,
    first: int,
    of_bias_RN: Array | None,
) -> None:
    num_R, num_N = gradient_RN.shape
    for row in range(num_R):
        mean = f32(0)
        for n in range(num_N):
            gradient = gradient_RN[row, n] * kept(dropout, first + row * num_N + n)
            gradient_RN[row, n] = gradient
            mean += gradient * weights_RN[row, n]
        for n in range(num_N):
            change = weights_RN[row, n] * (gradient_RN[row, n] - mean)
            if of_bias_RN is not None:
                of_bias_RN[row, n] = change
            gradient_RN[row, n] = change * scale


@compiled
def _fill(half_BTH: Array, both_BHNN: Array) -> None:
    num_B, num_H, num_N, _ = both_BHNN.shape
    for jet in range(num_B):
        for i in range(num_N):
            for j in range(i + 1):
                for head in range(num_H):
                    value = half_BTH[jet, i * (i + 1) // 2 + j, head]
                    both_BHNN[jet, head, i, j] = value
                    both_BHNN[jet, head, j, i] = value


@compiled
def _add_up(both_BHNN: Array, half_BTH: Array) -> None:
    num_B, num_H, num_N, _ = both_BHNN.shape
    for jet in range(num_B):
        for i in range(num_N):
            for j in range(i + 1):
                for head in range(num_H):
                    value = both_BHNN[jet, head, i, j]
                    if j < i:
                        value += both_BHNN[jet, head, j, i]
                    half_BTH[jet, i * (i + 1) // 2 + j, head] = value
