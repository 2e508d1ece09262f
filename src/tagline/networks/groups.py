"""Jets with equally many constituents, which together are arrays without any padding."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tagline.data.batch import Batch
from tagline.networks.pieces import taken


@dataclass(frozen=True)
class Group:
    """Some jets of a batch, each with as many constituents.

    Args:
        jets: their rows in the batch.
        constituents: their rows among the packed constituents.
        pairs: where their pairs (i, j) are among those of all jets, i before j.
        num_constituents: N, of each jet.
    """

    jets: slice
    constituents: slice
    pairs: slice
    num_constituents: int

    @property
    def half_of_pairs(self) -> slice:
        """Where their pairs with j up to i are among those of all jets: (N^2 + N) / 2 of a jet."""
        start = (self.pairs.start + self.constituents.start) // 2
        return slice(start, (self.pairs.stop + self.constituents.stop) // 2)

    @property
    def num_jets(self) -> int:
        """How many they are."""
        num_jets: int = self.jets.stop - self.jets.start
        return num_jets


def sorted_by_length(batch: Batch) -> tuple[Batch, Tensor]:
    """Return the jets from the shortest to the longest, and where each of them was."""
    order_B = batch.num_constituents_B.argsort(stable=True)
    return taken(batch, order_B), order_B


def groups_of(num_B: Tensor, *, max_pairs: int) -> list[Group]:
    """Return groups of one jet, or of so many that they have no more pairs than this."""
    lengths, nums = torch.unique_consecutive(num_B, return_counts=True)
    return list(_groups(lengths.tolist(), nums.tolist(), max_pairs))


def _groups(lengths: list[int], nums: list[int], max_pairs: int) -> Iterator[Group]:
    jet = constituent = pair = 0
    for length, num in zip(lengths, nums, strict=True):
        if length == 0:
            jet += num
            continue
        at_once = max(1, max_pairs // length**2)
        for start in range(0, num, at_once):
            size = min(at_once, num - start)
            yield Group(
                jets=slice(jet, jet + size),
                constituents=slice(constituent, constituent + size * length),
                pairs=slice(pair, pair + size * length**2),
                num_constituents=length,
            )
            jet, constituent, pair = (
                jet + size,
                constituent + size * length,
                pair + size * length**2,
            )
