"""Which GPUs a training takes: the least used of those it sees, so that none is crowded.

Each training on a node holds one locked file for each GPU that it uses. The kernel drops the lock
of a process that has ended, however it ended, so that no count is ever wrong.
"""

import fcntl
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import torch

TURN_FILE = "turn"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a training runs: one process for each device, counted among the visible ones."""

    accelerator: Literal["cpu", "cuda"]
    devices: tuple[int, ...]


@contextmanager
def place_of(num_devices: int) -> Iterator[Place]:
    """Claim GPUs for a training while the block lasts; without any GPU, take one CPU process."""
    gpus = visible_gpus()
    if not gpus:
        logger.info("trains on the CPU: no GPU is visible")
        yield Place("cpu", (0,))
        return
    with claimed(gpus, number=min(num_devices, len(gpus)), folder=claims_folder()) as devices:
        if len(devices) < num_devices:
            logger.warning("%d GPUs asked for, %d visible", num_devices, len(gpus))
        logger.info("trains on GPU %s", ", ".join(gpus[index] for index in devices))
        yield Place("cuda", devices)


def visible_gpus() -> list[str]:
    """Return the identities of the GPUs that this process may use, in the order of CUDA."""
    return [
        f"GPU-{torch.cuda.get_device_properties(index).uuid}"
        for index in range(torch.cuda.device_count())
    ]


def gpus_of(place: Place) -> list[str]:
    """Return the identities of the GPUs of a place."""
    visible = visible_gpus() if place.accelerator == "cuda" else []
    return [visible[index] for index in place.devices] if visible else []


def claims_folder() -> Path:
    """Return the folder of this user's claims on this node."""
    return Path(tempfile.gettempdir()) / f"tagline-gpus-{os.getuid()}"


@contextmanager
def claimed(gpus: Sequence[str], *, number: int, folder: Path) -> Iterator[tuple[int, ...]]:
    """Hold a claim on the least used GPUs and yield their positions."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        with (folder / TURN_FILE).open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            users = [num_users(folder, gpu) for gpu in gpus]
            chosen = least_used(users, number)
            for index in chosen:
                held.enter_context(claim(folder, gpus[index]))
        yield chosen


def least_used(users: Sequence[int], number: int) -> tuple[int, ...]:
    """Return the positions of the GPUs with the fewest users, earlier ones first among equals."""
    by_use = sorted(range(len(users)), key=lambda index: users[index])
    return tuple(sorted(by_use[:number]))


def num_users(folder: Path, gpu: str) -> int:
    """Count the claims on a GPU, and forget those of processes that have ended."""
    count = 0
    for path in folder.glob(f"{gpu}.*"):
        with path.open("ab") as file:
            if locked(file):
                path.unlink()
            else:
                count += 1
    return count


def claim(folder: Path, gpu: str) -> IO[bytes]:
    """Return a file that claims a GPU until it is closed."""
    descriptor, _ = tempfile.mkstemp(dir=folder, prefix=f"{gpu}.")
    file = os.fdopen(descriptor, "ab")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def locked(file: IO[bytes]) -> bool:
    """Lock a file, or return False where another process has."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
