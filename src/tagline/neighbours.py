"""The nearest neighbours of each constituent within its jet."""

import torch
from torch import Tensor

from tagline.batch import Batch
from tagline.layers import padded_rows, positions


@torch.no_grad()
def nearest(x_PD: Tensor, batch: Batch, num_neighbours: int) -> Tensor:
    """Return rows_PK of the nearest other constituents; where a jet has fewer, the row is P.

    Only the distances are padded, so that there are as many as neighbours. They are sums of
    squared differences, not of products: those lose the digits that tell neighbours apart, and
    then a jet's neighbours would depend on the other jets of its batch.
    """
    num_P, num_B, jet_P = len(x_PD), batch.num_constituents_B, batch.jet_of_constituent_P
    position_P, every_P = positions(batch), torch.arange(num_P, device=x_PD.device)
    x_BND = padded_rows(x_PD, batch, max(batch.longest, num_neighbours))
    distance_BNN = torch.cdist(x_BND, x_BND, compute_mode="donot_use_mm_for_euclid_dist")
    distance_PN = distance_BNN[jet_P, position_P]
    absent_PN = torch.arange(x_BND.shape[1], device=x_PD.device) >= num_B[jet_P, None]
    absent_PN[every_P, position_P] = True
    distance_PN.masked_fill_(absent_PN, torch.inf)
    found = distance_PN.topk(num_neighbours, dim=1, largest=False, sorted=False)
    rows_PK = found.indices + (every_P - position_P)[:, None]
    return rows_PK.masked_fill_(found.values.isinf(), num_P)
