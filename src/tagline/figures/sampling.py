"""Spectra of the training jets of each class before and after sampling, one row a task."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.reporting.style import GREY, colour, of_column, styled

READS = "sampling"
CAPTION = (
    "Spectra of the training jets of each class, as shares of their weight in a bin, before "
    "sampling (thin, dashed) and after it (thick). What a task does not equalise may change with "
    "what it does. The effective number of jets is that of jets with equal weights of the same "
    "statistical uncertainty, where copies of a jet count once; its share of all jets is what "
    "sampling leaves."
)
BEFORE: dict[str, Any] = {"linewidth": 0.8, "linestyle": "--"}
AFTER: dict[str, Any] = {"linewidth": 1.6}
LEGEND_WIDTH = 2.8  # inches


@styled
def draw(accounts: Mapping[str, Any]) -> Figure:
    """Draw a panel a column, the legend beside them."""
    widest = max(len(account["spectra"]) for account in accounts.values())
    figure = Figure(figsize=(3.2 * widest + LEGEND_WIDTH, 2.8 * len(accounts)))
    grid = figure.subplots(len(accounts), widest, squeeze=False)
    for panels, (task, account) in zip(grid, accounts.items(), strict=True):
        spectra = account["spectra"]
        for axes, one in zip(panels, spectra, strict=False):
            _draw_spectra(axes, one)
        for axes in panels[len(spectra) :]:
            axes.set_axis_off()
        panels[0].set(ylabel="share of weight in a bin", title=task)
        _draw_legend(panels[len(spectra) - 1], account["classes"], account["numbers"]["train"])
    return figure


def _draw_spectra(axes: Axes, spectra: Mapping[str, Any]) -> None:
    edges, column = np.array(spectra["edges"]), spectra["column"]
    for when, style in (("before", BEFORE), ("after", AFTER)):
        for position, shares in enumerate(spectra[when]):
            axes.stairs(shares, edges, color=colour(position), **style)
    axes.set(xlabel=of_column(column), xlim=(edges[0], edges[-1]), ylim=(0, None))


def _draw_legend(axes: Axes, classes: Sequence[str], numbers: Sequence[Any]) -> None:
    for position, (name, counted) in enumerate(zip(classes, numbers, strict=True)):
        share = 100 * counted["effective"] / counted["jets"]
        label = f"{name}: {counted['jets']:,} jets,\n{share:.3g} % effective"
        axes.stairs([], [0], color=colour(position), label=label)
    axes.stairs([], [0], color=GREY, **BEFORE, label="before")
    axes.stairs([], [0], color=GREY, **AFTER, label="after")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
