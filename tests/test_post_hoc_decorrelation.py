"""Methods that act on scores afterwards make the background flat where they say."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy.stats import ks_1samp, ks_2samp, uniform

from tagline.data.protected import filled_edges
from tagline.decorrelation import (
    conditional_flow,
    css,
    ddt,
    ddt_profile,
    knn,
    quantile_regression,
)
from tagline.measures.logits import logits_of, scores_of
from tagline.measures.quantile_maps import quantiles

EFFICIENCY = 0.2
SURFACES = {
    "knn": knn.Decorrelation(knn.Config(efficiency=EFFICIENCY)),
    "quantile_regression": quantile_regression.Decorrelation(
        quantile_regression.Config(efficiency=EFFICIENCY)
    ),
}
FLOW = conditional_flow.Decorrelation(conditional_flow.Config())
METHODS = SURFACES | {
    "conditional_flow": conditional_flow.Decorrelation(conditional_flow.Config(steps=30)),
    "css": css.Decorrelation(css.Config()),
    "ddt_profile": ddt_profile.Decorrelation(ddt_profile.Config()),
}
NUM_SLICES = 8


class Toy(NamedTuple):
    """Jets whose logit is logistic noise about a mean that their protected columns give."""

    score_J: np.ndarray
    protected_JR: np.ndarray
    label_J: np.ndarray
    weight_J: np.ndarray


def mean_logit(protected_JR):
    """Return a peak in mass, on a slope in pt if there is one, as a tagger of tops would."""
    peak_J = np.exp(-0.5 * ((protected_JR[:, 0] - 172) / 40) ** 2)
    return 2 * peak_J - 3 + (protected_JR[:, 1:] / 300).sum(axis=1)


def toy(num_jets, *, seed, columns):
    """Return jets of which a tenth are tops; mass and pt are correlated, as in QCD."""
    random = np.random.default_rng(seed)
    label_J = (np.arange(num_jets) % 10 == 0).astype(int)
    pt_J = random.uniform(500, 800, num_jets)
    mass_J = np.where(
        label_J, random.normal(172, 15, num_jets), pt_J * random.beta(2, 6, num_jets)
    )
    protected_JR = np.stack([mass_J, pt_J], axis=1)[:, :columns]
    logit_J = mean_logit(protected_JR) + random.logistic(0, 1, num_jets) + 3 * label_J
    return Toy(scores_of(logit_J), protected_JR, label_J, np.ones(num_jets))


def fit(method, jets):
    rows_J = is_background(jets)
    return method.fit(jets.score_J[rows_J], jets.protected_JR[rows_J], jets.weight_J[rows_J])


def decorrelated(method, fitted_on, jets):
    fitted = fit(method, fitted_on)
    return method.transform(jets.score_J, jets.protected_JR, fitted)


def is_background(jets):
    return jets.label_J == 0


def slices(column_J):
    """Return the slice of each jet, of as many jets each."""
    return np.digitize(column_J, np.quantile(column_J, np.linspace(0, 1, NUM_SLICES + 1)[1:-1]))


def shares_passing(passes_J, column_J, weight_J):
    slice_J = slices(column_J)
    passing = np.bincount(slice_J, weight_J * passes_J, minlength=NUM_SLICES)
    return passing / np.bincount(slice_J, weight_J, minlength=NUM_SLICES)


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("columns", [1, 2])
def test_one_cut_passes_the_efficiency_in_slices_of_every_column(name, columns):
    jets = toy(50_000, seed=2, columns=columns)
    score_J = decorrelated(SURFACES[name], toy(50_000, seed=1, columns=columns), jets)
    rows_J = is_background(jets)
    passes_J = score_J[rows_J] > np.quantile(score_J[rows_J], 1 - EFFICIENCY)
    for column_J in jets.protected_JR[rows_J].T:
        shares = shares_passing(passes_J, column_J, jets.weight_J[rows_J])
        np.testing.assert_allclose(shares, EFFICIENCY, atol=0.025)


@pytest.mark.parametrize("name", SURFACES)
def test_the_surface_is_the_quantile_of_the_toy(name):
    """The quantile of logistic noise at 1 - e is log((1 - e) / e)."""
    jets = toy(50_000, seed=1, columns=2)
    shift_J = logits_of(jets.score_J) - logits_of(decorrelated(SURFACES[name], jets, jets))
    rows_J = is_background(jets)
    quantile_J = mean_logit(jets.protected_JR) + np.log((1 - EFFICIENCY) / EFFICIENCY)
    of_all = np.quantile(logits_of(jets.score_J[rows_J]), 1 - EFFICIENCY)
    error_J = (shift_J + of_all - quantile_J)[rows_J]
    assert np.sqrt(np.mean(error_J**2)) < 0.15
    assert abs(np.mean(error_J)) < 0.02


@pytest.mark.parametrize("name", SURFACES)
def test_it_is_the_weighted_background_that_is_flat(name):
    jets = toy(50_000, seed=1, columns=1)
    mass_J = jets.protected_JR[:, 0]
    is_sure_J = logits_of(jets.score_J) > mean_logit(jets.protected_JR)
    weighted = jets._replace(weight_J=np.where(is_sure_J & (mass_J > 160), 0.3, 1.0))
    rows_J = is_background(jets)
    spread = {}
    for fitted_on in (jets, weighted):
        score_J = decorrelated(SURFACES[name], fitted_on, jets)[rows_J]
        cut = quantiles(score_J, np.array([1 - EFFICIENCY]), weighted.weight_J[rows_J])
        shares = shares_passing(score_J > cut, mass_J[rows_J], weighted.weight_J[rows_J])
        spread[fitted_on is weighted] = np.ptp(shares)
    assert spread[True] < 0.04 < 0.1 < spread[False]


@pytest.mark.parametrize("name", METHODS)
def test_keeps_the_order_of_jets_with_the_same_protected_columns(name):
    jets = toy(5000, seed=1, columns=1)
    method = METHODS[name]
    fitted = fit(method, jets)
    score_J = scores_of(np.linspace(-14, 14, 500))
    for mass in (20.0, 110.0, 172.0, 900.0):
        mapped_J = method.transform(score_J, np.full((500, 1), mass), fitted)
        assert (np.diff(mapped_J) > 0).all()
        assert (mapped_J >= 0).all()
        assert (mapped_J <= 1).all()


@pytest.mark.parametrize("name", ["css", "ddt_profile"])
def test_methods_of_one_column_name_the_number_they_refuse(name):
    jets = toy(100, seed=1, columns=2)
    with pytest.raises(ValueError, match=f"{name} protects one column, the task names 2"):
        fit(METHODS[name], jets)


TIES = {
    "a_third_are_zero": lambda mass_J: np.where(np.arange(len(mass_J)) % 3, mass_J, 0.0),
    "two_values": lambda mass_J: np.where(mass_J > np.median(mass_J), 50.0, 0.0),
    "one_value": lambda mass_J: np.full_like(mass_J, 7.0),
}


@pytest.mark.parametrize("name", ["css", "ddt"])
@pytest.mark.parametrize("ties", TIES)
def test_bins_are_as_many_as_ties_leave(name, ties):
    method = {"css": css, "ddt": ddt}[name]
    jets = toy(20_000, seed=1, columns=1)
    mass_J = TIES[ties](jets.protected_JR[:, 0])
    logit_J = np.where(mass_J > 0, 1.0, 0.0) + logits_of(jets.score_J)
    tied = jets._replace(protected_JR=mass_J[:, None], score_J=scores_of(logit_J))
    score_J = decorrelated(method.Decorrelation(method.Config(bins=8)), tied, tied)
    rows_J = is_background(jets)
    passes_J = score_J[rows_J] > np.quantile(score_J[rows_J], 0.8)
    assert np.isfinite(score_J).all()
    for is_low_J in (mass_J[rows_J] < 1, mass_J[rows_J] >= 1):
        if is_low_J.any():
            assert passes_J[is_low_J].mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("column", "edges"),
    [
        ([0, 0, 0, 1, 2, 3], [4 / 3]),
        ([0, 0, 50, 50], [50]),
        ([7, 7, 7], []),
        ([1, 2, 3], [5 / 3, 7 / 3]),
    ],
    ids=["at_the_least", "between_ties", "all", "none"],
)
def test_edges_leave_no_bin_empty(column, edges):
    np.testing.assert_allclose(filled_edges(np.array(column, float), 3), edges)


def line(num_jets):
    """Return background whose logit is a line in rho = log(m^2) of slope 0.7, and noise."""
    random = np.random.default_rng(1)
    mass_J = random.uniform(20, 300, num_jets)
    logit_J = 0.7 * 2 * np.log(mass_J) - 9 + random.normal(0, 1, num_jets)
    none_J = np.zeros(num_jets, int)
    return Toy(scores_of(logit_J), mass_J[:, None], none_J, np.ones(num_jets))


def test_ddt_profile_finds_the_slope_of_a_line():
    fitted = fit(METHODS["ddt_profile"], line(50_000))
    assert fitted["slope"] == pytest.approx(0.7, abs=0.02)


def test_ddt_profile_finds_the_slope_in_the_mass_per_pt():
    """rho' = log(m^2 / pT) is rho but for a constant at 500 GeV, and falls with pT."""
    jets = line(50_000)
    pt_J = np.random.default_rng(2).uniform(300, 600, 50_000)
    shifted_J = logits_of(jets.score_J) - 0.7 * np.log(pt_J / 500)
    both_JR = np.column_stack([jets.protected_JR, pt_J])
    per_pt = ddt_profile.Decorrelation(ddt_profile.Config(per_pt=True))
    told = jets._replace(score_J=scores_of(shifted_J), protected_JR=both_JR)
    assert fit(per_pt, told)["slope"] == pytest.approx(0.7, abs=0.02)
    score_J = per_pt.transform(
        np.full(2, 0.5), np.array([[100.0, 500.0], [80.0, 320.0]]), {"slope": np.array(1.0)}
    )
    assert score_J[0] == pytest.approx(score_J[1])


