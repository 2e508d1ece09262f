"""A ragged batch of jets, and the one legend of tensor dimensions.

Names of tensors end in their dimensions:

J jets of a file, B jets of a batch, P packed constituents of all jets of a batch, Q packed pairs
of constituents of a jet, N constituents of one padded jet, 4 components E, px, py, pz, F features
of a constituent, G features of a jet, R protected columns, K image channels, Y image rows, X image
columns, D latent, H heads, C classes, M members of a combination. In clustering trees T nodes of
all jets, S declusterings; in boosted trees T trees of a sum, M nodes of all trees, L leaves of a
tree, W walks of a jet through a tree, E efficiencies. Where scores are to be uniform U groups of
jets, I jets of all groups, V values of the score.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass  # not frozen: mixed precision casts the tensors of a copy, which frozen classes refuse
class Batch:
    """Packed jets: constituents behind each other, no padding.

    Args:
        constituents_PF: float32 features of all constituents, in jet order.
        jet_of_constituent_P: int64 row of the jet in the batch.
        num_constituents_B: int64 number of constituents of each jet.
        features_BG: float32 features of each jet.
        label_B: int64 class.
        weight_B: float32 weight, one on average.
        protected_BR: float32 columns that the score must not sculpt.
    """

    constituents_PF: Tensor
    jet_of_constituent_P: Tensor
    num_constituents_B: Tensor
    features_BG: Tensor
    label_B: Tensor
    weight_B: Tensor
    protected_BR: Tensor

    def __len__(self) -> int:
        return len(self.label_B)

    @property
    def longest(self) -> int:
        """Number of constituents of the longest jet, at least one."""
        return max(1, int(self.num_constituents_B.max()))


def constituent_rows(first_B: Tensor, num_B: Tensor) -> tuple[Tensor, Tensor]:
    """Return row_P of the constituents of jets that are to be packed, and jet_of_constituent_P.

    Args:
        first_B: int64 row of the first constituent of each jet.
        num_B: int64 number of its constituents, which lie behind each other.
    """
    jet_of_constituent_P = torch.repeat_interleave(num_B)
    shift_B = first_B - (num_B.cumsum(0) - num_B)
    row_P = shift_B.index_select(0, jet_of_constituent_P)
    row_P += torch.arange(len(row_P), device=row_P.device)
    return row_P, jet_of_constituent_P
