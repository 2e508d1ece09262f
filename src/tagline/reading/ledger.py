"""The ledger: the account of every input file and of every jet in it.

A jet is kept, or cut by the first condition it does not meet; a file that could not be read says
why.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tagline.artefacts.files import read_json, write_json

LEDGER = "ledger.json"


@dataclass(frozen=True)
class FileLedger:
    """The account of one input file.

    Args:
        file: path or URL, as configured.
        part: folder of the file's jets inside the skim; none is there if no jet was kept.
        events: entries of its tree that were read.
        jets: jets in those events.
        kept: jets that were written.
        cut: number of jets that failed each condition, having met all those before it.
        notes: what was odd, such as the first event with a NaN.
        failed: why the file could not be read; empty if it could.
        attempts: how often it was opened or tried to, here or at a mirror.
    """

    file: str
    part: str
    events: int = 0
    jets: int = 0
    kept: int = 0
    cut: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failed: str = ""
    attempts: int = 1

    def __post_init__(self) -> None:
        assert self.jets == self.kept + sum(self.cut.values()), f"{self} does not add up"


def add_up(files: Iterable[FileLedger]) -> dict[str, Any]:
    """Return the totals over files."""
    files = list(files)
    cut: Counter[str] = Counter()
    for file in files:
        cut.update(file.cut)
    return {
        "files": len(files),
        "failed": sum(bool(file.failed) for file in files),
        "events": sum(file.events for file in files),
        "jets": sum(file.jets for file in files),
        "kept": sum(file.kept for file in files),
        "cut": list(cut.items()),
    }


def write_ledger(files: Iterable[FileLedger], path: Path) -> None:
    """Write the accounts of files and their totals as JSON."""
    files = list(files)
    accounts = [asdict(file) | {"cut": list(file.cut.items())} for file in files]
    write_json({"files": accounts, "total": add_up(files)}, path)


def read_ledger(path: Path) -> list[FileLedger]:
    """Read the accounts that `write_ledger` wrote."""
    return [
        FileLedger(**(file | {"cut": dict(file["cut"]), "notes": tuple(file["notes"])}))
        for file in read_json(path)["files"]
    ]
