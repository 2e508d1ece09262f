"""What a cut on the score gains where the background is known as well as two samples agree.

Learning to Pivot with Adversarial Networks, Louppe, Kagan and Cranmer (2016), arXiv:1611.01046.
"""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Key
from tagline.measures.discovery import passing, significance, split_at
from tagline.reporting.score_tables import ScoreTables
from tagline.reporting.style import annotate, colour, line, of_column, panels, styled

READS = "decorrelated_scores"
CAPTION = (
    "Approximate median significance of 100 signal and 1,000 background jets of which those are "
    "counted whose score is at the threshold or above, one panel a tagger. The background is "
    "known as well as two samples of it agree: those with more and with less than a value of the "
    "first protected column, the task's `systematic_split`, or else the median. Both count "
    "the same in the background, and their difference is its uncertainty. Lines are means of the "
    "seeds and bands their standard deviation; the numbers are the largest value of a line. Lines "
    "end where fewer than ten jets of a sample are left in some seed. In arXiv:1611.01046, whose "
    "jets are others, the largest value is about 7.0 without an adversary and 7.8 with one of "
    "strength 10."
)
THRESHOLDS = np.linspace(0, 1, 201)
NAMES = ("label", "weight", "score")

Array = npt.NDArray[np.float64]


@styled
def draw(tables: ScoreTables) -> Figure:
    """Draw the taggers of each task."""
    groups = [
        (task, tagger)
        for task in tables.tasks
        for tagger in dict.fromkeys(key.tagger for key in tables.keys(task=task))
    ]
    figure, grid = panels([len(groups)], sharey=True)
    for (task, tagger), axes in zip(groups, grid[0], strict=True):
        keys = [key for key in tables.keys(task=task) if key.tagger == tagger]
        _draw_tagger(axes, tables, keys)
        axes.set_title(tables.legend.taggers[tagger].title)
    grid[0][0].set_ylabel("approximate median significance")
    return figure


def _draw_tagger(axes: Axes, tables: ScoreTables, keys: list[Key]) -> None:
    for position, key in enumerate(keys):
        found_ST = np.stack(
            [_significance(tables, key, place) for place in range(_seeds(tables, key))]
        )
        mean_T, spread_T = found_ST.mean(axis=0), found_ST.std(axis=0, ddof=len(found_ST) > 1)
        title = tables.legend.decorrelations[key.decorrelation].title
        label = f"{title}: {np.nanmax(mean_T):.2f}" if np.isfinite(mean_T).any() else title
        shade = colour(position)
        axes.plot(THRESHOLDS, mean_T, color=shade, linestyle=line(position), label=label)
        axes.fill_between(
            THRESHOLDS, mean_T - spread_T, mean_T + spread_T, color=shade, alpha=0.2, linewidth=0
        )
    axes.set(xlabel="threshold on the score", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="x-small")
    task = tables.legend.tasks[keys[0].task]
    annotate(axes, f"{task.title}, parted by {of_column(task.protected)}", above_title=True)


def _seeds(tables: ScoreTables, key: Key) -> int:
    return len(tables.files[key])


def _significance(tables: ScoreTables, key: Key, place: int) -> Array:
    """Return the significance (T,) of one training."""
    label = tables.legend.tasks[key.task]
    columns = tables.read(key, place, names=[*NAMES, label.protected])
    split = split_at(columns, label.protected, label.systematic_split)
    return significance(passing(columns, THRESHOLDS, protected=label.protected, split=split))
