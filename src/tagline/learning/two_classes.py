"""Two classes of jets; of some taggers one is to be uniform in the protected columns."""

from dataclasses import dataclass

import numpy as np

from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.measures.uniformity import Array, Groups, Rows, neighbourhoods


@dataclass(frozen=True)
class TwoClasses:
    """What boosting to uniformity learns from.

    Args:
        sign_J: +1 for signal, -1 for background.
        weight_J: one on average, with half of the sum in each class.
        uniform_J: rows of the jets that are to be uniform, of which none weighs nothing.
        other_J: rows of those of the other class, likewise.
        protected_JR: columns that the score must not sculpt.
    """

    sign_J: Array
    weight_J: Array
    uniform_J: Rows
    other_J: Rows
    protected_JR: Array

    def neighbourhoods(self, rows_U: Rows, num_neighbours: int) -> Groups:
        """Return those of some of the jets among each other, as rows of all jets."""
        groups = neighbourhoods(self.protected_JR[rows_U], num_neighbours)
        return Groups(row_I=rows_U[groups.row_I], group_I=groups.group_I)


def require_two_classes(inputs: Inputs, *, tagger: str) -> None:
    """Raise ValueError if there are more classes than the tagger knows."""
    if inputs.num_classes != 2:
        raise ValueError(f"{tagger} knows two classes, not {inputs.num_classes}")


def require_both(train: PackedJets, *, tagger: str) -> None:
    """Raise ValueError unless jets of both classes weigh something."""
    if len(np.unique(train.label_J[train.weight_J > 0].numpy())) < 2:
        raise ValueError(f"{tagger} needs training jets of both classes")


def two_classes(train: PackedJets, *, uniform: str) -> TwoClasses:
    """Return the jets of background and signal, one of which is to be `uniform`.

    Raises:
        ValueError: a class weighs nothing, or no column is protected.
    """
    require_both(train, tagger="boosting to uniformity")
    if train.protected_JR.shape[1] == 0:
        raise ValueError("boosting to uniformity needs protected columns, and there are none")
    label_J = train.label_J.numpy()
    sign_J = 2.0 * label_J - 1
    weight_J = balanced(train.weight_J.double().numpy(), sign_J)
    is_uniform_J, weighs_J = label_J == (uniform == "signal"), weight_J > 0
    return TwoClasses(
        sign_J=sign_J,
        weight_J=weight_J,
        uniform_J=np.flatnonzero(is_uniform_J & weighs_J),
        other_J=np.flatnonzero(~is_uniform_J & weighs_J),
        protected_JR=train.protected_JR.double().numpy(),
    )


def balanced(weight_J: Array, sign_J: Array) -> Array:
    """Return weights of which each class has half, one on average of all.

    So do uBoost and the flatness loss of hep_ml; its kNN-Ada takes weights as they are, which
    are balanced wherever the task balances its classes.
    """
    balanced_J = np.empty_like(weight_J)
    for is_class_J in (sign_J > 0, sign_J < 0):
        sum_of_class = weight_J[is_class_J].sum()
        balanced_J[is_class_J] = weight_J[is_class_J] / sum_of_class * len(weight_J) / 2
    return balanced_J
