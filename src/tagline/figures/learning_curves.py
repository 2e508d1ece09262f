"""Training and validation loss by epoch, one panel a tagger."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tagline.compare import Comparison, Key
from tagline.style import GREY, annotate, colour, panels, styled

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
    """Draw one row a task."""
    keys = [_trained_keys(comparison, task) for task in comparison.tasks]
    figure, grid = panels(rows=len(keys), columns=max(1, len(keys[0])), sharey=False)
    for row, keys_of_task in enumerate(keys):
        for column, key in enumerate(keys_of_task):
            _draw_tagger(grid[row, column], comparison, key)
        grid[row, 0].set_ylabel("loss")
        if keys_of_task:
            annotate(grid[row, -1], comparison.describe(keys_of_task[0]), above_title=True)
    grid[0, 0].plot([], [], "--", color=GREY, label="training")
    grid[0, 0].plot([], [], color=GREY, label="validation")
    grid[0, 0].plot([], [], "o", color=GREY, label="kept weights")
    grid[0, 0].legend()
    return figure


def _trained_keys(comparison: Comparison, task: str) -> list[Key]:
    """Return what has epochs: neither combinations nor what was made elsewhere."""
    return [
        key
        for key in comparison.plain_keys(task=task)
        if all("epochs" in metrics.history for metrics in comparison.metrics[key].values())
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
