"""Ratios of observables, of which the denominator may vanish."""

import numpy as np

from tagline.observables.frames import Array


def ratio(numerator_J: Array, denominator_J: Array) -> Array:
    """Return the ratio, 0 where the denominator is not positive."""
    return np.divide(
        numerator_J, denominator_J, out=np.zeros_like(numerator_J), where=denominator_J > 0
    )
