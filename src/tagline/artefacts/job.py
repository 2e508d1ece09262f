"""The start of every job: its log lines, its provenance, and one line if it fails."""

import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from tagline.artefacts import logs, provenance
from tagline.artefacts.checksums import CACHE, checksum
from tagline.artefacts.fingerprint import digest
from tagline.artefacts.provenance import Provenance
from tagline.artefacts.surroundings import PROJECT, commit_of, versions

OURS = (ValueError, FloatingPointError, OSError)  # their messages say all that a user needs


def start(
    name: str,
    *,
    log: str,
    rule: str,
    wildcards: Mapping[str, str],
    params: Mapping[str, Any],
    inputs: Iterable[str],
) -> None:
    """Start the log of a job, report its failure in one line, and remember its provenance.

    Args:
        name: stands before its lines on the terminal.
        log: its log file.
        rule: its rule.
        wildcards: of the rule.
        params: of the rule; `code` is the fingerprint of the code behind it.
        inputs: paths or URLs of all that it reads.
    """
    begin(name, log=log)
    provenance.remember(
        record_of(rule=rule, wildcards=wildcards, params=params, inputs=inputs, cache=CACHE)
    )


def begin(name: str, *, log: str) -> None:
    """Start the log of a job that makes nothing of its own, so that nothing needs a provenance."""
    sys.excepthook = partial(report, name, log)
    logs.start(Path(log), name)


def record_of(
    *,
    rule: str,
    wildcards: Mapping[str, str],
    params: Mapping[str, Any],
    inputs: Iterable[str],
    cache: Path | None,
) -> Provenance:
    """Return the provenance of what a job makes."""
    config = dict(params)
    code = config.pop("code")
    commit, dirty = commit_of(PROJECT)
    return Provenance(
        rule=rule,
        wildcards=dict(sorted(wildcards.items())),
        config=digest(config),
        code=code,
        inputs={path: checksum(path, cache=cache) for path in map(str, inputs)},
        commit=commit,
        dirty=dirty,
        versions=versions(),
    )


def report(
    name: str,
    log: str,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Write the whole traceback to the log, and one line with the log's path to the terminal."""
    with Path(log).open("a") as file:
        traceback.print_exception(kind, error, trace, file=file)
    message = " ".join(str(error).split())
    if not message or not isinstance(error, OURS):
        message = f"{kind.__name__}: {message}".removesuffix(": ")
    if "TAGLINE_LOGGER" not in os.environ:  # which says it with the count of attempts
        sys.stderr.write(f"{name}: {message} ({log})\n")
