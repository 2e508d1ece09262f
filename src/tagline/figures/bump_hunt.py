"""What decorrelations gain in a search for a bump, against the bump that is left in background."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from tagline.compare import Comparison, Key, bars, combine
from tagline.measures.bump_hunt import (
    Sample,
    Search,
    Spectrum,
    Window,
    bins_in,
    can_be_fitted,
    search,
)
from tagline.measures.metrics import Histogram, Metrics
from tagline.reporting.style import (
    COLOURS,
    GREY,
    annotate,
    colour,
    last_of_row,
    legend_beside,
    logarithmic_y,
    marker,
    panels,
    styled,
)

READS = "metrics"
CAPTION = (
    "A search for signal in a window of the jet mass, the task's `signal_window` (150 to 200 GeV "
    "for top quarks), after a cut at a signal efficiency of 0.5, one panel a tagger. The "
    "background there is predicted from the rest of 50 to 300 GeV, by a Poisson fit of a falling "
    "function (the exponential of a polynomial of degree 4) in 5 GeV bins. The spectra are those "
    "of the test jets, scaled to 100,000 background jets from 50 to 300 GeV before the cut. "
    "Across: the excess that is found where there is no signal, in units of its statistical "
    "error, which includes that of the fit. Up: what signal adds to the excess in these units, if "
    "before the cut the window holds as many signal jets as the square root of its background "
    "jets. Grey lines join equal significance with the bias as a further uncertainty, which is "
    "that at a bias of zero. The black cross is the search without a cut: its bias is that of the "
    "function. Points are the median of the seeds. Bars are 68 % intervals, the bootstrap of the "
    "bins and the standard deviation of the seeds in quadrature; where they reach zero, the test "
    "jets do not show a bias. Variants of one method are joined. What leaves fewer than 10 "
    "background jets outside the window is not shown."
)
PASSING = "passing_0.5"
REPLICAS = 100
SEED = 1
SIGNIFICANCES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  # of the grey lines
BIASES = (-100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100)  # of the ticks
NO_CUT: dict[str, Any] = {"color": "black", "marker": "x", "linewidth": 0}


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw the taggers of each task."""
    comparison.require_masses("bump_hunt")
    tasks, taggers = comparison.tasks, comparison.legend.taggers
    figure, groups = panels([len(taggers)] * len(tasks), sharey=True)
    for task, group in zip(tasks, groups, strict=True):
        keys = comparison.keys(task=task)
        window = comparison.legend.tasks[task].signal_window
        for (name, tagger), axes in zip(taggers.items(), group, strict=True):
            _draw_tagger(axes, comparison, [key for key in keys if key.tagger == name], window)
            axes.set_title(tagger.title)
        group[0].set_ylabel("significance, bias aside")
        annotate(last_of_row(group), comparison.describe(keys[0]), above_title=True)
    _draw_lines([axes for group in groups for axes in group])
    legend_beside(figure, _handles(comparison))
    return figure


def _draw_tagger(axes: Axes, comparison: Comparison, keys: list[Key], window: Window) -> None:
    """Draw each method in its colour and marker, the steps of a scan joined."""
    logarithmic_y(axes)
    axes.set_xscale("asinh", linear_width=1)
    axes.set_xlabel("bias [statistical errors]")
    shown = [
        key
        for key in keys
        if all(_leaves_enough(metrics, window) for metrics in comparison.metrics[key].values())
    ]
    families = comparison.legend.families
    scans: dict[int, list[list[Search]]] = {}
    for key in shown:
        family = families.index(comparison.legend.decorrelations[key.decorrelation].family)
        seeds = comparison.metrics[key].values()
        searches = [_search(metrics, PASSING, window) for metrics in seeds]
        scans.setdefault(family, []).append(searches)
    for family, points in scans.items():
        _draw_points(axes, points, _look(family))
    if shown:
        first = next(iter(comparison.metrics[shown[0]].values()))
        _draw_points(axes, [[_search(first, "all", window)]], NO_CUT)
    if len(shown) < len(keys):
        left_out = f"too few jets for {len(keys) - len(shown)} of {len(keys)}"
        annotate(axes, left_out, above_title=False)


def _draw_points(axes: Axes, points: list[list[Search]], look: dict[str, Any]) -> None:
    """Draw searches, the seeds of each combined."""
    biases = [combine([search.bias for search in seeds]) for seeds in points]
    significances = [combine([search.significance for search in seeds]) for seeds in points]
    axes.errorbar(
        [bias.value for bias in biases],
        [significance.value for significance in significances],
        xerr=bars(biases),
        yerr=bars(significances),
        **look,
        elinewidth=0.8,
    )


def _draw_lines(panels: list[Axes]) -> None:
    """Give all panels the same range of biases, and lines of equal significance with bias."""
    limits = [limit for axes in panels for limit in axes.get_xlim()]
    ylim = panels[0].get_ylim()
    steps = np.linspace(np.arcsinh(min(limits)), np.arcsinh(max(limits)), 201)
    for axes in panels:
        for significance in SIGNIFICANCES:
            height = significance * np.cosh(steps)  # = sqrt(1 + bias^2)
            axes.plot(np.sinh(steps), height, color=GREY, linewidth=0.5, alpha=0.6, zorder=0)
        axes.axvline(0, color=GREY, linewidth=0.5, zorder=0)
        axes.set(xlim=(min(limits), max(limits)), ylim=ylim)
        axes.set_xticks([bias for bias in BIASES if min(limits) <= bias <= max(limits)])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())


def _handles(comparison: Comparison) -> list[Line2D]:
    """Return what the legend shows: the methods, and the search without a cut."""
    methods = [
        Line2D([], [], **_look(place), label=family)
        for place, family in enumerate(comparison.legend.families)
    ]
    return [*methods, Line2D([], [], **NO_CUT, label="no cut")]


def _look(family: int) -> dict[str, Any]:
    """Return a colour and a marker, which is empty when the colours come again."""
    return {
        "color": colour(family),
        "marker": marker(family),
        "markerfacecolor": colour(family) if family < len(COLOURS) else "white",
        "linewidth": 0.8,
    }


def _leaves_enough(metrics: Metrics, window: Window) -> bool:
    return can_be_fitted(_spectrum(metrics.protected[PASSING]), bins_in(window))


def _search(metrics: Metrics, selection: str, window: Window) -> Search:
    return search(
        _sample(metrics, selection),
        _sample(metrics, "all"),
        window=window,
        replicas=REPLICAS,
        random=np.random.default_rng(SEED),
    )


def _sample(metrics: Metrics, selection: str) -> Sample:
    of_classes = (metrics.protected, metrics.protected_signal)
    return Sample(*(_spectrum(of_class[selection]) for of_class in of_classes))


def _spectrum(histogram: Histogram) -> Spectrum:
    return Spectrum(np.array(histogram.sums), np.array(histogram.variances))
