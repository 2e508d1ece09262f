"""What is left of each tagger on jets that it was not trained for: the variations of a task."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tagline.compare import Comparison, Key, bars
from tagline.reporting.style import annotate, colour, logarithmic_x, marker, styled

READS = "metrics"
CAPTION = (
    "Every tagger and decorrelation on the test jets of its task and of the task's variations, "
    "for which nothing was trained or fitted again: the background rejection at a signal "
    "efficiency of 0.5, for which the cut is found anew on each kind of jets, and 1/JSD of the "
    "background's mass there. Points are medians of the seeds with 68 % intervals, the bootstrap "
    "of the test jets and the standard deviation of the seeds in quadrature; an arrow is a lower "
    "limit. Jets with noise are the same jets as those without, so that differences are known "
    "better than the intervals suggest."
)
METRICS = {
    "rejection_at_0.5": r"background rejection at $\epsilon_S = 0.5$",
    "inverse_jsd": r"1/JSD of background mass at $\epsilon_S = 0.5$",
}
ROW_HEIGHT = 0.32  # inches
SPREAD = 0.6  # rows that the tasks of one tagger take


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw one row of panels a task, with its variations in it."""
    groups = _groups(comparison)
    keys_of = {nominal: comparison.keys(task=tasks[0]) for nominal, tasks in groups.items()}
    heights = [len(keys) for keys in keys_of.values()]
    figure = Figure(figsize=(12, 1.4 * len(heights) + ROW_HEIGHT * sum(heights)))
    grid = figure.subplots(
        len(heights), len(METRICS), sharey="row", squeeze=False, height_ratios=heights
    )
    for panels, (nominal, tasks) in zip(grid, groups.items(), strict=True):
        keys = keys_of[nominal]
        for axes, metric in zip(panels, METRICS, strict=True):
            _draw_metric(axes, comparison, keys, tasks, metric=metric)
        panels[0].set_yticks(range(len(keys)), [_name(comparison, key) for key in keys])
        annotate(panels[-1], comparison.describe(keys[0]), above_title=False)
        panels[-1].legend(
            handles=_handles(comparison, tasks), loc="upper left", bbox_to_anchor=(1, 1)
        )
    return figure


def _groups(comparison: Comparison) -> dict[str, list[str]]:
    """Return the tasks of the study by the task that they vary, which comes first."""
    labels = comparison.legend.tasks
    groups: dict[str, list[str]] = {}
    for task in sorted(comparison.tasks, key=lambda task: bool(labels[task].variation_of)):
        groups.setdefault(labels[task].variation_of or task, []).append(task)
    return groups


def _draw_metric(
    axes: Axes, comparison: Comparison, keys: list[Key], tasks: list[str], *, metric: str
) -> None:
    shifts = SPREAD * (np.arange(len(tasks)) - (len(tasks) - 1) / 2) / len(tasks)
    for position, (task, shift) in enumerate(zip(tasks, shifts, strict=True)):
        points = [comparison.value(key._replace(task=task), metric) for key in keys]
        is_bounded = np.isfinite([point.high for point in points])
        axes.errorbar(
            [point.value if np.isfinite(point.value) else point.low for point in points],
            np.arange(len(keys)) + shift,
            xerr=np.nan_to_num(bars(points), posinf=0.0),
            xlolims=~is_bounded,
            fmt=marker(position),
            color=colour(position),
            markerfacecolor="white" if position else None,
        )
    logarithmic_x(axes)
    axes.set(xlabel=METRICS[metric], ylim=(len(keys) - 0.4, -0.6))
    axes.tick_params(axis="y", which="both", length=0)
    axes.grid(visible=True, axis="y")


def _name(comparison: Comparison, key: Key) -> str:
    legend = comparison.legend
    tagger = legend.taggers[key.tagger].title
    if key.decorrelation == comparison.plain:
        return tagger
    return f"{tagger}, {legend.decorrelations[key.decorrelation].title}"


def _handles(comparison: Comparison, tasks: list[str]) -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            linestyle="",
            marker=marker(position),
            color=colour(position),
            markerfacecolor="white" if position else None,
            label=comparison.legend.tasks[task].title,
        )
        for position, task in enumerate(tasks)
    ]
