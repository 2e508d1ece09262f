"""Scored jets as they are measured: sorted, binned and ranked once for all replicas."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.data.jets import Columns
from tagline.measures import roc, sculpting
from tagline.measures.distance_correlation import Ranked, rank

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

OF_SCORE = ("auc", "accuracy")
OF_COLUMN = ("ks", "jsd", "distance_correlation")


class Guarded(NamedTuple):
    """A protected column.

    Args:
        suffix: of the names of its measures; the first column has none.
        value_J: of all jets, in descending order of score.
        binned: the background's.
        ranked: the background's.
    """

    suffix: str
    value_J: Array
    binned: sculpting.Protected
    ranked: Ranked


class ScoredJets(NamedTuple):
    """Signal and background jets in descending order of score, sorted once for all replicas.

    Args:
        ordered: the order, and which jets are signal.
        score_J: descending.
        weight_J: in this order.
        event_J: which event each jet is of, counted from 0.
        background_K: places of the K background jets in this order.
        score_rank: the background's score, ranked.
        columns: those protected, by name.
    """

    ordered: roc.Ordered
    score_J: Array
    weight_J: Array
    event_J: Integers
    background_K: Integers
    score_rank: Ranked
    columns: dict[str, Guarded]

    @property
    def measures(self) -> list[str]:
        """The names of what is measured besides background efficiencies."""
        of_columns = [
            f"{name}{column.suffix}" for column in self.columns.values() for name in OF_COLUMN
        ]
        return [*OF_SCORE, *of_columns]


def select(columns: Columns, *, protected: Sequence[str]) -> ScoredJets:
    """Keep signal and background of a score table, in descending order of score."""
    classes = np.unique(columns["label"])
    if len(classes) < 2 or classes[0] != 0:
        raise ValueError(f"scores need jets of class 0 and of a signal, but have {classes}")
    kept = {
        name: column[np.isin(columns["label"], (0, classes[-1]))]
        for name, column in columns.items()
    }
    ordered = roc.order(kept["score"], kept["label"] > 0)
    kept = {name: column[ordered.order_J] for name, column in kept.items()}
    background_K = np.flatnonzero(~ordered.is_signal_J)
    return ScoredJets(
        ordered=ordered,
        score_J=kept["score"].astype(np.float64),
        weight_J=kept["weight"].astype(np.float64),
        event_J=np.unique(kept["event_id"], return_inverse=True)[1],
        background_K=background_K,
        score_rank=rank(kept["score"][background_K]),
        columns={
            name: guard(name, kept[name], background_K, suffix=f"_{name}" if position else "")
            for position, name in enumerate(protected)
        },
    )


def guard(
    name: str, column_J: npt.NDArray[np.floating], background_K: Integers, *, suffix: str
) -> Guarded:
    """Bin and rank a column, jet masses in bins of their own."""
    value_J = column_J.astype(np.float64)
    value_K = value_J[background_K]
    binned = sculpting.protect(value_K, sculpting.edges_of(name, value_K))
    return Guarded(suffix, value_J, binned, rank(value_K))
