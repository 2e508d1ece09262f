"""Attention between the constituents of each jet: padded in itself alone, packed around it."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.networks.layers import positions

NEVER = -1e30  # not infinity: the weights of a jet without constituents would not be numbers


@dataclass(frozen=True)
class Slots:
    """Where packed constituents stand among padded jets.

    Args:
        num_jets: B.
        longest: N, the number of slots of each jet.
        slot_P: which of the B N slots is a constituent's.
        empty_BN: whether there is no constituent in a slot.
    """

    num_jets: int
    longest: int
    slot_P: Tensor
    empty_BN: Tensor

    def pad(self, x_PD: Tensor) -> Tensor:
        """Return x_BND, zero in empty slots."""
        slots = x_PD.new_zeros(self.num_jets * self.longest, *x_PD.shape[1:])
        x_SD = slots.index_copy(0, self.slot_P, x_PD)
        return x_SD.view(self.num_jets, self.longest, *x_PD.shape[1:])

    def pack(self, x_BND: Tensor) -> Tensor:
        """Return x_PD."""
        return x_BND.flatten(0, 1).index_select(0, self.slot_P)

    def mask(self, bias_BHNN: Tensor) -> Tensor:
        """Return a bias that lets nothing attend to an empty slot."""
        return bias_BHNN.masked_fill(self.empty_BN[:, None, None, :], NEVER)


def slots_of(batch: Batch, *, front: int = 0) -> Slots:
    """Return the slots of a batch, behind so many for what is no constituent."""
    num_B = batch.num_constituents_B
    longest = front + batch.longest
    slot_P = batch.jet_of_constituent_P * longest + front + positions(batch)
    empty_BN = torch.arange(longest, device=num_B.device) >= front + num_B[:, None]
    return Slots(len(batch), longest, slot_P, empty_BN)


def heads(x_BND: Tensor, num_heads: int) -> Tensor:
    """Return x_BHND, a contiguous share of the last dimension for each head."""
    return x_BND.reshape(*x_BND.shape[:2], num_heads, -1).transpose(1, 2)


def attend(
    query_BHND: Tensor, key_BHMD: Tensor, value_BHMD: Tensor, bias_BHNM: Tensor, *, dropout: float
) -> Tensor:
    """Return softmax(q k / sqrt(D) + bias) v of all heads side by side, (B, N, H D)."""
    mixed_BHND = F.scaled_dot_product_attention(
        query_BHND, key_BHMD, value_BHMD, bias_BHNM, dropout
    )
    return mixed_BHND.transpose(1, 2).flatten(2)
