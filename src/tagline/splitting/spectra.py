"""What sampling does to the jets of a task: their spectra before and after, and what is left."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tagline.data.jets import Columns
from tagline.settings.task import Task
from tagline.splitting.draws import Array, Draw, Integers
from tagline.splitting.sampling import OUTSIDE, Grid, grid_of

ALWAYS = ("pt", "eta")
NUM_BINS = 50
LEFT_OUT = 0.002  # share of the jets beyond either end of a spectrum


def account_of_sampling(
    columns: Mapping[str, Columns], draws: Mapping[str, Draw], *, task: Task
) -> dict[str, Any]:
    """Return the numbers of each split that is sampled, and spectra of the training jets.

    Args:
        columns: jets of the splits as they were.
        draws: what is drawn of some of them.
        task: its classes, and in which columns they are equalised.
    """
    train = columns["train"]
    grid, classes = grid_of(train, task), list(task.classes)
    shown = dict.fromkeys([*grid.edges, *ALWAYS, *task.protected])
    return {
        "classes": classes,
        "numbers": {
            name: [
                numbers(columns[name], draw, grid=grid, label=label)
                for label in range(len(classes))
            ]
            for name, draw in draws.items()
        },
        "spectra": [
            spectra(train, draws["train"], name, num_classes=len(classes))
            for name in shown
            if name in train
        ],
    }


def numbers(columns: Columns, draw: Draw, *, grid: Grid, label: int) -> dict[str, float]:
    """Count the jets of a class: `jets` are those beyond the edges, left out, or used.

    The effective number is that of jets with equal weights of the same uncertainty, the squared
    sum of weights over the sum of their squares; copies of a jet count as one of their weight.
    """
    is_class_J = columns["label"] == label
    beyond = int((is_class_J & (grid.cells(columns) == OUTSIDE)).sum())
    of_class_K = is_class_J[draw.rows_K]
    rows_K = draw.rows_K[of_class_K]
    weight_J = np.bincount(rows_K, draw.weight_K[of_class_K], len(is_class_J))
    jets, used = int(is_class_J.sum()), len(np.unique(rows_K))
    return {
        "jets": jets,
        "beyond_edges": beyond,
        "left_out": jets - beyond - used,
        "used": used,
        "copies": len(rows_K) - used,
        "effective": float(weight_J.sum() ** 2 / (weight_J**2).sum()),
    }


def spectra(columns: Columns, draw: Draw, name: str, *, num_classes: int) -> dict[str, Any]:
    """Return the share of each class's weight in each bin of a column, before and after."""
    values_J, label_J, weight_J = columns[name], columns["label"], columns["weight"]
    low, high = np.quantile(values_J, [LEFT_OUT, 1 - LEFT_OUT])
    edges = np.linspace(low, high, NUM_BINS + 1)

    def shares(rows_K: Integers | slice, weight_K: Array) -> list[list[float]]:
        found = []
        for label in range(num_classes):
            chosen = label_J[rows_K] == label
            counts, _ = np.histogram(values_J[rows_K][chosen], edges, weights=weight_K[chosen])
            found.append((counts / weight_K[chosen].sum()).tolist())
        return found

    return {
        "column": name,
        "edges": edges.tolist(),
        "before": shares(slice(None), weight_J),
        "after": shares(*draw),
    }
