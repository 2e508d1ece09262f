"""What is known of one scored test set: the typed content of a metrics file."""

from pathlib import Path
from typing import Any

from tagline.artefacts.files import read_json, write_json
from tagline.settings.strict import Strict

WORKING_POINTS = (0.3, 0.5)


class Estimate(Strict):
    """A number with its 68 % interval; None is infinite, and `low` is then a lower limit."""

    value: float | None
    low: float
    high: float | None

    def __str__(self) -> str:
        shown = [
            "infinite" if number is None else f"{number:.4g}"
            for number in (self.value, self.low, self.high)
        ]
        return "{} [{}, {}]".format(*shown)


class Curve(Strict):
    """Background rejection 1/eB on a grid of signal efficiencies, with 68 % intervals."""

    signal_efficiency: tuple[float, ...]
    value: tuple[float | None, ...]
    low: tuple[float, ...]
    high: tuple[float | None, ...]


class Histogram(Strict):
    """Sums of weights in bins, and their variances; what lies outside the edges is not counted."""

    edges: tuple[float, ...]
    sums: tuple[float, ...]
    variances: tuple[float, ...]


class Metrics(Strict):
    """The measurements of one tagger, decorrelation and seed on its test set.

    Args:
        values: estimates by name: auc, accuracy, rejection_at_0.3, rejection_at_0.5, and for the
            background's protected column ks, jsd, inverse_jsd, distance_correlation and
            jsd_limit, inverse_jsd_limit, which a random selection of the same size would reach;
            the same of further protected columns, as jsd_pt; parameters of the network.
        roc: background rejection against signal efficiency.
        scores: distribution of the score by class, `background` and `signal`.
        protected: distribution of the background's protected column, `all` and what passes at
            the working points, `passing_0.3` and `passing_0.5`.
        protected_signal: the same of the signal.
        protected_column: name of that column, the first that the task protects.
        further: the background's distributions of the other protected columns, by their names.
        counts: test jets, unweighted: `background`, `signal`, `background_passing_0.3`, ...
        replicas: bootstrap replicas behind the intervals.
        history: what the training left.
    """

    values: dict[str, Estimate]
    roc: Curve
    scores: dict[str, Histogram]
    protected: dict[str, Histogram]
    protected_signal: dict[str, Histogram]
    protected_column: str
    further: dict[str, dict[str, Histogram]]
    counts: dict[str, int]
    replicas: int
    history: dict[str, Any]


def write_metrics(metrics: Metrics, path: Path) -> None:
    """Write as JSON."""
    write_json(metrics.model_dump(mode="json"), path)


def read_metrics(path: Path) -> Metrics:
    """Read what `write_metrics` wrote."""
    return Metrics(**read_json(path))
