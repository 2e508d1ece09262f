"""Discovery: what a cut on a score gains where nobody knows how much background passes it.

Learning to Pivot with Adversarial Networks, Louppe, Kagan and Cranmer (2016), arXiv:1611.01046:
the approximate median significance of a counting experiment, in which the background is known as
well as two samples of it agree, such as those without and with pile-up.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.data.jets import Columns

Array = npt.NDArray[np.float64]

SIGNAL, BACKGROUND = 100.0, 1000.0  # expected before a cut (1611.01046)
LEAST_JETS = 10  # of equal weight, that must pass in each sample of background


class Passing(NamedTuple):
    """What passes cuts on the score, at thresholds (T,); what too few jets tell is NaN.

    Args:
        signal: expected number.
        background: expected number, the mean of both samples.
        uncertainty: of the background, the difference of both samples.
    """

    signal: Array
    background: Array
    uncertainty: Array


def significance(passing: Passing) -> Array:
    """Return the median significance (T,), by Asimov's data with a Gaussian constraint on b.

    sqrt(2 ((s + b) ln((s + b) / b0) - s - b + b0) + (b - b0)^2 / sigma^2), where b0 maximises the
    likelihood without signal: b0 = (b - sigma^2 + sqrt((b - sigma^2)^2 + 4 (s + b) sigma^2)) / 2;
    The Higgs boson machine learning challenge, Adam-Bourdarios et al. (2014).
    """
    s, b, variance = passing.signal, passing.background, passing.uncertainty**2
    both = b - variance
    b0 = (both + np.sqrt(both**2 + 4 * (s + b) * variance)) / 2
    pull = np.divide((b - b0) ** 2, variance, out=np.zeros(b.shape), where=variance > 0)
    squared = 2 * ((s + b) * np.log((s + b) / b0) - s - b + b0) + pull
    found: Array = np.sqrt(np.maximum(squared, 0))
    return found


def split_at(columns: Columns, protected: str, split: float | None) -> float:
    """Return where the background is parted, which is its median if nothing is said."""
    return float(np.median(columns[protected][columns["label"] == 0])) if split is None else split


def passing(columns: Columns, thresholds: Array, *, protected: str, split: float) -> Passing:
    """Count what passes thresholds, of background below and above a value of its column.

    Raises:
        ValueError: all background lies on one side.
    """
    label_J, above_J = columns["label"], columns[protected] > split
    score_J, weight_J = columns["score"], columns["weight"].astype(np.float64)
    samples = [label_J == label_J.max(), (label_J == 0) & ~above_J, (label_J == 0) & above_J]
    for name, sample_J in zip(
        ("signal", "background below", "background above"), samples, strict=True
    ):
        if not weight_J[sample_J].sum() > 0:
            raise ValueError(f"significance: no {name} {protected} = {split:g}")
    signal_T, below_T, above_T = (
        efficiencies(score_J[sample_J], weight_J[sample_J], thresholds) for sample_J in samples
    )
    return Passing(
        signal=SIGNAL * signal_T,
        background=BACKGROUND * (below_T + above_T) / 2,
        uncertainty=BACKGROUND * np.abs(above_T - below_T),
    )


def efficiencies(score_J: Array, weight_J: Array, thresholds: Array) -> Array:
    """Return the share of the weight at each threshold or above (T,), NaN if of too few jets."""
    order_J = np.argsort(score_J)
    first_T = np.searchsorted(score_J[order_J], thresholds)
    sums, squares = (
        np.append(np.cumsum(each_J[order_J][::-1])[::-1], 0)[first_T]
        for each_J in (weight_J, weight_J**2)
    )
    is_known_T = (sums > 0) & (sums**2 >= LEAST_JETS * squares)
    return np.where(is_known_T, sums / weight_J.sum(), np.nan)
