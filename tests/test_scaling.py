"""Power laws: what is put in comes out, and errors grow with the distance."""

import numpy as np
import pytest

from tagline.measures.scaling import power_law

SIZES = np.array([5e3, 2e4, 6e4, 2e5])


def test_an_exact_power_law_is_found():
    line = power_law(SIZES, 3 * SIZES**0.25, np.ones(4))
    value, _, _ = line(np.array([1.2e6]))
    assert line.slope == pytest.approx(0.25)
    assert value == pytest.approx(3 * 1.2e6**0.25)


def test_intervals_cover_the_truth_as_often_as_they_say():
    random = np.random.default_rng(1)
    truth = 3 * 1.2e6**0.25
    hits = 0
    for _ in range(500):
        values = 3 * SIZES**0.25 * (1 + 0.02 * random.normal(size=4))
        _, low, high = power_law(SIZES, values, 0.02 * values)(np.array([1.2e6]))
        hits += low[0] < truth < high[0]
    assert hits / 500 == pytest.approx(0.74, abs=0.06)  # errors are only ever scaled up


def test_points_off_the_line_widen_the_band():
    values = 3 * SIZES**0.25 * np.array([1, 1.2, 0.8, 1])
    _, low, high = power_law(SIZES, values, 0.001 * values)(np.array([1.2e6]))
    assert high[0] / low[0] > 1.1


def test_trainings_that_happen_to_agree_do_not_rule_the_line():
    values = 3 * SIZES**0.25 * np.array([1, 1, 1.2, 1])
    equal = power_law(SIZES, values, 0.05 * values)
    lucky = power_law(SIZES, values, np.array([0.05, 0.05, 1e-6, 0.05]) * values)
    end = np.array([1.2e6])
    assert lucky(end)[0] == pytest.approx(equal(end)[0], rel=0.05)


def test_the_band_grows_beyond_the_data():
    line = power_law(SIZES, 3 * SIZES**0.25, 0.1 * SIZES**0.25)
    _, low, high = line(np.array([3e4, 1.2e6]))
    width = np.log(high / low)
    assert width[1] > 1.5 * width[0]


def test_two_sizes_are_too_few():
    with pytest.raises(ValueError, match="needs 3 training sizes"):
        power_law([1e3, 2e3], [1, 2], [1, 1])


def test_values_must_be_positive():
    with pytest.raises(ValueError, match="must be positive"):
        power_law([1e3, 2e3, 3e3], [1, 0, 2], [1, 1, 1])
