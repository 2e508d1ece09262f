"""Compare: the metrics of a study, its seeds combined, beside the published numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagline.measures.metrics import Estimate, Metrics, read_metrics
from tagline.measures.sculpting import is_in_mass_edges
from tagline.settings.legend import Legend
from tagline.settings.published import Published, PublishedNumber


class Key(NamedTuple):
    """What is compared; its seeds are combined."""

    task: str
    tagger: str
    decorrelation: str


class Combined(NamedTuple):
    """The median of several seeds, with the interval of the test set and the spread of seeds.

    Args:
        value: median over seeds; infinite where a rejection is.
        low: lower end of the 68 % interval, test set and seeds in quadrature.
        high: upper end; may be infinite.
        spread: standard deviation over seeds; NaN where there is none.
        num_seeds: trainings behind it.
    """

    value: float
    low: float
    high: float
    spread: float
    num_seeds: int


def bars(points: Sequence[Combined]) -> list[list[float]]:
    """Return how far down and how far up the intervals go, as far as they are bounded."""
    return [
        [point.value - point.low for point in points],
        [point.high - point.value if np.isfinite(point.high) else 0.0 for point in points],
    ]


def combine(estimates: Sequence[Estimate]) -> Combined:
    """Combine the estimates of several seeds, which share their test set."""
    values = np.array([_number(estimate.value) for estimate in estimates])
    value = float(np.median(values))
    low = float(np.median([estimate.low for estimate in estimates]))
    high = float(np.median([_number(estimate.high) for estimate in estimates]))
    if not np.isfinite(value):
        return Combined(value, low, high, np.nan, len(values))
    has_spread = len(values) > 1 and bool(np.isfinite(values).all())
    spread = float(np.std(values, ddof=1)) if has_spread else np.nan
    training = np.nan_to_num(spread)
    return Combined(
        value=value,
        low=value - float(np.hypot(value - low, training)),
        high=value + float(np.hypot(high - value, training)),
        spread=spread,
        num_seeds=len(values),
    )


def _number(value: float | None) -> float:
    return np.inf if value is None else value


@dataclass(frozen=True)
class Comparison:
    """The metrics of a study by task, tagger, decorrelation and seed."""

    legend: Legend
    metrics: dict[Key, dict[int, Metrics]]

    @property
    def tasks(self) -> list[str]:
        """Tasks, in the order of the metrics files."""
        return list(dict.fromkeys(key.task for key in self.metrics))

    @property
    def plain(self) -> str:
        """The entry that leaves the score as it is, or the study's first if there is none."""
        labels = self.legend.decorrelations
        return next((name for name in labels if not labels[name].decorrelates), next(iter(labels)))

    def keys(self, *, task: str) -> list[Key]:
        """All combinations of a task, in the order of the study."""
        combinations = [
            Key(task, tagger, decorrelation)
            for tagger in self.legend.taggers
            for decorrelation in self.legend.decorrelations
        ]
        return [key for key in combinations if key in self.metrics]

    def require_masses(self, figure: str) -> None:
        """Raise ValueError unless the first protected column of all tasks is a jet mass."""
        for key, seeds in self.metrics.items():
            for metrics in seeds.values():
                if not is_in_mass_edges(metrics.protected["all"].edges):
                    raise ValueError(
                        f"the figure {figure!r} needs a mass from 50 to 300 GeV as first "
                        f"protected column of a task, but {key.task!r} has "
                        f"{metrics.protected_column!r}"
                    )

    def plain_keys(self, *, task: str) -> list[Key]:
        """Return the combinations of a task without decorrelation."""
        return [key for key in self.keys(task=task) if key.decorrelation == self.plain]

    def describe(self, key: Key) -> str:
        """Say how many jets and trainings are behind the numbers."""
        return (
            f"{self.legend.tasks[key.task].title}: {self.train_jets(key):,} training jets, "
            f"{self.test_jets(key):,} test jets, {self.repeats(key)}"
        )

    def repeats(self, key: Key) -> str:
        """Count the seeds, or the subsets of trainings, that are combined."""
        number, varied = len(self.metrics[key]), self.legend.taggers[key.tagger].varied
        return f"{number} {varied}{'s' * (number != 1)}"

    def measured(self, key: Key) -> list[str]:
        """List the names of what was measured."""
        return list(self._first(key).values)

    def value(self, key: Key, name: str) -> Combined:
        """Return one of the measured values, seeds combined."""
        return combine([metrics.values[name] for metrics in self.metrics[key].values()])

    def roc(self, key: Key) -> tuple[npt.NDArray[np.float64], list[Combined]]:
        """Return signal efficiencies (E,) and rejections (E,), seeds combined."""
        curves = [metrics.roc for metrics in self.metrics[key].values()]
        points = [
            combine([Estimate(value=value, low=low, high=high) for value, low, high in at_point])
            for at_point in zip(
                *(zip(curve.value, curve.low, curve.high, strict=True) for curve in curves),
                strict=True,
            )
        ]
        return np.array(curves[0].signal_efficiency), points

    def train_jets(self, key: Key) -> int:
        """Return the jets of the training set."""
        return int(self._first(key).history["train_jets"])

    def test_jets(self, key: Key) -> int:
        """Return the signal and background jets of the test set."""
        return self._first(key).counts["signal"] + self._first(key).counts["background"]

    def num_background(self, key: Key) -> int:
        """Return the background jets of the test set."""
        return self._first(key).counts["background"]

    def published(self, key: Key, metric: str) -> tuple[Published, PublishedNumber] | None:
        """Return the published number of a tagger, and where it is from.

        There is none of what is decorrelated, and of variations of a task.
        """
        if self.legend.decorrelations[key.decorrelation].decorrelates:
            return None
        if self.legend.tasks[key.task].variation_of:
            return None
        system = self.legend.taggers[key.tagger].paper
        for published in self.legend.published:
            for number in published.numbers:
                if (number.system, number.metric) == (system, metric):
                    return published, number
        return None

    def _first(self, key: Key) -> Metrics:
        return next(iter(self.metrics[key].values()))


def load(metrics_files: Iterable[Path], legend: Legend) -> Comparison:
    """Read metrics at `{task}/metrics/{tagger}/{decorrelation}/{seed}.json`."""
    metrics: dict[Key, dict[int, Metrics]] = {}
    for path in metrics_files:
        task, _, tagger, decorrelation, _ = path.parts[-5:]
        seeds = metrics.setdefault(Key(task, tagger, decorrelation), {})
        seeds[int(path.stem)] = read_metrics(path)
    return Comparison(legend, metrics)
