"""Efficiencies of a score from one sort, and bootstrap weights that are scanned in that order.

A jet's weight enters sums along the sorted scores only. A bootstrap replica is therefore one more
scan with other weights, not another sort.
"""

from math import exp, factorial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.machine.compiled import compiled

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

THRESHOLD = 0.5  # a jet with a higher score is called signal when accuracy is counted

_POISSON_CDF = np.cumsum([exp(-1) / factorial(count) for count in range(12)])
_POISSON_QUANTILES = (np.arange(1 << 16) + 0.5) / (1 << 16)
_POISSON_COUNTS = np.searchsorted(_POISSON_CDF, _POISSON_QUANTILES).astype(np.uint8)


class Ordered(NamedTuple):
    """Jets in descending order of score.

    Args:
        order_J: row of each jet in the unsorted table.
        is_signal_J: true where the jet is signal.
        ends_tie_J: true at the last jet of each score.
        num_above: jets with a score above the threshold of accuracy.
    """

    order_J: Integers
    is_signal_J: Booleans
    ends_tie_J: Booleans
    num_above: int


class Efficiencies(NamedTuple):
    """What one scan finds.

    Args:
        auc: area under the curve, ties counted half.
        accuracy: share of the weight on the right side of the threshold.
        background_efficiency_E: at each signal efficiency, linear between scores.
        num_passing_E: leading jets that reach more than that signal efficiency.
    """

    auc: float
    accuracy: float
    background_efficiency_E: Array
    num_passing_E: Integers


def order(score_J: npt.NDArray[np.float32], is_signal_J: Booleans) -> Ordered:
    """Sort jets by descending score; equal scores share one point of the curve."""
    order_J = descending(score_J)
    sorted_J = score_J[order_J]
    return Ordered(
        order_J=order_J,
        is_signal_J=is_signal_J[order_J],
        ends_tie_J=np.append(sorted_J[1:] != sorted_J[:-1], True),
        num_above=int((score_J > THRESHOLD).sum()),
    )


def descending(score_J: npt.NDArray[np.float32]) -> Integers:
    """Return the rows in descending order of score, stable.

    Score and row are packed into one integer each, which numpy sorts ten times faster than it
    sorts rows by a key. The bits of a float sort as integers once negative ones are inverted.
    """
    bits_J = (score_J + np.float32(0)).view(np.uint32)  # adding 0 turns -0 into 0
    ascending_J = np.where(bits_J >> 31, ~bits_J, bits_J | np.uint32(1 << 31))
    key_J = (~ascending_J).astype(np.uint64) << np.uint64(32)
    key_J |= np.arange(len(score_J), dtype=np.uint64)
    key_J.sort()
    return (key_J & np.uint64(0xFFFFFFFF)).astype(np.int64)


def efficiencies(ordered: Ordered, weight_J: Array, signal_efficiency_E: Array) -> Efficiencies:
    """Scan weights, given in the order of the sorted jets, at ascending signal efficiencies.

    Between two scores the background efficiency is interpolated in the signal efficiency, as
    np.interp does along scikit-learn's `roc_curve`; this made the numbers of arXiv:1902.09914.
    """
    return Efficiencies(*_scan(*ordered[1:], weight_J, signal_efficiency_E))


@compiled
def _scan(
    is_signal_J: Booleans,
    ends_tie_J: Booleans,
    num_above: int,
    weight_J: Array,
    signal_efficiency_E: Array,
) -> tuple[float, float, Array, Integers]:
    all_signal, all_background = 0.0, 0.0
    for j in range(len(weight_J)):
        if is_signal_J[j]:
            all_signal += weight_J[j]
        else:
            all_background += weight_J[j]
    background_E = np.full(len(signal_efficiency_E), all_background)
    num_passing_E = np.full(len(signal_efficiency_E), len(weight_J))
    signal, background, area, right, e = 0.0, 0.0, 0.0, all_background, 0
    last_signal, last_background = 0.0, 0.0
    for j in range(len(weight_J)):
        if is_signal_J[j]:
            signal += weight_J[j]
        else:
            background += weight_J[j]
        if j == num_above - 1:
            right = signal + all_background - background
        if ends_tie_J[j]:
            area += (background - last_background) * (signal + last_signal) / 2
            while e < len(signal_efficiency_E) and signal_efficiency_E[e] * all_signal < signal:
                step = signal_efficiency_E[e] * all_signal - last_signal
                slope = (background - last_background) / (signal - last_signal)
                background_E[e] = last_background + step * slope
                num_passing_E[e] = j + 1
                e += 1
            last_signal, last_background = signal, background
    auc = area / (all_signal * all_background)
    accuracy = right / (all_signal + all_background)
    return auc, accuracy, background_E / all_background, num_passing_E


def poisson_counts(num: int, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return how often each of num events enters a bootstrap replica: Poisson with mean one.

    Two random bytes each look up the count; their 1/65536 steps are far below what a few hundred
    replicas resolve.
    """
    return _POISSON_COUNTS[np.frombuffer(random.bytes(2 * num), np.uint16)]
