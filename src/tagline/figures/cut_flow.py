"""Jets of each dataset that are left after each condition of the skim."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tagline.cut_flow import Step
from tagline.reporting.style import colour, styled

READS = "ledgers"
CAPTION = (
    "Jets of each dataset that are left after each condition of the skim, which is met in this "
    "order, as a share of all jets in the files that could be read."
)
ROOM_FOR_NUMBERS = 1.4  # right of the longest bar


@styled
def draw(steps: Sequence[Step]) -> Figure:
    """Draw a panel a dataset, all jets on top."""
    datasets = list(dict.fromkeys(step.dataset for step in steps))
    of_dataset = [[step for step in steps if step.dataset == name] for name in datasets]
    rows = [len(its_steps) for its_steps in of_dataset]
    figure = Figure(figsize=(7.2, 0.8 + 0.5 * len(rows) + 0.28 * sum(rows)))
    panels = figure.subplots(len(rows), 1, sharex=True, squeeze=False, height_ratios=rows)
    for position, (axes, its_steps) in enumerate(zip(panels.flat, of_dataset, strict=True)):
        _draw_dataset(axes, its_steps, colour(position))
        axes.set_title(datasets[position])
    panels.flat[-1].set_xlabel("jets that are left [%]")
    return figure


def _draw_dataset(axes: Axes, steps: Sequence[Step], shade: str) -> None:
    shares = [100 * step.jets / max(steps[0].jets, 1) for step in steps]
    axes.barh(range(len(steps)), shares, height=0.7, color=shade)
    for position, (share, step) in enumerate(zip(shares, steps, strict=True)):
        text = f" {step.jets:,} ({share:.3g} %)"
        axes.text(share, position, text, va="center", fontsize="small")
    axes.set_yticks(range(len(steps)), [step.step for step in steps])
    axes.invert_yaxis()
    axes.set_xlim(0, 100 * ROOM_FOR_NUMBERS)
    axes.set_xticks(range(0, 101, 20))
    axes.tick_params(axis="y", which="both", left=False, right=False)
    axes.tick_params(axis="x", which="both", top=False)
