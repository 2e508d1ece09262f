"""Attention within jets of packed constituents: in groups on a CPU, padded elsewhere."""

from typing import Protocol

import torch
from torch import Tensor

from tagline.data.batch import Batch
from tagline.networks.attention import attend, heads, slots_of
from tagline.networks.grouped_attention import (
    Heads,
    attend_from_jets,
    attend_in_groups,
    bias_in_groups,
)
from tagline.networks.groups import groups_of
from tagline.networks.layers import in_compiled_loops, positions
from tagline.networks.pairs import half_of_pairs

PAIRS_AT_ONCE = 2**13  # with eight heads, arrays of this many numbers fit a CPU's cache together


class JetAttention(Protocol):
    """What is prepared once for all attention within the same jets."""

    def bias(self, half_QH: Tensor) -> Tensor:
        """Return what `attend` adds to the logits, from one row for each of `half_of_pairs`."""
        ...

    def attend(self, qkv_PD: Tensor, bias: Tensor, *, dropout: float) -> Tensor:
        """Return softmax(q k / sqrt(D) + bias) v of each constituent, over those of its jet."""
        ...

    def attend_from_tokens(self, qkv_BD: Tensor, key_value_PD: Tensor) -> Tensor:
        """Return what a token of each jet gets from itself and the jet's constituents."""
        ...


def attention_of(batch: Batch, x_PD: Tensor, *, num_heads: int) -> JetAttention:
    """Return the fastest way for rows like these; groups are for jets sorted by length."""
    if in_compiled_loops(x_PD):
        return Grouped(batch, num_heads)
    return Padded(batch, num_heads)


class Padded:
    """All jets as long as the longest, on any device and with any precision."""

    def __init__(self, batch: Batch, num_heads: int) -> None:
        self.batch, self.num_heads = batch, num_heads
        self.slots, self.slots_behind_token = slots_of(batch), slots_of(batch, front=1)

    def bias(self, half_QH: Tensor) -> Tensor:
        """Return bias_BHNN; nothing attends to an empty slot."""
        first_Q, second_Q = half_of_pairs(self.batch)
        jet_Q, position_P = self.batch.jet_of_constituent_P[first_Q], positions(self.batch)
        row_Q, column_Q = position_P[first_Q], position_P[second_Q]
        num_B, num_N = len(self.batch), self.slots.longest
        bias_BNNH = half_QH.new_zeros(num_B, num_N, num_N, half_QH.shape[1])
        bias_BNNH.index_put_((jet_Q, row_Q, column_Q), half_QH)
        bias_BNNH.index_put_((jet_Q, column_Q, row_Q), half_QH)
        return self.slots.mask(bias_BNNH.permute(0, 3, 1, 2)).contiguous()

    def attend(self, qkv_PD: Tensor, bias: Tensor, *, dropout: float) -> Tensor:
        """Return what constituents get from those of their jet."""
        query, key, value = self._heads(self.slots.pad(qkv_PD), 3)
        return self.slots.pack(attend(query, key, value, bias, dropout=dropout))

    def attend_from_tokens(self, qkv_BD: Tensor, key_value_PD: Tensor) -> Tensor:
        """Return what a token of each jet gets from itself and the jet's constituents."""
        slots, width = self.slots_behind_token, key_value_PD.shape[1] // 2
        key_value_BND = slots.pad(key_value_PD)
        key_value_BND[:, 0] = qkv_BD[:, width:]
        (query,) = self._heads(qkv_BD[:, None, :width], 1)
        key, value = self._heads(key_value_BND, 2)
        bias_B11N = slots.mask(qkv_BD.new_zeros(len(qkv_BD), 1, 1, slots.longest))
        return attend(query, key, value, bias_B11N, dropout=0.0)[:, 0]

    def _heads(self, things_BND: Tensor, num_things: int) -> list[Tensor]:
        return [heads(x_BND, self.num_heads) for x_BND in things_BND.chunk(num_things, dim=2)]


class Grouped:
    """Jets with equally many constituents at once, in float32 on a CPU."""

    def __init__(self, batch: Batch, num_heads: int) -> None:
        num_B, jet_P = batch.num_constituents_B, batch.jet_of_constituent_P
        self.groups = self._groups(num_B, num_heads)
        self.groups_with_tokens = self._groups(num_B + 1, num_heads)
        self.token_B = num_B.cumsum(0) - num_B + torch.arange(len(num_B))
        self.constituent_P = torch.arange(len(jet_P)) + jet_P + 1

    @staticmethod
    def _groups(num_B: Tensor, num_heads: int) -> list[Heads]:
        return [Heads(group, num_heads) for group in groups_of(num_B, max_pairs=PAIRS_AT_ONCE)]

    def bias(self, half_QH: Tensor) -> Tensor:
        """Return arrays of jet, head, i and j for each group, behind each other."""
        return bias_in_groups(half_QH, self.groups)

    def attend(self, qkv_PD: Tensor, bias: Tensor, *, dropout: float) -> Tensor:
        """Return what constituents get from those of their jet."""
        return attend_in_groups(qkv_PD, bias, self.groups, dropout=dropout)

    def attend_from_tokens(self, qkv_BD: Tensor, key_value_PD: Tensor) -> Tensor:
        """Return what a token of each jet gets from itself and the jet's constituents."""
        width = key_value_PD.shape[1] // 2
        query_BD, key_value_BD = torch.split(qkv_BD, [width, 2 * width], dim=1)
        key_value_RD = torch.empty(len(qkv_BD) + len(key_value_PD), 2 * width)
        key_value_RD = key_value_RD.index_copy(0, self.token_B, key_value_BD)
        key_value_RD = key_value_RD.index_copy(0, self.constituent_P, key_value_PD)
        return attend_from_jets(query_BD, key_value_RD, self.groups_with_tokens)
