"""Nearest neighbours within jets, against a loop over the particles."""

import torch

from tagline.networks.neighbours import nearest
from tests.clouds import random_cloud

COUNTS = [5, 1, 0, 9, 2]


def of_each_jet(batch):
    return torch.split(torch.arange(len(batch.constituents_PF)), batch.num_constituents_B.tolist())


def test_neighbours_are_the_nearest_others_of_the_jet():
    batch = random_cloud(COUNTS, num_features=3)
    x_PD, num_P = batch.constituents_PF, len(batch.constituents_PF)
    rows_PK = nearest(x_PD, batch, 4)
    for rows in of_each_jet(batch):
        for row in rows.tolist():
            others = [other for other in rows.tolist() if other != row]
            others.sort(key=lambda other: (x_PD[row] - x_PD[other]).square().sum().item())
            expected = others[:4] + [num_P] * (4 - len(others))
            assert sorted(rows_PK[row].tolist()) == sorted(expected)


def test_jets_without_particles_have_no_neighbours():
    batch = random_cloud([0, 0], num_features=3)
    assert nearest(batch.constituents_PF, batch, 4).shape == (0, 4)


def test_neighbours_tell_points_apart_that_are_far_from_the_origin():
    batch = random_cloud([6], num_features=1)
    batch.constituents_PF[:, 0] = 3000 + torch.tensor([0.0, 1, 3, 6, 10, 15])
    assert nearest(batch.constituents_PF, batch, 1).flatten().tolist() == [1, 0, 1, 2, 3, 4]
