"""How a measure changes with the size of the training set, and what that says of larger ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Array = npt.NDArray[np.float64]

FEWEST_SIZES = 3  # two fix the line and say nothing of its error


@dataclass(frozen=True)
class PowerLaw:
    """y = exp(a) n^b: a straight line in log n and log y, with the covariance of (a, b).

    Learning curves of networks follow power laws over decades until they near a floor (Hestness
    et al. 2017, https://arxiv.org/abs/1712.00409), which the line does not know of: what it says
    of much larger sets is the best that can be hoped for.
    """

    intercept: float
    slope: float
    covariance: Array
    log_centre: float

    def __call__(self, sizes: Array) -> tuple[Array, Array, Array]:
        """Return y at these sizes, and the ends of its 68 % interval."""
        distance = np.log(sizes) - self.log_centre
        log_y = self.intercept + self.slope * distance
        variance = (
            self.covariance[0, 0]
            + 2 * distance * self.covariance[0, 1]
            + distance**2 * self.covariance[1, 1]
        )
        deviation = np.sqrt(variance)
        return np.exp(log_y), np.exp(log_y - deviation), np.exp(log_y + deviation)


def power_law(
    sizes: Sequence[float], values: Sequence[float], errors: Sequence[float]
) -> PowerLaw:
    """Fit a power law by least squares in the logarithms, weighted by the relative errors.

    Where the points scatter by more than their errors, a relative scatter about the line is added
    to all of them in quadrature, as much as makes chi^2 per degree of freedom one (Paule and
    Mandel 1982, https://doi.org/10.6028/jres.087.022). A point whose few trainings happen to agree
    thus does not rule the line.

    Args:
        sizes: jets of each training set, three or more different ones.
        values: the measure, positive.
        errors: standard deviations of the values, positive.

    Raises:
        ValueError: there are fewer than three sizes, or a value or an error is not positive.
    """
    x, y, sigma = (np.asarray(given, np.float64) for given in (sizes, values, errors))
    if len(np.unique(x)) < FEWEST_SIZES:
        raise ValueError(f"a power law needs {FEWEST_SIZES} training sizes, found {list(sizes)}")
    if not (np.all(y > 0) and np.all(sigma > 0)):
        raise ValueError(
            f"values and errors must be positive, found {list(values)}, {list(errors)}"
        )
    log_centre = float(np.log(x).mean())
    design = np.stack([np.ones_like(x), np.log(x) - log_centre], axis=1)
    log_y, variance = np.log(y), (sigma / y) ** 2
    variance = variance + _scatter(design, log_y, variance)
    (intercept, slope), covariance = _line(design, log_y, variance)
    return PowerLaw(float(intercept), float(slope), covariance, log_centre)


def _line(design: Array, log_y: Array, variance: Array) -> tuple[Array, Array]:
    """Return intercept and slope of the weighted line, and their covariance."""
    weighted = design / variance[:, None]
    covariance = np.asarray(np.linalg.inv(design.T @ weighted), np.float64)
    return covariance @ weighted.T @ log_y, covariance


def _scatter(design: Array, log_y: Array, variance: Array) -> float:
    """Return the variance about the line that the errors leave unexplained."""

    def excess(scatter: float) -> float:
        coefficients, _ = _line(design, log_y, variance + scatter)
        residuals = log_y - design @ coefficients
        return float(np.sum(residuals**2 / (variance + scatter))) - (len(log_y) - 2)

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, np.ptp(log_y) ** 2 * len(log_y)))
