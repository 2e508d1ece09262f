"""A web server on this machine that gives ranges, and misbehaves when told to."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from trustme import LeafCert


class Server(ThreadingHTTPServer):
    """Serves what is in `files` by path.

    Attributes:
        files: contents by path.
        asked: path and Range header of each request.
        mishaps: taken one a request, before it is served: a status code to answer with, or the
            number of bytes after which the connection is cut or stalls, as `("cut", 1000)`, or
            with which a range is too short, or begins too late.
        broken: paths that it always answers with 503.
        ranges: whether it gives ranges, and so continues downloads.
        lengths: whether it says how long its answers are.
        retry_after: what it asks to wait for with a status code [s].
        scheme: http or https.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.mishaps: list[int | tuple[str, int]] = []
        self.broken: set[str] = set()
        self.ranges = self.lengths = True
        self.retry_after = ""
        self.scheme = "http"
        self.closing = threading.Event()

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}{path}"

    def encrypt(self, certificate: LeafCert) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that do not like the certificate."""


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        mishap = self.server.mishaps.pop(0) if self.server.mishaps else None
        if self.path in self.server.broken:
            self._answer(503, b"", {})
        elif isinstance(mishap, int):
            self._answer(mishap, b"", {"Retry-After": self.server.retry_after})
        elif self.path not in self.server.files:
            self._answer(404, b"", {})
        else:
            self._send(self.server.files[self.path], wanted, mishap)

    def _send(self, content: bytes, wanted: str, mishap: tuple[str, int] | None) -> None:
        status, headers = 200, {}
        if wanted and self.server.ranges:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(int(last or len(content)) + 1, len(content))
            if start >= len(content):
                self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            match mishap:
                case "short", num_bytes:
                    stop = start + num_bytes
                case "late", num_bytes:
                    start += num_bytes
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
            content = content[start:stop]
        match mishap:
            case "cut" | "stall", num_bytes:
                self._answer(status, content, headers, stop=num_bytes)
            case _:
                self._answer(status, content, headers)
        if mishap and mishap[0] == "stall":
            self.server.closing.wait()

    def _answer(
        self, status: int, content: bytes, headers: dict[str, str], *, stop: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        if self.server.lengths:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:stop])

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serving(certificate: LeafCert | None = None) -> Iterator[Server]:
    """Yield a server that runs in a thread, by TLS if it has a certificate."""
    with Server() as server:
        if certificate:
            server.encrypt(certificate)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
