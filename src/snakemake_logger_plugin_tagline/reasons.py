"""Why a job failed, in one line: the last error in its logs."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

TAIL = 50_000  # bytes of a log that are searched from its end
LONGEST = 300  # characters of a reason

LOGGED_ERROR = re.compile(
    r"(?:(?:[\d-]+ [\d:,.]+ )?(?:ERROR|CRITICAL)[: ]+|slurmstepd\S*: error: )(?P<reason>\S.*)"
)
EXCEPTION = re.compile(
    r"(?P<kind>(?:\w+\.)*(?:[A-Z]\w*)?(?:Error|Exception|Interrupt))(?:: (?P<message>.*))?$"
)
TELLING = (
    "Error",
    "ValueError",
    "FloatingPointError",
    "OSError",
    "FileNotFoundError",
    "WorkflowError",
)
EXIT = re.compile(
    r"returned non-zero exit status (?P<status>\d+)|died with <Signals\.(?P<signal>\w+)"
)

REFUSAL = re.compile(r"The error message was '(?P<answer>.+?)'\.$", re.DOTALL | re.MULTILINE)


def find(logs: Iterable[str]) -> tuple[str, str]:
    """Return the first log that tells an error, and the error; else the last log."""
    existing = [os.path.relpath(log) for log in logs if Path(log).is_file()]
    for log in existing:
        if reason := last_error(tail(Path(log))):
            return log, reason
    return (existing or [""])[-1], ""


def tail(log: Path) -> list[str]:
    """Return the last lines of a file."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        return file.read().decode(errors="replace").splitlines()


def last_error(lines: list[str]) -> str:
    """Return the last line that tells an error, without its time and level."""
    for line in reversed(lines):
        if logged := LOGGED_ERROR.match(line):
            return shortened(logged["reason"])
        if raised := EXCEPTION.match(line):
            says_all = raised["kind"] in TELLING and raised["message"]
            return shortened(raised["message"] if says_all else line)
    return ""


def of_exit(message: str) -> str:
    """Return how a command ended, from Snakemake's message about it."""
    ended = EXIT.search(message)
    if ended is None:
        return ""
    return f"exit status {ended['status']}" if ended["status"] else f"killed by {ended['signal']}"


def of_executor(message: str | None) -> str:
    """Return what a cluster answered to a submission, or the first sentence of what it said."""
    said = (message or "").strip()
    if refused := REFUSAL.search(said):
        lines = [line.split("error: ")[-1].strip() for line in refused["answer"].splitlines()]
        return shortened(f"not submitted: {'; '.join(filter(None, lines))}")
    return shortened(said.splitlines()[0].split(". ")[0]) if said else ""


def joined(error: str, ended: str) -> str:
    """Return what a job told and how it ended, unless any error ends like that."""
    if not error or ended.startswith("exit status"):
        return error or ended
    return f"{error} ({ended})" if ended else error


def shortened(text: str) -> str:
    """Cut a text that would not be read on one line."""
    text = text.strip().rstrip(".:")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
