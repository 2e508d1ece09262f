"""The exact weighted distance correlation of two columns and its gradient, in O(N log N).

Measuring and testing dependence by correlation of distances, Székely (2007), arXiv:0803.4101. With
weights p that add up to 1, distances a_ij = |x_i - x_j| and b_ij = |y_i - y_j|, and their means
A_i = sum_j p_j a_ij, B_i = sum_j p_j b_ij, A = sum_i p_i A_i and B = sum_i p_i B_i,

    dCov^2(x, y) = sum_ij p_i p_j a_ij b_ij + A B - 2 sum_i p_i A_i B_i
    dCorr^2 = dCov^2(x, y) / sqrt(dCov^2(x, x) dCov^2(y, y)).

The first term alone needs all pairs. It is 2 sum_k p_k x_k T_k, its gradient is 2 p_k T_k, with
T_k = sum_j p_j sign(x_k - x_j) |y_k - y_j|. A walk through the jets in order of x, with a Fenwick
tree over the ranks of y, finds each T_k in O(log N).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.machine.compiled import compiled

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Ranked(NamedTuple):
    """A column (J,), its order, and where in that order each value's ties begin and end."""

    value_J: Array
    order_J: Integers
    first_J: Integers
    end_J: Integers


def rank(value_J: npt.NDArray[np.floating]) -> Ranked:
    """Sort a column once, for any number of weights."""
    order_J = np.argsort(value_J, kind="stable")
    sorted_J = value_J[order_J]
    return Ranked(
        value_J=value_J.astype(np.float64),
        order_J=order_J,
        first_J=np.searchsorted(sorted_J, value_J, side="left"),
        end_J=np.searchsorted(sorted_J, value_J, side="right"),
    )


def distance_correlation(x: Ranked, y: Ranked, weight_J: Array) -> float:
    """Return dCorr, from 0 (independent) to 1; 0 if a column is constant."""
    squared, _ = squared_with_gradient(x, y, weight_J)
    return float(np.sqrt(max(squared, 0.0)))


def squared_with_gradient(x: Ranked, y: Ranked, weight_J: Array) -> tuple[float, Array]:
    """Return dCorr^2 and its gradient (J,) with respect to x; zeros if a column is constant."""
    p_J = weight_J / weight_J.sum()
    along_x, along_y = _Distances(x, p_J), _Distances(y, p_J)
    variance_x = along_x.covariance(along_x, pairs_J=along_x.centred_J)
    variance_y = along_y.covariance(along_y, pairs_J=along_y.centred_J)
    if min(variance_x, variance_y) <= 0:
        return 0.0, np.zeros_like(p_J)
    pairs_J = _walk(x.order_J, x.end_J, y.value_J, y.first_J, p_J) - along_y.mean_J
    norm = np.sqrt(variance_x * variance_y)
    squared = along_x.covariance(along_y, pairs_J=pairs_J) / norm
    gradient_J = along_x.half_gradient(along_y, pairs_J=pairs_J) / norm
    gradient_J -= squared / variance_x * along_x.half_gradient(along_x, pairs_J=along_x.centred_J)
    return float(squared), 2 * gradient_J


class _Distances:
    """The distances within one column, summed over partners."""

    def __init__(self, column: Ranked, p_J: Array) -> None:
        self.column, self.p_J = column, p_J
        # from the lowest value first, which makes a constant column exactly zero
        above_J = column.value_J - column.value_J[column.order_J[0]]
        self.centred_J = above_J - np.dot(p_J, above_J)
        self.sign_J = self.signed_sum(p_J)
        self.mean_J = self.centred_J * self.sign_J - self.signed_sum(p_J * self.centred_J)
        self.mean = np.dot(p_J, self.mean_J)

    def signed_sum(self, term_J: Array) -> Array:
        """Return sum_j sign(x_k - x_j) term_j for each k."""
        below_J = np.concatenate([[0.0], np.cumsum(term_J[self.column.order_J])])
        sum_J: Array = below_J[self.column.first_J] + below_J[self.column.end_J] - below_J[-1]
        return sum_J

    def covariance(self, other: "_Distances", *, pairs_J: Array) -> float:
        """Return dCov^2 from T, which for a column with itself is the centred column."""
        products_J = 2 * self.centred_J * pairs_J - 2 * self.mean_J * other.mean_J
        return float(np.dot(self.p_J, products_J) + self.mean * other.mean)

    def half_gradient(self, other: "_Distances", *, pairs_J: Array) -> Array:
        """Return half the gradient of dCov^2 with respect to this column, the other held fixed."""
        means_J = self.sign_J * (other.mean - other.mean_J)
        half_J: Array = self.p_J * (pairs_J + means_J - self.signed_sum(self.p_J * other.mean_J))
        return half_J


@compiled
def _walk(order_J: Integers, end_J: Integers, y_J: Array, rank_J: Integers, p_J: Array) -> Array:
    """Return sum_j p_j |y_k - y_j| over lower x, plus the same over lower or equal x."""
    tree = np.zeros((len(y_J) + 1, 2))
    total = np.zeros(2)
    sums_J = np.zeros(len(y_J))
    start = 0
    while start < len(y_J):
        tied = order_J[start : end_J[order_J[start]]]
        for k in tied:
            sums_J[k] += _distance_to_all(tree, total, y_J[k], rank_J[k])
        for k in tied:
            _insert(tree, total, p_J[k], y_J[k], rank_J[k])
        for k in tied:
            sums_J[k] += _distance_to_all(tree, total, y_J[k], rank_J[k])
        start += len(tied)
    return sums_J


@compiled
def _insert(tree: Array, total: Array, p: float, y: float, y_rank: int) -> None:
    """Add a value to the Fenwick tree of sums of p and p y."""
    total[0] += p
    total[1] += p * y
    node = y_rank + 1
    while node < len(tree):
        tree[node, 0] += p
        tree[node, 1] += p * y
        node += node & -node


@compiled
def _distance_to_all(tree: Array, total: Array, y: float, y_rank: int) -> float:
    """Return sum_j p_j |y - y_j| over the values inserted so far."""
    p_below, py_below = 0.0, 0.0
    node = y_rank
    while node > 0:
        p_below += tree[node, 0]
        py_below += tree[node, 1]
        node -= node & -node
    distance: float = y * (2 * p_below - total[0]) - (2 * py_below - total[1])
    return distance
