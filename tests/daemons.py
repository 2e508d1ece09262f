"""A real server on this machine, which can be killed and started again."""

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

SECONDS_TO_START = 20
D = TypeVar("D", bound="Daemon")
BELOW_NEAR_ENDS = (20_000, 32_000)  # Linux takes higher ports for connections


class Daemon(ABC):
    """Serves a folder.

    Attributes:
        folder: of its files.
        admin: folder of its own.
        port: of the loopback device.
    """

    program: str
    package: str

    def __init__(self, folder: Path, admin: Path) -> None:
        self.folder, self.admin, self.port = folder, admin, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> tuple[list[str], dict[str, Any]]:
        """Write its configuration; return its command, and how to start it."""

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command, how = self.prepare()
        end = time.monotonic() + SECONDS_TO_START
        while not answers(self.port):
            assert time.monotonic() < end, f"no {self.program}: see {self.admin}"
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **how)
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def pause(self) -> None:
        """Let it hang."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def running(kind: type[D]) -> Iterator[D]:
    """Yield a server of an empty folder; the test is skipped where its program is not."""
    if not shutil.which(kind.program):
        pytest.skip(f"no {kind.program}: Debian's package is {kind.package}")
    with tempfile.TemporaryDirectory(prefix=f"{kind.program}-") as name:  # pytest's are closed
        place = Path(name)
        place.chmod(0o755)
        for folder in ("files", "admin"):
            (place / folder).mkdir()
        server = kind(place / "files", place / "admin")
        try:
            server.start()
            yield server
        finally:
            server.kill()


def free_port() -> int:
    """Return a port that nobody uses now, nor as the near end of a connection later."""
    while True:
        port = random.SystemRandom().randrange(*BELOW_NEAR_ENDS)
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def answers(port: int) -> bool:
    """Tell whether somebody listens at a port."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
