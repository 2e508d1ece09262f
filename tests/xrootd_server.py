"""A real XRootD server on this machine."""

import os
import pwd
from contextlib import AbstractContextManager
from typing import Any

from tests.daemons import Daemon, running

CONFIG = """\
xrd.port {port}
xrd.network nodnr
all.export /
oss.localroot {folder}
all.adminpath {admin}
all.pidpath {admin}
"""


class Server(Daemon):
    """Serves a folder by XRootD's own protocol."""

    program, package = "xrootd", "xrootd-server"

    def url(self, name: str, *, port: int = 0) -> str:
        """Return the URL of a file, perhaps behind a proxy at another port."""
        return f"root://127.0.0.1:{port or self.port}//{name}"

    def prepare(self) -> tuple[list[str], dict[str, Any]]:
        """Let it run as a user of its own, since it refuses to be root."""
        config = self.admin / "xrootd.cfg"
        config.write_text(
            CONFIG.format(port=self.port, folder=self.folder, admin=self.admin / "run")
        )
        user: dict[str, Any] = {}
        if os.getuid() == 0:
            theirs = pwd.getpwnam("xrootd")
            user = {"user": theirs.pw_uid, "group": theirs.pw_gid, "extra_groups": []}
            os.chown(self.admin, theirs.pw_uid, theirs.pw_gid)
        return ["xrootd", "-c", str(config), "-l", str(self.admin / "log"), "-n", "test"], user


def serving() -> AbstractContextManager[Server]:
    """Yield a running server of an empty folder; the test is skipped where there is none."""
    return running(Server)
