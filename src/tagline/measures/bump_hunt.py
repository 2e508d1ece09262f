"""Bump hunt: what a cut on the score gains in the search for a bump, and what bump it fakes.

The search counts jets in a window of the mass, and predicts the background there from a fit to
the bins on both sides, the side bands. With n jets in the window, b of them predicted, and C the
covariance of the fitted parameters, on which b depends with the gradient g, the excess and its
statistical error are

    n - b  and  sqrt(n + g^T C g).

The excess without signal is the spurious signal, by which searches choose what they fit:
Measurement of Higgs boson production in the diphoton decay channel, ATLAS (2014),
arXiv:1408.7084. Spectra are those of test jets, scaled to a stated number of background jets, and
do not fluctuate, as in Asimov data. The statistical error is thus that of the search. How well
the test jets know a result is its interval.
"""

from math import comb
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.measures.metrics import Estimate
from tagline.measures.sculpting import MASS_EDGES

Array = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Window = tuple[float, float]

# All of these are [chosen].
BACKGROUND_JETS = 100_000  # within MASS_EDGES before any cut: the luminosity
SIGNAL = 1.0  # in the window before any cut, in square roots of the background there
DEGREE = 4  # of the polynomial; 3 leaves a bias before any cut that 20,000 QCD jets can show
LEAST_JETS = 10  # that a fit needs in the side bands

INTERVAL = (0.16, 0.5, 0.84)
BARRIER = 0.01  # of a jet: far too little to move a drop that the jets know
LARGEST_STEP = 2.0  # upwards of the logarithm of any bin that has some jets or is fitted to have
NEGLIGIBLE = 1e-6  # of a jet
LARGEST_LOSS = 0.9  # share of a drop that one step may take
GAIN = 1e-9  # in log-likelihood, below which a fit has converged
MAX_STEPS = 200

CENTRE_M = (MASS_EDGES[1:] + MASS_EDGES[:-1]) / 2
IS_DROP_P = np.arange(DEGREE + 1) > 0


class Spectrum(NamedTuple):
    """Sums of the weights of jets in bins of MASS_EDGES, and their variances."""

    sum_M: Array
    variance_M: Array


class Sample(NamedTuple):
    """Background and signal, before a cut or after."""

    background: Spectrum
    signal: Spectrum


class Search(NamedTuple):
    """What a search finds, in units of the statistical error of its excess without signal.

    Args:
        bias: the excess without signal.
        significance: what the injected signal adds to the excess.
        biased_significance: the same, with the bias as an uncertainty beside the statistical one.
    """

    bias: Estimate
    significance: Estimate
    biased_significance: Estimate


def search(
    passing: Sample,
    before: Sample,
    *,
    window: Window,
    replicas: int,
    random: np.random.Generator,
) -> Search:
    """Search among the jets that pass a cut; luminosity and signal are set by those before it.

    The window is in GeV; what else is within MASS_EDGES, are side bands.

    Intervals span 68 % of replicas in which each bin fluctuates as the test jets in it do.

    Raises:
        ValueError: too few background jets pass, or no signal is in the window before the cut.
    """
    in_window_M = bins_in(window)
    if not can_be_fitted(passing.background, in_window_M):
        raise ValueError(
            f"too few background jets pass: a fit needs {LEAST_JETS} outside the window of "
            f"{window[0]:g} to {window[1]:g} GeV"
        )
    if not before.signal.sum_M[in_window_M].sum() > 0:
        raise ValueError(f"no signal is in the window of {window[0]:g} to {window[1]:g} GeV")
    luminosity = BACKGROUND_JETS / before.background.sum_M.sum()
    background = luminosity * before.background.sum_M[in_window_M].sum()
    strength = SIGNAL * np.sqrt(background) / before.signal.sum_M[in_window_M].sum()
    background_RM = luminosity * _replicate(passing.background, replicas, random)
    signal_RM = strength * _replicate(passing.signal, replicas, random)
    spurious_R, error_R = excess(background_RM, in_window_M)
    found_R, _ = excess(background_RM + signal_RM, in_window_M)
    bias_R, significance_R = spurious_R / error_R, (found_R - spurious_R) / error_R
    return Search(
        bias=_estimate(bias_R),
        significance=_estimate(significance_R),
        biased_significance=_estimate(significance_R / np.hypot(1, bias_R)),
    )


def bins_in(window: Window) -> Booleans:
    """Return which bins of MASS_EDGES (M,) have their centre in the window.

    Raises:
        ValueError: there are none, or no side band on one side.
    """
    in_window_M: Booleans = np.digitize(CENTRE_M, window) == 1
    if in_window_M[0] or in_window_M[-1] or not in_window_M.any():
        raise ValueError(
            f"signal_window: {window[0]:g} to {window[1]:g} GeV has no bins, or no side band on "
            f"one side, within {MASS_EDGES[0]:g} to {MASS_EDGES[-1]:g} GeV"
        )
    return in_window_M


