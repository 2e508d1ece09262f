"""The metrics of the LHCb tau -> 3 mu challenge: agreement, correlation and a weighted area.

Flavours of Physics, Kaggle (2015), https://www.kaggle.com/c/flavours-of-physics; definitions of
its starter kit, https://github.com/yandexdataschool/flavours-of-physics-start, `evaluation.py`.
The signal is simulated and the background is data, so a score can win by telling simulation from
data, or by finding the mass. A control channel, Ds -> phi pi, and background along the mass tell:
a score counts only if both of the first two metrics are below their limits. None of the three
changes when the score is replaced by a monotone function of it.
"""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from tagline.measures import roc
from tagline.measures.sculpting import kolmogorov_smirnov, protect

Array = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

LARGEST_DISAGREEMENT = 0.09
LARGEST_CORRELATION = 0.002

WINDOW = 200  # events, neighbours in mass
STEP = 50  # events from one window to the next

SIGNAL_EFFICIENCIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
WORTH_BETWEEN = (4, 3, 2, 1, 0)  # of the signal efficiency, relative


def disagreement(score_J: Array, is_data_J: Booleans, weight_J: Array) -> float:
    """Return the Kolmogorov-Smirnov distance of the control channel's data and simulation.

    Weights may be negative, as those are that subtract the background of the data.
    """
    return kolmogorov_smirnov(protect(score_J), is_data_J, weight_J)


def correlation(score_J: Array, mass_J: Array) -> float:
    """Return the Cramer-von Mises distance of the background's scores in windows of its mass.

    The mean over windows w of mean_k (F(k) - F_w(k))^2, with F and F_w the shares of all events
    and of those of the window that have one of the k lowest scores. Equal scores rank by mass.

    Raises:
        ValueError: there are not enough events for a window.
    """
    if len(score_J) < WINDOW:
        raise ValueError(f"correlation needs {WINDOW} events of background, not {len(score_J)}")
    by_mass_J = np.argsort(mass_J, kind="stable")
    rank_J = np.empty_like(by_mass_J)
    rank_J[np.argsort(score_J[by_mass_J], kind="stable")] = np.arange(len(score_J))
    share_J = np.arange(1, len(score_J) + 1) / len(score_J)
    distances = [
        np.mean((share_J - np.bincount(window, minlength=len(score_J)).cumsum() / WINDOW) ** 2)
        for window in sliding_window_view(rank_J, WINDOW)[::STEP]
    ]
    return float(np.mean(distances))


def weighted_area(
    score_J: npt.NDArray[np.float32], is_signal_J: Booleans, weight_J: Array
) -> float:
    """Return the area under the ROC curve of what its signal efficiency is worth.

    The first fifth of the signal is worth 0.4, the next ones 0.3, 0.2, 0.1 and 0, so that the
    area is 1 if no background comes before four fifths of the signal, and 0.7 for chance. Between
    two scores the worth is linear, so a constant score has half of it.
    """
    ordered = roc.order(score_J, is_signal_J)
    signal_J = np.cumsum(np.where(ordered.is_signal_J, weight_J[ordered.order_J], 0))
    background_J = np.cumsum(np.where(ordered.is_signal_J, 0, weight_J[ordered.order_J]))
    signal_E, background_E = (
        np.append(0, passing_J[ordered.ends_tie_J] / passing_J[-1])
        for passing_J in (signal_J, background_J)
    )
    worth = np.append(0, np.cumsum(np.diff(SIGNAL_EFFICIENCIES) * WORTH_BETWEEN))
    worth_E = np.interp(signal_E, SIGNAL_EFFICIENCIES, worth / worth[-1])
    return float(np.trapezoid(worth_E, background_E))
