"""Functions of compiled loops, against those of torch in float64."""

import numba
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tagline.machine.elementary import exp, normal
from tagline.networks.dropout import dropout_of, kept

vectorised = numba.njit(error_model="numpy", fastmath=True)  # not cached: it would keep old ones


@vectorised
def _exponentials(x, out):
    for index in range(len(x)):
        out[index] = exp(x[index])


@vectorised
def _gelus(x, out, slope):
    for index in range(len(x)):
        below, density = normal(x[index])
        out[index] = x[index] * below
        slope[index] = below + x[index] * density


@vectorised
def _factors(dropout, out):
    for index in range(len(out)):
        out[index] = kept(dropout, index)


def factors(probability, number=200_000):
    out = np.empty(number, np.float32)
    _factors(dropout_of(probability), out)
    return out


def test_the_exponential_function_is_as_exact_as_float32():
    x = np.linspace(-87, 87, 100_001).astype(np.float32)
    found = np.empty_like(x)
    _exponentials(x, found)
    np.testing.assert_allclose(found, np.exp(x.astype(np.float64)), rtol=2e-7)


def test_the_exponential_of_what_is_very_small_is_nothing():
    found = np.empty(2, np.float32)
    _exponentials(np.array([-1e30, -100], np.float32), found)
    assert (found < 1e-37).all()


def test_gelu_and_its_slope_are_the_exact_ones():
    x = torch.linspace(-9, 9, 100_001, dtype=torch.float64, requires_grad=True)
    expected = F.gelu(x)
    expected.sum().backward()
    found, slope = np.empty((2, len(x)), np.float32)
    _gelus(x.detach().float().numpy(), found, slope)
    np.testing.assert_allclose(found, expected.detach(), atol=1e-6, rtol=0)
    np.testing.assert_allclose(slope, x.grad, atol=1e-6, rtol=0)


@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_as_much_is_dropped_as_asked_for_and_the_mean_stays(probability):
    torch.manual_seed(1)
    found = factors(probability)
    assert set(found) == {np.float32(0), np.float32(1 / (1 - probability))}
    assert found.mean() == pytest.approx(1, abs=0.01)


def test_nothing_is_dropped_unless_asked_for():
    assert (factors(0) == 1).all()


def test_what_is_dropped_follows_from_the_seed_of_torch():
    torch.manual_seed(1)
    first, second = factors(0.1), factors(0.1)
    torch.manual_seed(1)
    assert (factors(0.1) == first).all()
    assert (second != first).any()


def test_what_is_dropped_tells_nothing_of_its_neighbours_or_of_other_layers():
    """Of independent ones a correlation is of the order of number^-1/2, here 0.002."""
    torch.manual_seed(1)
    found, other = factors(0.1), factors(0.1)
    pairs = [(found[step:], found[:-step]) for step in (1, 2, 16, 128, 512, 65_536)]
    for x, y in [*pairs, (found, other)]:
        assert abs(np.corrcoef(x, y)[0, 1]) < 0.01
