"""Background rejection against signal efficiency, with the published working points."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Comparison, Key
from tagline.reporting.style import GREY, annotate, colour, legend, line, marker, styled

READS = "metrics"
CAPTION = (
    "Background rejection against signal efficiency of the taggers without decorrelation, and "
    "below its ratio to that of the largest area. Lines are medians of the seeds; bands are 68 % "
    "intervals, the bootstrap of the test jets and the standard deviation of the seeds in "
    "quadrature. All taggers see the same test jets, so ratios are known better than their bands "
    "suggest. Lines end where fewer than five background jets are left. Open points are published "
    "rejections at a signal efficiency of 0.3, drawn side by side, with the spread of the "
    "published trainings: the verdicts in the comparison table say how their jets and training "
    "sizes differ."
)
PUBLISHED_EFFICIENCY = 0.3
FEWEST_BACKGROUND_JETS = 5
SIDESTEP = 0.009  # of a published point to the next
WIDEST = 0.1  # of all of them

Array = npt.NDArray[np.float64]


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw one column a task."""
    tasks = comparison.tasks
    figure = Figure(figsize=(0.4 + 5.2 * len(tasks), 5.8))
    grid = figure.subplots(2, len(tasks), sharex=True, squeeze=False, height_ratios=(3, 1))
    for column, task in enumerate(tasks):
        keys = comparison.plain_keys(task=task)
        _draw_curves(grid[0, column], comparison, keys)
        _draw_ratios(grid[1, column], comparison, keys)
        annotate(grid[0, column], comparison.describe(keys[0]), above_title=False)
    legend(figure, grid[0], grid[0, 0].get_legend_handles_labels()[0])
    return figure


def _draw_curves(axes: Axes, comparison: Comparison, keys: list[Key]) -> None:
    for position, key in enumerate(keys):
        efficiency, value, low, high = _curve(comparison, key)
        label = comparison.legend.taggers[key.tagger].title
        axes.plot(efficiency, value, color=colour(position), linestyle=line(position), label=label)
        axes.fill_between(efficiency, low, high, color=colour(position), alpha=0.2, linewidth=0)
        sidestep = min(SIDESTEP, WIDEST / len(keys)) * (position - (len(keys) - 1) / 2)
        _draw_published(axes, comparison, key, colour(position), sidestep)
    efficiency = np.linspace(0.05, 1)
    axes.plot(efficiency, 1 / efficiency, color=GREY, linestyle=":", label="random selection")
    for position, paper in enumerate(comparison.legend.published):
        label = f"{paper.title} ({paper.source})"
        axes.plot([], [], marker(position), color=GREY, markerfacecolor="white", label=label)
    axes.set(yscale="log", xlim=(0.05, 1), ylabel=r"background rejection $1/\epsilon_B$")


def _draw_published(
    axes: Axes, comparison: Comparison, key: Key, marker_colour: str, sidestep: float
) -> None:
    found = comparison.published(key, f"rejection_at_{PUBLISHED_EFFICIENCY}")
    if found is not None:
        paper, number = found
        axes.errorbar(
            PUBLISHED_EFFICIENCY + sidestep,
            number.value,
            yerr=number.uncertainty,
            fmt=marker(comparison.legend.published.index(paper)),
            color=marker_colour,
            markerfacecolor="white",
            zorder=3,
        )


def _draw_ratios(axes: Axes, comparison: Comparison, keys: list[Key]) -> None:
    best = max(keys, key=lambda key: comparison.value(key, "auc").value)
    at, reference_there, *_ = _curve(comparison, best)
    for position, key in enumerate(keys):
        efficiency, value, low, high = _curve(comparison, key)
        reference = np.interp(efficiency, at, reference_there, left=np.nan)
        axes.plot(efficiency, value / reference, color=colour(position), linestyle=line(position))
        axes.fill_between(
            efficiency,
            low / reference,
            high / reference,
            color=colour(position),
            alpha=0.2,
            linewidth=0,
        )
    axes.set(
        xlabel=r"signal efficiency $\epsilon_S$",
        ylabel="ratio to best",
        ylim=(0, 2),
    )


def _curve(comparison: Comparison, key: Key) -> tuple[Array, Array, Array, Array]:
    """Return signal efficiencies, rejections and their bands, where enough background is left."""
    efficiency, points = comparison.roc(key)
    value, low, high = np.array([point[:3] for point in points]).T
    kept = value * FEWEST_BACKGROUND_JETS <= comparison.num_background(key)
    return efficiency[kept], value[kept], low[kept], high[kept]
