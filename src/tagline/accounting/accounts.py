"""What every job took: the benchmark files that Snakemake writes beside the results."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

WILDCARD = re.compile(r"\{(\w+)[^}]*\}")
NOT_MEASURED = ("NA", "-", "")


@dataclass(frozen=True)
class Run:
    """One finished job.

    Args:
        rule: its stage.
        wildcards: which job of the stage.
        seconds: from its start to its end.
        cpu_seconds: of all its processes, as seen at the last sample; None if it was too short.
        memory_mib: the highest sample of its resident memory in MiB.
        read_mib: from disk, without what the system had in memory, in MiB.
        written_mib: to disk, in MiB.
    """

    rule: str
    wildcards: Mapping[str, str]
    seconds: float
    cpu_seconds: float | None
    memory_mib: float | None
    read_mib: float | None
    written_mib: float | None


def read_runs(
    patterns: Mapping[str, str], *, only: Mapping[str, Collection[str]], root: Path
) -> list[Run]:
    """Read the benchmark files that are there.

    Args:
        patterns: path of the benchmark files of each rule, with wildcards.
        only: the values that count of some wildcards; of others all do.
        root: the folder that the paths start from.
    """
    return [
        read_run(path, rule=rule, wildcards=wildcards)
        for rule, pattern in patterns.items()
        for path, wildcards in find(pattern, root=root)
        if all(wildcards[name] in only.get(name, wildcards.values()) for name in wildcards)
    ]


def read_run(path: Path, *, rule: str, wildcards: Mapping[str, str]) -> Run:
    """Read one benchmark file.

    Raises:
        ValueError: the file is not a benchmark of Snakemake.
    """
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if len(rows) != 1 or "s" not in rows[0]:
        raise ValueError(f"{path}: expected a header with column 's' and one row of numbers")
    row = rows[0]
    return Run(
        rule=rule,
        wildcards=wildcards,
        seconds=float(row["s"]),
        cpu_seconds=_number(row, "cpu_time"),
        memory_mib=_number(row, "max_rss"),
        read_mib=_number(row, "io_in"),
        written_mib=_number(row, "io_out"),
    )


def find(pattern: str, *, root: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield the files that match a path with wildcards, with their values, sorted by path."""
    regular = re.compile(WILDCARD.sub(r"(?P<\1>[^/]+)", re.sub(r"([.+*?])", r"\\\1", pattern)))
    for path in sorted(root.glob(WILDCARD.sub("*", pattern))):
        found = regular.fullmatch(path.relative_to(root).as_posix())
        if found:
            yield path, found.groupdict()


def _number(row: Mapping[str, str], column: str) -> float | None:
    value = row.get(column, "")
    return None if value in NOT_MEASURED else float(value)


def show_time(seconds: float | None) -> str:
    """Write a time in seconds, minutes or hours."""
    match seconds:
        case None:
            return ""
        case _ if seconds < 99.5:
            return f"{seconds:.3g} s"
        case _ if seconds < 99.5 * 60:
            return f"{seconds / 60:.3g} min"
        case _ if seconds < 99.5 * 3600:
            return f"{seconds / 3600:.3g} h"
        case _:
            return f"{seconds / 3600:,.0f} h"


def show_size(mebibytes: float | None) -> str:
    """Write a size in KiB, MiB or GiB."""
    match mebibytes:
        case None:
            return ""
        case _ if 0 < mebibytes < 0.1:
            return f"{mebibytes * 1024:.3g} KiB"
        case _ if mebibytes < 999.5:
            return f"{mebibytes:.3g} MiB"
        case _:
            return f"{mebibytes / 1024:,.4g} GiB"
