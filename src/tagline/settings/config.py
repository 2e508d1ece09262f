"""The whole configuration as one typed model, checked before the first job.

The catalogue is mappings by name; the study selects from it in lists. Threads, memory and
partitions are not here: they belong to rules and profiles.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from tagline.settings import asked_of_jets
from tagline.settings.catalogue import Dataset, Decorrelation, Representation, Skim, Tagger
from tagline.settings.contenders import Combination, Outside
from tagline.settings.lineup import Lineup
from tagline.settings.published import Published
from tagline.settings.recipes import Generate, Recipe
from tagline.settings.scans import with_scans
from tagline.settings.strict import Name, Strict, did_you_mean
from tagline.settings.study import Study
from tagline.settings.task import Task
from tagline.settings.variations import with_variations


class Config(Strict):
    """Everything: the catalogue and the study."""

    recipes: dict[Name, Recipe] = Field(default_factory=dict, description="how Pythia makes jets")
    datasets: dict[Name, Dataset] = Field(description="samples")
    tasks: dict[Name, Task] = Field(description="problems to solve")
    representations: dict[Name, Representation] = Field(description="how jets become numbers")
    taggers: dict[Name, Tagger] = Field(description="networks and how they are trained")
    combinations: dict[Name, Combination] = Field(
        default_factory=dict, description="scores made of several taggers' scores"
    )
    outside: dict[Name, Outside] = Field(
        default_factory=dict, description="taggers made elsewhere"
    )
    decorrelations: dict[Name, Decorrelation] = Field(description="methods against sculpting")
    published: dict[Name, Published] = Field(default_factory=dict, description="numbers of papers")
    study: Study = Field(description="the comparison to make")
    skim: Skim = Field(Skim(), description="where skims read their files")

    @model_validator(mode="before")
    @classmethod
    def _is_written_out(cls, values: Any) -> Any:  # noqa: ANN401 (whatever the YAML holds)
        return with_variations(with_scans(values)) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name, dataset in self.datasets.items():
            if dataset.generate:
                self._check_generation(name, dataset.generate)
        for name, task in self.tasks.items():
            _require(self.datasets, task.datasets, f"tasks.{name}.classes")
            self._check_variation(name)
        for name, tagger in self.taggers.items():
            _require(
                self.representations, [tagger.representation], f"taggers.{name}.representation"
            )
            self._check_start(name)
        for name, outside in self.outside.items():
            if outside.onnx:
                key = f"outside.{name}.onnx.representation"
                _require(self.representations, [outside.onnx.representation], key)
        for name, combination in self.combinations.items():
            members = {**self.taggers, **self.outside}
            _require(members, combination.members, f"combinations.{name}.members")
        _require(self.tasks, self.study.tasks, "study.tasks")
        scored = {**self.taggers, **self.combinations, **self.outside}
        _require(scored, self.study.taggers, "study.taggers")
        _require(self.decorrelations, self.study.decorrelations, "study.decorrelations")
        _require(self.published, self.study.published, "study.published")
        _require(self.representations, self.study.images, "study.images")
        of_study = {name: True for name in self.study.taggers if name in self.taggers}
        _require(of_study, self.study.export, "study.export")
        _require(of_study, self.study.interpret, "study.interpret")
        return self

    def _check_variation(self, name: str) -> None:
        """Raise ValueError unless a variation has a task, and the classes of it."""
        task = self.tasks[name]
        if not task.variation_of:
            return
        _require(self.tasks, [task.variation_of], f"tasks.{name}.variation_of")
        classes = list(self.tasks[task.variation_of].classes)
        if list(task.classes) != classes:
            raise ValueError(
                f"tasks.{name}.classes: a variation has the classes of its task, "
                f"{', '.join(classes)}, found {', '.join(task.classes)}"
            )

    def _check_generation(self, name: str, generate: Generate) -> None:
        """Raise ValueError unless each turn of the recipe has equally many parts."""
        where = f"datasets.{name}.generate"
        _require(self.recipes, [generate.recipe], f"{where}.recipe")
        num_turns = self.recipes[generate.recipe].num_turns
        if generate.parts % num_turns:
            raise ValueError(
                f"{where}.parts: {generate.parts} is not a multiple of {num_turns}, the values "
                f"of recipes.{generate.recipe}.in_turn"
            )

    def _check_start(self, name: str) -> None:
        """Raise ValueError unless the weights that a tagger starts from can be made before."""
        before = [name]
        while (start := self.taggers[before[-1]].start_from) and start.tagger:
            where = f"taggers.{before[-1]}.start_from"
            _require(self.taggers, [start.tagger], f"{where}.tagger")
            _require(self.tasks, [start.task] if start.task else [], f"{where}.task")
            trained = dict.fromkeys(self.trained)
            _require(
                trained,
                [start.decorrelation] if start.decorrelation else [],
                f"{where}.decorrelation",
            )
            if start.tagger in before:
                raise ValueError(f"{where}: {' <- '.join([*before, start.tagger])} never begins")
            if self.taggers[start.tagger].architecture != self.taggers[name].architecture:
                raise ValueError(f"{where}: {start.tagger!r} has another architecture")
            before.append(start.tagger)

    @model_validator(mode="after")
    def _jets_have_what_is_asked_of_them(self) -> Self:
        for name, task in self.tasks.items():
            try:
                asked_of_jets.check_selections(task, self.datasets)
                asked_of_jets.check_columns(task, self.datasets)
                asked_of_jets.check_constituents(task, self.datasets)
            except ValueError as error:
                raise ValueError(f"tasks.{name}.{error}") from None
        asked_of_jets.check_representations(
            self.study,
            tasks=self.tasks,
            datasets=self.datasets,
            representations=self.representations,
            lineup=self.lineup,
        )
        return self

    @model_validator(mode="after")
    def _names_are_of_one_kind(self) -> Self:
        kinds: dict[str, Mapping[str, Any]] = {
            "taggers": self.taggers,
            "combinations": self.combinations,
            "outside": self.outside,
        }
        for (kind, names), (other, others) in itertools.combinations(kinds.items(), 2):
            for name in sorted(names.keys() & others.keys()):
                raise ValueError(f"{name!r} is declared in `{kind}` and in `{other}`: rename one")
        return self

    @model_validator(mode="after")
    def _has_one_plain_training(self) -> Self:
        plain = [name for name, entry in self.decorrelations.items() if entry.when == "never"]
        if len(plain) != 1:
            raise ValueError(
                f"decorrelations: exactly one entry must have `when: never`, found {plain}"
            )
        return self

    @model_validator(mode="after")
    def _post_hoc_methods_follow_trainings(self) -> Self:
        trained = dict.fromkeys(self.trained)
        for name, entry in self.decorrelations.items():
            if entry.after:
                _require(trained, [entry.after], f"decorrelations.{name}.after")
        return self

    @model_validator(mode="after")
    def _taggers_can_be_scored(self) -> Self:
        study = self.study
        for name in study.taggers:
            if not self.lineup.seeds_of(name):
                wanted = self.combinations[name].subset
                raise ValueError(
                    f"combinations.{name}.subset: there are no {wanted} trainings of the "
                    f"{len(study.seeds)} in study.seeds"
                )
            possible = self.lineup.decorrelations_of(name)
            if not set(possible) & set(study.decorrelations):
                raise ValueError(
                    f"study.decorrelations: {name!r} can have none of them, "
                    f"but {', '.join(possible)}"
                )
        return self

    @property
    def compared(self) -> list[tuple[str, str]]:
        """The pairs of tagger and decorrelation that the study compares."""
        return [pair for pair in self._pairs if self._suit(*pair)]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """The pairs that do not go together: a penalty needs steps, a post-hoc method scores."""
        return [pair for pair in self._pairs if not self._suit(*pair)]

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return list(itertools.product(self.study.taggers, self.study.decorrelations))

    def _suit(self, tagger: str, decorrelation: str) -> bool:
        return decorrelation in self.lineup.decorrelations_of(tagger)

    @property
    def lineup(self) -> Lineup:
        """What can be named as a tagger."""
        return Lineup(
            taggers=self.taggers,
            combinations=self.combinations,
            outside=self.outside,
            decorrelations=self.decorrelations,
            seeds=self.study.seeds,
        )

    @property
    def plain(self) -> str:
        """The decorrelation that does nothing, whose trainings the post-hoc methods share."""
        return next(name for name, entry in self.decorrelations.items() if entry.when == "never")

    @property
    def post_hoc(self) -> list[str]:
        """The decorrelations that act on scores."""
        return [name for name, entry in self.decorrelations.items() if entry.when == "post_hoc"]

    @property
    def trained(self) -> list[str]:
        """The decorrelations that have trainings of their own."""
        return [name for name in self.decorrelations if name not in self.post_hoc]

    def trained_as(self, decorrelation: str) -> str:
        """Return the decorrelation whose trainings lie behind the scores of another."""
        if decorrelation not in self.post_hoc:
            return decorrelation
        return self.decorrelations[decorrelation].after or self.plain

    @property
    def variations(self) -> dict[str, str]:
        """The tasks that are variations, and of which."""
        return {name: one.variation_of for name, one in self.tasks.items() if one.variation_of}

    def nominal(self, task: str) -> str:
        """Return the task whose taggers a task has: its own, or that which it varies."""
        return self.tasks[task].variation_of or task

    def has_reference(self, dataset: str) -> bool:
        """Tell whether a dataset is generated after a published sample."""
        generate = self.datasets[dataset].generate
        return generate is not None and self.recipes[generate.recipe].reference is not None


def changes_results(config: Config) -> dict[str, Any]:
    """Return the catalogue as JSON without what only labels results, such as titles."""
    return config.model_dump(
        mode="json",
        exclude={
            "study": True,
            "skim": True,
            "published": True,
            "tasks": {"__all__": {"title", "signal_window", "systematic_split"}},
            "recipes": {"__all__": {"reference"}},
            "taggers": {"__all__": {"title", "paper"}},
            "combinations": {"__all__": {"title", "paper", "max_subsets"}},
            "outside": {"__all__": {"title", "paper"}},
            "decorrelations": {"__all__": {"title", "scan", "after"}},
        },
    )


def one_of(names: Iterable[str]) -> str:
    """Return a regular expression that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


def _require(catalogue: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    for name in names:
        if name not in catalogue:
            raise ValueError(
                f"{where}: {name!r} is not declared; {did_you_mean(name, list(catalogue))}"
            )


def parse(values: Mapping[str, Any]) -> Config:
    """Check a configuration; a ValueError lists every mistake with its key."""
    try:
        return Config(**values)
    except ValidationError as error:
        mistakes = [
            f"  {'.'.join(map(str, mistake['loc'])) or 'config'}: {_plain(mistake['msg'])}"
            for mistake in error.errors()
        ]
        raise ValueError("the configuration has mistakes:\n" + "\n".join(mistakes)) from None


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
