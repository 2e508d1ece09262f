"""Whether jets have what a task and its taggers ask of them: columns, and constituents."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tagline.settings import selection
from tagline.settings.catalogue import Dataset, Representation
from tagline.settings.lineup import Lineup
from tagline.settings.strict import did_you_mean
from tagline.settings.study import Study
from tagline.settings.task import Task


def check_selections(task: Task, datasets: Mapping[str, Dataset]) -> None:
    """Raise ValueError unless the datasets of a class may have all columns it selects on."""
    for class_name, jets in task.classes.items():
        for name in jets.datasets:
            further = datasets[name].reader_options.further_jet_columns
            try:
                selection.check(jets.select, further=further)
            except ValueError as error:
                raise ValueError(f"classes.{class_name}: {error} (dataset {name!r})") from None


def check_constituents(task: Task, datasets: Mapping[str, Dataset]) -> None:
    """Raise ValueError unless the datasets are alike, and noise has constituents to lie among.

    Without constituents a jet's mass is that of its file, and with them their own, so that jets of
    both kinds would be told apart by how they were read.
    """
    without = without_constituents(task, datasets)
    if others := [name for name in task.datasets if without and name not in without]:
        raise ValueError(
            f"classes: jets of dataset {without[0]!r} have no constituents, but those of "
            f"{others[0]!r} do; a task has jets of one kind"
        )
    if task.noise and without:
        raise ValueError(f"noise: jets of dataset {without[0]!r} have no constituents")


def check_columns(task: Task, datasets: Mapping[str, Dataset]) -> None:
    """Raise ValueError unless all jets may have what is protected, and what is made equal."""
    _require_columns(task.protected, task, datasets, where="protected")
    if task.sampling:
        _require_columns(task.sampling.bins, task, datasets, where="sampling.bins")


def _require_columns(
    columns: Iterable[str], task: Task, datasets: Mapping[str, Dataset], *, where: str
) -> None:
    for column, dataset in itertools.product(columns, task.datasets):
        further = datasets[dataset].reader_options.further_jet_columns
        known = [*selection.COLUMNS, *further]
        if column not in known:
            nearest = did_you_mean(column, known)
            raise ValueError(f"{where}: no jet column {column!r} in {dataset!r}; {nearest}")


def check_representations(
    study: Study,
    *,
    tasks: Mapping[str, Task],
    datasets: Mapping[str, Dataset],
    representations: Mapping[str, Representation],
    lineup: Lineup,
) -> None:
    """Raise ValueError if a study makes something of what jets do not have."""
    for task in dict.fromkeys(
        one for name in study.tasks for one in (name, tasks[name].variation_of or name)
    ):
        for wanted in (*_trained(task, study, lineup), *_drawn(task, study)):
            options = representations[wanted.representation].options
            jets = tasks[wanted.task]
            where = f"representations.{wanted.representation} of {wanted.who}"
            _require_columns(options.jet_columns, jets, datasets, where=where)
            without = without_constituents(jets, datasets)
            if without and options.needs_constituents:
                raise ValueError(
                    f"{where}: it is made of constituents, which jets of dataset {without[0]!r} "
                    f"in task {wanted.task!r} do not have"
                )


class Wanted(NamedTuple):
    """Jets of a task as a representation, and who wants them."""

    task: str
    representation: str
    who: str


def _trained(task: str, study: Study, lineup: Lineup) -> Iterator[Wanted]:
    """Yield what the taggers of a study read, and those whose weights they start from."""
    for name in lineup.behind(study.taggers):
        for tagger, of_task in _with_starts(name, task, lineup):
            if representation := lineup.representation_of(tagger):
                yield Wanted(of_task, representation, f"tagger {tagger!r}")


def _with_starts(tagger: str, task: str, lineup: Lineup) -> Iterator[tuple[str, str]]:
    """Yield a tagger with its task, and then those whose weights it starts from."""
    yield tagger, task
    start = lineup.taggers[tagger].start_from if tagger in lineup.taggers else None
    if start and start.tagger:
        yield from _with_starts(start.tagger, start.task or task, lineup)


def _drawn(task: str, study: Study) -> Iterator[Wanted]:
    return (Wanted(task, name, "study.images") for name in study.images)


def without_constituents(task: Task, datasets: Mapping[str, Dataset]) -> list[str]:
    """List the datasets of a task whose jets have no constituents."""
    return [name for name in task.datasets if not datasets[name].reader_options.has_constituents]
