"""Distribution of the score of signal and background, one panel a tagger."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Comparison, Key
from tagline.measures.metrics import Histogram
from tagline.reporting.style import BACKGROUND, SIGNAL, annotate, last_of_row, panels, styled

READS = "metrics"
CAPTION = (
    "Distribution of the score of the test jets by class, for each tagger without decorrelation. "
    "Each distribution has unit area. Lines are the mean of the seeds, bands the statistical "
    "uncertainty of the test jets of one seed."
)
Array = npt.NDArray[np.float64]
COLOURS = {"background": BACKGROUND, "signal": SIGNAL}


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw the taggers of each task."""
    keys_of = [comparison.plain_keys(task=task) for task in comparison.tasks]
    figure, groups = panels([len(keys) for keys in keys_of], sharey=True)
    for keys, group in zip(keys_of, groups, strict=True):
        for key, axes in zip(keys, group, strict=True):
            _draw_tagger(axes, comparison, key)
        group[0].set_ylabel("density of test jets")
        annotate(last_of_row(group), comparison.describe(keys[0]), above_title=True)
    groups[0][0].legend(loc="upper center")
    return figure


def _draw_tagger(axes: Axes, comparison: Comparison, key: Key) -> None:
    seeds = comparison.metrics[key].values()
    for name, colour in COLOURS.items():
        edges, mean, error = _mean([metrics.scores[name] for metrics in seeds])
        axes.stairs(mean, edges, baseline=None, color=colour, linewidth=1.5, label=name)
        axes.stairs(
            mean + error, edges, baseline=mean - error, color=colour, fill=True, alpha=0.25
        )
    axes.set(yscale="log", xlim=(0, 1), xlabel="score")
    axes.set_title(comparison.legend.taggers[key.tagger].title)


def _mean(histograms: list[Histogram]) -> tuple[Array, Array, Array]:
    """Return edges, and means of the seeds: densities, NaN if empty, and uncertainties."""
    edges = np.array(histograms[0].edges)
    sums = np.mean([histogram.sums for histogram in histograms], axis=0)
    variances = np.mean([histogram.variances for histogram in histograms], axis=0)
    norm = sums.sum() * np.diff(edges)
    return edges, np.where(sums > 0, sums, np.nan) / norm, np.sqrt(variances) / norm
