"""Losses of boosted trees that grow where a class is not uniform in the protected columns.

New approaches for boosting to uniformity, Rogozhnikov (2014), arXiv:1410.4140. What they ask of
the next tree is as in the author's hep_ml, https://github.com/arogozhnikov/hep_ml.
"""

from typing import NamedTuple, Protocol

import numpy as np
from scipy.sparse import csr_matrix

from tagline.learning.two_classes import TwoClasses
from tagline.measures.uniformity import Array, Groups, Rows, positions

STEEPEST = 2.0  # exponent beyond which the exponential loss becomes no steeper, as in hep_ml
SMALLEST_CURVATURE = 0.01  # added to second derivatives by which gradients are divided, likewise
SMALLEST_SUM = 1e-5  # and to those of a leaf


class Aim(NamedTuple):
    """What a tree is to learn, as a target and the weight of squared distances from it."""

    target_J: Array
    weight_J: Array


class Loss(Protocol):
    """What boosting descends: towards which aim from a score, and how far in each leaf."""

    def aim(self, score_J: Array) -> Aim:
        """Return what the next tree is to learn."""

    def steps(self, score_J: Array, leaf_J: Rows, mean_L: Array) -> Array:
        """Return the value of each leaf (L,), where the mean of the target is known."""


class FlatnessLoss:
    """Exponential loss, plus `strength` sum_u w_u integral |F_u(s) - F(s)|^power ds.

    F is the distribution of the score s in the class that is to be uniform, and F_u that in a
    group of jets of similar protected columns. Of jets with the same score, some come before
    others, always in the same random order: halfway up a step, all jets of a leaf were pulled
    alike, and the leaf was never cut.
    """

    def __init__(
        self,
        jets: TwoClasses,
        groups: Groups,
        generator: np.random.Generator,
        *,
        strength: float,
        power: float,
    ) -> None:
        num_groups_J = np.bincount(groups.row_I, minlength=len(jets.sign_J))
        together = Groups(row_I=jets.uniform_J, group_I=np.zeros_like(jets.uniform_J))
        self.jets, self.groups, self.together = jets, groups, together
        self.share_J = strength * power / np.maximum(num_groups_J, 1)
        self.power = power
        self.order_J = generator.permutation(len(jets.sign_J))

    def aim(self, score_J: Array) -> Aim:
        """Return the negative gradient for a jet of weight one, and the weights."""
        jets, groups = self.jets, self.groups
        rank_J = np.empty_like(score_J)
        rank_J[np.lexsort((self.order_J, score_J))] = np.arange(len(score_J))
        position_J = np.zeros_like(score_J)
        position_J[jets.uniform_J] = positions(rank_J, jets.weight_J, self.together)
        ahead_I = positions(rank_J, jets.weight_J, groups) - position_J[groups.row_I]
        pull_I = np.sign(ahead_I) * np.abs(ahead_I) ** (self.power - 1)
        pull_J = self.share_J * np.bincount(groups.row_I, pull_I, minlength=len(score_J))
        push_J = jets.sign_J * np.exp(np.minimum(-jets.sign_J * score_J, STEEPEST))
        return Aim(target_J=push_J + pull_J, weight_J=jets.weight_J)

    def steps(self, score_J: Array, leaf_J: Rows, mean_L: Array) -> Array:
        """Return the means: there are no second derivatives of use."""
        del score_J, leaf_J
        return mean_L


class NeighboursLoss:
    """Exponential loss of means: sum_i w_i exp(-sum_j a_ij y_j s_j) (kNN-Ada).

    Row i of the matrix a averages the score s over the nearest neighbours of jet i if it is to be
    uniform, and is that of the jet alone if not.
    """

    def __init__(self, jets: TwoClasses, groups: Groups) -> None:
        num_jets = len(jets.sign_J)
        alone_J = np.delete(np.arange(num_jets), jets.uniform_J)
        row_I = np.concatenate([jets.uniform_J[groups.group_I], alone_J])
        column_I = np.concatenate([groups.row_I, alone_J])
        part_I = 1 / np.bincount(row_I)[row_I]
        self.jets = jets
        self.mean_JJ = csr_matrix((part_I, (row_I, column_I)), shape=(num_jets, num_jets))
        self.weight_J = self.mean_JJ @ jets.weight_J
        self.gradient_JJ = self.mean_JJ.T.tocsr()
        self.curvature_JJ = self.gradient_JJ.multiply(self.gradient_JJ).tocsr()

    def aim(self, score_J: Array) -> Aim:
        """Return the ratios of first and second derivatives, and the second ones."""
        loss_J = self._losses(score_J)
        weight_J = self.curvature_JJ @ loss_J + SMALLEST_CURVATURE
        gradient_J = self.jets.sign_J * (self.gradient_JJ @ loss_J)
        return Aim(target_J=gradient_J / weight_J, weight_J=weight_J)

    def steps(self, score_J: Array, leaf_J: Rows, mean_L: Array) -> Array:
        """Return Newton's steps, for which neighbours in the same leaf count together."""
        loss_J = self._losses(score_J)
        every_J = np.arange(len(leaf_J))
        leaf_JL = csr_matrix((self.jets.sign_J, (every_J, leaf_J)), (len(leaf_J), len(mean_L)))
        slope_JL = (self.mean_JJ @ leaf_JL).toarray()
        step_L: Array = (loss_J @ slope_JL) / (loss_J @ slope_JL**2 + SMALLEST_SUM)
        return step_L

    def _losses(self, score_J: Array) -> Array:
        loss_J: Array = self.weight_J * np.exp(-self.mean_JJ @ (self.jets.sign_J * score_J))
        return loss_J