def can_be_fitted(background: Spectrum, in_window_M: Booleans) -> bool:
    """Say whether the side bands hold jets enough, counted as jets of equal weight."""
    weight, variance = (column_M[~in_window_M].sum() for column_M in background)
    return bool(weight > 0 and weight**2 >= LEAST_JETS * variance)


def excess(count_RM: Array, in_window_M: Booleans) -> tuple[Array, Array]:
    """Return the excess (R,) in the window over the fit to the side bands, and its error (R,)."""
    fitted_RM, covariance_RPP = fit(count_RM, in_window_M)
    gradient_RP = fitted_RM[:, in_window_M] @ TERMS_MP[in_window_M]
    variance_R = np.einsum("rp,rpq,rq->r", gradient_RP, covariance_RPP, gradient_RP)
    count_R = count_RM[:, in_window_M].sum(axis=1)
    return count_R - fitted_RM[:, in_window_M].sum(axis=1), np.sqrt(count_R + variance_R)


def fit(count_RM: Array, in_window_M: Booleans) -> tuple[Array, Array]:
    """Fit R spectra; return the function in all bins (R, M) and the covariance (R, P, P).

    The function is the exponential of a polynomial in mass that falls: with one that may rise, a
    hump of background that the score makes would be fitted, and not be found. In the side bands,
    the Poisson likelihood has one maximum. BARRIER * (log(drop) - drop) is added to its logarithm
    for each drop; this keeps Newton's steps among falling functions, and drops finite.

    Raises:
        ValueError: the maximum is not found.
    """
    side_RM, terms_MP = count_RM[:, ~in_window_M], TERMS_MP[~in_window_M]
    parameter_RP = np.ones((len(side_RM), DEGREE + 1))
    parameter_RP[:, 0] = np.log(side_RM.max(axis=1) + 1)
    for _ in range(MAX_STEPS):
        fitted_RM = np.exp(parameter_RP @ terms_MP.T)
        barrier_RP = BARRIER * IS_DROP_P * (1 / parameter_RP - 1)
        curvature_RPP = BARRIER * (IS_DROP_P / parameter_RP**2)[:, :, None] * np.eye(DEGREE + 1)
        slope_RP = (side_RM - fitted_RM) @ terms_MP + barrier_RP
        information_RPP = np.einsum("rm,mp,mq->rpq", fitted_RM, terms_MP, terms_MP)
        covariance_RPP = np.linalg.inv(information_RPP + curvature_RPP)
        step_RP = np.einsum("rpq,rq->rp", covariance_RPP, slope_RP)
        if np.all(np.sum(step_RP * slope_RP, axis=1) < GAIN):
            return np.exp(parameter_RP @ TERMS_MP.T), covariance_RPP
        counts_RM = np.maximum(fitted_RM, side_RM) > NEGLIGIBLE
        overshoot_R = (counts_RM * (step_RP @ terms_MP.T)).max(axis=1) / LARGEST_STEP
        loss_R = np.max(-step_RP[:, IS_DROP_P] / parameter_RP[:, IS_DROP_P], axis=1) / LARGEST_LOSS
        parameter_RP += step_RP / np.maximum(1, np.maximum(overshoot_R, loss_R))[:, None]
    raise ValueError(f"a fit to the side bands has not converged in {MAX_STEPS} steps")


def _falling_terms() -> Array:
    """Return what parameters multiply in the polynomial (M, P).

    A polynomial never rises if its coefficients in Bernstein's basis never do. The parameters are
    the first of these, and the drops from each to the next, none of which is negative.
    """
    share_M = (CENTRE_M - MASS_EDGES[0]) / (MASS_EDGES[-1] - MASS_EDGES[0])
    bernstein_MP = np.stack(
        [
            comb(DEGREE, power) * share_M**power * (1 - share_M) ** (DEGREE - power)
            for power in range(DEGREE + 1)
        ],
        axis=1,
    )
    moved_by_MP = np.cumsum(bernstein_MP[:, ::-1], axis=1)[:, ::-1]
    terms_MP: Array = np.where(IS_DROP_P, -moved_by_MP, moved_by_MP)
    return terms_MP


TERMS_MP = _falling_terms()


def _replicate(spectrum: Spectrum, replicas: int, random: np.random.Generator) -> Array:
    """Return the sums of weights (R, M): first those measured, then those of replicas.

    Replicas are Poisson numbers, scaled to mean and variance: Bohm (2014), arXiv:1309.1287.
    """
    filled_M = (spectrum.sum_M > 0) & (spectrum.variance_M > 0)
    scale_M = np.divide(*spectrum[::-1], out=np.ones(len(filled_M)), where=filled_M)
    mean_M = np.divide(spectrum.sum_M, scale_M, out=np.zeros(len(filled_M)), where=filled_M)
    replica_RM = scale_M * random.poisson(mean_M, (replicas, len(mean_M)))
    return np.concatenate([spectrum.sum_M[None], replica_RM])


def _estimate(value_R: Array) -> Estimate:
    """Return the first value, and the 68 % interval of the others, shifted to it."""
    value = float(value_R[0])
    lower, median, upper = np.quantile(value_R[1:], INTERVAL)
    return Estimate(value=value, low=value - (median - lower), high=value + (upper - median))
