"""What Slurm knows of the jobs of one run."""

import subprocess
import time
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from datetime import datetime, timedelta

from snakemake_interface_common.exceptions import WorkflowError

FORGOTTEN = "FORGOTTEN"  # ended, and nobody can tell how
FAILED = {
    "BOOT_FAIL",
    "CANCELLED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
    FORGOTTEN,
}
ENDED = {"COMPLETED", *FAILED}
WITHOUT_ACCOUNTING = ("No such file", "storage is disabled")
DAYS_LOOKED_BACK = 30
SECONDS_TO_ANSWER = 60
SECONDS_TO_END = 300.0
SECONDS_BETWEEN_LOOKS = 1.0


class NoAnswerError(WorkflowError):
    """Slurm cannot be asked now, or never, which is not to say that it has no jobs."""


def states_of(run: str, numbers: Iterable[str] = ()) -> dict[str, str]:
    """Return the state of each job of a run that the queue knows, and how others have ended.

    Accounting alone may call failed what is back in the queue.

    Raises:
        NoAnswerError: the queue cannot be asked.
    """
    states = answer_of("squeue", "--array", "--states=all", "--format=%i|%T", run=run)
    left = set(numbers) - states.keys()
    return ended(run, left) | states if left else states


def patiently_asked(run: str) -> dict[str, str]:
    """Return what the queue knows of a run as soon as it answers, as it does when it is less busy.

    Raises:
        NoAnswerError: it is busy for very long.
    """
    give_up = time.monotonic() + SECONDS_TO_END
    while True:
        try:
            return states_of(run)
        except NoAnswerError:
            if time.monotonic() > give_up:
                raise
        time.sleep(SECONDS_BETWEEN_LOOKS)


def alive(states: Mapping[str, str]) -> set[str]:
    """Return the jobs that wait or run, or whose processes are about to end."""
    return {number for number, state in states.items() if state not in ENDED}


def cancel(run: str, numbers: Set[str]) -> None:
    """Cancel jobs of a run and wait until none of their processes is left, nor writes a file.

    Raises:
        WorkflowError: they go on.
    """
    give_up = time.monotonic() + SECONDS_TO_END
    left = numbers
    while left:
        subprocess.run(["scancel", *sorted(left)], check=False, capture_output=True)
        time.sleep(SECONDS_BETWEEN_LOOKS)
        with suppress(NoAnswerError):
            left = numbers & alive(states_of(run))
        if left and time.monotonic() > give_up:
            raise WorkflowError(f"Slurm jobs do not end: {', '.join(sorted(left))}")


def ended(run: str, numbers: Iterable[str]) -> dict[str, str]:
    """Return how jobs have ended that have left the queue, as soon as accounting tells."""
    since = datetime.now() - timedelta(days=DAYS_LOOKED_BACK)
    columns = ("--parsable2", "--format=JobID,State")
    try:
        return answer_of("sacct", "-X", *columns, f"--starttime={since:%F}", run=run)
    except NoAnswerError as silence:
        for_ever = any(words in str(silence) for words in WITHOUT_ACCOUNTING)
        return dict.fromkeys(numbers, FORGOTTEN) if for_ever else {}


def answer_of(*command: str, run: str) -> dict[str, str]:
    """Return the states that a command tells, but of no ranges, as in `12_[2-5]|PENDING`.

    Raises:
        NoAnswerError: it tells nothing.
    """
    try:
        done = subprocess.run(
            [*command, "--noheader", f"--name={run}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS_TO_ANSWER,
        )
    except (OSError, subprocess.SubprocessError) as failure:
        said = getattr(failure, "stderr", None) or str(failure)
        raise NoAnswerError(f"Slurm does not answer: {str(said).strip()}") from None
    pairs = (line.split("|") for line in done.stdout.splitlines())
    return {
        number: state.split()[0]  # "CANCELLED by 0"
        for number, state in pairs
        if state and "[" not in number
    }
