"""Significance with an uncertain background: limits with known answers, and what is counted."""

import numpy as np
import pytest

from tagline.measures.discovery import Passing, efficiencies, passing, significance, split_at


def significance_of(signal, background, uncertainty):
    return significance(Passing(*map(np.atleast_1d, (signal, background, uncertainty))))[0]


def test_without_an_uncertainty_it_is_that_of_a_known_background():
    s, b = 20.0, 50.0
    expected = np.sqrt(2 * ((s + b) * np.log(1 + s / b) - s))
    assert significance_of(s, b, 0.0) == pytest.approx(expected)
    assert significance_of(s, b, 1e-4) == pytest.approx(expected, rel=1e-6)


def test_for_little_signal_both_variances_add_up():
    s, b, sigma = 1.0, 1e4, 150.0
    assert significance_of(s, b, sigma) == pytest.approx(s / np.sqrt(b + sigma**2), rel=1e-3)


def test_it_is_the_likelihood_ratio():
    """Maximise the likelihood of Asimov's data over the background, by a scan."""
    s, b, sigma = 30.0, 40.0, 12.0
    b_N = np.linspace(20, 90, 700_001)

    def deviance(mean_N):
        return 2 * (mean_N - (s + b) * np.log(mean_N)) + ((b_N - b) / sigma) ** 2

    ratio = deviance(b_N).min() - deviance(b_N + s).min()
    assert significance_of(s, b, sigma) == pytest.approx(np.sqrt(ratio), rel=1e-6)


def test_what_is_less_known_is_less_significant():
    found = [significance_of(30, 40, sigma) for sigma in (0, 5, 10, 40)]
    assert np.all(np.diff(found) < 0)


def scored(score, label, pile_up):
    size = len(score)
    return {
        "score": np.array(score, np.float32),
        "label": np.array(label, np.int64),
        "pile_up": np.array(pile_up, np.float32),
        "weight": np.ones(size, np.float32),
    }


def test_both_samples_count_the_same_and_their_difference_is_the_uncertainty():
    # of 40 jets without pile-up 20 pass, of 20 with it 15; of the signal three quarters
    score = [0.9] * 20 + [0.1] * 20 + [0.9] * 15 + [0.1] * 5 + [0.9] * 15 + [0.1] * 5
    columns = scored(score, [0] * 60 + [1] * 20, [0] * 40 + [50] * 20 + [0] * 20)
    found = passing(columns, np.array([0.0, 0.5]), protected="pile_up", split=1)
    assert found.signal == pytest.approx([100, 75])
    assert found.background == pytest.approx([1000, 1000 * (0.5 + 0.75) / 2])
    assert found.uncertainty == pytest.approx([0, 250])


def test_too_few_jets_tell_nothing():
    weight_J = np.ones(30)
    share_T = efficiencies(np.arange(30.0), weight_J, np.array([0.0, 20, 21, 99]))
    np.testing.assert_allclose(share_T, [1, 1 / 3, np.nan, np.nan])


def test_the_median_parts_the_background_unless_something_else_is_said():
    columns = scored([0.5] * 6, [0, 0, 0, 1, 1, 1], [1, 2, 9, 50, 50, 50])
    assert split_at(columns, "pile_up", None) == 2
    assert split_at(columns, "pile_up", 7) == 7


def test_a_sample_that_is_missing_is_named():
    columns = scored([0.5] * 4, [0, 0, 1, 1], [0, 0, 0, 50])
    with pytest.raises(ValueError, match="no background above pile_up = 1"):
        passing(columns, np.array([0.5]), protected="pile_up", split=1)
