"""Attention on a CPU: jets with equally many constituents at once, as many as its caches hold.

Nothing is padded, and the weights of the attention, more numbers than all others, are never kept:
to make them again costs less than to fetch them from memory.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tagline.compiled import compiled, vectorised
from tagline.dropout import Dropout, dropout_of, kept
from tagline.elementary import exp
from tagline.groups import Group

Array = npt.NDArray[np.float32]
f32 = np.float32

LOWEST = np.int32(-(2**31))


def attend_in_groups(
    query_RD: Tensor,
    key_value_PD: Tensor,
    bias_S: Tensor | None,
    groups: Sequence[Group],
    *,
    num_heads: int,
    dropout: float,
) -> Tensor:
    """Return softmax(q k / sqrt(D) + bias) v of all heads side by side.

    Args:
        query_RD: of each constituent or, in fewer rows, of each jet.
        key_value_PD: keys of all heads, then values of all heads.
        bias_S: for each group an array of jet, head, i and j; or nothing.
        groups: the jets.
        num_heads: H.
        dropout: probability that a weight is dropped.
    """
    mixed_RD: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
        query_RD, key_value_PD, bias_S, groups, num_heads, dropout_of(dropout)
    )
    return mixed_RD


def bias_in_groups(half_QH: Tensor, groups: Sequence[Group]) -> Tensor:
    """Return bias_S, the same for (i, j) and (j, i), from one row for each of `half_of_pairs`."""
    bias_S: Tensor = _BothHalves.apply(half_QH, groups)  # type: ignore[no-untyped-call]
    return bias_S


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        query_RD: Tensor,
        key_value_PD: Tensor,
        bias_S: Tensor | None,
        groups: Sequence[Group],
        num_heads: int,
        dropout: Dropout | None,
    ) -> Tensor:
        ctx.save_for_backward(query_RD, key_value_PD, bias_S)
        ctx.heads = [_Heads(group, num_heads, query_RD, key_value_PD) for group in groups]
        ctx.dropout = dropout
        mixed_RD = query_RD.new_empty(query_RD.shape)
        for heads in ctx.heads:
            (query_XMD,) = heads.split(query_RD, heads.queries)
            key_XND, value_XND = heads.split(key_value_PD, heads.keys)
            kept_XMN = torch.bmm(query_XMD, key_XND.mT)
            heads.soften(kept_XMN, bias_S, dropout, None)
            heads.join([torch.bmm(kept_XMN, value_XND)], mixed_RD, heads.queries)
        return mixed_RD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_RD: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        query_RD, key_value_PD, bias_S = ctx.saved_tensors
        of_query_RD = query_RD.new_empty(query_RD.shape)
        of_key_value_PD = key_value_PD.new_empty(key_value_PD.shape)
        of_bias_S = None if bias_S is None else torch.empty_like(bias_S)
        for heads in ctx.heads:
            (query_XMD,) = heads.split(query_RD, heads.queries)
            key_XND, value_XND = heads.split(key_value_PD, heads.keys)
            (gradient_XMD,) = heads.split(gradient_RD, heads.queries)
            kept_XMN = torch.bmm(query_XMD, key_XND.mT)
            weights_XMN = torch.empty_like(kept_XMN)
            heads.soften(kept_XMN, bias_S, ctx.dropout, weights_XMN)
            of_value_XND = torch.bmm(kept_XMN.mT, gradient_XMD)
            change_XMN = torch.bmm(gradient_XMD, value_XND.mT, out=kept_XMN)
            heads.soften_backward(change_XMN, weights_XMN, ctx.dropout, of_bias_S)
            of_key_XND = torch.bmm(change_XMN.mT, query_XMD)
            heads.join([torch.bmm(change_XMN, key_XND)], of_query_RD, heads.queries)
            heads.join([of_key_XND, of_value_XND], of_key_value_PD, heads.keys)
        return of_query_RD, of_key_value_PD, of_bias_S, None, None, None


class _Heads:
    """The heads of a group's jets, X of them: all heads of the first jet, of the second..."""

    def __init__(
        self, group: Group, num_heads: int, query_RD: Tensor, key_value_PD: Tensor
    ) -> None:
        self.num_jets, self.num_heads = group.num_jets, num_heads
        self.dimension = query_RD.shape[1] // num_heads
        self.scale = f32(self.dimension**-0.5)
        of_jets = len(query_RD) < len(key_value_PD)
        self.queries = group.jets if of_jets else group.constituents
        self.keys = group.constituents
        self.weights = slice(group.pairs.start * num_heads, group.pairs.stop * num_heads)

    def split(self, x_RD: Tensor, rows: slice) -> Tensor:
        """Return what is side by side in these rows, such as keys and values, each as x_XND."""
        return self._apart(x_RD, rows).permute(2, 0, 3, 1, 4).flatten(1, 2)

    def join(self, things: Sequence[Tensor], out_RD: Tensor, rows: slice) -> None:
        """Write x_XND of each thing side by side into these rows."""
        out_BNTHD = self._apart(out_RD, rows)
        for number, x_XND in enumerate(things):
            x_BHND = x_XND.view(self.num_jets, self.num_heads, -1, self.dimension)
            out_BNTHD[:, :, number] = x_BHND.transpose(1, 2)

    def _apart(self, x_RD: Tensor, rows: slice) -> Tensor:
        """Return a view with dimensions of jets, their rows, things, heads, components."""
        num_rows = (rows.stop - rows.start) // self.num_jets
        return x_RD[rows].view(self.num_jets, num_rows, -1, self.num_heads, self.dimension)

    def soften(
        self,
        logits_XMN: Tensor,
        bias_S: Tensor | None,
        dropout: Dropout | None,
        weights_XMN: Tensor | None,
    ) -> None:
        """Turn products into the weights that are kept; also write all weights where asked to."""
        num_N = logits_XMN.shape[2]
        bias_RN = None if bias_S is None else bias_S[self.weights].view(-1, num_N).numpy()
        weights_RN = None if weights_XMN is None else weights_XMN.view(-1, num_N).numpy()
        logits_RN = logits_XMN.view(-1, num_N).numpy()
        _soften(logits_RN, self.scale, bias_RN, dropout, self.weights.start, weights_RN)

    def soften_backward(
        self,
        gradient_XMN: Tensor,
        weights_XMN: Tensor,
        dropout: Dropout | None,
        of_bias_S: Tensor | None,
    ) -> None:
        """Turn the gradient of the kept weights into that of the products; write the bias's."""
        num_N = gradient_XMN.shape[2]
        of_bias_RN = None if of_bias_S is None else of_bias_S[self.weights].view(-1, num_N).numpy()
        gradient_RN = gradient_XMN.view(-1, num_N).numpy()
        weights_RN = weights_XMN.view(-1, num_N).numpy()
        _soften_backward(
            gradient_RN, weights_RN, self.scale, dropout, self.weights.start, of_bias_RN
        )


class _BothHalves(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, half_QH: Tensor, groups: Sequence[Group]) -> Tensor:  # noqa: ANN401
        ctx.groups, ctx.shape = groups, half_QH.shape
        num_pairs = groups[-1].pairs.stop if groups else 0
        bias_S = half_QH.new_empty(num_pairs * half_QH.shape[1])
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
    groups: Sequence[Group], half_QH: Tensor, bias_S: Tensor
) -> Iterator[tuple[Array, Array]]:
    num_heads = half_QH.shape[1]
    for group in groups:
        num_N = group.num_constituents
        half_BTH = half_QH[group.half_of_pairs].view(group.num_jets, -1, num_heads)
        of_group = slice(group.pairs.start * num_heads, group.pairs.stop * num_heads)
        both_BHNN = bias_S[of_group].view(group.num_jets, num_heads, num_N, num_N)
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
