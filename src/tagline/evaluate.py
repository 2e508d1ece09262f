"""Evaluate: measure the test scores of one training, each number with its bootstrap interval.

An interval spans 68 % of the replicas, shifted so that their median falls on the measured value:
replicas of a divergence carry the fluctuations of the test set twice and lie above it. Jets of one
event enter a replica together. The intervals know the test set alone; the spread of several seeds
says how much a training varies.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tagline.artefacts.files import read_json
from tagline.data.jets import Columns, read_columns
from tagline.measures import roc, sculpting
from tagline.measures.distance_correlation import distance_correlation
from tagline.measures.measured_jets import Guarded, ScoredJets, select
from tagline.measures.metrics import (
    WORKING_POINTS,
    Curve,
    Estimate,
    Histogram,
    Metrics,
    write_metrics,
)

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

SIGNAL_EFFICIENCIES = np.round(np.linspace(0.05, 1.0, 96), 2)
SCULPTING_POINT = 0.5  # signal efficiency at which sculpting is measured
SCORE_EDGES = np.linspace(0, 1, 51)
INTERVAL = (0.16, 0.5, 0.84)
# Were the mean number of jets higher than this, none would be seen in less than 32 % of all cases.
UPPER_LIMIT_OF_NONE = -np.log(0.32)

log = logging.getLogger(__name__)


def evaluate(
    score_file: Path,
    history_file: Path,
    *,
    protected: Sequence[str],
    replicas: int,
    seed: int,
    metrics_file: Path,
) -> None:
    """Write the metrics of a score table."""
    metrics = measure(
        read_columns(score_file),
        protected=protected,
        replicas=replicas,
        random=np.random.default_rng(seed),
        history=read_json(history_file),
    )
    write_metrics(metrics, metrics_file)
    for name, estimate in metrics.values.items():
        log.info("%s = %s", name, estimate)


def measure(
    columns: Columns,
    *,
    protected: Sequence[str],
    replicas: int,
    random: np.random.Generator,
    history: dict[str, Any],
) -> Metrics:
    """Measure a score table, of which background is class 0 and signal the last class."""
    jets = select(columns, protected=protected)
    passes = passing(jets)
    measures, rejections = estimates(jets, replicas=replicas, random=random)
    background_passes_K = passes[SCULPTING_POINT][jets.background_K]
    is_signal_J = jets.ordered.is_signal_J
    parameters = history["num_parameters"]
    first, *others = jets.columns.values()
    return Metrics(
        values=measures
        | {f"rejection_at_{point}": rejections[point] for point in WORKING_POINTS}
        | divergences(jets, measures, background_passes_K, replicas=replicas, random=random)
        | {"parameters": Estimate(value=parameters, low=parameters, high=parameters)},
        roc=Curve(
            signal_efficiency=tuple(rejections),
            value=tuple(estimate.value for estimate in rejections.values()),
            low=tuple(estimate.low for estimate in rejections.values()),
            high=tuple(estimate.high for estimate in rejections.values()),
        ),
        scores=score_histograms(jets),
        protected=histograms(first, jets, passes, of_J=~is_signal_J),
        protected_signal=histograms(first, jets, passes, of_J=is_signal_J),
        protected_column=protected[0],
        further={
            name: histograms(column, jets, passes, of_J=~is_signal_J)
            for name, column in zip(protected[1:], others, strict=True)
        },
        counts=counts(jets, passes),
        replicas=replicas,
        history=history,
    )


def estimates(
    jets: ScoredJets, *, replicas: int, random: np.random.Generator
) -> tuple[dict[str, Estimate], dict[float, Estimate]]:
    """Return the measures by name, and background rejections by signal efficiency."""
    found = [
        Estimate(value=value, low=low, high=high)
        for low, value, high in zip(
            *intervals(jets, replicas=replicas, random=random), strict=True
        )
    ]
    num_measures = len(jets.measures)
    rejections = map(inverse, found[num_measures:])
    return (
        dict(zip(jets.measures, found[:num_measures], strict=True)),
        dict(zip(SIGNAL_EFFICIENCIES.tolist(), rejections, strict=True)),
    )


def intervals(
    jets: ScoredJets, *, replicas: int, random: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return lower ends, values and upper ends (M,) of measures and background efficiencies.

    All of them lie between 0 and 1. A background efficiency of zero has the Poisson upper limit.
    """
    value_M = measure_with(jets, jets.weight_J)
    num_events = int(jets.event_J.max()) + 1
    replica_RM = [
        measure_with(jets, jets.weight_J * roc.poisson_counts(num_events, random)[jets.event_J])
        for _ in range(replicas)
    ]
    lower_M, median_M, upper_M = np.quantile(replica_RM, INTERVAL, axis=0)
    low_M = np.clip(value_M - (median_M - lower_M), 0, 1)
    high_M = np.clip(value_M + (upper_M - median_M), 0, 1)
    weight_K = jets.weight_J[jets.background_K]
    effective_jets = weight_K.sum() ** 2 / np.sum(weight_K**2)
    high_M[value_M == 0] = min(UPPER_LIMIT_OF_NONE / effective_jets, 1)
    return low_M, value_M, high_M


