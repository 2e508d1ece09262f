"""Byte ranges of files on servers, by HTTP or XRootD: asked for once, and never waited for long.

What goes wrong is an InterruptedReadError if another try may do better, and a RefusedReadError if
it would be in vain.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import accumulate, pairwise
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from tagline import __version__

if TYPE_CHECKING:
    from requests import Response, Session

Range = tuple[int, int]

SILENCE = 60  # seconds without an answer after which a request is given up
CONNECTING = 10  # seconds
PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers of HTTP that another try may better
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416
ANSWERS = {200, PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE}
HEADERS = {"Accept-Encoding": "identity", "User-Agent": f"tagline/{__version__}"}
WEB = ("http", "https")
REFUSALS = {  # answers of XRootD (XProtocol.hh) that another try will not better
    3000,  # invalid argument
    3006,  # invalid request
    3010,  # not authorised
    3011,  # not found
    3013,  # unsupported
    3016,  # is a directory
    3030,  # authentication failed
}


class InterruptedReadError(OSError):
    """Reading broke off or never began; another try may do better.

    Attributes:
        pause: seconds that the server asks to wait for.
    """

    def __init__(self, reason: str, *, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


class RefusedReadError(OSError):
    """The server does not have or give the file; asking again is in vain."""


class Transport(Protocol):
    """A file on a server; threads may share it.

    Attributes:
        size: of the file in bytes.
        most_ranges: that one request asks for.
        lasts: whether it goes on after an interruption, and need not be opened anew.
    """

    lasts: bool
    size: int
    most_ranges: int

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes of a range, fewer only where the file ends before `stop`."""

    def read_all(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return the bytes of ranges within the file, by as few requests as there can be."""

    def close(self) -> None:
        """Let the server go."""


def connect(url: str) -> Transport:
    """Open a file by its URL."""
    scheme, _, _ = url.partition("://")
    if scheme in ("root", "xroot", "roots"):
        return XRootD(url)
    if scheme in WEB:
        return HTTP(url)
    raise RefusedReadError(f"no way to read {scheme}://, only root://, http:// and https://")


class HTTP:
    """A file on a web server that gives ranges, one a request."""

    lasts = True  # a server that is busy would take opening it anew for one request more
    most_ranges = 1

    def __init__(self, url: str) -> None:
        from requests import Session

        self.url, self.session = url, Session()
        _, told = self._get(0, 1)
        total = told.rpartition("/")[2]
        if not total.isdecimal():
            raise RefusedReadError(f"the server does not say how long the file is: {told!r}")
        self.size = int(total)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes of a range."""
        if start >= self.size:
            return b""
        stop = min(stop, self.size)
        content, told = self._get(start, stop)
        wanted = f"bytes {start}-{stop - 1}/{self.size}"
        total = told.rpartition("/")[2]
        if total.isdecimal() and int(total) != self.size:
            raise RefusedReadError(f"{self.size} bytes have become {total}")
        if told != wanted or len(content) != stop - start:
            answer = f"the server gave {len(content)} bytes as {told!r}"
            raise InterruptedReadError(f"{wanted} were asked for, {answer}")
        return content

    def read_all(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return the bytes of ranges, one after another."""
        return [self.read(*each) for each in ranges]

    def close(self) -> None:
        """Close all connections."""
        self.session.close()

    def _get(self, start: int, stop: int) -> tuple[bytes, str]:
        """Return the bytes, and which of how many they are by the server's account."""
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        with answered(self.session, self.url, headers) as answer:
            if answer.status_code == RANGE_NOT_SATISFIABLE:
                raise RefusedReadError("the file is empty")
            if answer.status_code != PARTIAL_CONTENT:
                raise RefusedReadError("the server gives no ranges of the file")
            return answer.content, answer.headers.get("Content-Range", "")


@contextmanager
def answered(session: "Session", url: str, headers: dict[str, str]) -> "Iterator[Response]":
    """Yield a web server's answer, be it all of a file, a range of it, or that there is none.

    Raises:
        InterruptedReadError: the server is busy, or the connection breaks off in the block.
        RefusedReadError: the answer is another one.
    """
    from requests import RequestException
    from requests.exceptions import SSLError
    from urllib3.exceptions import HTTPError

    times = (CONNECTING, SILENCE)
    try:
        with session.get(url, headers=HEADERS | headers, timeout=times, stream=True) as answer:
            if answer.status_code not in ANSWERS:
                raise _refused(answer)
            yield answer
    except SSLError as error:
        raise RefusedReadError(str(error)) from None
    except (RequestException, HTTPError) as error:
        raise InterruptedReadError(f"{type(error).__name__}: {error}") from None


def _refused(answer: "Response") -> OSError:
    reason = f"{answer.status_code} {answer.reason}"
    if answer.status_code not in PASSING:
        return RefusedReadError(reason)
    asked = answer.headers.get("Retry-After", "")
    return InterruptedReadError(reason, pause=float(asked) if asked.isdecimal() else 0.0)


class XRootD:
    """A file on an XRootD server, which gives many ranges at once."""

    lasts = False
    most_ranges = 1024
    most_bytes = 2_097_136  # of a range among several

    def __init__(self, url: str) -> None:
        self.file = _client().File()
        try:
            self._ask("open", url)
            self.size: int = self._ask("stat").size
        except OSError:
            self.close()
            raise

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes of a range."""
        content: bytes = self._ask("read", start, stop - start)
        return content

    def read_all(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return the bytes of ranges, by vector reads of as many pieces as one may have."""
        pieces = [
            (first, min(self.most_bytes, stop - first))
            for start, stop in ranges
            for first in range(start, stop, self.most_bytes)
        ]
        content = b"".join(
            piece.buffer
            for place in range(0, len(pieces), self.most_ranges)
            for piece in self._ask("vector_read", pieces[place : place + self.most_ranges]).chunks
        )
        ends = list(accumulate(stop - start for start, stop in ranges))
        return [content[begin:end] for begin, end in pairwise([0, *ends])]

    def close(self) -> None:
        """Close the file, whatever the server says to that."""
        if self.file.is_open():
            self.file.close(timeout=CONNECTING)

    def _ask(self, what: str, *arguments: object) -> Any:  # noqa: ANN401 (bytes, or what `stat` says)
        try:
            status, answer = getattr(self.file, what)(*arguments, timeout=SILENCE)
        except ValueError as error:  # it is closed, since another thread met an error
            raise InterruptedReadError(str(error)) from None
        if status.ok:
            return answer
        reason = " ".join(status.message.split())
        if status.errno in REFUSALS:
            raise RefusedReadError(reason)
        raise InterruptedReadError(reason)


@cache
def _client() -> ModuleType:
    """Return the client, which shall say at once what goes wrong, unless the environment differs.

    By itself it would try again for half an hour, silently and at the same server.
    """
    from XRootD import client

    settings = {
        "ConnectionWindow": CONNECTING,
        "ConnectionRetry": 1,
        "StreamErrorWindow": 0,
        "StreamTimeout": SILENCE,
        "RequestTimeout": SILENCE,
        "TimeoutResolution": 1,
    }
    for name, value in settings.items():
        client.EnvPutInt(name, value)
    module: ModuleType = client
    return module
