"""Checkpoints of a training that may be killed: the two newest, each whole, removed at its end."""

import hashlib
import io
import logging
import os
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from tagline.artefacts import provenance

SECONDS_PER_MINUTE = 60
BYTES_PER_MB = 1e6
DIGEST_BYTES = hashlib.sha256().digest_size

logger = logging.getLogger(__name__)


class Checkpoints:
    """The two newest states of a training, at least so often, in a folder of their key.

    The key stands for all that a training depends on: configuration, data and code. A state of
    another key is never read, and goes when the training of this one has come to its end.
    """

    def __init__(self, folder: Path, *, key: str, minutes: float) -> None:
        self.folder, self.key = folder, key
        self.newest = folder / key / "newest.pt"
        self.older = folder / key / "older.pt"
        self.unfinished = folder / key / "unfinished.pt"
        self.starts = folder / key / "starts"
        self.seconds = minutes * SECONDS_PER_MINUTE
        self.tried_at = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last checkpoint is too old."""
        return time.monotonic() - self.tried_at >= self.seconds

    def count_start(self) -> int:
        """Return how often this training was started, with this time."""
        try:
            self.newest.parent.mkdir(parents=True, exist_ok=True)
            with self.starts.open("ab") as file:
                file.write(b".")
            return self.starts.stat().st_size
        except OSError as error:
            logger.warning("cannot count the starts in %s: %s", self.starts, error)
            return 1

    def save(self, state: dict[str, Any]) -> bool:
        """Write a state beside the newest, then rotate; log a warning where that is impossible."""
        self.tried_at = time.monotonic()
        contents = checked(state | provenance.entry() | {"key": self.key})
        try:
            self.newest.parent.mkdir(parents=True, exist_ok=True)
            write_synced(self.unfinished, contents)
            if self.newest.exists():
                self.newest.replace(self.older)
            self.unfinished.replace(self.newest)
        except OSError as error:
            self.unfinished.unlink(missing_ok=True)
            logger.warning("no checkpoint: %s", shortage(error, self.newest.parent))
            return False
        return True

    def load(self) -> dict[str, Any] | None:
        """Return the newest state that can be read, or None where there is none."""
        for path in (self.newest, self.older):
            if not path.exists():
                continue
            try:
                return self._read(path)
            except (OSError, ValueError) as error:
                logger.warning("cannot resume from %s: %s", path, error)
        return None

    def _read(self, path: Path) -> dict[str, Any]:
        state = unchecked(path.read_bytes())
        if state.pop("key", None) != self.key:
            raise ValueError("it belongs to another configuration, data or code")
        return state

    def remove(self) -> None:
        """Remove the states of this key and of all earlier ones of the same training."""
        shutil.rmtree(self.folder, ignore_errors=True)


def checked(state: dict[str, Any]) -> bytes:
    """Return a state as bytes that end in their own digest: torch looks at no checksums."""
    serialised = io.BytesIO()
    torch.save(state, serialised)
    contents = serialised.getvalue()
    return contents + hashlib.sha256(contents).digest()


def unchecked(checked_contents: bytes) -> dict[str, Any]:
    """Return the state that `checked` turned into bytes.

    Raises:
        ValueError: the bytes are not all there, or not as they were.
    """
    contents, digest = checked_contents[:-DIGEST_BYTES], checked_contents[-DIGEST_BYTES:]
    if hashlib.sha256(contents).digest() != digest:
        raise ValueError("it is truncated or damaged")
    state: dict[str, Any] = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
    return state


def write_synced(path: Path, contents: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def shortage(error: OSError, folder: Path) -> str:
    """Return why writing to a folder failed, with the space that is left."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free / BYTES_PER_MB
    return f"{error.strerror or error} ({free:.1f} MB free in {existing})"