def test_ddt_profile_weights_its_means():
    """Normal noise that counts twice above zero has the mean sqrt(2 / pi) / 3."""
    jets = line(50_000)
    mass_J = jets.protected_JR[:, 0]
    above_J = logits_of(jets.score_J) > 0.7 * 2 * np.log(mass_J) - 9
    weight_J = np.where(above_J & (mass_J > 100), 2.0, 1.0)
    two_bins = ddt_profile.Decorrelation(ddt_profile.Config(lowest=50, highest=200, bins=2))
    fitted = fit(two_bins, jets._replace(weight_J=weight_J))
    rise = np.sqrt(2 / np.pi) / 3
    assert fitted["slope"] == pytest.approx(0.7 + rise / np.log(200 / 50), abs=0.03)


def test_ddt_profile_shifts_jets_outside_its_range_as_at_its_ends():
    method = METHODS["ddt_profile"]
    mass_J = np.array([1.0, 50.0, 180.0, 500.0, 0.0])
    score_J = method.transform(np.full(5, 0.5), mass_J[:, None], {"slope": np.array(1.0)})
    assert score_J[0] == score_J[1] == score_J[4] > 0.5 > score_J[2] == score_J[3]


def test_ddt_profile_needs_background_in_its_range():
    jets = line(1000)
    with pytest.raises(ValueError, match="no line of background"):
        fit(METHODS["ddt_profile"], jets._replace(protected_JR=jets.protected_JR + 500))


