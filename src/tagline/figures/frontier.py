"""Background rejection against sculpting of the background, with the limit set by chance."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tagline.compare import Comparison, Key, bars
from tagline.reporting.style import (
    GREY,
    annotate,
    colour,
    face,
    legend,
    logarithmic,
    marker,
    styled,
)

READS = "metrics"
CAPTION = (
    "Rejection against 1/JSD at a signal efficiency of 0.5: better taggers are higher, less "
    "sculpting is to the right. JSD is the Jensen-Shannon divergence (base 2) of the mass of the "
    "background that passes and fails, in 5 GeV bins from 50 to 300 GeV. Points are the median of "
    "the seeds; bars are 68 % intervals, the bootstrap of the test jets and the standard "
    "deviation of the seeds in quadrature. Variants of one method are joined. The grey band is "
    "where random selections of as many jets lie (median and 68 %): these test jets cannot show "
    "less sculpting than that."
)
WORKING_POINT = 0.5
REJECTION = f"rejection_at_{WORKING_POINT}"


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw one panel a task."""
    tasks = comparison.tasks
    figure = Figure(figsize=(0.6 + 5.4 * len(tasks), 4.6))
    panels = figure.subplots(1, len(tasks), squeeze=False)[0]
    for axes, task in zip(panels, tasks, strict=True):
        _draw_limit(axes, comparison, task)
        _draw_points(axes, comparison, task)
        logarithmic(axes)
        axes.set(
            xlabel=rf"1/JSD of background mass at $\epsilon_S = {WORKING_POINT}$",
            ylabel=rf"background rejection at $\epsilon_S = {WORKING_POINT}$",
        )
        annotate(axes, comparison.describe(comparison.keys(task=task)[0]), above_title=False)
    legend(figure, panels, _handles(comparison))
    return figure


def _draw_limit(axes: Axes, comparison: Comparison, task: str) -> None:
    """Shade what chance alone makes of selections as large as those of each training."""
    points = sorted(
        (rejection.value, limit.value, limit.low, limit.high)
        for key in comparison.keys(task=task)
        for metrics in comparison.metrics[key].values()
        if (rejection := metrics.values[REJECTION]).value is not None
        and (limit := metrics.values["inverse_jsd_limit"]).high is not None
    )
    rejection_K, limit_K, low_K, high_K = np.array(points).reshape(-1, 4).T
    axes.plot(limit_K, rejection_K, color=GREY, linewidth=1)
    axes.fill_betweenx(rejection_K, low_K, high_K, color=GREY, alpha=0.2, linewidth=0)


def _draw_points(axes: Axes, comparison: Comparison, task: str) -> None:
    """Draw each tagger in its colour and each method in its marker, the steps of a scan joined."""
    taggers = comparison.legend.taggers
    families = comparison.legend.families
    for (tagger, family), keys in _scans(comparison, task).items():
        sculpting = [comparison.value(key, "inverse_jsd") for key in keys]
        rejection = [comparison.value(key, REJECTION) for key in keys]
        place, of_tagger = families.index(family), colour(list(taggers).index(tagger))
        axes.errorbar(
            [point.value for point in sculpting],
            [point.value for point in rejection],
            xerr=bars(sculpting),
            yerr=bars(rejection),
            fmt=f"{marker(place)}-",
            color=of_tagger,
            markerfacecolor=face(place, of_tagger),
            markersize=6,
            linewidth=0.8,
            elinewidth=1,
        )


def _handles(comparison: Comparison) -> list[Line2D]:
    """Return entries of the legend: colours of taggers, markers of methods, the limit."""
    taggers, families = comparison.legend.taggers, comparison.legend.families
    return [
        *(
            Line2D([], [], color=colour(position), linewidth=3, label=tagger.title)
            for position, tagger in enumerate(taggers.values())
        ),
        *(
            Line2D(
                [],
                [],
                color=GREY,
                linestyle="",
                marker=marker(position),
                markerfacecolor=face(position, GREY),
                label=family,
            )
            for position, family in enumerate(families)
        ),
        Line2D([], [], color=GREY, linewidth=1, label="random selection"),
    ]


def _scans(comparison: Comparison, task: str) -> dict[tuple[str, str], list[Key]]:
    """Return the points of each tagger and method, in the order of the study."""
    scans: dict[tuple[str, str], list[Key]] = {}
    for key in _bounded(comparison, task):
        family = comparison.legend.decorrelations[key.decorrelation].family
        scans.setdefault((key.tagger, family), []).append(key)
    return scans


def _bounded(comparison: Comparison, task: str) -> list[Key]:
    """Return what leaves some background, so that it has a rejection and a shape."""
    return [
        key
        for key in comparison.keys(task=task)
        if np.isfinite(comparison.value(key, REJECTION).value)
    ]
