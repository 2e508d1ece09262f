"""Attention within jets of packed constituents: in groups on a CPU, padded elsewhere."""

from typing import Protocol

import torch
from torch import Tensor

from tagline.attention import attend, heads, slots_of_rows
from tagline.grouped_attention import Heads, attend_from_jets, attend_in_groups, bias_in_groups
from tagline.groups import groups_of
from tagline.pairs import half_of_pairs

PAIRS_AT_ONCE = 2**13  # with eight heads, arrays of this many numbers fit a CPU's cache together


class JetAttention(Protocol):
    """What is prepared once for all attention within the same jets."""

    def bias(self, half_QH: Tensor) -> Tensor:
        """Return what `attend` adds to the logits, from one row for each of `half_of_pairs`."""
        ...

    def attend(self, qkv_PD: Tensor, bias: Tensor | None, *, dropout: float) -> Tensor:
        """Return softmax(q k / sqrt(D) + bias) v of each constituent, over those of its jet."""
        ...

    def attend_from_jets(self, query_BD: Tensor, key_value_PD: Tensor) -> Tensor:
        """Return what one query of each jet gets from the jet's constituents."""
        ...


def attention_of(num_B: Tensor, *, num_heads: int, dtype: torch.dtype) -> JetAttention:
    """Return the faster way; on a CPU it is fast for jets that are sorted by length."""
    if num_B.device.type == "cpu" and dtype == torch.float32:
        return Grouped(num_B, num_heads)
    return Padded(num_B, num_heads)


class Padded:
    """All jets as long as the longest, on any device and with any precision."""

    def __init__(self, num_B: Tensor, num_heads: int) -> None:
        self.num_B, self.num_heads, self.slots = num_B, num_heads, slots_of_rows(num_B)

    def bias(self, half_QH: Tensor) -> Tensor:
        """Return bias_BHNN; nothing attends to an empty slot."""
        num_N, num_H, slot_P = self.slots.longest, half_QH.shape[1], self.slots.slot_P
        first_Q, second_Q = (slot_P[row_Q] for row_Q in half_of_pairs(self.num_B))
        bias_SH = half_QH.new_zeros(len(self.num_B) * num_N**2, num_H)
        bias_SH = bias_SH.index_copy(0, first_Q * num_N + second_Q % num_N, half_QH)
        bias_SH = bias_SH.index_copy(0, second_Q * num_N + first_Q % num_N, half_QH)
        bias_BNNH = bias_SH.view(len(self.num_B), num_N, num_N, num_H)
        return self.slots.mask(bias_BNNH.permute(0, 3, 1, 2)).contiguous()

    def attend(self, qkv_PD: Tensor, bias: Tensor | None, *, dropout: float) -> Tensor:
        """Return what constituents get from those of their jet."""
        query, key, value = self.slots.pad(qkv_PD).chunk(3, dim=2)
        return self.slots.pack(self._attend(query, key, value, bias, dropout))

    def attend_from_jets(self, query_BD: Tensor, key_value_PD: Tensor) -> Tensor:
        """Return what one query of each jet gets from its constituents."""
        key, value = self.slots.pad(key_value_PD).chunk(2, dim=2)
        return self._attend(query_BD[:, None], key, value, None, 0.0)[:, 0]

    def _attend(
        self,
        query_BMD: Tensor,
        key_BND: Tensor,
        value_BND: Tensor,
        bias: Tensor | None,
        dropout: float,
    ) -> Tensor:
        if bias is None:
            bias = self.slots.mask(query_BMD.new_zeros(1))
        query, key, value = (
            heads(x_BND, self.num_heads) for x_BND in (query_BMD, key_BND, value_BND)
        )
        return attend(query, key, value, bias, dropout=dropout)


class Grouped:
    """Jets with equally many constituents at once, in float32 on a CPU."""

    def __init__(self, num_B: Tensor, num_heads: int) -> None:
        groups = groups_of(num_B, max_pairs=PAIRS_AT_ONCE)
        self.groups = [Heads(group, num_heads) for group in groups]

    def bias(self, half_QH: Tensor) -> Tensor:
        """Return arrays of jet, head, i and j for each group, behind each other."""
        return bias_in_groups(half_QH, self.groups)

    def attend(self, qkv_PD: Tensor, bias: Tensor | None, *, dropout: float) -> Tensor:
        """Return what constituents get from those of their jet."""
        return attend_in_groups(qkv_PD, bias, self.groups, dropout=dropout)

    def attend_from_jets(self, query_BD: Tensor, key_value_PD: Tensor) -> Tensor:
        """Return what one query of each jet gets from its constituents."""
        return attend_from_jets(query_BD, key_value_PD, self.groups)
