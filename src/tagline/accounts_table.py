"""Account: what the stages of a study took, added up by tagger, as CSV and Markdown."""

import csv
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean, median
from types import NoneType
from typing import Any, get_args

from tagline.accounting.accounts import Run, find, read_runs, show_size, show_time
from tagline.artefacts.files import read_json, whole_file, write_text
from tagline.settings.legend import Legend

log = logging.getLogger(__name__)

TRAINING = "train"
MEGABYTE = 1e6 / 2**20  # in MiB
NOTE = (
    "The last finished run of each job. Wall time of a training is also that of the runs before, "
    "up to the checkpoints that they left; what else was killed or failed is not in it. Mean load "
    "is CPU time over wall time of the last run. CPU time and memory are samples of all processes "
    "of a job, every half a second at first and every 30 seconds later; reading and writing count "
    "what reached the disk. The GPU columns, and `starts`, are the trainings' own account."
)


@dataclass(frozen=True)
class Row:
    """The jobs of one stage and tagger; None is not measured.

    Args:
        stage: the rule.
        tagger: empty where the jobs are not those of one tagger.
        jobs: finished ones.
        wall_s: of all jobs, added, a training's with its earlier attempts.
        wall_s_median: of one job.
        wall_s_longest: of one job.
        cpu_s: of all jobs whose CPU time was measured, added.
        mean_load: their CPU time over their wall time, both without earlier attempts.
        peak_memory_mib: of the largest job, in MiB.
        read_mib: from disk, added, in MiB.
        written_mib: to disk, added, in MiB.
        device: what trained.
        gpu_utilisation: mean of the trainings, 0 to 1.
        peak_gpu_memory_mib: of the largest training, in MiB.
        jets_per_second: median of the trainings.
        starts: how often the trainings were started, added.
    """

    stage: str
    tagger: str
    jobs: int
    wall_s: float
    wall_s_median: float
    wall_s_longest: float
    cpu_s: float | None
    mean_load: float | None
    peak_memory_mib: float | None
    read_mib: float | None
    written_mib: float | None
    device: str
    gpu_utilisation: float | None
    peak_gpu_memory_mib: float | None
    jets_per_second: float | None
    starts: int | None


@dataclass(frozen=True)
class Account:
    """The rows of a study, and what it calls its taggers."""

    legend: Legend
    rows: tuple[Row, ...]


def account(
    patterns: Mapping[str, str],
    *,
    only: Mapping[str, Sequence[str]],
    seeds: Mapping[str, Sequence[str]],
    histories: str,
    csv_file: Path,
    markdown_file: Path,
) -> None:
    """Add up the benchmark files of a study and write both tables.

    Args:
        patterns: path of the benchmark files of each rule, with wildcards, in the data's order.
        only: the values that belong to the study of some wildcards.
        seeds: those of each tagger, which may count subsets of trainings.
        histories: path of the histories of the trainings, with wildcards.
        csv_file: gets every number.
        markdown_file: gets what a person reads.
    """
    runs = [
        run
        for run in read_runs(patterns, only=only, root=Path())
        if "seed" not in run.wildcards or run.wildcards["seed"] in seeds[run.wildcards["tagger"]]
    ]
    usages = {
        tuple(sorted(wildcards.items())): read_json(path).get("usage")
        for path, wildcards in find(histories, root=Path())
    }
    rows = add_up(runs, usages=usages, taggers=only["tagger"])
    write(rows, csv_file)
    write_text(markdown(rows), markdown_file)
    log.info("%d jobs took %s", len(runs), show_time(sum(run.seconds for run in runs)))