def distances_to_the_furthest(score_J, slice_J):
    """Return the KS distance of each slice to that with the lowest scores."""
    in_slices = [score_J[slice_J == position] for position in range(NUM_SLICES)]
    reference = min(in_slices, key=np.mean)
    return np.array([ks_2samp(scores, reference).statistic for scores in in_slices])


def test_css_makes_bins_resemble_their_reference():
    jets = toy(50_000, seed=1, columns=1)
    rows_J = is_background(jets)
    slice_J = slices(jets.protected_JR[rows_J, 0])
    method = css.Decorrelation(css.Config(bins=NUM_SLICES))
    before = distances_to_the_furthest(jets.score_J[rows_J], slice_J)
    after = distances_to_the_furthest(decorrelated(method, jets, jets)[rows_J], slice_J)
    assert before.max() > 0.4
    assert after.max() < 0.06
    assert (after <= before + 1e-3).all()


def test_css_adds_nothing_where_bins_are_alike():
    jets = toy(50_000, seed=1, columns=1)
    alike = jets._replace(protected_JR=np.random.default_rng(1).uniform(size=(50_000, 1)))
    fitted = fit(css.Decorrelation(css.Config(bins=4)), alike)
    assert fitted["omega"].max() < 0.1
    np.testing.assert_allclose(fitted["after"], fitted["before"], atol=0.15)


