"""A real nginx on this machine."""

from contextlib import AbstractContextManager
from typing import Any

from tests.daemons import Daemon, running

CONFIG = """\
daemon off;
master_process off;
pid {admin}/pid;
error_log {admin}/log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {admin};
    proxy_temp_path {admin};
    fastcgi_temp_path {admin};
    uwsgi_temp_path {admin};
    scgi_temp_path {admin};
    {limit}
    server {{
        listen 127.0.0.1:{port};
        root {folder};
    }}
}}
"""


class Server(Daemon):
    """Serves a folder by HTTP, with ranges."""

    program, package = "nginx", "nginx-light"
    most_requests = 0  # a second; further ones are answered with 503

    def url(self, name: str, *, port: int = 0) -> str:
        """Return the URL of a file, perhaps behind a proxy at another port."""
        return f"http://127.0.0.1:{port or self.port}/{name}"

    def prepare(self) -> tuple[list[str], dict[str, Any]]:
        """Let it be one process, so that it dies at once."""
        config = self.admin / "nginx.conf"
        zone = f"zone=all:1m rate={self.most_requests}r/s; limit_req zone=all;"
        limit = f"limit_req_zone $server_port {zone}" if self.most_requests else ""
        places = {"port": self.port, "folder": self.folder, "admin": self.admin}
        config.write_text(CONFIG.format(**places, limit=limit))
        return ["nginx", "-e", str(self.admin / "log"), "-c", str(config)], {}


def serving() -> AbstractContextManager[Server]:
    """Yield a running server of an empty folder; the test is skipped where there is none."""
    return running(Server)
