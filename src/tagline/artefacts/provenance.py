"""How an artefact was made: a record that a job remembers and every writer embeds in its files.

It names no time, host, user or folder, so that two clones of one commit write the same bytes.
Outside jobs there is none.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

KEY = "provenance"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Provenance:
    """What went into an artefact.

    Args:
        rule: the rule that made it.
        wildcards: of that job.
        config: digest of the job's parameters.
        code: fingerprint of the code behind the rule.
        inputs: checksum of each input by path as configured, REMOTE for a URL.
        commit: of the project, UNKNOWN outside a git checkout.
        dirty: whether tracked files differed from the commit.
        versions: of Python, this package and those that compute.
    """

    rule: str
    wildcards: dict[str, str]
    config: str
    code: str
    inputs: dict[str, str]
    commit: str
    dirty: bool
    versions: dict[str, str]

    def __str__(self) -> str:
        """Return the record as one line of ASCII that any file format and comment can hold."""
        return json.dumps(asdict(self), sort_keys=True).replace(">", "\\u003e")


class _Job:
    """The job of this process."""

    record: Provenance | None = None


def remember(record: Provenance | None) -> None:
    """Make this the record that writers embed from now on; None is no job."""
    _Job.record = record


def current() -> Provenance | None:
    """Return the record of the job that runs in this process."""
    return _Job.record


def entry() -> dict[str, dict[str, Any]]:
    """Return the current record under KEY, for files that hold dictionaries; nothing if none."""
    record = current()
    return {KEY: asdict(record)} if record else {}


def text() -> dict[str, str]:
    """Return the current record as text under KEY, for files that hold strings."""
    record = current()
    return {KEY: str(record)} if record else {}


def parse(written: str | bytes | dict[str, Any]) -> Provenance:
    """Return the record that was written."""
    return Provenance(**(written if isinstance(written, dict) else json.loads(written)))
