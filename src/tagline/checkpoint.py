"""Checkpoints of a training that may be killed: written whole, read back, removed at its end."""

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from tagline.files import whole_file

STATE_FILE = "state.pt"
SECONDS_PER_MINUTE = 60


class Checkpoints:
    """The newest state of one training in a folder of its own, never older than some minutes."""

    def __init__(self, folder: Path, *, minutes: float) -> None:
        self.folder = folder
        self.seconds = minutes * SECONDS_PER_MINUTE
        self.saved_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last checkpoint is too old."""
        return time.monotonic() - self.saved_at >= self.seconds

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        with whole_file(self.folder / STATE_FILE) as unfinished:
            torch.save(state, unfinished)
        self.saved_at = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the newest state, or None where there is none."""
        path = self.folder / STATE_FILE
        if not path.exists():
            return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return state

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Termination:
    """Whether the process was asked to end."""

    requested: bool = False

    def request(self, signal_number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        del signal_number, frame
        self.requested = True


@contextmanager
def sigterm_noted() -> Iterator[Termination]:
    """Yield what knows whether SIGTERM has arrived, instead of dying of it."""
    termination = Termination()
    previous = signal.signal(signal.SIGTERM, termination.request)
    try:
        yield termination
    finally:
        signal.signal(signal.SIGTERM, previous)
