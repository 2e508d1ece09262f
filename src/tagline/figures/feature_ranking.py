"""Which features a tagger lives on: what it loses without, and gains from, each of them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.interpretation.attributions import Attributions, Interpretation, Key
from tagline.reporting.style import BACKGROUND, GREY, SIGNAL, styled

READS = "attributions"
CAPTION = (
    "Features in the order of what they are worth. Left: the area under the ROC curve that is "
    "lost when test jets, or the constituents of all test jets, exchange one feature; bars are "
    "the standard deviations between permutations and between seeds in quadrature. Two features "
    "that say the same can both be worth little, and jets with an exchanged feature need not "
    "exist. Right: mean absolute value of what a feature adds to the log-odds of the signal by "
    "integrated gradients from an average jet, all constituents of a jet added up; the score of "
    "trees has no gradients, being the same up to the next cut. Points are means of the seeds."
)
ROW_HEIGHT = 0.24  # inches


@styled
def draw(interpretation: Interpretation) -> Figure:
    """Draw a row of two panels a tagger.

    Raises:
        ValueError: no tagger reads features.
    """
    found = {
        key: list(seeds.values())
        for key, seeds in interpretation.found.items()
        if next(iter(seeds.values())).features
    }
    if not found:
        raise ValueError("study.interpret: no tagger in it reads features with a name")
    heights = [len(seeds[0].features) for seeds in found.values()]
    figure = Figure(figsize=(9.4, 1.3 * len(heights) + ROW_HEIGHT * sum(heights)))
    grid = figure.subplots(
        len(heights), 2, sharey="row", squeeze=False, height_ratios=[4 + h for h in heights]
    )
    for row, (key, seeds) in zip(grid, found.items(), strict=True):
        _draw_tagger(row, interpretation, key, seeds)
    return figure


def _draw_tagger(
    row: Sequence[Axes],
    interpretation: Interpretation,
    key: Key,
    seeds: Sequence[Attributions],
) -> None:
    features = list(seeds[0].features)
    drops, errors, attributions = np.array(
        [
            [
                (importance.auc_drop, importance.auc_drop_error, importance.attribution)
                for importance in (found.features[name] for name in features)
            ]
            for found in seeds
        ]
    ).transpose(2, 0, 1)
    order = np.argsort(-drops.mean(0))
    error = np.hypot(errors.mean(0), drops.std(0, ddof=1) if len(seeds) > 1 else 0)
    place = np.arange(len(features))
    left, right = row
    left.errorbar(
        drops.mean(0)[order], place, xerr=error[order], fmt="o", color=SIGNAL, elinewidth=1
    )
    left.axvline(0, color=GREY, linewidth=0.8)
    if seeds[0].has_gradients:
        right.barh(place, attributions.mean(0)[order], height=0.6, color=BACKGROUND)
    else:
        right.text(0.5, 0.5, "no gradients", transform=right.transAxes, ha="center", va="center")
        right.set_xticks([])
    left.set_yticks(place, [features[index] for index in order], fontsize="small")
    left.set_ylim(len(features) - 0.5, -0.5)
    left.set_title(f"{interpretation.title(key)} ({interpretation.describe(key)})")
    left.set_xlabel("AUC lost")
    right.set_xlabel("change of log-odds")
    for axes in row:
        axes.grid(axis="x")
        axes.tick_params(axis="y", which="minor", left=False, right=False)