def add_up(
    runs: Iterable[Run],
    *,
    usages: Mapping[tuple[tuple[str, str], ...], Mapping[str, Any] | None],
    taggers: Sequence[str],
) -> list[Row]:
    """Return a row for each stage and tagger, in the order of the runs and of the taggers."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.rule, run.wildcards.get("tagger", "")), []).append(run)
    stages = list(dict.fromkeys(stage for stage, _ in groups))
    order = {tagger: position for position, tagger in enumerate(taggers)}
    keys = sorted(groups, key=lambda key: (stages.index(key[0]), order.get(key[1], -1)))
    return [_row(key[0], key[1], groups[key], usages) for key in keys]


def _row(
    stage: str,
    tagger: str,
    runs: Sequence[Run],
    usages: Mapping[tuple[tuple[str, str], ...], Mapping[str, Any] | None],
) -> Row:
    measured = [(run.cpu_seconds, run.seconds) for run in runs if run.cpu_seconds is not None]
    cpu_seconds = sum(cpu for cpu, _ in measured)
    of_stage = usages if stage == TRAINING else {}
    used = [of_stage.get(tuple(sorted(run.wildcards.items()))) or {} for run in runs]
    found = [usage for usage in used if usage]
    earlier = [usage.get("earlier_seconds", 0.0) for usage in used]
    walls = [run.seconds + seconds for run, seconds in zip(runs, earlier, strict=True)]
    on_gpu = [usage for usage in found if usage["device"] != "cpu"]
    utilisation = _values(on_gpu, "utilisation")
    return Row(
        stage=stage,
        tagger=tagger,
        jobs=len(runs),
        wall_s=sum(walls),
        wall_s_median=median(walls),
        wall_s_longest=max(walls),
        cpu_s=cpu_seconds if measured else None,
        mean_load=cpu_seconds / sum(wall for _, wall in measured) if measured else None,
        peak_memory_mib=_max(run.memory_mib for run in runs),
        read_mib=_sum(run.read_mib for run in runs),
        written_mib=_sum(run.written_mib for run in runs),
        device=", ".join(dict.fromkeys(_device(usage) for usage in found)),
        gpu_utilisation=fmean(utilisation) if utilisation else None,
        peak_gpu_memory_mib=_max(MEGABYTE * value for value in _values(on_gpu, "peak_memory_mb")),
        jets_per_second=median(speeds) if (speeds := _values(found, "jets_per_second")) else None,
        starts=sum(usage["attempts"] for usage in found) if found else None,
    )


def _values(usages: Iterable[Mapping[str, Any]], key: str) -> list[float]:
    return [usage[key] for usage in usages if usage[key] is not None]


def _device(usage: Mapping[str, Any]) -> str:
    number = usage["num_devices"]
    return f"{number} x {usage['device']}" if number > 1 else str(usage["device"])


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _max(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def write(rows: Iterable[Row], path: Path) -> None:
    """Write rows as CSV, to six digits; what was not measured is empty."""
    with whole_file(path) as unfinished, unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _written(value) for name, value in asdict(row).items()})


def _written(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value


def read(path: Path) -> tuple[Row, ...]:
    """Read what `write` wrote."""
    with path.open(newline="") as file:
        return tuple(Row(**_parsed(row)) for row in csv.DictReader(file))


def _parsed(row: Mapping[str, str]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for field in fields(Row):
        kinds = get_args(field.type) or (field.type,)
        missing = row[field.name] == "" and NoneType in kinds
        parsed[field.name] = None if missing else kinds[0](row[field.name])
    return parsed


def markdown(rows: Sequence[Row]) -> str:
    """Return what a person reads, with the sum of all stages."""
    header = ["stage", "tagger", "jobs", "wall time", "median", "longest", "CPU time"]
    header += ["mean load", "peak memory", "read", "written"]
    training = ["tagger", "device", "GPU utilisation", "peak GPU memory", "jets/s", "starts"]
    lines = ["# Time and memory", "", NOTE, ""]
    lines += _table(header, [*map(_cells, rows), _total(rows)])
    trained = [row for row in rows if row.device]
    if trained:
        lines += ["", *_table(training, map(_training_cells, trained))]
    return "\n".join(lines) + "\n"


def _table(header: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    return [*lines, *(f"| {' | '.join(cells)} |" for cells in body)]


def _cells(row: Row) -> list[str]:
    times = map(show_time, (row.wall_s, row.wall_s_median, row.wall_s_longest, row.cpu_s))
    sizes = map(show_size, (row.peak_memory_mib, row.read_mib, row.written_mib))
    return [row.stage, row.tagger, str(row.jobs), *times, _show(row.mean_load, ".2f"), *sizes]


def _total(rows: Sequence[Row]) -> list[str]:
    jobs, wall = sum(row.jobs for row in rows), sum(row.wall_s for row in rows)
    longest = max((row.wall_s_longest for row in rows), default=None)
    memory = _max(row.peak_memory_mib for row in rows)
    moved = (_sum(row.read_mib for row in rows), _sum(row.written_mib for row in rows))
    cpu = _sum(row.cpu_s for row in rows)
    times = [show_time(wall), "", show_time(longest), show_time(cpu), ""]
    return ["all", "", str(jobs), *times, *map(show_size, (memory, *moved))]


def _training_cells(row: Row) -> list[str]:
    share, speed = _show(row.gpu_utilisation, ".0%"), _show(row.jets_per_second, ",.0f")
    memory = show_size(row.peak_gpu_memory_mib)
    return [row.tagger, row.device, share, memory, speed, _show(row.starts, "d")]


def _show(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
