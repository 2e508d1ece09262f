"""Notes of which Slurm job does which work, so that a Snakemake started later knows."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from snakemake_interface_executor_plugins.jobs import JobExecutorInterface


@dataclass(frozen=True)
class Note:
    """What a Slurm job was submitted to do: one job of Snakemake, alone or in a group."""

    number: str
    log: str
    work: str
    inputs: Mapping[str, int]

    def fits(self, job: JobExecutorInterface) -> bool:
        """Whether the work is still the same, and its inputs are, or the Slurm job makes them."""
        changed = [
            file for file, time in inputs_of(job).items() if self.inputs.get(file, time) != time
        ]
        return self.work == work_of(job) and not changed


class Submissions:
    """Notes in a folder, one a job of Snakemake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.numbers = {json.loads(note.read_text())["number"] for note in folder.glob("*.json")}

    def note_of(self, job: JobExecutorInterface) -> Note | None:
        """Return the last submission of this work, in whatever group."""
        path = self._path(job)
        return Note(**json.loads(path.read_text())) if path.exists() else None

    def add(self, job: JobExecutorInterface, *, number: str, log: str) -> None:
        """Note a submission in place of earlier ones of the same work."""
        made_inside = {str(file) for member in members(job) for file in member.output}
        for member in members(job):
            times = inputs_of(member)
            inputs = {file: times[file] for file in times.keys() - made_inside}
            self._write(member, Note(number, log, work_of(member), inputs))
        self.numbers.add(number)

    def _write(self, job: JobExecutorInterface, note: Note) -> None:
        path = self._path(job)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(asdict(note)))
        unfinished.replace(path)

    def _path(self, job: JobExecutorInterface) -> Path:
        return self.folder / f"{digest(sorted(map(str, job.output)))}.json"


def work_of(job: JobExecutorInterface) -> str:
    """Hash what determines a job's outputs, but for what its inputs contain."""
    described = [
        job.rule.name,
        sorted(job.wildcards_dict.items()),
        sorted((name, value) for name, value in job.params.items()),
        [str(file) for file in job.input],
    ]
    return digest(json.dumps(described, default=str, sort_keys=True))


def inputs_of(job: JobExecutorInterface) -> dict[str, int]:
    """Return when each input has changed."""
    paths = {str(file): Path(file) for file in job.input}
    return {file: path.stat().st_mtime_ns if path.exists() else 0 for file, path in paths.items()}


def members(job: JobExecutorInterface) -> Iterator[JobExecutorInterface]:
    """Return the jobs of a group, or the job itself."""
    return iter(job.jobs) if job.is_group() else iter([job])


def digest(value: object) -> str:
    """Hash JSON values."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:24]
