"""What taggers look at: the pixels of images, or constituents by rank and around the jet axis."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm, Normalize, SymLogNorm
from matplotlib.figure import Figure, SubFigure

from tagline.interpretation.attributions import Attributions, Interpretation, Key
from tagline.reporting.style import CHANNELS, colour, styled

READS = "attributions"
CAPTION = (
    "What moves the log-odds log(p/(1-p)) of the signal. Images: the mean image of each class, "
    "the mean absolute gradient (saliency), and integrated gradients from an empty image, of "
    "which red speaks for the signal and blue against it, on a scale that is linear about zero "
    "and logarithmic beyond. Constituents: integrated gradients by the place of the constituent "
    "in its jet, solid lines with their sign and dashed ones without, and summed in bins around "
    "the jet axis on such a scale; the baseline is an average constituent, or none where zero "
    "momentum means that. All are means over the test jets of each class and "
    "the seeds. Integrated gradients should add up to the difference of the log-odds to the "
    "baseline; above each block it says how nearly they do, which is less where the network is "
    "not differentiable."
)
DECADES = 4
SIGNED_DECADES = 2
IMAGES = {"mean": "mean image", "saliency": "saliency", "attribution": "integrated gradients"}
LEAST_SHARE = 0.02  # of the jets that have a constituent at the last rank shown

Array = npt.NDArray[np.float64]


@styled
def draw(interpretation: Interpretation) -> Figure:
    """Draw a block a tagger, and a channel of its images.

    Raises:
        ValueError: no tagger reads images or constituents.
    """
    blocks = [
        (key, list(seeds.values()), channel)
        for key, seeds in interpretation.found.items()
        for channel in range(num_blocks(next(iter(seeds.values()))))
    ]
    if not blocks:
        raise ValueError("study.interpret: no tagger in it reads images or constituents")
    heights = [height_of(seeds[0]) for _, seeds, _ in blocks]
    figure = Figure(figsize=(9.4, sum(heights)))
    subfigures = figure.subfigures(len(blocks), squeeze=False, height_ratios=heights)[:, 0]
    for subfigure, (key, seeds, channel) in zip(subfigures, blocks, strict=True):
        _draw_title(subfigure, interpretation, key, seeds[0], channel)
        if seeds[0].pixels:
            _draw_images(subfigure, seeds, channel)
        else:
            _draw_constituents(subfigure, seeds)
    return figure


def num_blocks(found: Attributions) -> int:
    """Return the blocks of a tagger: the channels of its images, or one if it reads particles."""
    return len(found.channels) if found.pixels else min(1, len(found.constituents))


def height_of(found: Attributions) -> float:
    """Return the height of a block in inches."""
    return 0.9 + 2.4 * len(found.pixels) if found.pixels else 3.4


def _draw_title(
    subfigure: SubFigure,
    interpretation: Interpretation,
    key: Key,
    found: Attributions,
    channel: int,
) -> None:
    title = interpretation.title(key)
    if found.pixels:
        title += f": {CHANNELS.get(found.channels[channel], found.channels[channel])}"
    subfigure.suptitle(f"{title} ({interpretation.describe(key)})", fontsize="medium")


def _draw_images(subfigure: SubFigure, seeds: Sequence[Attributions], channel: int) -> None:
    """Draw a row a class, a column a kind of image with its colour scale."""
    classes = list(seeds[0].pixels)
    grid = subfigure.subplots(len(classes), len(IMAGES), sharex=True, sharey=True, squeeze=False)
    for kind, column in zip(IMAGES, grid.T, strict=True):
        images = [
            np.mean([getattr(found.pixels[name], kind)[channel] for found in seeds], axis=0)
            for name in classes
        ]
        norm, colours = _scale(np.array(images), signed=kind == "attribution")
        for axes, image_YX in zip(column, images, strict=True):
            shown = axes.imshow(image_YX, norm=norm, cmap=colours, origin="lower")
        column[0].set_title(IMAGES[kind], fontsize="small")
        subfigure.colorbar(shown, ax=list(column), location="bottom", aspect=20, pad=0.02)
    for axes, name in zip(grid[:, 0], classes, strict=True):
        axes.set_ylabel(f"{name}\nrow")
    for axes in grid[-1]:
        axes.set_xlabel("column")


def _scale(images: Array, *, signed: bool) -> tuple[Normalize, Colormap]:
    """Return a logarithmic scale of some decades, around zero with fewer on either side."""
    highest = np.abs(images).max() or 1.0
    if signed:
        linear = highest / 10**SIGNED_DECADES
        return SymLogNorm(linear, vmin=-highest, vmax=highest), colormaps["RdBu_r"]
    colours = colormaps["viridis"]
    return LogNorm(highest / 10**DECADES, highest), colours.with_extremes(bad=colours(0.0))


def _draw_constituents(subfigure: SubFigure, seeds: Sequence[Attributions]) -> None:
    """Draw attributions by rank, then the plane of each class if there are angles."""
    classes = list(seeds[0].constituents)
    num_planes = len(classes) if seeds[0].half_width else 0
    axes, *planes = subfigure.subplots(1, 1 + num_planes, squeeze=False)[0]
    for position, name in enumerate(classes):
        _draw_ranks(axes, seeds, name, shade=colour(position))
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set(xscale="log", xlabel="place in the jet", ylabel="integrated gradients")
    axes.legend()
    images = [
        np.mean([found.constituents[name].plane for found in seeds], axis=0) for name in classes
    ]
    if planes:
        _draw_planes(subfigure, planes, dict(zip(classes, images, strict=True)), seeds[0])


def _draw_ranks(axes: Axes, seeds: Sequence[Attributions], name: str, *, shade: str) -> None:
    maps = [found.constituents[name] for found in seeds]
    jets_N = np.array(maps[0].jets_by_rank)
    num_shown = max(1, int((jets_N >= LEAST_SHARE * seeds[0].num_jets[name]).sum()))
    place_N = np.arange(1, num_shown + 1)
    for values, line in (("by_rank", "-"), ("absolute_by_rank", "--")):
        mean_N = np.mean([getattr(found, values)[:num_shown] for found in maps], axis=0)
        axes.plot(place_N, mean_N, line, color=shade, label=name if line == "-" else None)


def _draw_planes(
    subfigure: SubFigure, planes: Sequence[Axes], images: dict[str, Array], found: Attributions
) -> None:
    half = found.half_width
    settings: dict[str, Any] = {"origin": "lower", "extent": (-half, half, -half, half)}
    norm, colours = _scale(np.array(list(images.values())), signed=True)
    for axes, (name, image_YX) in zip(planes, images.items(), strict=True):
        shown = axes.imshow(image_YX, norm=norm, cmap=colours, **settings)
        axes.set_title(f"{name}, {found.num_jets[name]} jets", fontsize="small")
        axes.set_xlabel(r"$\Delta\eta$")
    planes[0].set_ylabel(r"$\Delta\phi$ [rad]")
    subfigure.colorbar(shown, ax=list(planes), location="right", aspect=20, pad=0.02)
