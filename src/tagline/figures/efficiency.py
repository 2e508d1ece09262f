"""How much background passes where in a protected column, a panel a method, a line a variant."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Comparison, Key
from tagline.measures.metrics import Histogram, Metrics
from tagline.reporting.style import (
    GREY,
    annotate,
    colour,
    logarithmic_y,
    of_column,
    panels,
    styled,
)

READS = "metrics"
CAPTION = (
    "Background efficiency at a signal efficiency of 0.5 against each column that the task "
    "protects, such as the jet mass, for the study's first tagger: one panel a method against "
    "sculpting, one line a variant of it, and in grey the tagger without. A score that does not "
    "sculpt gives a level line; how high it is, is the price. Points are the mean of the seeds, "
    "and their bars the statistical uncertainty of the test jets of one seed, as seeds share "
    "their test jets. Bins in which nothing passes have no point."
)
POINT = 0.5
MERGED_BINS = 3  # of 5 GeV, or of equally many jets, up to the last full group
Array = npt.NDArray[np.float64]


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw the panels of each task and column on rows of their own."""
    groups = [
        (column, _methods(comparison, task))
        for task in comparison.tasks
        for column in _columns(comparison, comparison.keys(task=task)[0])
    ]
    figure, grid = panels([len(methods) for _, methods in groups], sharey=False)
    for (column, methods), axes_of_group in zip(groups, grid, strict=True):
        limits = _limits(comparison, [key for keys in methods.values() for key in keys], column)
        for (family, keys), axes in zip(methods.items(), axes_of_group, strict=True):
            _draw_plain(axes, comparison, keys[0], column)
            for position, key in enumerate(keys):
                _draw_variant(axes, comparison, key, column, colour(position))
            axes.set_title(family)
            logarithmic_y(axes)
            edges = _edges(comparison, keys[0], column)
            axes.set(xlim=edges[[0, -1]], ylim=limits, xlabel=of_column(column))
            if len(keys) > 1:
                axes.legend(fontsize="x-small")
        first = next(iter(methods.values()))[0]
        tagger = comparison.legend.taggers[first.tagger].title
        axes_of_group[0].set_ylabel(rf"{tagger}: $\epsilon_B$ at $\epsilon_S = {POINT}$")
        annotate(axes_of_group[0], comparison.describe(first), above_title=True)
    return figure


def _columns(comparison: Comparison, key: Key) -> list[str]:
    first = next(iter(comparison.metrics[key].values()))
    return [first.protected_column, *first.further]


def _spectra(metrics: Metrics, column: str) -> dict[str, Histogram]:
    return metrics.further.get(column, metrics.protected)


def _edges(comparison: Comparison, key: Key, column: str) -> Array:
    first = next(iter(comparison.metrics[key].values()))
    return np.array(_spectra(first, column)["all"].edges)


def _limits(comparison: Comparison, keys: list[Key], column: str) -> tuple[float, float]:
    """Return limits around all points, whatever their uncertainties."""
    points = np.concatenate([_efficiency(comparison, key, column)[1] for key in keys])
    points = points[np.isfinite(points)]
    return (0.5 * points.min(), 2 * points.max()) if len(points) else (0.1, 1.0)


def _methods(comparison: Comparison, task: str) -> dict[str, list[Key]]:
    """Return the variants of each method for the first tagger, or the plain one if it is alone."""
    keys = comparison.keys(task=task)
    of_first = [key for key in keys if key.tagger == keys[0].tagger]
    methods: dict[str, list[Key]] = {}
    for key in of_first:
        if key.decorrelation != comparison.plain or len(of_first) == 1:
            family = comparison.legend.decorrelations[key.decorrelation].family
            methods.setdefault(family, []).append(key)
    return methods


def _draw_plain(axes: Axes, comparison: Comparison, key: Key, column: str) -> None:
    plain = key._replace(decorrelation=comparison.plain)
    if plain in comparison.metrics:
        centres, efficiency, _ = _efficiency(comparison, plain, column)
        axes.plot(centres, efficiency, color=GREY, linewidth=1)


def _draw_variant(axes: Axes, comparison: Comparison, key: Key, column: str, shade: str) -> None:
    label = comparison.legend.decorrelations[key.decorrelation]
    centres, efficiency, error = _efficiency(comparison, key, column)
    axes.errorbar(
        centres,
        efficiency,
        error,
        fmt="o-",
        color=shade,
        markersize=3,
        linewidth=0.8,
        elinewidth=0.8,
        label=label.title.removeprefix(f"{label.family}, "),
    )


def _efficiency(comparison: Comparison, key: Key, column: str) -> tuple[Array, Array, Array]:
    """Return centres, efficiencies, NaN where nothing passes, and their uncertainties."""
    seeds = [_spectra(one, column) for one in comparison.metrics[key].values()]
    edges = _edges(comparison, key, column)[::MERGED_BINS]
    every, passing, variance_of_every, variance = (
        np.mean([_merged(getattr(one[name], kind)) for one in seeds], axis=0)
        for kind in ("sums", "variances")
        for name in ("all", f"passing_{POINT}")
    )
    filled = np.where(passing > 0, passing, np.nan)
    efficiency = filled / np.where(every > 0, every, np.nan)
    error = np.sqrt(variance * (1 - 2 * efficiency) + efficiency**2 * variance_of_every) / every
    return (edges[1:] + edges[:-1]) / 2, efficiency, error


def _merged(bins: tuple[float, ...]) -> Array:
    full = len(bins) // MERGED_BINS * MERGED_BINS
    merged: Array = np.reshape(bins[:full], (-1, MERGED_BINS)).sum(axis=1)
    return merged
