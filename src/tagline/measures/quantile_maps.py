"""Quantiles of weighted jets, and monotone maps from some quantiles to others."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def quantiles(value_J: Array, levels_Q: Array, weight_J: Array) -> Array:
    """Return the least values with at least such shares of the weight at or below them."""
    found: Array = np.quantile(value_J, levels_Q, weights=weight_J, method="inverted_cdf")
    return found


def map_in_bins(
    value_J: Array, bin_J: npt.NDArray[np.int64], knots_SQ: Array, images_SQ: Array
) -> Array:
    """Map the knots of each jet's bin on their images there."""
    mapped_J = np.empty_like(value_J)
    for place, (knots_Q, images_Q) in enumerate(zip(knots_SQ, images_SQ, strict=True)):
        rows_J = bin_J == place
        mapped_J[rows_J] = map_quantiles(value_J[rows_J], knots_Q, images_Q)
    return mapped_J


def map_quantiles(value_J: Array, knots_Q: Array, images_Q: Array) -> Array:
    """Map knots on their images, linearly between them, and shift what is below or above."""
    below_J = np.minimum(value_J - knots_Q[0], 0)
    above_J = np.maximum(value_J - knots_Q[-1], 0)
    mapped_J: Array = np.interp(value_J, knots_Q, images_Q) + below_J + above_J
    return mapped_J
