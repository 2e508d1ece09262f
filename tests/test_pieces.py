"""Pieces of a batch: all jets, in order, those of similar length together."""

import torch

from tagline.networks.layers import jet_sum
from tagline.networks.pieces import by_pieces
from tests.clouds import random_cloud

COUNTS = [3, 0, 40, 7, 0, 12, 38, 1]


def test_all_jets_keep_their_rows():
    batch, lengths = random_cloud(COUNTS), []

    def sums(piece):
        lengths.append(piece.num_constituents_B.tolist())
        return jet_sum(piece.constituents_PF, piece) + piece.label_B[:, None]

    result_BF = by_pieces(sums, batch, constituents=15)
    expected_BF = jet_sum(batch.constituents_PF, batch) + batch.label_B[:, None]
    torch.testing.assert_close(result_BF, expected_BF)
    assert lengths == [[0, 0, 1, 3, 7], [12], [38], [40]]


def test_a_small_batch_stays_whole():
    batch = random_cloud(COUNTS)
    assert by_pieces(lambda piece: piece.label_B, batch) is batch.label_B
