"""Whether jets have what a task and its taggers ask of them: columns, and constituents."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tagline.settings import selection
from tagline.settings.catalogue import Dataset, Representation
from tagline.settings.lineup import Lineup
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


def check_representations(
    study: Study,
    *,
    tasks: Mapping[str, Task],
    datasets: Mapping[str, Dataset],
    representations: Mapping[str, Representation],
    lineup: Lineup,
) -> None:
    """Raise ValueError if a study makes something of constituents that jets do not have."""
    for task in dict.fromkeys(
        one for name in study.tasks for one in (name, tasks[name].variation_of or name)
    ):
        for wanted in (*_trained(task, study, lineup), *_drawn(task, study)):
            without = without_constituents(tasks[wanted.task], datasets)
            if without and representations[wanted.representation].options.needs_constituents:
                raise ValueError(
                    f"tasks.{wanted.task}: jets of dataset {without[0]!r} have no constituents, "
                    f"of which representation {wanted.representation!r} of {wanted.who} is made"
                )


class Wanted(NamedTuple):
    """Jets of a task as a representation, and who wants them."""

    task: str
    representation: str
    who: str


def _trained(task: str, study: Study, lineup: Lineup) -> Iterator[Wanted]:
    """Yield what the taggers of a study read, and those whose weights they start from."""
    for tagger in lineup.behind(study.taggers):
        if representation := lineup.representation_of(tagger):
            yield Wanted(task, representation, f"tagger {tagger!r}")
        before, of_task = tagger, task
        while (
            (entry := lineup.taggers.get(before)) and entry.start_from and entry.start_from.tagger
        ):
            before, of_task = entry.start_from.tagger, entry.start_from.task or of_task
            yield Wanted(of_task, lineup.representation_of(before), f"tagger {before!r}")


def _drawn(task: str, study: Study) -> Iterator[Wanted]:
    return (Wanted(task, name, "study.images") for name in study.images)


def without_constituents(task: Task, datasets: Mapping[str, Dataset]) -> list[str]:
    """List the datasets of a task whose jets have no constituents."""
    return [name for name in task.datasets if not datasets[name].reader_options.has_constituents]
