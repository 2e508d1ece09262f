"""How a measure changes with the size of the training set, and what that says of larger ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

    Where the points scatter by more than their errors, these are scaled up to what they should
    have been: chi^2 per degree of freedom is one.

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
    weight = y / sigma
    design = np.stack([weight, weight * (np.log(x) - log_centre)], axis=1)
    covariance = np.asarray(np.linalg.inv(design.T @ design), np.float64)
    intercept, slope = covariance @ design.T @ (weight * np.log(y))
    residuals = weight * np.log(y) - design @ np.array([intercept, slope])
    excess = max(1.0, float(residuals @ residuals) / (len(x) - 2))
    return PowerLaw(float(intercept), float(slope), excess * covariance, log_centre)
