"""The three numbers of LHCb's tau -> 3 mu challenge, and which of them are valid."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from tagline.compare import Key
from tagline.data.control_channel import BACKGROUND
from tagline.measures.flavours_of_physics import (
    LARGEST_CORRELATION,
    LARGEST_DISAGREEMENT,
)
from tagline.measures.judging import Verdict, judged
from tagline.reporting.score_tables import ScoreTables
from tagline.reporting.style import BACKGROUND as BLUE
from tagline.reporting.style import GREY, SIGNAL, annotate, logarithmic_x, styled

READS = "decorrelated_scores"
CAPTION = (
    "Disagreement is the Kolmogorov-Smirnov distance of the scores of a control channel, "
    "Ds -> phi pi, in data and simulation; correlation is the Cramer-von Mises distance of the "
    "background's scores in windows of its mass. A score is valid below both limits, out of the "
    "shade, and then worth the area under its ROC curve, in which small signal efficiencies count "
    "most. Circles are seeds, full if valid; the numbers are medians. Squares are published, of "
    "the challenge's own data. Without a control channel there is no disagreement, and with less "
    "than 200 events of background no correlation."
)
NAMES = ("label", "weight", "score")
PANELS = {
    "disagreement": ("disagreement (KS)", LARGEST_DISAGREEMENT, "{:.3f}"),
    "correlation": ("correlation with the mass (CvM)", LARGEST_CORRELATION, "{:.5f}"),
    "area": ("weighted area", None, "{:.4f}"),
}
PUBLISHED_AS = {"area": "weighted_area"}
ROW_HEIGHT = 0.32  # inches
PUBLISHED_BELOW = 0.25  # rows


@styled
def draw(tables: ScoreTables) -> Figure:
    """Draw one row of panels a task."""
    keys_of = {task: tables.keys(task=task) for task in tables.tasks}
    heights = [len(keys) for keys in keys_of.values()]
    figure = Figure(figsize=(11.5, 1.3 * len(heights) + ROW_HEIGHT * sum(heights)))
    grid = figure.subplots(
        len(heights), len(PANELS), sharey="row", squeeze=False, height_ratios=heights
    )
    for row, (task, keys) in enumerate(keys_of.items()):
        verdicts = {key: _verdicts(tables, key) for key in keys}
        for axes, measure in zip(grid[row], PANELS, strict=True):
            _draw_measure(axes, tables, verdicts, measure)
        grid[row, 0].set_yticks(range(len(keys)), [_title(tables, key) for key in keys])
        annotate(grid[row, -1], _described(tables, task), above_title=False)
    return figure


def _verdicts(tables: ScoreTables, key: Key) -> list[Verdict]:
    """Judge the scores of each seed."""
    protected = tables.legend.tasks[key.task].protected
    return [
        judged(tables.read(key, place, names=[*NAMES, protected]), protected=protected)
        for place in range(len(tables.files[key]))
    ]


def _draw_measure(
    axes: Axes, tables: ScoreTables, verdicts: dict[Key, list[Verdict]], measure: str
) -> None:
    title, limit, form = PANELS[measure]
    for row, (key, of_seeds) in enumerate(verdicts.items()):
        values = np.array([getattr(verdict, measure) for verdict in of_seeds])
        if np.isnan(values).any():
            continue
        for value, verdict in zip(values, of_seeds, strict=True):
            face = BLUE if verdict.is_valid else "white"
            axes.plot(value, row, "o", color=BLUE, markerfacecolor=face)
        _write_beside(axes, form.format(np.median(values)), row)
        _draw_published(axes, tables, key, PUBLISHED_AS.get(measure, measure), row)
    axes.set(xlabel=title, ylim=(len(verdicts) - 0.4, -0.6))
    axes.tick_params(axis="y", which="both", length=0)
    axes.grid(visible=True, axis="y")
    if limit is None:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    else:
        _shade(axes, limit)


def _shade(axes: Axes, limit: float) -> None:
    """Shade what is beyond a limit, on a logarithmic axis that has it."""
    logarithmic_x(axes)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))  # there is little room for more
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, limit / 4), max(high, 2 * limit))
    axes.axvspan(limit, axes.get_xlim()[1], color=GREY, alpha=0.2, linewidth=0)


def _write_beside(axes: Axes, text: str, row: int) -> None:
    """Write at the right end of a row."""
    axes.annotate(
        text,
        xy=(1, row),
        xytext=(4, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize="small",
    )


def _draw_published(axes: Axes, tables: ScoreTables, key: Key, metric: str, row: int) -> None:
    varies = tables.legend.tasks[key.task].variation_of
    if varies or tables.legend.decorrelations[key.decorrelation].decorrelates:
        return
    system = tables.legend.taggers[key.tagger].paper
    for number in (each for paper in tables.legend.published for each in paper.numbers):
        if (number.system, number.metric) == (system, metric):
            axes.plot(
                number.value, row + PUBLISHED_BELOW, "s", color=SIGNAL, markerfacecolor="white"
            )


def _title(tables: ScoreTables, key: Key) -> str:
    tagger = tables.legend.taggers[key.tagger].title
    method = tables.legend.decorrelations[key.decorrelation]
    return f"{tagger}, {method.title}" if method.decorrelates else tagger


def _described(tables: ScoreTables, task: str) -> str:
    """Say how many events are behind the numbers."""
    key = tables.keys(task=task)[0]
    label_J: npt.NDArray[np.int64] = tables.read(key, 0, names=["label"])["label"]
    counted = np.isin(label_J, (BACKGROUND, label_J.max())).sum()
    seeds = len(tables.files[key])
    title = tables.legend.tasks[task].title
    return f"{title}: {len(label_J):,} test events, {counted:,} of them in the area, {seeds} seeds"