def measure_with(jets: ScoredJets, weight_J: Array) -> Array:
    """Return the measures and the background efficiencies at SIGNAL_EFFICIENCIES (M,)."""
    found = roc.efficiencies(jets.ordered, weight_J, SIGNAL_EFFICIENCIES)
    point = np.searchsorted(SIGNAL_EFFICIENCIES, SCULPTING_POINT)
    passes_K = jets.background_K < found.num_passing_E[point]
    weight_K = weight_J[jets.background_K]
    of_columns = [
        measure
        for column in jets.columns.values()
        for measure in (
            sculpting.kolmogorov_smirnov(column.binned, passes_K, weight_K),
            sculpting.jensen_shannon(column.binned, passes_K, weight_K),
            distance_correlation(jets.score_rank, column.ranked, weight_K),
        )
    ]
    return np.array([found.auc, found.accuracy, *of_columns, *found.background_efficiency_E])


def inverse(estimate: Estimate) -> Estimate:
    """Return the estimate of 1/x, infinite where x may be zero."""
    low, value, high = (
        1 / x if x else None for x in (estimate.high, estimate.value, estimate.low)
    )
    return Estimate(value=value, low=low or 0.0, high=high)


def passing(jets: ScoredJets) -> dict[float, Booleans]:
    """Return which jets (J,) pass at each working point."""
    found = roc.efficiencies(jets.ordered, jets.weight_J, np.array(WORKING_POINTS))
    place_J = np.arange(len(jets.score_J))
    return {
        point: place_J < num_passing
        for point, num_passing in zip(WORKING_POINTS, found.num_passing_E, strict=True)
    }


def divergences(
    jets: ScoredJets,
    measures: dict[str, Estimate],
    passes_K: Booleans,
    *,
    replicas: int,
    random: np.random.Generator,
) -> dict[str, Estimate]:
    """Return the inverse of each column's divergence, and those that chance alone makes.

    The latter have the 68 % range of single selections.
    """
    found: dict[str, Estimate] = {}
    for column in jets.columns.values():
        by_chance_R = sculpting.jensen_shannon_by_chance(
            column.binned,
            passes_K,
            jets.weight_J[jets.background_K],
            replicas=replicas,
            random=random,
        )
        low, median, high = np.quantile(by_chance_R, INTERVAL)
        limit = Estimate(value=median, low=low, high=high)
        found |= {
            f"inverse_jsd{column.suffix}": inverse(measures[f"jsd{column.suffix}"]),
            f"jsd_limit{column.suffix}": limit,
            f"inverse_jsd_limit{column.suffix}": inverse(limit),
        }
    return found


def score_histograms(jets: ScoredJets) -> dict[str, Histogram]:
    """Return the distribution of the score of each class."""
    is_signal_J = jets.ordered.is_signal_J
    return {
        name: histogram(jets.score_J[rows_J], jets.weight_J[rows_J], SCORE_EDGES)
        for name, rows_J in (("background", ~is_signal_J), ("signal", is_signal_J))
    }


def histograms(
    column: Guarded, jets: ScoredJets, passes: dict[float, Booleans], *, of_J: Booleans
) -> dict[str, Histogram]:
    """Return the distribution of a protected column of a class, before and after cuts."""
    selections = {"all": of_J} | {
        f"passing_{point}": of_J & passes_J for point, passes_J in passes.items()
    }
    return {
        name: histogram(column.value_J[rows_J], jets.weight_J[rows_J], column.binned.edges)
        for name, rows_J in selections.items()
    }


def histogram(value_J: Array, weight_J: Array, edges: Array) -> Histogram:
    """Sum weights and their squares in bins."""
    return Histogram(
        edges=tuple(edges),
        sums=tuple(np.histogram(value_J, edges, weights=weight_J)[0]),
        variances=tuple(np.histogram(value_J, edges, weights=weight_J**2)[0]),
    )


def counts(jets: ScoredJets, passes: dict[float, Booleans]) -> dict[str, int]:
    """Count test jets without weights."""
    num_background = len(jets.background_K)
    counted = {"background": num_background, "signal": len(jets.score_J) - num_background}
    for point, passes_J in passes.items():
        counted[f"background_passing_{point}"] = int(passes_J[jets.background_K].sum())
    return counted
