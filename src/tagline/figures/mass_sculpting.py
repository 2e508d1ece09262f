"""The background's protected column before and after cuts, one column a decorrelation."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Comparison, Key
from tagline.measures.metrics import WORKING_POINTS, Histogram
from tagline.reporting.style import GREY, annotate, styled

READS = "metrics"
CAPTION = (
    "Jet mass of the background before and after cuts on the score of the study's first tagger, "
    "one column a decorrelation, each distribution with unit area, and below its ratio to all "
    "background. A score that does not sculpt gives a ratio of one. Cuts are at signal "
    "efficiencies of 0.3 and 0.5. Points are the mean of the seeds, and their bars the "
    "statistical uncertainty of the test jets of one seed, as seeds share their test jets. Bins "
    "in which nothing passes have no point."
)
MERGED_BINS = 5  # of 5 GeV
RATIO_LIMITS = (0.08, 12)
COLOURS = {0.3: "#832db6", 0.5: "#ffa90e"}
Array = npt.NDArray[np.float64]


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw two rows a task."""
    comparison.require_masses("mass_sculpting")
    tagger = next(iter(comparison.legend.taggers))
    columns = [
        [key for key in comparison.keys(task=task) if key.tagger == tagger]
        for task in comparison.tasks
    ]
    figure = Figure(figsize=(0.6 + 3.0 * len(columns[0]), 4.2 * len(columns)))
    grid = figure.subplots(
        2 * len(columns),
        len(columns[0]),
        sharex=True,
        sharey="row",
        squeeze=False,
        height_ratios=(2, 1) * len(columns),
    )
    for task, keys in enumerate(columns):
        for column, key in enumerate(keys):
            _draw_panel(grid[2 * task, column], grid[2 * task + 1, column], comparison, key)
        grid[2 * task, 0].set_ylabel("density of background [1/GeV]")
        grid[2 * task + 1, 0].set(ylabel="ratio to all", yscale="log", ylim=RATIO_LIMITS)
        annotate(grid[2 * task, -1], comparison.describe(keys[0]), above_title=True)
    grid[0, -1].legend(title=comparison.legend.taggers[tagger].title)
    return figure


def _draw_panel(axes: Axes, ratio_axes: Axes, comparison: Comparison, key: Key) -> None:
    seeds = list(comparison.metrics[key].values())
    edges, inclusive, _ = _mean([metrics.protected["all"] for metrics in seeds])
    centres = (edges[1:] + edges[:-1]) / 2
    axes.stairs(inclusive, edges, fill=True, color=GREY, alpha=0.3, label="all background")
    ratio_axes.axhline(1, color=GREY, linewidth=0.8)
    for position, point in enumerate(WORKING_POINTS):
        _, density, error = _mean([metrics.protected[f"passing_{point}"] for metrics in seeds])
        sidestep = (position - 0.5) * 0.2 * np.diff(edges)
        label = rf"passing, $\epsilon_S = {point}$"
        for panel, scale in ((axes, 1), (ratio_axes, 1 / inclusive)):
            panel.errorbar(
                centres + sidestep,
                density * scale,
                error * scale,
                fmt="o",
                markersize=3.5,
                color=COLOURS[point],
                label=label,
            )
    axes.set_title(comparison.legend.decorrelations[key.decorrelation].title)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, None))
    ratio_axes.set_xlabel(f"jet {seeds[0].protected_column} [GeV]")


def _mean(histograms: list[Histogram]) -> tuple[Array, Array, Array]:
    """Return merged edges, and means of the seeds: densities, NaN if empty, and uncertainties."""
    edges = np.array(histograms[0].edges)[::MERGED_BINS]
    sums = np.mean([_merged(histogram.sums) for histogram in histograms], axis=0)
    variances = np.mean([_merged(histogram.variances) for histogram in histograms], axis=0)
    norm = (sums.sum() or np.nan) * np.diff(edges)
    filled = np.where(sums > 0, sums, np.nan)
    return edges, filled / norm, np.sqrt(variances) / norm


def _merged(bins: tuple[float, ...]) -> Array:
    merged: Array = np.reshape(bins, (-1, MERGED_BINS)).sum(axis=1)
    return merged
