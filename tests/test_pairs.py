"""Pairs of particles within jets, against loops over the jets."""

import pytest
import torch

from tagline.networks.pairs import all_pairs
from tests.four_vectors import COUNTS, jets_of


@pytest.fixture(params=[True, False], ids=["with_itself", "of_others"])
def with_itself(request):
    return request.param


@pytest.fixture
def pairs(with_itself):
    return all_pairs(jets_of(), with_itself=with_itself)


def looped(with_itself):
    """Return the rows (i, j) of all pairs."""
    begins = [sum(COUNTS[:jet]) for jet in range(len(COUNTS))]
    return [
        (begin + i, begin + j)
        for begin, num in zip(begins, COUNTS, strict=True)
        for i in range(num)
        for j in range(num)
        if with_itself or i != j
    ]


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_pairs_are_those_of_a_loop_over_jets(pairs, with_itself):
    rows = list(zip(pairs.first_Q.tolist(), pairs.second_Q.tolist(), strict=True))
    assert rows == looped(with_itself)


def test_swapped_pairs_have_the_other_order(pairs, with_itself):
    rows = looped(with_itself)
    assert [rows[row] for row in pairs.swapped_Q] == [(j, i) for i, j in rows]


def test_sums_are_over_the_second_particle(pairs, with_itself):
    rows = looped(with_itself)
    x_QD = random(len(rows), 3)
    expected_PD = torch.zeros(sum(COUNTS), 3, dtype=torch.float64)
    for (i, _), x_D in zip(rows, x_QD, strict=True):
        expected_PD[i] += x_D
    torch.testing.assert_close(pairs.sum_over_second(x_QD), expected_PD)


def test_gradients_equal_finite_differences(pairs, with_itself):
    x_PD = random(sum(COUNTS), 2).requires_grad_()
    x_QD = random(len(looped(with_itself)), 2).requires_grad_()
    weight_QD = random(len(x_QD), 2)
    assert torch.autograd.gradcheck(lambda x: (pairs.first(x) * weight_QD) ** 2, x_PD)
    assert torch.autograd.gradcheck(lambda x: (pairs.second(x) * weight_QD) ** 2, x_PD)
    assert torch.autograd.gradcheck(lambda x: (pairs.swapped(x) * weight_QD) ** 2, x_QD)
    assert torch.autograd.gradcheck(lambda x: pairs.mean_over_second(x) ** 2, x_QD)


def test_a_batch_without_particles_has_no_pairs(with_itself):
    pairs = all_pairs(jets_of(counts=(0, 0)), with_itself=with_itself)
    assert len(pairs.first_Q) == 0
    assert pairs.sum_over_second(torch.zeros(0, 3)).shape == (0, 3)
