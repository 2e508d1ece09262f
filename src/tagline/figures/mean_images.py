"""The mean image of each class, as it looks after each step of the preprocessing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.colors import CenteredNorm, Colormap, LogNorm, Normalize
from matplotlib.figure import Figure, SubFigure

from tagline.reporting.style import CHANNELS, styled

READS = "images"
CAPTION = (
    "Mean image of the training jets of each class: as pixelated around the jet axis, and after "
    "each step of the preprocessing that is switched on, one on top of the other. The colour "
    "scale under each column holds for all its classes; it is logarithmic over four decades, with "
    "emptier pixels in the darkest colour, and linear around zero once pixels are centred and "
    "scaled by the whole training set. Each row says how many jets were averaged."
)

DECADES = 4
TITLES = {
    "pixelate": "around the jet axis",
    "centre": "centred",
    "rotate": "rotated",
    "flip": "flipped",
    "normalise": "normalised",
    "standardise": "standardised",
}

UNITS = {"normalise": "share of $p_T$", "standardise": "standard deviations"}

Array = npt.NDArray[np.float64]


@styled
def draw(source: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw a block a channel of each representation: classes down, steps across."""
    blocks = [
        (name, images, channel)
        for name, images in source.items()
        for channel in range(len(images["channels"]))
    ]
    heights = [0.9 + 1.9 * len(images["num_jets"]) for _, images, _ in blocks]
    num_steps = max(len(images["steps"]) for _, images, _ in blocks)
    figure = Figure(figsize=(0.8 + 1.9 * num_steps, sum(heights)))
    subfigures = figure.subfigures(len(blocks), squeeze=False, height_ratios=heights)[:, 0]
    for subfigure, (name, images, channel) in zip(subfigures, blocks, strict=True):
        quantity = CHANNELS[images["channels"][channel]]
        subfigure.suptitle(f"{name.replace('_', ' ')}: {quantity}", fontsize="medium")
        _draw_block(subfigure, images, channel)
    return figure


def _draw_block(subfigure: SubFigure, images: Mapping[str, Any], channel: int) -> None:
    """Draw one channel: a row a class, a column a step with its colour scale."""
    classes, steps, half = images["num_jets"], images["steps"], images["width"] / 2
    grid = subfigure.subplots(len(classes), len(steps), sharex=True, sharey=True, squeeze=False)
    for step, column in zip(steps, grid.T, strict=True):
        mean_CYX = np.array([step["images"][name][channel] for name in classes])
        norm, colours = _scale(mean_CYX)
        extent = (-half, half, -half, half)
        for axes, mean_YX in zip(column, mean_CYX, strict=True):
            shown = axes.imshow(mean_YX, norm=norm, cmap=colours, origin="lower", extent=extent)
        column[0].set_title(TITLES[step["title"]], fontsize="small")
        scale = subfigure.colorbar(shown, ax=list(column), location="bottom", aspect=12, pad=0.02)
        scale.set_label(_unit(images["channels"][channel], step["title"]), fontsize="small")
    _label(grid, classes)


def _scale(mean_CYX: Array) -> tuple[Normalize, Colormap]:
    """Return a logarithmic scale, or one around zero where there are negative pixels."""
    if mean_CYX.min() < 0:
        return CenteredNorm(halfrange=np.abs(mean_CYX).max()), colormaps["RdBu_r"]
    highest = mean_CYX.max()
    colours = colormaps["viridis"]
    return LogNorm(highest / 10**DECADES, highest), colours.with_extremes(bad=colours(0.0))


def _unit(channel: str, step: str) -> str:
    return UNITS.get(step, "GeV") if channel != "blue" or step == "standardise" else "particles"


def _label(grid: npt.NDArray[Any], classes: Mapping[str, int]) -> None:
    for axes, (name, num_jets) in zip(grid[:, 0], classes.items(), strict=True):
        axes.set_ylabel(f"{name}\n{num_jets} jets\n" + r"$\Delta\phi$ [rad]")
    for axes in grid[-1]:
        axes.set_xlabel(r"$\Delta\eta$")
