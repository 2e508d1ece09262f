"""The legend of a study: what its figures and tables call things, and the published numbers."""

from tagline.settings.config import Config
from tagline.settings.lineup import Varied
from tagline.settings.published import Published
from tagline.settings.strict import Strict
from tagline.settings.task import TOP_WINDOW


class TaggerLabel(Strict):
    """A tagger in figures and tables, its name in papers, and what its several scores are of."""

    title: str
    paper: str
    varied: Varied = "seed"


class DecorrelationLabel(Strict):
    """A decorrelation in figures and tables, and what its variants are called together."""

    title: str
    decorrelates: bool
    family: str


class TaskLabel(Strict):
    """A task in figures: are its jets generated, which task it varies, where signal is [GeV].

    The background is parted at `systematic_split` of the first `protected` column.
    """

    title: str
    is_generated: bool = False
    variation_of: str = ""
    signal_window: tuple[float, float] = TOP_WINDOW
    protected: str = "mass"
    systematic_split: float | None = None


class Legend(Strict):
    """What a comparison needs of the configuration.

    Args:
        title: of the study.
        tasks: in the order of the study.
        taggers: in the order of the study.
        decorrelations: in the order of the study.
        left_out: taggers and decorrelations that do not go together.
        published: numbers to compare with.
    """

    title: str
    tasks: dict[str, TaskLabel]
    taggers: dict[str, TaggerLabel]
    decorrelations: dict[str, DecorrelationLabel]
    left_out: tuple[tuple[str, str], ...]
    published: tuple[Published, ...]

    @property
    def families(self) -> list[str]:
        """What the decorrelations are called, variants of one together."""
        return list(dict.fromkeys(label.family for label in self.decorrelations.values()))


def legend_of(config: Config) -> Legend:
    """Take the names and published numbers of a study out of its configuration."""
    study = config.study
    lineup = config.lineup
    taggers = {name: lineup.entries[name] for name in study.taggers}
    tasks = {name: config.tasks[name] for name in study.tasks}
    methods = {name: config.decorrelations[name] for name in study.decorrelations}
    return Legend(
        title=study.title,
        tasks={
            name: TaskLabel(
                title=task.title or name,
                is_generated=any(config.datasets[one].generate for one in task.datasets),
                variation_of=task.variation_of,
                signal_window=task.signal_window,
                protected=task.protected[0],
                systematic_split=task.systematic_split,
            )
            for name, task in tasks.items()
        },
        taggers={
            name: TaggerLabel(title=tagger.title, paper=tagger.paper, varied=lineup.varied(name))
            for name, tagger in taggers.items()
        },
        decorrelations={
            name: DecorrelationLabel(
                title=method.title,
                decorrelates=method.when != "never",
                family=method.scan or method.title,
            )
            for name, method in methods.items()
        },
        left_out=tuple(config.left_out),
        published=tuple(config.published[name] for name in study.published),
    )
