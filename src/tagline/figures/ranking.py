"""All taggers of a study in one column, the best first, beside what their papers published."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Combined, Comparison, Key
from tagline.reporting.style import BACKGROUND, SIGNAL, annotate, logarithmic_x, marker, styled

READS = "metrics"
CAPTION = (
    "The taggers without decorrelation, ordered by the background rejection 1/eB at a signal "
    "efficiency of 0.3, with the area under the ROC curve beside it. Full points are medians of "
    "the seeds with 68 % intervals, the bootstrap of the test jets and the standard deviation of "
    "the seeds in quadrature; an arrow is a lower limit. All taggers see the same test jets, so "
    "their order is known better than their intervals suggest. Open points are the published "
    "values with the spread of the published trainings: the verdicts in the comparison table say "
    "how jets and training sizes differ."
)
ORDERED_BY = "rejection_at_0.3"
METRICS = {ORDERED_BY: r"background rejection $1/\epsilon_B$ at $\epsilon_S = 0.3$", "auc": "AUC"}
ROW_HEIGHT = 0.24  # inches
PUBLISHED_BELOW = 0.22  # rows


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw one row of panels a task."""
    keys_of = {task: comparison.plain_keys(task=task) for task in comparison.tasks}
    heights = [len(keys) for keys in keys_of.values()]
    figure = Figure(figsize=(9.5, 1.2 * len(heights) + ROW_HEIGHT * sum(heights)))
    grid = figure.subplots(
        len(heights), len(METRICS), sharey="row", squeeze=False, height_ratios=heights
    )
    for row, keys in enumerate(keys_of.values()):
        ordered = sorted(keys, key=lambda key: _rank(comparison, key))
        for axes, metric in zip(grid[row], METRICS, strict=True):
            _draw_metric(axes, comparison, ordered, metric)
        grid[row, 0].set_yticks(
            range(len(ordered)), [comparison.legend.taggers[key.tagger].title for key in ordered]
        )
        logarithmic_x(grid[row, 0])
        annotate(grid[row, -1], comparison.describe(keys[0]), above_title=False)
    _label(grid[-1, -1], comparison)
    figure.legend(*grid[-1, -1].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _rank(comparison: Comparison, key: Key) -> tuple[float, float]:
    """Return what orders the taggers, smallest first: rejection, then AUC."""
    rejection = comparison.value(key, ORDERED_BY)
    at_least = rejection.value if np.isfinite(rejection.value) else rejection.low
    return -at_least, -comparison.value(key, "auc").value


def _draw_metric(axes: Axes, comparison: Comparison, keys: list[Key], metric: str) -> None:
    for row, key in enumerate(keys):
        _draw_point(axes, comparison.value(key, metric), row)
        found = comparison.published(key, metric)
        if found is not None:
            paper, number = found
            axes.errorbar(
                number.value,
                row + PUBLISHED_BELOW,
                xerr=number.uncertainty,
                fmt=marker(comparison.legend.published.index(paper)),
                color=SIGNAL,
                markerfacecolor="white",
            )
    axes.set(xlabel=METRICS[metric], ylim=(len(keys) - 0.4, -0.6))
    axes.tick_params(axis="y", which="both", length=0)
    axes.grid(visible=True, axis="y")


def _draw_point(axes: Axes, measured: Combined, row: int) -> None:
    if not np.isfinite(measured.value):
        axes.plot(measured.low, row, ">", color=BACKGROUND)
        return
    up = measured.high - measured.value
    axes.errorbar(
        measured.value,
        row,
        xerr=[[measured.value - measured.low], [up if np.isfinite(up) else 0.0]],
        xlolims=not np.isfinite(up),
        fmt="o",
        color=BACKGROUND,
    )


def _label(axes: Axes, comparison: Comparison) -> None:
    axes.plot([], [], "o", color=BACKGROUND, label="here")
    for position, paper in enumerate(comparison.legend.published):
        label = f"{paper.title} ({paper.source}), {paper.train_jets:,} training jets"
        axes.plot([], [], marker(position), color=SIGNAL, markerfacecolor="white", label=label)
