"""Efficiencies and divergences agree with scikit-learn, with SciPy and with their formulas."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp
from sklearn.metrics import accuracy_score, roc_auc_score, roc_curve

from tagline.measures import roc, sculpting

GRID = np.linspace(0.05, 0.95, 37)


def jets(num_jets: int, *, seed: int, decimals: int) -> tuple[np.ndarray, ...]:
    """Return scores, labels and weights; few decimals make ties."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, num_jets)
    score = 1 / (1 + np.exp(-random.normal(2 * label - 1, 1))).round(decimals)
    return score.astype(np.float32), label, random.uniform(0.5, 2, num_jets)


@pytest.mark.parametrize("decimals", [7, 2, 0], ids=["distinct", "some ties", "many ties"])
def test_efficiencies_are_those_of_scikit_learn(decimals):
    score, label, weight = jets(1000, seed=1, decimals=decimals)
    ordered = roc.order(score, label == 1)
    found = roc.efficiencies(ordered, weight[ordered.order_J], GRID)
    fpr, tpr, _ = roc_curve(label, score, sample_weight=weight, drop_intermediate=False)
    assert found.auc == pytest.approx(roc_auc_score(label, score, sample_weight=weight))
    np.testing.assert_allclose(found.background_efficiency_E, np.interp(GRID, tpr, fpr))
    assert found.accuracy == pytest.approx(
        accuracy_score(label, score > 0.5, sample_weight=weight)
    )


def test_what_passes_reaches_the_signal_efficiency_and_no_tie_is_split():
    score, label, weight = jets(1000, seed=2, decimals=2)
    ordered = roc.order(score, label == 1)
    signal = (weight * label)[ordered.order_J]
    found = roc.efficiencies(ordered, weight[ordered.order_J], GRID)
    reached = np.cumsum(signal)[found.num_passing_E - 1] / signal.sum()
    assert (reached > GRID).all()
    assert ordered.ends_tie_J[found.num_passing_E - 1].all()


def test_a_worthless_score_rejects_nothing():
    label = np.arange(100) % 2
    ordered = roc.order(np.full(100, 0.3, np.float32), label == 1)
    found = roc.efficiencies(ordered, np.ones(100), GRID)
    assert found.auc == 0.5
    np.testing.assert_allclose(found.background_efficiency_E, GRID)


def test_a_perfect_score_leaves_no_background():
    label = np.arange(100) % 2
    ordered = roc.order(label.astype(np.float32), label == 1)
    found = roc.efficiencies(ordered, np.ones(100), GRID)
    assert found.auc == found.accuracy == 1
    assert not found.background_efficiency_E.any()


def test_sorts_any_float_descending_and_stably():
    random = np.random.default_rng(3)
    score = random.choice([-1e30, -2.5, -0.0, 0.0, 1e-40, 0.5, 7.0, 1e30], 500).astype(np.float32)
    np.testing.assert_array_equal(roc.descending(score), np.argsort(-score, kind="stable"))


def test_bootstrap_counts_are_poisson_with_mean_one():
    counts = roc.poisson_counts(1_000_000, np.random.default_rng(4))
    assert counts.mean() == pytest.approx(1, abs=5e-3)
    assert counts.var() == pytest.approx(1, abs=1e-2)
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=3e-3)


def selection(num_jets: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return masses in steps of a GeV, with ties, and a selection that prefers high ones."""
    random = np.random.default_rng(seed)
    mass = random.gamma(5, 30, num_jets).round() + 0.5
    return mass, random.uniform(0, 300, num_jets) < mass


def test_divergence_is_that_of_scipy():
    mass, passes = selection(3000, seed=5)
    found = sculpting.jensen_shannon(sculpting.protect(mass), passes, np.ones(3000))
    halves = (np.histogram(mass[rows], sculpting.MASS_EDGES)[0] for rows in (passes, ~passes))
    assert found == pytest.approx(jensenshannon(*halves, base=2) ** 2)


def test_kolmogorov_smirnov_is_that_of_scipy():
    mass, passes = selection(3000, seed=6)
    found = sculpting.kolmogorov_smirnov(sculpting.protect(mass), passes, np.ones(3000))
    assert found == pytest.approx(ks_2samp(mass[passes], mass[~passes]).statistic)


@pytest.mark.parametrize("measure", [sculpting.jensen_shannon, sculpting.kolmogorov_smirnov])
def test_an_integer_weight_is_a_repeated_jet(measure):
    mass, passes = selection(300, seed=7)
    times = np.random.default_rng(8).integers(0, 4, 300)
    repeated = sculpting.protect(np.repeat(mass, times)), np.repeat(passes, times)
    assert measure(sculpting.protect(mass), passes, times.astype(float)) == pytest.approx(
        measure(*repeated, np.ones(times.sum()))
    )


@pytest.mark.parametrize("measure", [sculpting.jensen_shannon, sculpting.kolmogorov_smirnov])
def test_disjoint_or_empty_selections_differ_completely(measure):
    mass = np.linspace(60, 290, 200)
    for passes in (mass > 150, mass > 1000):
        assert measure(sculpting.protect(mass), passes, np.ones(200)) == pytest.approx(1)


def test_chance_alone_makes_a_divergence_that_falls_with_the_number_of_jets():
    medians = []
    for num_jets in (1000, 10_000):
        mass, _ = selection(num_jets, seed=9)
        passes = np.arange(num_jets) % 10 == 0
        by_chance = sculpting.jensen_shannon_by_chance(
            sculpting.protect(mass),
            passes,
            np.ones(num_jets),
            replicas=50,
            random=np.random.default_rng(10),
        )
        medians.append(np.median(by_chance))
    assert medians[0] / medians[1] == pytest.approx(10, rel=0.3)
