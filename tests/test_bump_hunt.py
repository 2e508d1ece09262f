"""The search for a bump is exact for what it fits, and sees the bumps that are put into it."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tagline.measures.bump_hunt import (
    BACKGROUND_JETS,
    CENTRE_M,
    LEAST_JETS,
    TERMS_MP,
    Sample,
    Search,
    Spectrum,
    bins_in,
    can_be_fitted,
    excess,
    fit,
    search,
)

WINDOW = (150.0, 200.0)
IN_WINDOW_M = bins_in(WINDOW)
FALLING_M = np.exp(-CENTRE_M / 40)
HUMP_M = np.exp(-0.5 * ((CENTRE_M - 175) / 20) ** 2)
PEAK_M = np.exp(-0.5 * ((CENTRE_M - 173) / 8) ** 2)


def spectrum(shape_M: np.ndarray, num_jets: float, *, weight: float = 1) -> Spectrum:
    sum_M = num_jets * shape_M / shape_M.sum()
    return Spectrum(weight * sum_M, weight**2 * sum_M)


def drawn(shape_M: np.ndarray, num_jets: float, *, seed: int) -> Spectrum:
    sum_M = np.random.default_rng(seed).poisson(num_jets * shape_M / shape_M.sum()).astype(float)
    return Spectrum(sum_M, sum_M)


BEFORE = Sample(spectrum(FALLING_M, BACKGROUND_JETS), spectrum(PEAK_M, 50_000))


def found(background: Spectrum, *, signal: float = 25_000, replicas: int = 100) -> Search:
    passing = Sample(background, spectrum(PEAK_M, signal))
    return search(
        passing, BEFORE, window=WINDOW, replicas=replicas, random=np.random.default_rng(1)
    )


@pytest.mark.parametrize("num_jets", [1e4, 1e7])
@pytest.mark.parametrize("decay", [10, 40, 200])
def test_fits_an_exponential_exactly(decay, num_jets):
    """To a tenth of a jet where there are few."""
    count_M = spectrum(np.exp(-CENTRE_M / decay), num_jets).sum_M
    fitted_RM, _ = fit(count_M[None], IN_WINDOW_M)
    np.testing.assert_allclose(fitted_RM[0], count_M, rtol=1e-3, atol=0.1)


def test_fits_a_falling_polynomial_exactly():
    x_M = (CENTRE_M - 50) / 250
    count_M = 500 * np.exp(-2 * x_M - x_M**2 - 2 * x_M**3)
    np.testing.assert_allclose(fit(count_M[None], IN_WINDOW_M)[0][0], count_M, rtol=1e-3)


@pytest.mark.parametrize("shape_M", [FALLING_M, FALLING_M * (0.05 + HUMP_M), PEAK_M + 0.01])
def test_finds_the_maximum_that_scipy_finds(shape_M):
    count_M = drawn(shape_M, 5000, seed=3).sum_M
    side_M, terms_MP = count_M[~IN_WINDOW_M], TERMS_MP[~IN_WINDOW_M]
    num_drops = terms_MP.shape[1] - 1
    best = minimize(
        lambda parameter_P: np.exp(terms_MP @ parameter_P).sum() - side_M @ terms_MP @ parameter_P,
        [5] + [1] * num_drops,
        jac=lambda parameter_P: terms_MP.T @ (np.exp(terms_MP @ parameter_P) - side_M),
        bounds=[(None, None)] + [(0, None)] * num_drops,
        method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-9},
    )
    expected = np.exp(TERMS_MP @ best.x)[IN_WINDOW_M].sum()
    assert fit(count_M[None], IN_WINDOW_M)[0][0, IN_WINDOW_M].sum() == pytest.approx(
        expected, abs=0.1
    )


def test_the_fit_never_rises():
    count_RM = np.stack([PEAK_M + 0.1, FALLING_M[::-1], HUMP_M + FALLING_M]) * 100
    assert np.all(np.diff(fit(count_RM, IN_WINDOW_M)[0], axis=1) <= 0)


def test_the_error_is_the_spread_of_many_searches():
    """Cover of the formula: 2000 searches in background that fluctuates."""
    mean_M = 20_000 * FALLING_M / FALLING_M.sum()
    count_RM = np.random.default_rng(1).poisson(mean_M, (2000, len(mean_M)))
    excess_R, error_R = excess(count_RM, IN_WINDOW_M)
    assert np.mean(excess_R / error_R) == pytest.approx(0, abs=0.1)
    assert np.std(excess_R / error_R) == pytest.approx(1, abs=0.07)


def test_finds_no_bias_where_nothing_is_sculpted():
    searches = [found(drawn(FALLING_M, 2000, seed=seed)) for seed in range(30)]
    covered = [one.bias.low < 0 < one.bias.high for one in searches]
    assert 0.45 < np.mean(covered) < 0.9
    assert found(spectrum(FALLING_M, 2000)).bias.value == pytest.approx(0, abs=0.05)


def test_finds_the_bump_that_a_score_makes():
    bias = found(spectrum(FALLING_M * (0.05 + HUMP_M), 2000)).bias
    assert bias.low > 10


def test_a_dip_is_a_bias_too():
    assert found(spectrum(FALLING_M * (1 - 0.9 * HUMP_M), 2000)).bias.high < -2


def test_recovers_the_injected_signal():
    """Excess and error by hand: half of the signal passes, and 1 % of the background."""
    count_M = spectrum(FALLING_M, BACKGROUND_JETS / 100).sum_M
    error = excess(count_M[None], IN_WINDOW_M)[1][0]
    signal = np.sqrt(BEFORE.background.sum_M[IN_WINDOW_M].sum())
    one = found(spectrum(FALLING_M, BACKGROUND_JETS / 100))
    assert error > np.sqrt(count_M[IN_WINDOW_M].sum())
    assert one.significance.value == pytest.approx(signal / 2 / error, rel=0.05)
    assert one.significance.value > 3


def test_bias_costs_significance():
    one = found(spectrum(FALLING_M * (0.05 + HUMP_M), 2000))
    by_hand = one.significance.value / np.hypot(1, one.bias.value)
    assert one.biased_significance.value == pytest.approx(by_hand)


def test_the_scale_of_the_weights_does_not_matter():
    light, heavy = (
        search(
            Sample(spectrum(FALLING_M, 2000, weight=weight), spectrum(PEAK_M, 25_000)),
            Sample(spectrum(FALLING_M, 100_000, weight=weight), BEFORE.signal),
            window=WINDOW,
            replicas=5,
            random=np.random.default_rng(1),
        )
        for weight in (0.01, 100)
    )
    assert light.significance.value == pytest.approx(heavy.significance.value)
    assert light.bias.high == pytest.approx(heavy.bias.high)


def test_a_quarter_of_the_test_jets_know_half_as_well():
    few, many = (
        search(
            Sample(spectrum(FALLING_M, 0.05 * num_jets), spectrum(PEAK_M, 25_000)),
            Sample(spectrum(FALLING_M, num_jets), BEFORE.signal),
            window=WINDOW,
            replicas=1000,
            random=np.random.default_rng(1),
        )
        for num_jets in (100_000, 400_000)
    )
    assert few.significance.value == pytest.approx(many.significance.value)
    few_width, many_width = (one.bias.high - one.bias.low for one in (few, many))
    assert few_width == pytest.approx(2 * many_width, rel=0.1)


@pytest.mark.parametrize("weight", [0, 0.1, 1, 10])
def test_says_that_too_few_jets_pass(weight):
    sum_M = np.where(IN_WINDOW_M, 100, 0.9 * LEAST_JETS / np.sum(~IN_WINDOW_M))
    few = Spectrum(weight * sum_M, weight**2 * sum_M)
    assert not can_be_fitted(few, IN_WINDOW_M)
    with pytest.raises(ValueError, match="too few background jets pass: a fit needs 10 outside"):
        found(few)


def test_says_that_no_signal_is_in_the_window():
    outside = spectrum(np.where(IN_WINDOW_M, 0, FALLING_M), 100)
    with pytest.raises(ValueError, match="no signal is in the window of 150 to 200 GeV"):
        search(
            BEFORE,
            Sample(BEFORE.background, outside),
            window=WINDOW,
            replicas=5,
            random=np.random.default_rng(1),
        )


@pytest.mark.parametrize("place", [0, 19, 30, 49])
@pytest.mark.parametrize("shape_M", [FALLING_M, HUMP_M, PEAK_M, 1 / FALLING_M])
def test_no_replica_of_the_smallest_spectra_stops_a_study(shape_M, place):
    """Nor does it where all jets of the side bands are in one bin."""
    sum_M = np.where(IN_WINDOW_M, np.round(100 * shape_M), 0)
    sum_M[place] = LEAST_JETS
    estimates = found(Spectrum(sum_M, sum_M), replicas=300)
    assert np.isfinite([[one.low, one.value, one.high] for one in estimates]).all()


def test_finds_a_bump_in_another_window_and_none_beside_it():
    """W bosons at 80 GeV, as many as the square root of the background below them."""
    bump_M = np.exp(-0.5 * ((CENTRE_M - 80) / 8) ** 2)
    sample = Sample(spectrum(FALLING_M, BACKGROUND_JETS), spectrum(bump_M, 1000))
    of_w, of_top = (
        search(sample, before, window=window, replicas=5, random=np.random.default_rng(1))
        for window, before in (((65.0, 95.0), sample), (WINDOW, BEFORE))
    )
    assert of_w.bias.value == pytest.approx(0, abs=0.05)
    assert of_w.significance.value > 0.3
    assert abs(of_top.significance.value) < 0.01 * of_w.significance.value


@pytest.mark.parametrize("window", [(50.0, 80.0), (280.0, 300.0), (81.0, 82.0), (400.0, 500.0)])
def test_says_that_a_window_has_no_bins_or_no_side_bands(window):
    with pytest.raises(ValueError, match=r"signal_window: .* has no bins, or no side band"):
        bins_in(window)


def test_finds_the_maximum_where_nothing_is_above_a_mass():
    """Then the fit falls by hundreds of orders of magnitude, which takes no more steps."""
    random = np.random.default_rng(1)
    mean_M = np.where(CENTRE_M < 105, 800 * np.exp(-(CENTRE_M - 50) / 60), 0)
    count_RM = 100 * random.poisson(mean_M / 100, (50, len(mean_M))).astype(float)
    in_window_M = bins_in((65.0, 95.0))
    fitted_RM, _ = fit(count_RM, in_window_M)
    total_R = count_RM[:, ~in_window_M].sum(axis=1)
    np.testing.assert_allclose(fitted_RM[:, ~in_window_M].sum(axis=1), total_R, rtol=1e-3)


def test_finds_the_maximum_where_hundredths_of_jets_lie_above_the_others():
    """A weak signal leaves them there; the fit falls by four orders of magnitude to them."""
    background_M = [53.3, 98.3, 245, 279, 510, 708, 625, 358, 249, 97.7, 15]
    signal_M = np.array(
        [18, 8, 6, 4, 2, 3, 0, 5, 2, 1, 2, 0, 0, 1, 1, 1, 0, 0, 1] + 13 * [0] + [1]
    )
    count_M = np.zeros(len(CENTRE_M))
    count_M[: len(background_M)] = background_M
    count_M[len(background_M) : len(background_M) + len(signal_M)] = 0.0111 * signal_M
    in_window_M = bins_in((65.0, 95.0))
    fitted_RM, _ = fit(count_M[None], in_window_M)
    fitted, total = fitted_RM[0, ~in_window_M].sum(), count_M[~in_window_M].sum()
    assert fitted == pytest.approx(total, rel=1e-3)
