"""Attention within jets, against a loop over them."""

import torch

from tagline.networks.attention import attend, heads, slots_of
from tests.clouds import random_cloud

COUNTS = [4, 0, 1, 6]


def test_padded_and_packed_is_as_before():
    batch = random_cloud(COUNTS, num_features=3)
    slots = slots_of(batch, front=2)
    padded_BND = slots.pad(batch.constituents_PF)
    assert padded_BND.shape == (4, 8, 3)
    assert torch.equal(slots.pack(padded_BND), batch.constituents_PF)
    assert (~slots.empty_BN).sum(1).tolist() == [6, 2, 3, 8]
    assert padded_BND[0, 2:6].tolist() == batch.constituents_PF[:4].tolist()


def test_each_jet_attends_to_itself():
    batch = random_cloud(COUNTS, num_features=6)
    slots = slots_of(batch)
    x_BHND = heads(slots.pad(batch.constituents_PF), 2)
    bias_BHNN = slots.mask(torch.zeros(len(COUNTS), 2, slots.longest, slots.longest))
    found_PD = slots.pack(attend(x_BHND, x_BHND, x_BHND, bias_BHNN, dropout=0))
    for x_ND, found_ND in zip(
        batch.constituents_PF.split(COUNTS), found_PD.split(COUNTS), strict=True
    ):
        for head in (slice(0, 3), slice(3, 6)):
            weights_NN = (x_ND[:, head] @ x_ND[:, head].T / 3**0.5).softmax(1)
            torch.testing.assert_close(found_ND[:, head], weights_NN @ x_ND[:, head])
