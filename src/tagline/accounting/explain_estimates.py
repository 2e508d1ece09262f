"""What a plan would take, from the benchmark files of earlier runs of the same stages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Generic, TypeVar

from tagline.accounting.accounts import Run, show_size, show_time
from tagline.accounting.explain import Job, count, in_order

SAME_DATA = ("dataset", "task", "study")
SAME_KIND = (*SAME_DATA, "tagger", "representation", "figure")
NEAREST_FIRST = ((*SAME_KIND, "decorrelation"), SAME_KIND, SAME_DATA)
MEBIBYTE = 2**20
HEADER = ("stage", "jobs", "wall time each", "added", "peak memory", "disk", "from")
NOTE = (
    "Times are medians and memory is the largest of earlier runs on the same data, of the same\n"
    "tagger where there are any; disk is that of their outputs. All are as they were: what has\n"
    "changed in size since is not scaled."
)


@dataclass(frozen=True)
class Size:
    """The disk that the outputs of one job take, in bytes."""

    rule: str
    wildcards: Mapping[str, str]
    bytes: int


@dataclass(frozen=True)
class Estimate:
    """What a job would take.

    Args:
        seconds: of wall time; None if no earlier run is comparable.
        memory_mib: at most, in MiB; None if it was not measured.
        disk_mib: of its outputs, in MiB; None if there are none to compare with.
        runs: the earlier runs behind it.
    """

    seconds: float | None
    memory_mib: float | None
    disk_mib: float | None
    runs: tuple[Run, ...]


Record = TypeVar("Record", Run, Size)


class Nearest(Generic[Record]):
    """Finds the records that are most like a job: of its stage, data, tagger and decorrelation."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._found: dict[tuple[str | None, ...], list[Record]] = {}
        for record in records:
            for names in NEAREST_FIRST:
                key = _key(record.rule, record.wildcards, names)
                self._found.setdefault(key, []).append(record)

    def __call__(self, job: Job) -> list[Record]:
        """Return the nearest records, none if there are none on the same data."""
        keys = (_key(job.rule, job.wildcards, names) for names in NEAREST_FIRST)
        return next((self._found[key] for key in keys if key in self._found), [])


def _key(rule: str, wildcards: Mapping[str, str], names: Sequence[str]) -> tuple[str | None, ...]:
    return (rule, str(len(names)), *(wildcards.get(name) for name in names))


def estimates(
    jobs: Sequence[Job],
    stages: Sequence[str],
    *,
    runs: Iterable[Run],
    sizes: Iterable[Size],
    limits: Mapping[str, int],
) -> str:
    """Say what the jobs that would run take, stage by stage and together.

    Args:
        jobs: all of the plan.
        stages: the rules in the data's order.
        runs: earlier ones.
        sizes: of outputs that are there.
        limits: how much of a resource all running jobs may have, `cores` among them.
    """
    planned = [job for job in jobs if job.would_run]
    nearest_runs, nearest_sizes = Nearest(runs), Nearest(sizes)
    expected = {job.number: estimate(nearest_runs(job), nearest_sizes(job)) for job in planned}
    unknown = [job for job in planned if expected[job.number].seconds is None]
    if len(unknown) == len(planned):
        return "No earlier run is comparable: time, memory and disk are unknown."
    of_stage = {
        stage: [expected[job.number] for job in planned if job.rule == stage] for stage in stages
    }
    table = [
        _line(stage, found) for stage, found in of_stage.items() if any(map(_is_known, found))
    ]
    lines = [*_aligned([HEADER, *table]), "", *_together(planned, expected, limits)]
    if unknown:
        lines.append(f"Not in these sums, for want of an earlier run: {count(unknown, stages)}.")
    return "\n".join([*lines, NOTE])


def _is_known(expected: Estimate) -> bool:
    return expected.seconds is not None


def estimate(runs: Sequence[Run], sizes: Sequence[Size]) -> Estimate:
    """Estimate what a job takes from comparable ones."""
    return Estimate(
        seconds=median(run.seconds for run in runs) if runs else None,
        memory_mib=max((run.memory_mib or 0.0 for run in runs), default=0.0) or None,
        disk_mib=median(size.bytes for size in sizes) / MEBIBYTE if sizes else None,
        runs=tuple(runs),
    )


def _line(stage: str, expected: Sequence[Estimate]) -> tuple[str, ...]:
    seconds = [one.seconds for one in expected if one.seconds is not None]
    memory = [one.memory_mib for one in expected if one.memory_mib is not None]
    disk = [one.disk_mib for one in expected if one.disk_mib is not None]
    return (
        stage,
        str(len(expected)),
        _range(seconds),
        show_time(sum(seconds)),
        show_size(max(memory)) if memory else "unknown",
        show_size(sum(disk)) if disk else "unknown",
        _origin(expected),
    )


def _range(seconds: Sequence[float]) -> str:
    shortest, longest = show_time(min(seconds)), show_time(max(seconds))
    return shortest if shortest == longest else f"{shortest} - {longest}"


def _origin(expected: Sequence[Estimate]) -> str:
    runs = {id(run) for one in expected for run in one.runs}
    unknown = sum(one.seconds is None for one in expected)
    known = f"{len(runs)} earlier run{'s' * (len(runs) != 1)}"
    return f"{known}, {unknown} of {len(expected)} unknown" if unknown else known


def _aligned(table: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *middle, last in table:
        cells = (cell.rjust(width) for cell, width in zip(middle, widths[1:-1], strict=True))
        yield "  ".join([first.ljust(widths[0]), *cells, last])


def _together(
    planned: Sequence[Job], expected: Mapping[int, Estimate], limits: Mapping[str, int]
) -> list[str]:
    """Say what all jobs take, and the shortest time that the limits leave."""
    seconds = {number: one.seconds or 0.0 for number, one in expected.items()}
    core_hours = sum(seconds[job.number] * job.resources.get("cores", 1) for job in planned) / 3600
    gpu_hours = sum(seconds[job.number] * job.resources.get("gpu", 0) for job in planned) / 3600
    disk = sum(one.disk_mib or 0.0 for one in expected.values())
    bounds = {"the longest chain of jobs": longest_chain(planned, seconds)}
    for name, limit in limits.items():
        asked = sum(seconds[job.number] * job.resources.get(name, 0) for job in planned)
        bounds[f"{limit} {name}"] = asked / limit
    slowest = max(bounds, key=lambda name: bounds[name])
    gpus = f", {gpu_hours:.3g} GPU-hours (one for each `gpu` asked for)" if gpu_hours else ""
    return [
        f"Together {core_hours:.3g} core-hours{gpus}, {show_size(disk)} of disk.",
        f"At least {show_time(bounds[slowest])} on the clock, set by {slowest}.",
    ]


def longest_chain(planned: Sequence[Job], seconds: Mapping[int, float]) -> float:
    """Return the time of the longest chain of jobs that wait for each other."""
    ends: dict[int, float] = {}
    for job in in_order(planned):
        start = max((ends[number] for number in job.after), default=0.0)
        ends[job.number] = start + seconds[job.number]
    return max(ends.values())
