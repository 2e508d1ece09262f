"""What more training jets bring: each tagger at every size, and the line on to the paper's."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterMathtext, LogLocator

from tagline.compare import Combined, Comparison, Key
from tagline.measures.scaling import FEWEST_SIZES, power_law
from tagline.reporting.style import BACKGROUND, GREY, SIGNAL, logarithmic, panels, styled

READS = "metrics"
CAPTION = (
    "Background rejection 1/eB at a signal efficiency of 0.3, and 1 - AUC, against the number of "
    "training jets; one task a size, all with the same test jets. Points are medians of the seeds "
    "with the error of the seeds alone, or the interval of the test jets where there is one seed. "
    "The line is a power law, drawn on to the paper's number of jets with its 68 % band, in which "
    "the common uncertainty of the test jets is included in quadrature; its end is written in the "
    "panel. A tagger that nears its limit falls below the line. A triangle is a lower limit, the "
    "open point the published value."
)
MEASURES = {
    "rejection_at_0.3": r"$1/\epsilon_B$ at $\epsilon_S = 0.3$",
    "auc": "1 - AUC",
}
POINTS_OF_LINE = 50


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw a panel a tagger, rejections above and areas below."""
    taggers = list(dict.fromkeys(key.tagger for key in _keys(comparison)))
    figure, groups = panels([len(taggers)] * len(MEASURES), sharey=False)
    for (metric, label), group in zip(MEASURES.items(), groups, strict=True):
        for tagger, axes in zip(taggers, group, strict=True):
            keys = [key for key in _keys(comparison) if key.tagger == tagger]
            keys.sort(key=comparison.train_jets)
            _draw_measure(axes, comparison, keys, metric)
            axes.set_title(comparison.legend.taggers[tagger].title)
            axes.set_xlabel("training jets")
        group[0].set_ylabel(label)
    return figure


def _keys(comparison: Comparison) -> list[Key]:
    """Return what was trained on some jets."""
    keys = [key for task in comparison.tasks for key in comparison.plain_keys(task=task)]
    return [key for key in keys if comparison.train_jets(key)]


def _draw_measure(axes: Axes, comparison: Comparison, keys: list[Key], metric: str) -> None:
    """Draw the points of one tagger, their line, and the published value."""
    logarithmic(axes)
    axes.xaxis.set_major_locator(LogLocator())
    axes.xaxis.set_major_formatter(LogFormatterMathtext())
    sizes = [float(comparison.train_jets(key)) for key in keys]
    measured = [_shown(comparison.value(key, metric), metric) for key in keys]
    for size, point in zip(sizes, measured, strict=True):
        _draw_point(axes, size, point)
    largest = max([*sizes, *(paper.train_jets for paper in comparison.legend.published)])
    axes.set_xlim(0.5 * min(sizes), 2 * largest)
    if len(set(sizes)) >= FEWEST_SIZES and all(np.isfinite(point.high) for point in measured):
        _draw_line(axes, sizes, measured, largest)
    found = comparison.published(keys[-1], metric)
    if found is not None:
        published, number = found
        axes.errorbar(
            published.train_jets,
            _published(number.value, metric),
            yerr=number.uncertainty,
            fmt="o",
            color=SIGNAL,
            markerfacecolor="white",
        )


def _draw_point(axes: Axes, size: float, measured: Combined) -> None:
    """Draw a value with its error, or a lower limit."""
    if np.isfinite(measured.high):
        value, error = _point(measured)
        axes.errorbar(size, value, yerr=error, fmt="o", color=BACKGROUND)
    else:
        axes.plot(size, measured.low, "^", color=BACKGROUND)


def _draw_line(axes: Axes, sizes: list[float], measured: list[Combined], largest: float) -> None:
    values, errors = zip(*map(_point, measured), strict=True)
    line = power_law(sizes, values, errors)
    at = np.geomspace(min(sizes), max(*sizes, largest), POINTS_OF_LINE)
    value, low, high = line(at)
    last = measured[-1]
    common = 0.5 * (last.high - last.low) / last.value
    down, up = np.hypot(1 - low / value, common), np.hypot(high / value - 1, common)
    axes.plot(at, value, color=GREY)
    axes.fill_between(at, value * (1 - down), value * (1 + up), color=GREY, alpha=0.2, linewidth=0)
    above, below = up[-1] * value[-1], down[-1] * value[-1]
    rises = value[-1] > value[0]
    axes.text(
        0.05,
        0.95 if rises else 0.05,
        _end(value[-1], above, below),
        transform=axes.transAxes,
        verticalalignment="top" if rises else "bottom",
        color=GREY,
    )


def _end(value: float, above: float, below: float) -> str:
    """Write a value to two digits of its larger error."""
    decimals = 1 - math.floor(math.log10(max(above, below)))
    number, up, down = (
        f"{round(part, decimals):,.{max(0, decimals)}f}" for part in (value, above, below)
    )
    return f"{number} +{up} -{down}"


def _point(measured: Combined) -> tuple[float, float]:
    """Return a value and the error of the training alone, as far as it is known."""
    if np.isfinite(measured.spread) and measured.spread > 0:
        return measured.value, measured.spread / np.sqrt(measured.num_seeds)
    return measured.value, 0.5 * (measured.high - measured.low)


def _shown(measured: Combined, metric: str) -> Combined:
    """Turn an AUC into what it lacks, which has a logarithm worth drawing."""
    if metric != "auc":
        return measured
    return measured._replace(
        value=1 - measured.value, low=1 - measured.high, high=1 - measured.low
    )


def _published(value: float, metric: str) -> float:
    return 1 - value if metric == "auc" else value
