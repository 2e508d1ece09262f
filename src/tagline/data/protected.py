"""The protected columns of jets, as methods that act on scores read them."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NUM_KNOTS = 1001  # one each per mille of the jets


def only_column(protected_JR: Array, *, method: str) -> Array:
    """Return the protected column (J,) of a method that cannot have several."""
    if protected_JR.shape[1] != 1:
        raise ValueError(f"{method} protects one column, the task names {protected_JR.shape[1]}")
    return protected_JR[:, 0]


def inner_edges(column_J: Array, bins: int) -> Array:
    """Return the edges (bins - 1, ...) between bins of equally many jets, of each column."""
    edges: Array = np.quantile(column_J, np.linspace(0, 1, bins + 1)[1:-1], axis=0)
    return edges


def filled_edges(column_J: Array, bins: int) -> Array:
    """Return inner edges, fewer where values are tied, between bins none of which is empty."""
    edges = np.unique(inner_edges(column_J, bins))
    num_below = np.bincount(np.digitize(column_J, edges))[:-1]
    filled: Array = edges[num_below > 0]
    return filled


def share_knots(protected_JR: Array) -> Array:
    """Return quantiles (Q, R) of the protected columns, evenly spaced from the least to the most.

    They are those of the jets, whatever these weigh: neighbours should be many, not heavy.
    """
    return np.quantile(protected_JR, np.linspace(0, 1, NUM_KNOTS), axis=0)


def shares_below(protected_JR: Array, knots_QR: Array) -> Array:
    """Return the share of jets below each value: coordinates from 0 to 1 that have no unit."""
    levels_Q = np.linspace(0, 1, len(knots_QR))
    share_RJ = [
        np.interp(column_J, knots_Q, levels_Q)
        for column_J, knots_Q in zip(protected_JR.T, knots_QR.T, strict=True)
    ]
    return np.stack(share_RJ, axis=1)
