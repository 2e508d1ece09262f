"""Planing: training weights that make a column's spectrum the same for all classes.

de Oliveira, Kagan, Mackey, Nachman and Schwartzman, "Jet-Images - Deep Learning Edition", 2015,
https://arxiv.org/abs/1511.05190, and Chang, Cohen and Ostdiek, "What is the Machine Learning?",
2017, https://arxiv.org/abs/1709.10106: the weight of a jet is one over the density of its class.

What is planed away does not help the training, but a tagger may still learn it from what depends
on it.
"""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tagline.decorrelation import Array, BaseDecorrelation
from tagline.settings.strict import Strict


class Config(Strict):
    """How finely the spectra are made equal."""

    bins: int = Field(
        30, gt=1, description="of equally many jets, in each protected column within those before"
    )


class Decorrelation(BaseDecorrelation):
    """Weights that give each class the same share of its weight in every bin."""

    def __init__(self, config: Config) -> None:
        self.bins = config.bins

    def weight(self, protected_JR: Array, label_J: Array, weight_J: Array) -> Array:
        """Return weights of the same sum for each class; bins that lack a class have none.

        Raises:
            ValueError: no bin has jets of all classes.
        """
        bin_J = cells_of(protected_JR, self.bins)
        num_cells = int(bin_J.max()) + 1
        classes = [label_J == label for label in np.unique(label_J)]
        sums_CK = np.array(
            [np.bincount(bin_J[rows_J], weight_J[rows_J], num_cells) for rows_J in classes]
        )
        shared_K = (sums_CK > 0).all(0)
        if not shared_K.any():
            raise ValueError("planing: no bin of the protected columns has jets of all classes")
        planed_J = np.zeros_like(weight_J)
        for rows_J, sum_K in zip(classes, sums_CK, strict=True):
            factor_K = np.zeros(num_cells)
            factor_K[shared_K] = sum_K.sum() / shared_K.sum() / sum_K[shared_K]
            planed_J[rows_J] = weight_J[rows_J] * factor_K[bin_J[rows_J]]
        return planed_J


def cells_of(protected_JR: Array, bins: int) -> npt.NDArray[np.int64]:
    """Return the cell (J,) of each jet: bins of equally many jets, column by column."""
    cell_J = np.zeros(len(protected_JR), np.int64)
    for column_J in protected_JR.T:
        order_J = np.lexsort((column_J, cell_J))
        num_K = np.bincount(cell_J)
        first_K = np.cumsum(num_K) - num_K
        place_J = np.empty_like(cell_J)
        place_J[order_J] = np.arange(len(cell_J)) - first_K[cell_J[order_J]]
        cell_J = cell_J * bins + place_J * bins // num_K[cell_J]
    return cell_J
