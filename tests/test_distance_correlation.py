"""The fast distance correlation has the value and the gradient of its definition."""

import numpy as np
import pytest
import torch

from tagline.measures.distance_correlation import distance_correlation, rank, squared_with_gradient


def by_definition(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return dCorr^2 from all pairs: Székely (2007), arXiv:0803.4101, eqs. 2.8 to 2.10."""
    p = weight / weight.sum()
    centred = []
    for column in (x, y):
        distance = (column[:, None] - column[None]).abs()
        mean = distance @ p
        centred.append(distance - mean[:, None] - mean[None] + p @ mean)
    a, b = centred
    return (p @ (a * b) @ p) / torch.sqrt((p @ (a * a) @ p) * (p @ (b * b) @ p))


def columns(num_jets: int, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=num_jets)
    return x, x**2 + random.normal(size=num_jets), random.uniform(0.1, 2, num_jets)


@pytest.mark.parametrize("decimals", [8, 1, 0], ids=["distinct", "some ties", "many ties"])
def test_equals_the_definition_over_all_pairs(decimals):
    x, y, weight = columns(257, seed=1)
    x, y = x.round(decimals), y.round(decimals)
    expected_x = torch.tensor(x, requires_grad=True)
    expected = by_definition(expected_x, torch.tensor(y), torch.tensor(weight))
    expected.backward()
    value, gradient = squared_with_gradient(rank(x), rank(y), weight)
    assert value == pytest.approx(expected.item(), rel=1e-10)
    np.testing.assert_allclose(gradient, expected_x.grad, rtol=1e-8, atol=1e-12)


def test_is_one_for_a_linear_relation():
    x, _, weight = columns(100, seed=2)
    assert distance_correlation(rank(x), rank(3 - 2 * x), weight) == pytest.approx(1)


def test_sees_a_relation_without_linear_correlation():
    x, y, weight = columns(2000, seed=3)
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.1
    assert distance_correlation(rank(x), rank(y), weight) > 0.3


def test_falls_to_zero_for_independent_columns():
    few, many = (
        distance_correlation(rank(x), rank(np.random.default_rng(5).permutation(y)), weight)
        for x, y, weight in (columns(100, seed=4), columns(20_000, seed=4))
    )
    assert many < 0.03 < few


def test_is_zero_for_a_constant_column():
    x, _, weight = columns(50, seed=6)
    value, gradient = squared_with_gradient(rank(np.ones(50)), rank(x), weight)
    assert value == 0
    assert not gradient.any()


def test_an_integer_weight_is_a_repeated_jet():
    x, y, _ = columns(60, seed=7)
    times = np.random.default_rng(8).integers(0, 4, 60)
    repeated = (rank(np.repeat(column, times)) for column in (x, y))
    assert distance_correlation(rank(x), rank(y), times.astype(float)) == pytest.approx(
        distance_correlation(*repeated, np.ones(times.sum()))
    )
