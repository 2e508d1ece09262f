"""How figures look: one set of matplotlib settings, applied to a drawing function by a decorator.

The settings are those of mplhep's CMS style, scaled to the width of a page. Figures are made as
objects, never through pyplot, so that nothing global is touched and nothing stays open.
"""

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import mplhep  # registers the font
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

# Petroff, Accessible color sequences for data visualization (2021), arXiv:2107.02270, ten colours.
COLOURS = (
    "#3f90da",
    "#bd1f01",
    "#ffa90e",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#94a4a2",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
LINES = ("-", "--", ":", "-.")
HATCHES = ("", "///", "...", "xxx")
PANELS_A_ROW = 5
MOST_INSIDE = 8  # entries of a legend that panels have room for
LEGEND_WIDTH = 2.6  # inches of one beside them
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*", "d", "8")
CHANNELS = {  # of jet images, by name
    "gray": r"$p_T$",
    "red": r"charged $p_T$",
    "green": r"neutral $p_T$",
    "blue": "charged particles",
}
COLUMNS = {
    "pt": "jet $p_T$ [GeV]",
    "eta": r"jet $\eta$",
    "mass": "jet mass [GeV]",
    "pile_up": "collisions laid over the event",
}
BACKGROUND, SIGNAL, GREY = "#3f90da", "#bd1f01", "#717581"

SETTINGS = {
    **mplhep.style.CMS,
    "font.family": "TeX Gyre Heros",
    "font.size": 11,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "grid.alpha": 0.5,
    "grid.linewidth": 0.5,
    "legend.borderpad": 0.3,
    "legend.fontsize": "small",
    "legend.title_fontsize": "small",
    "lines.linewidth": 1.5,
    "lines.markersize": 5,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    **{f"{axis}tick.{kind}.width": 0.7 for axis in "xy" for kind in ("major", "minor")},
    **{f"{axis}tick.major.size": 5 for axis in "xy"},
    **{f"{axis}tick.minor.size": 2.5 for axis in "xy"},
    **{f"{axis}tick.major.pad": 4 for axis in "xy"},
}

P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a drawing function use the style of this package, whatever the global settings are."""

    @wraps(draw)
    def draw_styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(SETTINGS):
            return draw(*args, **kwargs)

    return draw_styled


def colour(position: int) -> str:
    """Return the colour of the n-th thing drawn."""
    return COLOURS[position % len(COLOURS)]


def line(position: int) -> str:
    """Return the line style of the n-th thing drawn, another one when colours come again."""
    return LINES[position // len(COLOURS) % len(LINES)]


def of_column(name: str) -> str:
    """Return the title of an axis that shows a column of jets: its name if there is no other."""
    return COLUMNS.get(name, name)


def hatch(position: int) -> str:
    """Return the hatching of the n-th thing filled, another one when colours come again."""
    return HATCHES[position // len(COLOURS) % len(HATCHES)]


def marker(position: int) -> str:
    """Return the marker of the n-th thing drawn."""
    return MARKERS[position % len(MARKERS)]


def face(position: int, colour: str) -> str:
    """Return what fills the n-th thing's marker: its colour, or white when markers come again."""
    return colour if position < len(MARKERS) else "white"


def legend(figure: Figure, panels: Sequence[Axes], handles: Sequence[Any]) -> None:
    """Name what is drawn in each panel, or beside all of them if that is too much for one."""
    if len(handles) > MOST_INSIDE:
        legend_beside(figure, handles)
    else:
        for axes in panels:
            axes.legend(handles=handles)


def legend_beside(figure: Figure, handles: Sequence[Any]) -> None:
    """Name what is drawn beside all panels, for which the figure becomes wider."""
    figure.set_figwidth(figure.get_figwidth() + LEGEND_WIDTH)
    figure.legend(handles=handles, loc="outside right upper")


def annotate(axes: Axes, text: str, *, above_title: bool) -> None:
    """Write a small grey note above the top right corner of the axes, or above their title."""
    axes.annotate(
        text,
        xy=(1, 1),
        xytext=(0, 18 if above_title else 3),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize="x-small",
        color=GREY,
    )


def logarithmic(axes: Axes) -> None:
    """Make both axes logarithmic with plain numbers at 1, 2 and 5, for a few decades."""
    logarithmic_x(axes)
    logarithmic_y(axes)


def logarithmic_x(axes: Axes) -> None:
    """Make the horizontal axis logarithmic with plain numbers at 1, 2 and 5."""
    axes.set_xscale("log")
    _number_plainly(axes.xaxis)


def logarithmic_y(axes: Axes) -> None:
    """Make the vertical axis logarithmic with plain numbers at 1, 2 and 5."""
    axes.set_yscale("log")
    _number_plainly(axes.yaxis)


def _number_plainly(axis: Axis) -> None:
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def panels(numbers: Sequence[int], *, sharey: bool) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure of equal panels in groups of these sizes, each group on rows of its own."""
    columns = min(max(numbers), PANELS_A_ROW)
    rows = [math.ceil(number / columns) for number in numbers]
    figure = Figure(figsize=(0.6 + 2.9 * columns, 0.4 + 2.9 * sum(rows)))
    grid = figure.subplots(sum(rows), columns, sharey=sharey, squeeze=False)
    groups = []
    for number, block in zip(numbers, np.split(grid, np.cumsum(rows)[:-1]), strict=True):
        axes = list(block.flat)
        for unused in axes[number:]:
            unused.remove()
        groups.append(axes[:number])
    return figure, groups


def last_of_row(group: Sequence[Axes]) -> Axes:
    """Return the panel of a group that ends its first row."""
    return group[min(len(group), PANELS_A_ROW) - 1]
