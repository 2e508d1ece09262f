"""How far a score is from uniform: whether as many jets pass a cut wherever they lie.

New approaches for boosting to uniformity, Rogozhnikov (2014), arXiv:1410.4140. Jets lie in groups
in the protected columns: in bins, or as neighbourhoods of each of them, where a jet is in several.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """Groups of jets, one behind the other; none is empty.

    Args:
        row_I: rows of the jets of all groups.
        group_I: the groups in which they are, in ascending order.
    """

    row_I: Rows
    group_I: Rows

    def sums(self, x_I: Array) -> Array:
        """Return the sum in each group."""
        return np.asarray(np.bincount(self.group_I, x_I), np.float64)

    def weighing(self, weight_J: Array) -> "Groups":
        """Return the groups whose jets weigh something together."""
        weighs_I = (self.sums(weight_J[self.row_I]) > 0)[self.group_I]
        _, group_I = np.unique(self.group_I[weighs_I], return_inverse=True)
        return Groups(row_I=self.row_I[weighs_I], group_I=group_I)

    def shares(self, weight_J: Array) -> Array:
        """Return each group's share of the weight, jets of several groups being divided."""
        num_groups_J = np.bincount(self.row_I, minlength=len(weight_J))
        weight_U = self.sums((weight_J / np.maximum(num_groups_J, 1))[self.row_I])
        shares_U: Array = weight_U / weight_U.sum()
        return shares_U


def bins(protected_JR: Array, num_bins: int) -> Groups:
    """Group jets in bins, so many of equal width along each protected column."""
    bin_J = np.zeros(len(protected_JR), np.int64)
    for column_J in protected_JR.T:
        edges = np.linspace(column_J.min(), column_J.max(), num_bins + 1)
        bin_J = bin_J * num_bins + np.searchsorted(edges[1:-1], column_J)
    _, bin_J = np.unique(bin_J, return_inverse=True)
    row_J = bin_J.argsort(kind="stable")
    return Groups(row_I=row_J, group_I=bin_J[row_J])


def neighbourhoods(protected_JR: Array, num_neighbours: int) -> Groups:
    """Group each jet with its nearest in the protected columns, itself among them.

    Columns are in units of their standard deviation; there are no more neighbours than jets.
    """
    scaled_JR = protected_JR / np.maximum(protected_JR.std(axis=0), np.finfo(float).tiny)
    nearest = np.arange(1, 1 + min(num_neighbours, len(scaled_JR)))
    _, row_JN = KDTree(scaled_JR).query(scaled_JR, k=nearest)
    group_I = np.arange(len(scaled_JR)).repeat(len(nearest))
    return Groups(row_I=row_JN.ravel().astype(np.int64), group_I=group_I)


def standard_deviation_of_efficiencies(
    score_J: Array, weight_J: Array, groups: Groups, *, efficiencies: Sequence[float]
) -> float:
    """Return SDE = sqrt(mean over efficiencies e of sum_u w_u (e_u - e)^2) (1410.4140).

    e_u is the share of group u that passes the cut which the share e of all jets passes, and w_u
    the group's share of all jets; groups that weigh nothing have no e_u and do not count.
    """
    groups, levels = groups.weighing(weight_J), 1 - np.asarray(efficiencies)
    cuts = np.quantile(score_J, levels, weights=weight_J, method="inverted_cdf")
    weight_I, share_U = weight_J[groups.row_I], groups.shares(weight_J)
    variances = []
    for cut in cuts:
        passed_I = weight_I * (score_J[groups.row_I] > cut)
        efficiency_U = groups.sums(passed_I) / groups.sums(weight_I)
        variances.append(share_U @ (efficiency_U - share_U @ efficiency_U) ** 2)
    return float(np.sqrt(np.mean(variances)))


def cramer_von_mises(score_J: Array, weight_J: Array, groups: Groups) -> float:
    """Return CvM = sum_u w_u integral (F_u(s) - F(s))^2 dF(s) (1410.4140).

    F is the distribution of the score of all jets and F_u that in group u, both halfway up their
    steps; w_u is the group's share of all jets. Groups that weigh nothing do not count.
    """
    groups = groups.weighing(weight_J)
    values, value_J = np.unique(score_J, return_inverse=True)
    weight_V = np.asarray(np.bincount(value_J, weight_J), np.float64)
    all_V = _halfway_up(weight_V)
    last_U = np.flatnonzero(np.diff(groups.group_I)) + 1
    distance_U = []
    for rows in np.split(groups.row_I, last_U):
        counted_V = np.bincount(value_J[rows], weight_J[rows], minlength=len(values))
        inside_V = np.asarray(counted_V, np.float64)
        distance_U.append(weight_V @ (_halfway_up(inside_V) - all_V) ** 2)
    return float(groups.shares(weight_J) @ np.array(distance_U) / weight_V.sum())


def positions(score_J: Array, weight_J: Array, groups: Groups) -> Array:
    """Return F_u(s) of each jet s in each group u: (I,), aligned with the rows of the groups."""
    values, value_J = np.unique(score_J, return_inverse=True)
    place_I = groups.group_I * len(values) + value_J[groups.row_I]
    _, step_I = np.unique(place_I, return_inverse=True)  # a step is a value in a group
    weight_S = np.bincount(step_I, weight_J[groups.row_I])
    below_I = (np.cumsum(weight_S) - weight_S / 2)[step_I]
    weight_U = groups.sums(weight_J[groups.row_I])
    first_U = np.cumsum(weight_U) - weight_U
    position_I: Array = (below_I - first_U[groups.group_I]) / weight_U[groups.group_I]
    return position_I


def _halfway_up(weight_V: Array) -> Array:
    """Return the distribution 1/2 (F(s - 0) + F(s + 0)) at ascending values of these weights."""
    halfway_V: Array = (np.cumsum(weight_V) - weight_V / 2) / weight_V.sum()
    return halfway_V
