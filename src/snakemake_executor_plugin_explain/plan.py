"""The plan of Snakemake as data that the package understands, read and never changed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from snakemake.io import strip_wildcard_constraints
from snakemake.settings.types import RerunTrigger

from tagline.accounting.accounts import read_runs
from tagline.accounting.explain import Job, reasons
from tagline.accounting.explain_changes import CODE, Change, changes
from tagline.accounting.explain_estimates import Size, estimates
from tagline.artefacts.fingerprint import files_behind

MOST_SIZES = 5  # outputs of one stage and tagger that are weighed
UNLIMITED = 2**31


def explanation(workflow: Any) -> str:  # noqa: ANN401 (Snakemake's)
    """Say what would run, why, and what it would take."""
    dag = workflow.dag
    planned = [job for job in dag.jobs if not job.rule.norun]
    numbers = {job: number for number, job in enumerate(planned)}
    jobs = [read_job(job, workflow, numbers) for job in planned]
    count = sum(job.would_run for job in jobs)
    if not count:
        return "Nothing would run: every result is there and up to date."
    stages = [rule.name for rule in workflow.rules]
    patterns = {
        rule.name: strip_wildcard_constraints(rule.benchmark)
        for rule in workflow.rules
        if rule.benchmark
    }
    expected = estimates(
        jobs,
        stages,
        runs=read_runs(patterns, only={}, root=Path()),
        sizes=read_sizes(planned, {job.rule for job in jobs if job.would_run}),
        limits=read_limits(workflow),
    )
    headline = f"{count} job{'s' * (count != 1)} would run."
    return "\n\n".join([headline, reasons(jobs, stages), expected])


def read_job(job: Any, workflow: Any, numbers: dict[Any, int]) -> Job:  # noqa: ANN401
    """Say about a job what its reasons can be told from."""
    dag, persistence = workflow.dag, workflow.persistence
    would_run = dag.needrun(job)
    known = Job(
        number=numbers[job],
        rule=job.rule.name,
        wildcards=dict(job.wildcards_dict),
        would_run=would_run,
        is_recorded=persistence.has_metadata(job),
    )
    return explained(known, job, workflow, numbers) if would_run else known


def explained(known: Job, job: Any, workflow: Any, numbers: dict[Any, int]) -> Job:  # noqa: ANN401
    """Add the reasons of a job that would run."""
    reason, before = workflow.dag.reason(job), workflow.dag.dependencies[job]
    altered = read_changes(job, workflow)
    recorded = read_recorded_inputs(job, workflow)
    inputs = set(map(str, job.input))
    return Job(
        number=known.number,
        rule=known.rule,
        wildcards=known.wildcards,
        is_recorded=known.is_recorded,
        after=frozenset(numbers[one] for one in before if workflow.dag.needrun(one)),
        is_forced=reason.forced,
        was_interrupted=was_interrupted(job, workflow.persistence),
        missing=tuple(sorted(map(str, reason.missing_output))),
        newer=tuple(sorted(map(str, reason.updated_input - reason.updated_input_run))),
        changes=altered,
        edited=read_edited(job, workflow.persistence) if _has_code(altered) else (),
        script=read_script(job, workflow),
        new_inputs=tuple(sorted(inputs - recorded)) if recorded else (),
        lost_inputs=tuple(sorted(recorded - inputs)),
        software_changed=bool(reason.software_stack_changed),
        resources=read_resources(job),
    )


def _has_code(altered: Iterable[Change]) -> bool:
    return any(change.name == CODE for change in altered)


def was_interrupted(job: Any, persistence: Any) -> bool:  # noqa: ANN401 (Snakemake's)
    """Tell whether a job was started and not ended, by the marks that Snakemake leaves."""
    return bool(persistence._filter_incomplete_keys(map(str, job.output)))


def read_changes(job: Any, workflow: Any) -> tuple[Change, ...]:  # noqa: ANN401 (Snakemake's)
    """Compare the parameters of a job with the recorded ones of its outputs."""
    persistence = workflow.persistence
    if RerunTrigger.PARAMS not in workflow.rerun_triggers or not persistence.params_changed(job):
        return ()
    counted = persistence._params(job)
    now = {name: repr(value) for name, value in job.params.items() if repr(value) in counted}
    return tuple(changes(persistence.params(job.output[0]), now))


def read_recorded_inputs(job: Any, workflow: Any) -> set[str]:  # noqa: ANN401 (Snakemake's)
    """Return the inputs that a job had, none if it is not known or does not count."""
    if RerunTrigger.INPUT not in workflow.rerun_triggers:
        return set()
    return set(workflow.persistence.input(job.output[0]) or ())


def read_edited(job: Any, persistence: Any) -> tuple[str, ...]:  # noqa: ANN401 (Snakemake's)
    """List the source files behind a job that were written after its last run."""
    ended = persistence.metadata(job.output[0]).endtime
    files = files_behind(job.params.get(CODE, ""))
    return tuple(_shown(file) for file in files if file.stat().st_mtime > ended)


def _shown(file: Path) -> str:
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


def read_script(job: Any, workflow: Any) -> str:  # noqa: ANN401 (Snakemake's)
    """Return the script of a job if it is newer than the outputs."""

    async def is_older() -> bool:
        return bool([file async for file in job.outputs_older_than_script_or_notebook()])

    if RerunTrigger.CODE in workflow.rerun_triggers and workflow.async_run(is_older()):
        return Path(job.rule.script).name
    return ""


def read_resources(job: Any) -> dict[str, int]:  # noqa: ANN401 (Snakemake's)
    """Return what a job asks for in numbers; files that are not there weigh nothing."""
    known = {name: value for name, value in job.resources.items() if isinstance(value, int)}
    return {**known, "cores": job.threads}


def read_limits(workflow: Any) -> dict[str, int]:  # noqa: ANN401 (Snakemake's)
    """Return how much of each resource all running jobs may have together."""
    items = workflow.global_resources.expand_items(
        constraints={}, evaluate=None, expand_sized=False
    )
    limits = {name: value for name, value in items if isinstance(value, int) and value < UNLIMITED}
    limits.pop("_nodes", None)
    return {"cores" if name == "_cores" else name: value for name, value in limits.items()}


def read_sizes(jobs: Sequence[Any], rules: Collection[str]) -> Iterator[Size]:
    """Weigh some of the outputs that are there, of each stage and tagger."""
    weighed: dict[tuple[str, str], int] = {}
    for job in jobs:
        key = (job.rule.name, str(job.wildcards_dict.get("tagger", "")))
        outputs = [Path(file) for file in job.output]
        is_wanted = job.rule.name in rules and weighed.get(key, 0) < MOST_SIZES
        if is_wanted and all(file.exists() for file in outputs):
            weighed[key] = weighed.get(key, 0) + 1
            size = sum(_bytes(file) for file in outputs)
            yield Size(job.rule.name, dict(job.wildcards_dict), size)


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
