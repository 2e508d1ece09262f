"""Distribution of the score of signal and background, one panel a tagger."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Comparison, Key
from tagline.metrics import Histogram
from tagline.style import BACKGROUND, SIGNAL, annotate, panels, styled

READS = "metrics"
CAPTION = (
    "Distribution of the score of the test jets by class, for each tagger without decorrelation. "
    "Each distribution has unit area. Lines are the mean of the seeds, bands the statistical "
    "uncertainty of the test jets of one seed."
)
COLOURS = {"background": BACKGROUND, "signal": SIGNAL}


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw one row a task."""
    keys = [comparison.plain_keys(task=task) for task in comparison.tasks]
    figure, grid = panels(rows=len(keys), columns=len(keys[0]), sharey=True)
    for row, keys_of_task in enumerate(keys):
        for column, key in enumerate(keys_of_task):
            _draw_tagger(grid[row, column], comparison, key)
        grid[row, 0].set_ylabel("density of test jets")
        annotate(grid[row, -1], comparison.describe(keys_of_task[0]))
    grid[0, 0].legend(loc="upper center")
    return figure


def _draw_tagger(axes: Axes, comparison: Comparison, key: Key) -> None:
    seeds = comparison.metrics[key].values()
    for name, colour in COLOURS.items():
        densities = [_density(metrics.scores[name]) for metrics in seeds]
        edges = np.array(next(iter(seeds)).scores[name].edges)
        mean, error = (np.mean(parts, axis=0) for parts in zip(*densities, strict=True))
        axes.stairs(mean, edges, color=colour, linewidth=1.5, label=name)
        axes.stairs(
            mean + error, edges, baseline=mean - error, color=colour, fill=True, alpha=0.25
        )
    axes.set(yscale="log", xlim=(0, 1), xlabel="score")
    axes.set_title(comparison.legend.taggers[key.tagger].title)


def _density(histogram: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Return the density in each bin and its statistical uncertainty; NaN in empty bins."""
    sums = np.array(histogram.sums)
    norm = sums.sum() * np.diff(histogram.edges)
    filled = np.where(sums > 0, sums, np.nan)
    return filled / norm, np.sqrt(histogram.variances) / norm
