"""Groups of jets with equally many constituents."""

from itertools import pairwise

import torch

from tagline.networks.groups import groups_of, sorted_by_length
from tagline.networks.pairs import half_of_pairs
from tests.clouds import random_cloud

COUNTS = [3, 0, 1, 3, 2, 3, 0, 5, 3]


def test_jets_are_sorted_with_all_that_belongs_to_them():
    batch = random_cloud(COUNTS)
    ordered, order_B = sorted_by_length(batch)
    assert ordered.num_constituents_B.tolist() == sorted(COUNTS)
    assert torch.equal(ordered.label_B, batch.label_B[order_B])
    jets = batch.constituents_PF.split(COUNTS)
    for found_NF, row in zip(
        ordered.constituents_PF.split(sorted(COUNTS)), order_B.tolist(), strict=True
    ):
        assert torch.equal(found_NF, jets[row])


def test_groups_are_all_jets_that_have_constituents():
    groups = groups_of(torch.tensor(sorted(COUNTS)), max_pairs=27)
    assert [(group.num_jets, group.num_constituents) for group in groups] == [
        (1, 1),
        (1, 2),
        (3, 3),
        (1, 3),
        (1, 5),
    ]
    for before, group in pairwise(groups):
        assert group.jets.start == before.jets.stop
        assert group.constituents.start == before.constituents.stop
        assert group.pairs.start == before.pairs.stop
        assert group.half_of_pairs.start == before.half_of_pairs.stop
    assert groups[0].jets.start == 2  # behind the jets without constituents
    first_Q, _ = half_of_pairs(random_cloud(sorted(COUNTS)))
    assert groups[-1].half_of_pairs.stop == len(first_Q)
