"""Wall time of the stages by tagger, and the memory they needed."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.accounting.accounts import show_time
from tagline.accounts_table import Account, Row
from tagline.reporting.style import GREY, annotate, colour, hatch, styled

READS = "benchmarks"
CAPTION = (
    "What the stages took: the wall time of the last finished run of every job, added, by tagger, "
    "and the highest resident memory of a job. Jobs run side by side, so that the whole took less "
    "than the sum. What was killed or failed is not in it. Memory is sampled, every half a second "
    "at first and every 30 seconds later."
)
SHARED = "not of one tagger"
ROOM_FOR_NUMBERS = (1.25, 1.45)  # right of the longest bar
UNITS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))


@styled
def draw(account: Account) -> Figure:
    """Draw the time left and the memory right, the first stage on top."""
    stages = list(dict.fromkeys(row.stage for row in account.rows))
    figure = Figure(figsize=(9.6, 1.7 + 0.34 * len(stages)))
    time, memory = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    _draw_time(time, account, stages)
    _draw_memory(memory, account, stages)
    time.set_yticks(range(len(stages)), stages)
    time.invert_yaxis()
    for axes, room in zip((time, memory), ROOM_FOR_NUMBERS, strict=True):
        axes.tick_params(axis="y", which="both", left=False, right=False)
        axes.tick_params(axis="x", which="both", top=False)
        axes.set_xlim(0, axes.get_xlim()[1] * room)
    if account.rows:
        figure.legend(*time.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def _draw_time(axes: Axes, account: Account, stages: list[str]) -> None:
    taken = [sum(row.wall_s for row in account.rows if row.stage == stage) for stage in stages]
    seconds, unit = _unit(max(taken, default=0))
    left = dict.fromkeys(stages, 0.0)
    labelled: set[str] = set()
    for row in account.rows:
        label = _label(account, row)
        axes.barh(
            stages.index(row.stage),
            row.wall_s / seconds,
            left=left[row.stage],
            height=0.7,
            color=_colour(account, row),
            hatch=_hatch(account, row),
            label="" if label in labelled else label,
        )
        left[row.stage] += row.wall_s / seconds
        labelled.add(label)
    for position, stage in enumerate(stages):
        jobs = sum(row.jobs for row in account.rows if row.stage == stage)
        text = f" {show_time(left[stage] * seconds)}, {jobs} job{'s' * (jobs != 1)}"
        axes.text(left[stage], position, text, va="center", fontsize="small")
    axes.set_xlabel(f"wall time, all jobs added [{unit}]")
    annotate(axes, _summary(account), above_title=False)


def _draw_memory(axes: Axes, account: Account, stages: list[str]) -> None:
    for position, stage in enumerate(stages):
        rows = [row for row in account.rows if row.stage == stage]
        peak = max((row.peak_memory_mib for row in rows if row.peak_memory_mib), default=None)
        if peak is not None:
            axes.barh(position, peak / 1024, height=0.7, color=GREY)
        text = "not measured" if peak is None else f"{peak / 1024:.2g} GiB"
        axes.text((peak or 0) / 1024, position, f" {text}", va="center", fontsize="small")
    axes.set_xlabel("peak memory of a job [GiB]")


def _unit(seconds: float) -> tuple[float, str]:
    """Return the largest unit of which there are two."""
    return next((unit for unit in UNITS if seconds >= 2 * unit[0]), UNITS[-1])


def _label(account: Account, row: Row) -> str:
    if not row.tagger:
        return SHARED
    known = account.legend.taggers.get(row.tagger)
    return known.title if known and known.title else row.tagger


def _colour(account: Account, row: Row) -> str:
    taggers = list(account.legend.taggers)
    return colour(taggers.index(row.tagger)) if row.tagger in taggers else GREY


def _hatch(account: Account, row: Row) -> str:
    taggers = list(account.legend.taggers)
    return hatch(taggers.index(row.tagger)) if row.tagger in taggers else ""


def _summary(account: Account) -> str:
    wall = show_time(sum(row.wall_s for row in account.rows))
    cpu = show_time(sum(row.cpu_s or 0 for row in account.rows))
    devices = ", ".join(dict.fromkeys(row.device for row in account.rows if row.device))
    trained = f", trained on {devices}" if devices else ""
    return f"sum: {wall} of wall time, {cpu} of CPU time{trained}"
