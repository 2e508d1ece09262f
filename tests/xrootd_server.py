"""A real XRootD server on this machine, which can be killed and started again."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

SECONDS_TO_START = 20
BELOW_NEAR_ENDS = (20_000, 32_000)  # Linux takes higher ports for connections
CONFIG = """\
xrd.port {port}
xrd.network nodnr
all.export /
oss.localroot {folder}
all.adminpath {admin}
all.pidpath {admin}
"""


class Server:
    """Serves a folder.

    Attributes:
        folder: of its files.
        port: of the loopback device.
    """

    def __init__(self, folder: Path, admin: Path) -> None:
        self.folder, self.admin, self.port = folder, admin, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, name: str, *, port: int = 0) -> str:
        """Return the URL of a file, perhaps behind a proxy at another port."""
        return f"root://127.0.0.1:{port or self.port}//{name}"

    def start(self) -> None:
        """Start it, as a user of its own, since it refuses to run as root."""
        config = self.admin / "xrootd.cfg"
        config.write_text(
            CONFIG.format(port=self.port, folder=self.folder, admin=self.admin / "run")
        )
        user: dict[str, object] = {}
        if os.getuid() == 0:
            theirs = pwd.getpwnam("xrootd")
            user = {"user": theirs.pw_uid, "group": theirs.pw_gid, "extra_groups": []}
            os.chown(self.admin, theirs.pw_uid, theirs.pw_gid)
        command = ["xrootd", "-c", str(config), "-l", str(self.admin / "log"), "-n", "test"]
        end = time.monotonic() + SECONDS_TO_START
        while not answers(self.port):
            assert time.monotonic() < end, f"no XRootD server: see {self.admin}/test/log"
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **user)
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
def serving() -> Iterator[Server]:
    """Yield a running server of an empty folder; the test is skipped where there is none."""
    if not shutil.which("xrootd"):
        pytest.skip("no XRootD server: Debian's package is xrootd-server")
    with tempfile.TemporaryDirectory(prefix="xrootd-") as name:  # pytest's are closed to others
        place = Path(name)
        place.chmod(0o755)
        for folder in ("files", "admin"):
            (place / folder).mkdir()
        server = Server(place / "files", place / "admin")
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
