"""What would run, and why, in words: jobs with the same reasons, and what follows them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tagline.accounting.explain_changes import CODE, Change, subject

MOST_VALUES = 8
MOST_FILES = 3


@dataclass(frozen=True)
class Job:
    """A job of the plan as Snakemake sees it, whether it would run or not.

    Args:
        number: names it in the plan.
        rule: its stage.
        wildcards: which job of the stage.
        would_run: Snakemake wants it to.
        is_recorded: Snakemake has a record of an earlier run.
        after: the jobs that would run before it and make its inputs.
        is_forced: asked for on the command line.
        was_interrupted: it was started and never finished.
        missing: outputs that are not there.
        newer: inputs that are newer than its outputs.
        changes: parameters that are not what they were.
        edited: source files behind it that were written after its last run.
        script: its script, if that is newer than its outputs.
        new_inputs: inputs that it did not have.
        lost_inputs: inputs that it no longer has.
        software_changed: its environment is defined in another way.
        resources: what it asks for, `cores` among them.
    """

    number: int
    rule: str
    wildcards: Mapping[str, str]
    would_run: bool = True
    is_recorded: bool = True
    after: frozenset[int] = frozenset()
    is_forced: bool = False
    was_interrupted: bool = False
    missing: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    edited: tuple[str, ...] = ()
    script: str = ""
    new_inputs: tuple[str, ...] = ()
    lost_inputs: tuple[str, ...] = ()
    software_changed: bool = False
    resources: Mapping[str, int] = field(default_factory=dict)


class Cause(NamedTuple):
    """One reason; equal reasons are told once.

    Args:
        kind: how `subject` is to be read: a wildcard that is `new`, a stage whose `code` changed,
            or words `as they are`.
        subject: what changed.
        detail: how it changed.
    """

    kind: str
    subject: str
    detail: str = ""


@dataclass
class Group:
    """Jobs that run for the same reasons, and those that run only because these do."""

    causes: tuple[Cause, ...]
    jobs: list[Job] = field(default_factory=list)
    followers: list[Job] = field(default_factory=list)


def reasons(jobs: Sequence[Job], stages: Sequence[str]) -> str:
    """Say why jobs run.

    Args:
        jobs: all of the plan.
        stages: the rules in the data's order.
    """
    groups, leftover = group(jobs)
    groups.sort(key=lambda one: min(stages.index(job.rule) for job in one.jobs))
    lines: list[str] = []
    for one in groups:
        lines += [*(words(cause, one.jobs, jobs) for cause in one.causes)]
        lines.append(f"    {count(one.jobs, stages)}")
        if one.followers:
            lines.append(f"    then {count(one.followers, stages)}")
    if leftover:
        lines += ["after more than one of these", f"    {count(leftover, stages)}"]
    return "\n".join(lines)


def group(jobs: Sequence[Job]) -> tuple[list[Group], list[Job]]:
    """Gather the jobs that run by their reasons; what follows from several is returned apart."""
    groups: dict[tuple[Cause, ...], Group] = {}
    behind: dict[int, frozenset[tuple[Cause, ...]]] = {}
    leftover: list[Job] = []
    recorded = _recorded_values(jobs)
    for job in in_order([job for job in jobs if job.would_run]):
        own = tuple(causes(job, recorded.get(job.rule, {})))
        inherited = frozenset().union(*(behind[number] for number in job.after))
        behind[job.number] = inherited | ({own} if own else frozenset())
        if own:
            groups.setdefault(own, Group(own)).jobs.append(job)
        elif len(inherited) == 1:
            groups[next(iter(inherited))].followers.append(job)
        else:
            leftover.append(job)
    return list(groups.values()), leftover


def in_order(jobs: Sequence[Job]) -> Iterator[Job]:
    """Yield jobs after all that they wait for."""
    waiting = {job.number: job for job in jobs}
    while waiting:
        ready = [
            job for job in waiting.values() if not any(before in waiting for before in job.after)
        ]
        for job in ready:
            del waiting[job.number]
        yield from ready


def _recorded_values(jobs: Iterable[Job]) -> dict[str, dict[str, set[str]]]:
    """Return the values of each wildcard of each stage with which it has run before."""
    values: dict[str, dict[str, set[str]]] = {}
    for job in jobs:
        if job.is_recorded:
            stage = values.setdefault(job.rule, {})
            for name, value in job.wildcards.items():
                stage.setdefault(name, set()).add(value)
    return values


def causes(job: Job, recorded: Mapping[str, set[str]]) -> Iterator[Cause]:
    """Yield the reasons of a job itself, none if it only follows others.

    Args:
        job: one that would run.
        recorded: the values of each wildcard with which its stage has run before.
    """
    if job.was_interrupted:
        yield Cause("as is", "was interrupted")
    elif job.is_forced:
        yield Cause("as is", "forced")
    elif job.missing:
        yield _missing(job, recorded)
        return
    for change in job.changes:
        if change.name == CODE:
            yield Cause("code", job.rule, _edited(job.edited))
        else:
            value = job.wildcards.get(change.name)
            name = change.name if value is None else f"{change.name} {value}:"
            yield Cause("as is", f"{name} {change}")
    if job.script:
        yield Cause("as is", f"{job.script} is newer than what it made")
    yield from (Cause("as is", f"input {file} is newer") for file in job.newer)
    if not job.after and (job.new_inputs or job.lost_inputs):
        yield Cause("as is", f"other inputs: {_inputs(job)}")
    if job.software_changed:
        yield Cause("as is", f"environment of {job.rule} changed")


def _missing(job: Job, recorded: Mapping[str, set[str]]) -> Cause:
    """Tell an output that was lost from one that is new, and say what is new about it."""
    if job.is_recorded:
        return Cause("as is", "output is missing")
    new = [name for name, value in job.wildcards.items() if value not in recorded.get(name, ())]
    return Cause("new", new[0]) if recorded and new else Cause("as is", "not made yet")


def _edited(files: Sequence[str]) -> str:
    if not files:
        return ""
    if len(files) > MOST_FILES:
        return f"; {len(files)} files edited since, {files[0]} among them"
    return f"; edited since: {', '.join(files)}"


def _inputs(job: Job) -> str:
    return ", ".join(
        f"{len(files)} {what}, such as {files[0]}"
        for what, files in (("more", job.new_inputs), ("fewer", job.lost_inputs))
        if files
    )


def words(cause: Cause, jobs: Sequence[Job], plan: Sequence[Job]) -> str:
    """Say the reason of some jobs of a plan."""
    match cause.kind:
        case "new":
            values = list(dict.fromkeys(job.wildcards[cause.subject] for job in jobs))
            if len(values) == 1:
                return f"{cause.subject} {values[0]} is new"
            return f"{cause.subject}s {_listed(values)} are new"
        case "code":
            of_stage = [job.wildcards for job in plan if job.rule == cause.subject]
            what = subject([job.wildcards for job in jobs], of_stage)
            return f"code of {cause.subject}{f' ({what})' if what else ''} changed{cause.detail}"
        case _:
            return cause.subject


def _listed(values: Sequence[str]) -> str:
    if len(values) <= MOST_VALUES:
        return ", ".join(values)
    return f"{values[0]} ... {values[-1]} ({len(values)})"


def count(jobs: Iterable[Job], stages: Sequence[str]) -> str:
    """Count jobs by stage, in the data's order."""
    numbers = dict.fromkeys(stages, 0)
    for job in jobs:
        numbers[job.rule] += 1
    return ", ".join(f"{stage} x{number}" for stage, number in numbers.items() if number)
