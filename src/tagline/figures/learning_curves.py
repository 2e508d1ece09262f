"""Training and validation loss by epoch, one panel a tagger."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tagline.compare import Comparison, Key
from tagline.reporting.style import GREY, annotate, colour, last_of_row, panels, styled

READS = "metrics"
CAPTION = (
    "Loss by epoch of the taggers without decorrelation: training jets dashed, validation jets "
    "solid, one colour a seed. Points mark the epoch of which the weights were kept. The training "
    "loss is the mean over the steps of an epoch, in which the weights still change, with dropout "
    "where the tagger has it; it may lie above the validation loss. Combinations and taggers made "
    "elsewhere have no epochs."
)


@styled
def draw(comparison: Comparison) -> Figure:
    """Draw the taggers of each task that were trained in epochs."""
    trained = [keys for task in comparison.tasks if (keys := _trained_keys(comparison, task))]
    figure, groups = panels([len(keys) for keys in trained] or [1], sharey=False)
    for keys, group in zip(trained, groups, strict=False):
        for key, axes in zip(keys, group, strict=True):
            _draw_tagger(axes, comparison, key)
        group[0].set_ylabel("loss")
        annotate(last_of_row(group), comparison.describe(keys[0]), above_title=True)
    first = groups[0][0]
    first.plot([], [], "--", color=GREY, label="training")
    first.plot([], [], color=GREY, label="validation")
    first.plot([], [], "o", color=GREY, label="kept weights")
    first.legend()
    return figure


def _trained_keys(comparison: Comparison, task: str) -> list[Key]:
    """Return what has several epochs: no fits, no combinations, nothing made elsewhere."""
    return [
        key
        for key in comparison.plain_keys(task=task)
        if all(
            len(seed.history.get("epochs", ())) > 1 for seed in comparison.metrics[key].values()
        )
    ]


def _draw_tagger(axes: Axes, comparison: Comparison, key: Key) -> None:
    for position, metrics in enumerate(comparison.metrics[key].values()):
        epochs = metrics.history["epochs"]
        number = [epoch["epoch"] for epoch in epochs]
        validation = [epoch["validation_loss"] for epoch in epochs]
        training = [epoch["train_loss"] for epoch in epochs]
        axes.plot(number, training, linestyle="--", color=colour(position))
        axes.plot(number, validation, color=colour(position))
        best = number.index(metrics.history["best_epoch"])
        axes.plot(number[best], validation[best], "o", color=colour(position))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(comparison.legend.taggers[key.tagger].title)
