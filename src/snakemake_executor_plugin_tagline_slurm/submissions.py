"""Notes of which Slurm job does which work, so that a Snakemake started later knows."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from snakemake_interface_executor_plugins.jobs import JobExecutorInterface


@dataclass(frozen=True)
class Note:
    """One submission."""

    number: str
    log: str
    identity: str

    def fits(self, job: JobExecutorInterface) -> bool:
        """Whether the work is still the same."""
        return self.identity == identity_of(job)


class Submissions:
    """Notes in a folder, one a piece of work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def numbers(self) -> set[str]:
        """Return the Slurm jobs that are noted."""
        return {json.loads(path.read_text())["number"] for path in self.folder.glob("*.json")}

    def note_of(self, job: JobExecutorInterface) -> Note | None:
        """Return the last submission of this work."""
        path = self._path(job)
        return Note(**json.loads(path.read_text())) if path.exists() else None

    def add(self, job: JobExecutorInterface, *, number: str, log: str) -> None:
        """Note a submission in place of an earlier one of the same work."""
        note = Note(number=number, log=log, identity=identity_of(job))
        path = self._path(job)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(asdict(note)))
        unfinished.replace(path)

    def _path(self, job: JobExecutorInterface) -> Path:
        outputs = sorted(str(file) for each in members(job) for file in each.output)
        return self.folder / f"{digest(outputs)}.json"


def identity_of(job: JobExecutorInterface) -> str:
    """Hash what determines a job's outputs: rules, parameters, and states of its inputs."""
    made_inside = {str(file) for each in members(job) for file in each.output}
    described = [
        [
            each.rule.name,
            sorted(each.wildcards_dict.items()),
            sorted((name, value) for name, value in each.params.items()),
            [state_of(file) for file in map(str, each.input) if file not in made_inside],
        ]
        for each in members(job)
    ]
    return digest(sorted(json.dumps(each, default=str, sort_keys=True) for each in described))


def members(job: JobExecutorInterface) -> Iterator[JobExecutorInterface]:
    """Return the jobs of a group, or the job itself."""
    return iter(job.jobs) if job.is_group() else iter([job])


def state_of(file: str) -> tuple[str, int]:
    """Return a file's name and when it changed."""
    path = Path(file)
    return file, path.stat().st_mtime_ns if path.exists() else 0


def digest(value: object) -> str:
    """Hash JSON values."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:24]
