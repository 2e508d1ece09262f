"""The legend of a study: what its figures and tables call things, and the published numbers."""

from pydantic import Field

from tagline.catalogue import TOP_WINDOW
from tagline.config import Config
from tagline.lineup import Varied
from tagline.published import Published
from tagline.strict import Strict


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


class Legend(Strict):
    """What a comparison needs of the configuration.

    Args:
        title: of the study.
        taggers: in the order of the study.
        decorrelations: in the order of the study.
        left_out: taggers and decorrelations that do not go together.
        generated_tasks: tasks whose jets were generated here, and are not those of the papers.
        published: numbers to compare with.
        signal_windows: of the tasks, where a bump is searched for [GeV].
    """

    title: str
    taggers: dict[str, TaggerLabel]
    decorrelations: dict[str, DecorrelationLabel]
    left_out: tuple[tuple[str, str], ...]
    generated_tasks: tuple[str, ...]
    published: tuple[Published, ...]
    signal_windows: dict[str, tuple[float, float]] = Field(default_factory=dict)

    def signal_window_of(self, task: str) -> tuple[float, float]:
        """Return where a bump is searched for; that of top quarks if the task does not say."""
        return self.signal_windows.get(task, TOP_WINDOW)

    @property
    def families(self) -> list[str]:
        """What the decorrelations are called, variants of one together."""
        return list(dict.fromkeys(label.family for label in self.decorrelations.values()))


def legend_of(config: Config) -> Legend:
    """Take the names and published numbers of a study out of its configuration."""
    study = config.study
    lineup = config.lineup
    taggers = {name: lineup.entries[name] for name in study.taggers}
    methods = {name: config.decorrelations[name] for name in study.decorrelations}
    return Legend(
        title=study.title,
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
        generated_tasks=tuple(
            name
            for name in study.tasks
            if any(config.datasets[dataset].generate for dataset in config.tasks[name].datasets)
        ),
        published=tuple(config.published[name] for name in study.published),
        signal_windows={name: config.tasks[name].signal_window for name in study.tasks},
    )
