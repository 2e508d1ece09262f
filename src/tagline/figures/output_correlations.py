"""How the scores of taggers are correlated, beside the published correlations.

Table 2 of The Machine Learning Landscape of Top Taggers, Kasieczka (2019), arXiv:1902.09914.
"""

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.compare import Key
from tagline.data.jets import Columns
from tagline.reporting.score_tables import ScoreTables
from tagline.reporting.style import GREY, annotate, styled

READS = "scores"
CAPTION = (
    "Pearson's correlation coefficient of the scores of each two taggers without decorrelation, "
    "below the diagonal: of all signal and background test jets together, both classes with the "
    "same weight, the mean of pairs of trainings. Most of it is that both tell the classes apart. "
    "Above the diagonal are the published coefficients of the same two taggers, where there are "
    "any, of jets with as many signal as background jets."
)
IDENTITY = ("event_id", "jet_index")
COLOURS = colormaps["Blues"].with_extremes(bad="#eeeeee")
DARK = 0.6  # of the colour scale, from where the text is white
CELL = 0.55  # inches

Array = npt.NDArray[np.float64]


@styled
def draw(tables: ScoreTables) -> Figure:
    """Draw one matrix a task."""
    tasks = tables.tasks
    side = 1.6 + CELL * max(len(tables.keys(task=task)) for task in tasks)
    figure = Figure(figsize=(side * len(tasks), side))
    for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
        _draw_task(axes, tables, task)
    return figure


def _draw_task(axes: Axes, tables: ScoreTables, task: str) -> None:
    keys = tables.keys(task=task)
    is_below_TT = np.tri(len(keys), k=-1, dtype=bool)
    published_TT = np.where(is_below_TT.T, _published(tables, keys), np.nan)
    _draw_matrix(axes, np.where(is_below_TT, _measured(tables, keys), published_TT))
    titles = [tables.legend.taggers[key.tagger].title for key in keys]
    axes.set_yticks(range(len(keys)), titles)
    axes.set_xticks(range(len(keys)), titles, rotation=40, ha="right", rotation_mode="anchor")
    num_jets = len(_scores(tables, keys[:1], 0)[1])
    most = max(len(tables.files[key]) for key in keys)
    pairs = f"{'up to ' * (most > 1)}{most} training{'s' * (most > 1)} each"
    annotate(axes, f"{task}: {num_jets:,} test jets, {pairs}", above_title=False)
    if np.isfinite(published_TT).any():
        sources = [
            f"{published.title} ({published.output_correlations.source})"
            for published in tables.legend.published
            if published.output_correlations
        ]
        axes.set_xlabel(f"above the diagonal: {', '.join(sources)}", fontsize="small", color=GREY)


def _measured(tables: ScoreTables, keys: list[Key]) -> Array:
    """Return the coefficients (T, T), means of the pairs of trainings that there are."""
    num_trainings = [len(tables.files[key]) for key in keys]
    sum_TT, number_TT = np.zeros((2, len(keys), len(keys)))
    for place in range(max(num_trainings)):
        rows = [row for row, number in enumerate(num_trainings) if number > place]
        pairs = np.ix_(rows, rows)
        sum_TT[pairs] += _correlations(*_scores(tables, [keys[row] for row in rows], place))
        number_TT[pairs] += 1
    measured_TT: Array = sum_TT / number_TT
    return measured_TT


def _scores(tables: ScoreTables, keys: list[Key], place: int) -> tuple[Array, Array]:
    """Return the scores (T, J) of T taggers, and weights (J,) that give both classes the same sum.

    Raises:
        ValueError: two taggers have not scored the same jets.
    """
    columns = [
        tables.read(key, place, names=[*IDENTITY, "label", "weight", "score"]) for key in keys
    ]
    for key, other in zip(keys, columns, strict=True):
        _require_same_jets(columns[0], other, of=f"{keys[0].tagger!r} and {key.tagger!r}")
    label_J = columns[0]["label"]
    kept_J = np.isin(label_J, (0, label_J.max()))
    is_signal_J, weight_J = label_J[kept_J] > 0, columns[0]["weight"][kept_J].astype(np.float64)
    sums = np.bincount(is_signal_J, weight_J)
    score_TJ = np.stack([column["score"][kept_J].astype(np.float64) for column in columns])
    return score_TJ, weight_J / sums[is_signal_J.astype(np.int64)]


def _require_same_jets(first: Columns, other: Columns, *, of: str) -> None:
    if not all(np.array_equal(first[name], other[name]) for name in IDENTITY):
        raise ValueError(f"output_correlations: the test jets of {of} are not the same")


def _correlations(score_TJ: Array, weight_J: Array) -> Array:
    """Return Pearson's coefficients (T, T), NaN for a constant score."""
    deviation_TJ = score_TJ - np.average(score_TJ, axis=1, weights=weight_J)[:, None]
    covariance_TT = (deviation_TJ * weight_J) @ deviation_TJ.T
    scale_T = np.sqrt(np.diag(covariance_TT))
    with np.errstate(invalid="ignore"):
        correlations_TT: Array = covariance_TT / np.outer(scale_T, scale_T)
    return correlations_TT


def _published(tables: ScoreTables, keys: list[Key]) -> Array:
    """Return the published coefficients (T, T), NaN where there is none."""
    systems = [tables.legend.taggers[key.tagger].paper for key in keys]
    published_TT = np.full((len(keys), len(keys)), np.nan)
    for published in tables.legend.published:
        if published.output_correlations:
            for row, first in enumerate(systems):
                for column, second in enumerate(systems):
                    found = published.output_correlations.between(first, second)
                    published_TT[row, column] = np.nan if found is None else found
    return published_TT


def _draw_matrix(axes: Axes, shown_TT: Array) -> None:
    lowest = np.nanmin(shown_TT, initial=1)
    floor = np.floor(min(lowest, 0.99) * 10) / 10
    axes.imshow(shown_TT, vmin=floor, vmax=1, cmap=COLOURS)
    for (row, column), value in np.ndenumerate(shown_TT):
        if row == column:
            continue
        text = f"{value:.3f}" if np.isfinite(value) else "-" * (row > column)
        is_dark = (value - floor) / (1 - floor) > DARK
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize="x-small",
            color="white" if is_dark else "black",
        )
    axes.tick_params(which="both", length=0)
