"""The chain behind an artefact: how it was made, from what, and whether that is still there.

`tagline provenance FILE` prints it, back to the ROOT files or to the recipes of generated ones.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import wrap

from tagline.artefacts.checksums import REMOTE, checksum
from tagline.artefacts.embedded import read
from tagline.artefacts.provenance import UNKNOWN, Provenance

SHOWN = 12  # digits of a commit
WIDTH = 99
OK, CHANGED, MISSING = "OK", "CHANGED", "missing"


@dataclass(frozen=True)
class Artefact:
    """An artefact, or an input that nothing in the chain has made.

    Args:
        path: relative to the folder of the project.
        state: of the input, against the checksum that its reader recorded: OK, CHANGED or missing;
            REMOTE for a URL; empty where nothing in the chain reads it.
        record: how it was made; None if it does not say.
        inputs: what it was made from; none if that is told elsewhere in the chain.
        repeated: whether it is told elsewhere.
    """

    path: str
    state: str
    record: Provenance | None
    inputs: tuple["Artefact", ...] = ()
    repeated: bool = False

    def walk(self) -> Iterator["Artefact"]:
        """Yield this and all behind it."""
        yield self
        for artefact in self.inputs:
            yield from artefact.walk()


def chain(file: Path) -> Artefact:
    """Return the chain of a file or folder, each artefact with its inputs once.

    Raises:
        ValueError: there is no such file, or it does not say how it was made.
    """
    if not file.exists():
        raise ValueError(f"no file or folder {file}")
    record = read(file)
    if record is None:
        raise ValueError(f"{file} does not say how it was made: no job of Tagline wrote it")
    project = project_of(file.absolute(), record)
    name = file.absolute()
    path = name.relative_to(project) if name.is_relative_to(project) else name
    return Chain(project).follow(str(path), state="")


def project_of(file: Path, record: Provenance) -> Path:
    """Return the folder that the inputs of a file are relative to; this one if they are gone."""
    for folder in file.parents:
        if any((folder / path).exists() for path in record.inputs):
            return folder
    return Path.cwd()


class Chain:
    """A walk from an artefact to all behind it, which reads and tells each of them once."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.told: set[str] = set()
        self.checksums: dict[str, str] = {}

    def follow(self, path: str, *, state: str) -> Artefact:
        """Return an artefact with all behind it that is not told yet."""
        record = None
        if state not in (REMOTE, MISSING):
            with suppress(ValueError):  # a damaged input is CHANGED, and tells no more
                record = read(self.project / path)
        if record is None or path in self.told:
            return Artefact(path, state, record, repeated=record is not None)
        self.told.add(path)
        inputs = [
            self.follow(name, state=self.state_of(name, recorded))
            for name, recorded in record.inputs.items()
        ]
        return Artefact(path, state, record, inputs=tuple(inputs))

    def state_of(self, path: str, recorded: str) -> str:
        """Say whether an input is what was read, by reading all of it again."""
        if recorded == REMOTE:
            return REMOTE
        if not (self.project / path).exists():
            return MISSING
        if path not in self.checksums:
            try:
                self.checksums[path] = checksum(str(self.project / path), cache=None)
            except ValueError:  # damaged JSON
                return CHANGED
        return OK if self.checksums[path] == recorded else CHANGED


def describe(top: Artefact) -> str:
    """Return a chain as an indented tree, above it the versions that all of it shares."""
    records = [artefact.record for artefact in top.walk() if artefact.record]
    shared = shared_versions(records)
    header = ", ".join(f"{name} {version}" for name, version in shared.items())
    tree = _lines(top, shared, first="", rest="")
    return "\n".join([*wrap(header, WIDTH), "", *tree, ""])


def shared_versions(records: Sequence[Provenance]) -> dict[str, str]:
    """Return the versions on which all records that have one agree."""
    found: dict[str, set[str]] = {}
    for record in records:
        for name, version in record.versions.items():
            found.setdefault(name, set()).add(version)
    return {name: min(agreed) for name, agreed in sorted(found.items()) if len(agreed) == 1}


def _lines(artefact: Artefact, shared: dict[str, str], *, first: str, rest: str) -> Iterator[str]:
    state = f"{artefact.state}  " if artefact.state else ""
    note = "  (as above)" if artefact.repeated else ""
    yield f"{first}{state}{artefact.path}{note}"
    if artefact.record and not artefact.repeated:
        stem = "│ " if artefact.inputs else "  "
        yield from (f"{rest}{stem} {line}" for line in _details(artefact.record, shared))
    for number, child in enumerate(artefact.inputs, start=1):
        last = number == len(artefact.inputs)
        bend, stem = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _lines(child, shared, first=rest + bend, rest=rest + stem)


def _details(record: Provenance, shared: dict[str, str]) -> Iterator[str]:
    wildcards = (f"{name}={value}" for name, value in record.wildcards.items())
    yield " ".join([record.rule, *wildcards])
    commit = record.commit if record.commit == UNKNOWN else record.commit[:SHOWN]
    dirty = " with uncommitted changes" if record.dirty else ""
    yield f"commit {commit}{dirty}, code {record.code}, config {record.config}"
    own = {name: version for name, version in record.versions.items() if name not in shared}
    if own:
        yield ", ".join(f"{name} {version}" for name, version in sorted(own.items()))


def main(arguments: Sequence[str]) -> int:
    """Print the chain of a file; return 1 if some of its inputs are not what they were."""
    parser = argparse.ArgumentParser(
        prog="tagline provenance",
        description="Print how a file was made, back to the ROOT files, and check all inputs.",
    )
    parser.add_argument("file", type=Path, help="a file or folder that the workflow made")
    parser.add_argument("--json", action="store_true", help="print the chain as JSON")
    options = parser.parse_args(arguments)
    try:
        top = chain(options.file)
    except ValueError as mistake:
        parser.error(str(mistake))
    sys.stdout.write(json.dumps(asdict(top), indent=1) + "\n" if options.json else describe(top))
    return int(any(artefact.state in (CHANGED, MISSING) for artefact in top.walk()))