def test_css_adds_a_shape_whose_mean_is_omega():
    """Convolved, the mean of any distribution rises by Omega, its variance by Omega^2 / alpha."""
    share_X = np.zeros(len(css.CELLS) - 1)
    share_X[40] = 1.0
    convolved_X = css.Decorrelation(css.Config(alpha=4))._convolved(share_X, 3.0)
    x_X = css.CELLS[:-1]
    mean = convolved_X @ x_X
    assert mean - x_X[40] == pytest.approx(3, rel=1e-3)
    assert convolved_X @ (x_X - mean) ** 2 == pytest.approx(9 / 4, rel=1e-2)


def test_css_weights_jets():
    """Jets of weight zero are not there."""
    jets = toy(20_000, seed=1, columns=1)
    heavy_J = np.arange(20_000) % 3 > 0
    method = css.Decorrelation(css.Config(bins=1))
    weighted = fit(method, jets._replace(weight_J=heavy_J * 1.0))
    fewer = fit(method, Toy(*(part[heavy_J] for part in jets)))
    np.testing.assert_allclose(weighted["before"], fewer["before"])


@pytest.fixture(scope="module", params=[1, 2])
def flown(request):
    """Return jets of one or two columns, and their scores by a flow fitted on others."""
    jets = toy(50_000, seed=2, columns=request.param)
    fitted_on = toy(50_000, seed=1, columns=request.param)
    return jets, decorrelated(FLOW, fitted_on, jets)


def test_the_flow_makes_background_uniform_in_slices_of_every_column(flown):
    """KS distances of 5,600 uniform jets exceed 0.026 once in a thousand times."""
    jets, score_J = flown
    rows_J = is_background(jets)
    for column_J in jets.protected_JR[rows_J].T:
        slice_J = slices(column_J)
        for position in range(NUM_SLICES):
            distance = ks_1samp(score_J[rows_J][slice_J == position], uniform.cdf).statistic
            assert distance < 0.035


def test_the_flow_finds_the_distribution_of_the_toy(flown):
    """The share of logistic noise below x is 1 / (1 + exp(-x))."""
    jets, score_J = flown
    share_J = scores_of(logits_of(jets.score_J) - mean_logit(jets.protected_JR))
    rows_J = is_background(jets)
    assert np.sqrt(np.mean((score_J - share_J)[rows_J] ** 2)) < 0.025


def test_the_flow_weights_jets():
    jets = toy(20_000, seed=1, columns=1)
    mass_J = jets.protected_JR[:, 0]
    noise_J = logits_of(jets.score_J) - mean_logit(jets.protected_JR)
    is_light_J = (noise_J > 0) & (mass_J > 160)
    fitted_on = jets._replace(weight_J=np.where(is_light_J, 0.5, 1.0))
    score_J = decorrelated(FLOW, fitted_on, jets)
    middle_J = is_background(jets) & (abs(noise_J) < 0.1)
    assert score_J[middle_J & (mass_J > 170)].mean() == pytest.approx(2 / 3, abs=0.04)
    assert score_J[middle_J & (mass_J < 150)].mean() == pytest.approx(1 / 2, abs=0.04)


def test_the_flow_is_the_same_each_time_and_leaves_the_random_state_alone():
    jets = toy(2000, seed=1, columns=1)
    state = torch.get_rng_state()
    first, second = (decorrelated(METHODS["conditional_flow"], jets, jets) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)
