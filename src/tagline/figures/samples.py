"""Generated jets beside the published ones: histograms of ours, quantiles of both."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.reporting.style import GREY, annotate, colour, panels, styled

READS = "recipes"
CAPTION = (
    "Jets generated here (histograms, normalised) and published jets, of which quantiles are "
    "known: lines reach from the 5 % to the 95 % quantile, bars from 25 % to 75 %, points are "
    "medians; grey is published, colour is ours. Numbers are our medians over the published ones, "
    "with statistical uncertainties, in the order of the legend. No jet was weighted to agree. "
    "All quantities are those of at most 128 leading constituents."
)
TITLES = {
    "num_constituents": "constituents",
    "pt": "jet $p_T$ [GeV]",
    "mass": "jet mass [GeV]",
    "massless_mass": "jet mass, massless constituents [GeV]",
    "abs_eta": r"jet $|\eta|$",
    "girth": "girth",
    "leading_pt_fraction": "leading $p_T$ / jet $p_T$",
    "softest_pt": "softest $p_T$ [GeV]",
}
HISTOGRAM_HEIGHT = 0.7  # of the panel; the quantiles are above
LADDER_STEP = 0.03


@styled
def draw(validations: Mapping[str, Any]) -> Figure:
    """Draw a panel a quantity, with all datasets for which it was published."""
    names = [name for name in TITLES if any(name in v["quantities"] for v in validations.values())]
    figure, ((*group, last),) = panels([len(names) + 1], sharey=False)
    for axes, name in zip(group, names, strict=True):
        _draw_quantity(axes, name, validations)
    last.set_axis_off()
    _draw_legend(last, validations)
    return figure


def _draw_quantity(axes: Axes, name: str, validations: Mapping[str, Any]) -> None:
    drawn = [
        (position, validation["quantities"][name])
        for position, validation in enumerate(validations.values())
        if name in validation["quantities"]
    ]
    highest = 0.0
    for position, result in drawn:
        edges, counts = np.array(result["edges"]), np.array(result["counts"])
        density = counts / counts.sum() / np.diff(edges)
        axes.stairs(density, edges, color=colour(position))
        highest = max(highest, density.max())
    for rank, (position, result) in enumerate(drawn):
        height = 1 - LADDER_STEP * (3 * rank + 1.5)
        _draw_ladder(axes, result["published"], height, GREY)
        _draw_ladder(axes, result["ours"], height - LADDER_STEP, colour(position))
    axes.set_ylim(0, highest / HISTOGRAM_HEIGHT)
    axes.set(xlabel=TITLES[name], yticks=[])
    ratios = (f"{result['ratio']:.3f} ± {result['ratio_error']:.3f}" for _, result in drawn)
    annotate(axes, "   ".join(ratios), above_title=False)


def _draw_ladder(axes: Axes, quantiles: list[float], height: float, shade: str) -> None:
    """Draw quantiles at a height in units of the panel."""
    place = axes.get_xaxis_transform()
    lowest, low, median, high, highest = quantiles
    axes.plot([lowest, highest], [height, height], color=shade, linewidth=0.8, transform=place)
    axes.plot(
        [low, high],
        [height, height],
        color=shade,
        linewidth=4,
        solid_capstyle="butt",
        transform=place,
    )
    axes.plot(median, height, "o", color="white", markeredgecolor=shade, transform=place)


def _draw_legend(axes: Axes, validations: Mapping[str, Any]) -> None:
    for position, (dataset, validation) in enumerate(validations.items()):
        label = f"{dataset}, {validation['jets']} jets"
        axes.stairs([], [0], color=colour(position), label=label)
    axes.plot([], [], color=GREY, linewidth=4, label="published")
    axes.legend(loc="center left")
