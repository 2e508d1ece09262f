"""The nearest neighbours of each constituent within its jet.

Distances are sums of squared differences, not of products: those lose the digits that tell
neighbours apart, and then a jet's neighbours would depend on the other jets of its batch.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tagline.data.batch import Batch
from tagline.machine.compiled import compiled, vectorised
from tagline.networks.layers import in_compiled_loops, padded_rows, positions

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
f32 = np.float32


@torch.no_grad()
def nearest(x_PD: Tensor, batch: Batch, num_neighbours: int) -> Tensor:
    """Return rows_PK of the nearest other constituents; where a jet has fewer, the row is P."""
    if not in_compiled_loops(x_PD):
        return _nearest_of_padded(x_PD, batch, num_neighbours)
    rows_PK = torch.full((len(x_PD), num_neighbours), len(x_PD))
    num_B = batch.num_constituents_B.numpy()
    _nearest_of_jets(x_PD.contiguous().numpy(), num_B, rows_PK.numpy())
    return rows_PK


def _nearest_of_padded(x_PD: Tensor, batch: Batch, num_neighbours: int) -> Tensor:
    """Only the distances are padded, so that there are as many as neighbours."""
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


@compiled
def _nearest_of_jets(x_PD: Array, num_B: Rows, rows_PK: Rows) -> None:
    num_D, num_K = x_PD.shape[1], rows_PK.shape[1]
    found_K, distance_K = np.empty(num_K, np.int64), np.empty(num_K, np.float32)
    first = 0
    for num_N in num_B:
        x_DN = np.empty((num_D, num_N), np.float32)
        for d in range(num_D):
            for n in range(num_N):
                x_DN[d, n] = x_PD[first + n, d]
        distance_N = np.empty(num_N, np.float32)
        for n in range(num_N):
            _squared_distances(x_PD[first + n], x_DN, distance_N)
            distance_N[n] = np.inf
            _smallest(distance_N, found_K, distance_K)
            for k in range(min(num_K, num_N - 1)):
                rows_PK[first + n, k] = first + found_K[k]
        first += num_N


@vectorised
def _squared_distances(x_D: Array, x_DN: Array, distance_N: Array) -> None:
    """Write the squared distances of one point to others, four of its coordinates at a time."""
    num_D, num_N = x_DN.shape
    whole = num_D - num_D % 4
    distance_N[:] = f32(0)
    for d in range(0, whole, 4):
        for n in range(num_N):
            distance_N[n] += (
                (x_DN[d, n] - x_D[d]) ** 2
                + (x_DN[d + 1, n] - x_D[d + 1]) ** 2
                + (x_DN[d + 2, n] - x_D[d + 2]) ** 2
                + (x_DN[d + 3, n] - x_D[d + 3]) ** 2
            )
    for d in range(whole, num_D):
        for n in range(num_N):
            distance_N[n] += (x_DN[d, n] - x_D[d]) ** 2


@compiled
def _smallest(value_N: Array, place_K: Rows, value_K: Array) -> None:
    """Write where the smallest values are, and these, in their order."""
    num_K = len(place_K)
    for n in range(len(value_N)):
        value = value_N[n]
        if n < num_K or value < value_K[-1]:
            k = min(n, num_K - 1)
            while k > 0 and value_K[k - 1] > value:
                value_K[k], place_K[k] = value_K[k - 1], place_K[k - 1]
                k -= 1
            value_K[k], place_K[k] = value, n
