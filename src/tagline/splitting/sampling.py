"""The sampling of a task: training jets of all classes get the same spectra, by weight or choice.

The spectra of simulated jets in pT and eta are those that somebody has asked a generator for. A
tagger must not tell classes apart by them, so in each cell of a grid of jet columns all classes
get the same share of their weight. The test jets stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tagline.data.jets import Columns
from tagline.settings.task import FLAT, Task
from tagline.splitting.draws import WEIGHTED, Array, Draw, Integers, everything

OUTSIDE = -1


@dataclass(frozen=True)
class Grid:
    """Cells in jet columns at once, by the edges of the bins in each."""

    edges: Mapping[str, Array]

    @property
    def num_cells(self) -> int:
        """How many cells there are."""
        return int(np.prod([len(edges) - 1 for edges in self.edges.values()]))

    def cells(self, columns: Columns) -> Integers:
        """Return the cell (J,) of each jet, OUTSIDE where it is beyond the edges of a column."""
        num_jets = len(next(iter(columns.values())))
        cell, is_inside = np.zeros(num_jets, np.int64), np.ones(num_jets, bool)
        for name, edges in self.edges.items():
            place = np.searchsorted(edges, columns[name], side="right") - 1  # NaN is beyond
            is_inside &= (place >= 0) & (place < len(edges) - 1)
            cell = cell * (len(edges) - 1) + place
        return np.where(is_inside, cell, OUTSIDE)


class Placed(NamedTuple):
    """Jets of a split in a grid: cell, label and weight of each (J,)."""

    cell_J: Integers
    label_J: Integers
    weight_J: Array
    num_cells: int
    num_classes: int

    def sums(self, weight_J: Array | None = None) -> Array:
        """Return the sum of weights, or the number of jets, in each class and cell (C, K)."""
        inside_J = self.cell_J != OUTSIDE
        place_J = (self.label_J * self.num_cells + self.cell_J)[inside_J]
        weights_J = None if weight_J is None else weight_J[inside_J]
        sums = np.bincount(place_J, weights_J, self.num_classes * self.num_cells)
        return sums.reshape(self.num_classes, self.num_cells).astype(np.float64)


def draw_jets(columns: Mapping[str, Columns], task: Task) -> dict[str, Draw]:
    """Return what is drawn of the training and validation jets: all, if nothing is sampled.

    Weights follow from the training jets, for validation, too. Where training jets are drawn by
    their weight, validation jets keep theirs, which says the same with less noise.

    Raises:
        ValueError: no cell has jets of all classes, or the weights do not suit the method.
    """
    sampling, classes = task.sampling, list(task.classes)
    if sampling is None:
        return {name: everything(columns[name]) for name in WEIGHTED}
    grid = grid_of(columns["train"], task)
    placed = {name: place(columns[name], grid, num_classes=len(classes)) for name in WEIGHTED}
    if sampling.method == "downsample":
        return {name: fewest(share, classes=classes) for name, share in placed.items()}
    factor_CK = factors(placed["train"], like=sampling.like or classes[-1], classes=classes)
    draws = {name: weighted(share, factor_CK) for name, share in placed.items()}
    if sampling.method == "importance":
        draws["train"] = by_importance(draws["train"], placed["train"], classes=classes)
    return draws


def grid_of(columns: Columns, task: Task) -> Grid:
    """Return the grid in which a task equalises jets: one cell if it does not."""
    edges = {}
    for name, wanted in (task.sampling.bins if task.sampling else {}).items():
        if isinstance(wanted, int):
            inner = np.quantile(columns[name], np.arange(1, wanted) / wanted)
            edges[name] = np.array([-np.inf, *np.unique(inner), np.inf])
        else:
            edges[name] = np.array(wanted, np.float64)
    return Grid(edges)


def place(columns: Columns, grid: Grid, *, num_classes: int) -> Placed:
    """Find the cell of each jet."""
    return Placed(
        cell_J=grid.cells(columns),
        label_J=columns["label"].astype(np.int64),
        weight_J=columns["weight"].astype(np.float64),
        num_cells=grid.num_cells,
        num_classes=num_classes,
    )


def factors(placed: Placed, *, like: str, classes: Sequence[str]) -> Array:
    """Return what gives each class the shares of one of them, or equal ones, in each cell (C, K).

    The sum of weights of a class stays. In cells that lack a class all have no weight.

    Raises:
        ValueError: no cell has jets of all classes.
    """
    sums_CK = placed.sums(placed.weight_J)
    shared_K = (sums_CK > 0).all(0)
    if not shared_K.any():
        raise ValueError("sampling: no bin has jets of all classes")
    wanted_K = np.ones(placed.num_cells) if like == FLAT else sums_CK[classes.index(like)]
    wanted_K = np.where(shared_K, wanted_K, 0)
    share_CK = wanted_K / np.where(shared_K, sums_CK, 1)
    factor_CK: Array = share_CK * (sums_CK.sum(1, keepdims=True) / wanted_K.sum())
    return factor_CK


def weighted(placed: Placed, factor_CK: Array) -> Draw:
    """Return the jets that have a weight, each once."""
    factor_J = np.where(placed.cell_J == OUTSIDE, 0.0, factor_CK[placed.label_J, placed.cell_J])
    rows_K = np.flatnonzero(factor_J)
    return Draw(rows_K, (placed.weight_J * factor_J)[rows_K])


def fewest(placed: Placed, *, classes: Sequence[str]) -> Draw:
    """Return as many jets of each class as there are of the one that has fewest in the cell.

    Splits are shuffled, so the first ones are as good as any.

    Raises:
        ValueError: no cell has jets of all classes, or those of a class differ in weight.
    """
    for label, name in enumerate(classes):
        if np.ptp(placed.weight_J[placed.label_J == label]) > 0:
            raise ValueError(
                f"sampling: `downsample` counts jets, and those of {name!r} have weights; "
                "`weights` and `importance` respect them"
            )
    allowed_K = placed.sums().min(0)
    if not allowed_K.any():
        raise ValueError("sampling: no bin has jets of all classes")
    group_J = placed.label_J * (placed.num_cells + 1) + placed.cell_J + 1  # 0: outside
    order_J = np.argsort(group_J, kind="stable")
    size_G = np.bincount(group_J)
    rank_J = np.empty_like(group_J)
    rank_J[order_J] = np.arange(len(group_J)) - (np.cumsum(size_G) - size_G)[group_J[order_J]]
    is_kept_J = (placed.cell_J != OUTSIDE) & (rank_J < allowed_K[placed.cell_J])
    rows_K = np.flatnonzero(is_kept_J)
    return Draw(rows_K, placed.weight_J[rows_K])


def by_importance(draw: Draw, placed: Placed, *, classes: Sequence[str]) -> Draw:
    """Return as many jets of each class as there were, chosen by weight, all of one weight.

    Systematic resampling (Kitagawa, Monte Carlo filter and smoother, 1996), cell by cell: at equal
    steps along the summed weights, so each jet and each cell come as often as their weights say,
    to the next whole number.

    Raises:
        ValueError: weights are negative.
    """
    chosen, weights = [], []
    for label, name in enumerate(classes):
        of_class_K = np.flatnonzero(placed.label_J[draw.rows_K] == label)
        by_cell_K = of_class_K[np.argsort(placed.cell_J[draw.rows_K[of_class_K]], kind="stable")]
        sums_K = np.cumsum(draw.weight_K[by_cell_K])
        if (np.diff(sums_K) < 0).any():
            raise ValueError(f"sampling: jets of {name!r} have negative weights: use `weights`")
        number = int((placed.label_J == label).sum())
        steps = (np.arange(number) + 0.5) * (sums_K[-1] / number)
        chosen.append(draw.rows_K[by_cell_K[np.searchsorted(sums_K, steps, side="right")]])
        weights.append(np.full(number, sums_K[-1] / number))
    rows_K = np.concatenate(chosen)
    order_K = np.argsort(rows_K, kind="stable")
    return Draw(rows_K[order_K], np.concatenate(weights)[order_K])
