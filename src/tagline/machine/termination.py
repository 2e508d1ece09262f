"""Requests to end a training: SIGTERM, and SIGUSR1 when the time limit of its job is near."""

import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGTERM, SIGUSR1, Signals
from types import FrameType
from typing import NoReturn

KILLED = 128 + SIGTERM
REQUEUE_SECONDS = 60

logger = logging.getLogger(__name__)


@dataclass
class Termination:
    """Whether the process was asked to end, and how it does so.

    Args:
        requested: the signal that asked.
        deferred: whether somebody looks at `requested`; else a signal ends the process at once.
    """

    requested: Signals | None = None
    deferred: bool = False

    def note(self, signal_number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        del frame
        self.requested = Signals(signal_number)
        if not self.deferred:
            self.leave()

    def leave(self) -> NoReturn:
        """End the process with 143, or wait for its end where its Slurm job starts again later."""
        self.deferred = False
        if self.requested == SIGUSR1 and requeued():
            while True:
                signal.pause()
        raise SystemExit(KILLED)


@contextmanager
def signals_noted() -> Iterator[Termination]:
    """Yield what knows whether SIGTERM or SIGUSR1 has arrived, instead of dying of it.

    A parent that ignores SIGUSR1, as Snakemake is told to, leaves no trace here.
    """
    termination = Termination()
    previous = {number: signal.signal(number, termination.note) for number in (SIGTERM, SIGUSR1)}
    try:
        yield termination
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def requeued() -> bool:
    """Put the Slurm job of this process, if there is one, back into the queue."""
    job, scontrol = os.environ.get("SLURM_JOB_ID"), shutil.which("scontrol")
    if job is None or scontrol is None:
        return False
    try:
        subprocess.run(
            [scontrol, "requeue", job],
            check=True,
            capture_output=True,
            text=True,
            timeout=REQUEUE_SECONDS,
        )
    except subprocess.SubprocessError as refusal:
        said = getattr(refusal, "stderr", None) or str(refusal)
        logger.warning("job %s does not go back into the queue: %s", job, said.strip())
        return False
    logger.info("the time limit is near: job %s goes back into the queue", job)
    return True
