"""The metrics of Flavours of Physics: worked by hand, after their definitions, and at limits."""

import numpy as np
import pytest
from sklearn.metrics import auc, roc_curve

from tagline.measures.flavours_of_physics import (
    LARGEST_CORRELATION,
    STEP,
    WINDOW,
    correlation,
    disagreement,
    weighted_area,
)


def events(*, seed, decimals=7, num_events=1003):
    """Return scores, a column that they know of, and weights; few decimals make ties."""
    random = np.random.default_rng(seed)
    score = random.uniform(size=num_events).round(decimals).astype(np.float32)
    return score, score + random.normal(size=num_events), random.uniform(0.5, 2, num_events)


def stretched(score):
    """Return a rising function of scores."""
    return np.exp(3 * score.astype(np.float64)).astype(np.float32)


def disagreement_by_definition(score, is_data, weight):
    """Return the largest difference of the shares of the two weights, at any score."""

    def share(chosen, cut):
        return weight[chosen & (score <= cut)].sum() / weight[chosen].sum()

    return max(abs(share(is_data, cut) - share(~is_data, cut)) for cut in score)


def correlation_by_definition(score, mass):
    """Return the mean over windows of the mean of (F - F_window)^2 over all scores."""
    score = score[np.argsort(mass)]
    means = []
    for start in range(0, len(score) - WINDOW + 1, STEP):
        window = score[start : start + WINDOW]
        squares = [((score <= cut).mean() - (window <= cut).mean()) ** 2 for cut in score]
        means.append(np.mean(squares))
    return np.mean(means)


def weighted_area_by_definition(score, is_signal, weight):
    """Return the weighted sum of areas between cuts of the signal efficiency, as published."""
    background, signal, _ = roc_curve(
        is_signal, score, sample_weight=weight, drop_intermediate=False
    )
    area = 0
    for worth, low, high in [(4, 0, 0.2), (3, 0.2, 0.4), (2, 0.4, 0.6), (1, 0.6, 0.8)]:
        below = auc(background, np.minimum(signal, low))
        area += worth * (auc(background, np.minimum(signal, high)) - below)
    return area / (0.2 * (4 + 3 + 2 + 1))


def test_disagreement_worked_by_hand():
    score = np.array([0.1, 0.4, 0.6, 0.2, 0.4, 0.8])
    is_data = np.array([True, True, True, False, False, False])
    # shares of data 1/4, 3/4, 1 and of simulation 1/4, 1/2, 1: furthest apart at 0.6
    assert disagreement(score, is_data, np.array([1.0, 2, 1, 1, 1, 2])) == 0.5


def test_disagreement_with_negative_weights_worked_by_hand():
    score = np.array([0.2, 0.5, 0.7, 0.1, 0.6])
    is_data = np.array([True, True, True, False, False])
    # shares of data 1/2, 1/4, 1 and of simulation 1/2, 1: furthest apart at 0.6
    assert disagreement(score, is_data, np.array([2.0, -1, 3, 1, 1])) == 0.75


def test_correlation_worked_by_hand():
    mass = np.arange(400.0)
    # sums of squares of differences, in units of 1/400, in windows from 0, 50, 100, 150, 200
    sums = np.array([5_333_400, 2_333_400, 1_333_400, 2_333_400, 5_333_400])
    assert correlation(mass, mass) == pytest.approx(sums.mean() / 400**3, rel=1e-12)


def test_correlation_says_how_many_events_it_needs():
    score, known, _ = events(seed=1, num_events=WINDOW)
    assert correlation(score, known) == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="needs 200 events of background, not 199"):
        correlation(score[1:], known[1:])


def test_weighted_area_worked_by_hand():
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1], np.float32)
    is_signal = np.array([True, False] * 4 + [True])
    equal, last = np.ones(9), np.array([1.0, 1, 1, 1, 1, 1, 1, 3, 1])
    assert weighted_area(score, is_signal, equal) == pytest.approx((0.4 + 0.7 + 0.9 + 1) / 4)
    assert weighted_area(score, is_signal, last) == pytest.approx((0.4 + 0.7 + 0.9 + 3) / 6)


@pytest.mark.parametrize("decimals", [7, 1], ids=["distinct", "ties"])
def test_disagreement_and_weighted_area_are_what_their_definitions_say(decimals):
    score, known, weight = events(seed=1, decimals=decimals)
    found = disagreement(score, known > 0.5, weight)
    assert found == pytest.approx(disagreement_by_definition(score, known > 0.5, weight))
    found = weighted_area(score, known > 0.5, weight)
    assert found == pytest.approx(weighted_area_by_definition(score, known > 0.5, weight))


def test_correlation_is_what_its_definition_says():
    score, known, _ = events(seed=2)
    assert correlation(score, known) == pytest.approx(correlation_by_definition(score, known))


def test_equal_distributions_agree_and_distinct_ones_do_not():
    score, _, weight = events(seed=3)
    is_data = np.repeat([True, False], len(score))
    twice, weights = np.tile(score, 2), np.tile(weight, 2)
    assert disagreement(twice, is_data, weights) == pytest.approx(0, abs=1e-12)
    assert disagreement(twice + is_data, is_data, weights) == pytest.approx(1)


def test_an_independent_score_has_the_correlation_of_chance():
    score, _, _ = events(seed=4, num_events=20_000)
    mass = np.random.default_rng(5).uniform(1.6, 2.0, len(score))
    expected = 1 / 6 / WINDOW  # the mean of F (1 - F) / WINDOW
    assert correlation(score, mass) == pytest.approx(expected, rel=0.1)
    assert expected < LARGEST_CORRELATION


@pytest.mark.parametrize(
    ("score_of", "area"),
    [
        pytest.param(lambda is_signal, _: is_signal, 1, id="perfect"),
        pytest.param(lambda is_signal, _: ~is_signal, 0, id="inverted"),
        pytest.param(lambda is_signal, _: 0 * is_signal, 0.5, id="constant"),
        pytest.param(lambda _, score: score, 0.7, id="chance"),
    ],
)
def test_weighted_area_of_scores_with_known_answers(score_of, area):
    score, _, weight = events(seed=6, num_events=100_000)
    is_signal = np.random.default_rng(7).uniform(size=len(score)) < 0.5
    found = weighted_area(score_of(is_signal, score).astype(np.float32), is_signal, weight)
    assert found == pytest.approx(area, abs=0.01)


def test_monotone_functions_of_the_score_change_nothing():
    score, known, weight = events(seed=8, decimals=3)
    other = stretched(score)
    assert disagreement(other, known > 0.5, weight) == disagreement(score, known > 0.5, weight)
    assert correlation(other, known) == correlation(score, known)
    assert weighted_area(other, known > 0.5, weight) == weighted_area(score, known > 0.5, weight)
