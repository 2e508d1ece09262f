"""Downloading by HTTP: taken up where it broke off, and tried again as long as that may help."""

import logging
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tagline import __version__

log = logging.getLogger(__name__)

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0, 60.0, 60.0, 60.0)  # seconds, after vain tries
LONGEST_PAUSE = 300.0  # seconds, whatever a server asks for
PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers that another try may better
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416
SILENCE = 60.0  # seconds without a byte after which a connection is given up
BLOCK = 1 << 20
SECONDS_BETWEEN_LINES = 10.0


class InterruptedDownloadError(Exception):
    """A try failed; another may do better, after as many seconds as the server asks for."""

    def __init__(self, reason: str, *, pause: float = 0) -> None:
        super().__init__(reason)
        self.pause = pause


def download(url: str, partial: Path, *, size: int | None) -> None:
    """Complete a file, of which a part may be there.

    Args:
        url: where it is.
        partial: what is there, and gets the rest.
        size: of the whole file in bytes, if it is known.

    Raises:
        ValueError: the server refuses, has a file of another size, or keeps failing.
    """
    failures = 0
    while True:
        before = bytes_of(partial)
        try:
            _try_once(url, partial, size=size)
            return
        except InterruptedDownloadError as interruption:
            failures = 0 if bytes_of(partial) > before else failures + 1
            if failures > len(PAUSES):
                raise ValueError(
                    f"{url}: {interruption}, in each of {failures} tries; "
                    f"{bytes_of(partial)} bytes are kept for the next run"
                ) from None
            pause = min(max(interruption.pause, PAUSES[max(failures - 1, 0)]), LONGEST_PAUSE)
            log.warning("%s: %s; tried again in %g s", url, interruption, pause)
            time.sleep(pause)


def bytes_of(partial: Path) -> int:
    """Return the size of what is there, 0 for nothing."""
    return partial.stat().st_size if partial.exists() else 0


def _try_once(url: str, partial: Path, *, size: int | None) -> None:
    """Ask for what is missing and append it; a server that cannot continue begins anew."""
    if size is not None and bytes_of(partial) > size:
        partial.unlink()
    start = bytes_of(partial)
    if start and start == size:
        return
    with _connect(url, partial) as response:
        if response.status != PARTIAL_CONTENT:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise ValueError(f"{url}: not the range that was asked for, from byte {start} on")
        length = response.headers.get("Content-Length")
        total = size if length is None else start + int(length)
        if size is not None and total != size:
            raise ValueError(f"{url}: the file has {total} bytes, {size} were expected")
        progress = Progress(partial.stem.removeprefix("."), start, total)
        with partial.open("ab" if start else "wb") as file:
            for block in _blocks(response):
                file.write(block)
                progress.add(len(block))
    if total is not None and bytes_of(partial) < total:
        raise InterruptedDownloadError(f"cut after {bytes_of(partial)} of {total} bytes")


def _connect(url: str, partial: Path) -> HTTPResponse:
    """Return the answer to a question for what follows the part that is there."""
    start = bytes_of(partial)
    headers = {"User-Agent": f"tagline/{__version__}"} | (
        {"Range": f"bytes={start}-"} if start else {}
    )
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=SILENCE)
    except HTTPError as error:
        error.close()
        reason = f"{error.code} {error.reason}"
        if start and error.code == RANGE_NOT_SATISFIABLE:
            partial.unlink()
        elif error.code not in PASSING:
            raise ValueError(f"{url}: {reason}") from None
        raise InterruptedDownloadError(reason, pause=_asked_pause(error)) from None
    except (OSError, HTTPException) as error:
        raise InterruptedDownloadError(str(error) or type(error).__name__) from None
    return response


def _asked_pause(error: HTTPError) -> float:
    """Return the seconds that a server asks to wait for."""
    asked = error.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 0.0


def _blocks(response: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            block = response.read1(BLOCK)  # what is there, so that a silence costs nothing
        except (OSError, HTTPException) as error:
            raise InterruptedDownloadError(str(error) or type(error).__name__) from None
        if not block:
            return
        yield block


class Progress:
    """Says now and then how far a download is, how fast, and how long it may still take."""

    def __init__(self, name: str, start: int, total: int | None) -> None:
        self.name, self.done, self.total = name, start, total
        self.last_line, self.done_then = time.monotonic(), start

    def add(self, num_bytes: int) -> None:
        """Count some more bytes."""
        self.done += num_bytes
        seconds = time.monotonic() - self.last_line
        if seconds < SECONDS_BETWEEN_LINES:
            return
        rate = (self.done - self.done_then) / seconds
        of_total, left = "", ""
        if self.total is not None:
            of_total = f" of {self.total / 1e6:.0f}"
            left = f", {(self.total - self.done) / rate:.0f} s left"
        log.info(
            "%s: %.0f%s MB, %.1f MB/s%s", self.name, self.done / 1e6, of_total, rate / 1e6, left
        )
        self.last_line, self.done_then = time.monotonic(), self.done
