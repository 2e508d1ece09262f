"""Downloading: taken up where it broke off, and tried again as long as that may help."""

import logging
import time
from pathlib import Path

from tagline.reading.patience import Patience
from tagline.reading.streams import streaming
from tagline.reading.transports import InterruptedReadError, RefusedReadError

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10.0


def download(url: str, partial: Path, *, size: int | None) -> None:
    """Complete a file, of which a part may be there.

    Args:
        url: where it is.
        partial: what is there, and gets the rest.
        size: of the whole file in bytes, if it is known.

    Raises:
        InterruptedReadError: the server keeps failing.
        RefusedReadError: it does not have or give the file, or has one of another size.
    """
    patience = Patience(url)
    while True:
        before = bytes_of(partial)
        try:
            _try_once(url, partial, size=size)
            return
        except InterruptedReadError as error:
            if bytes_of(partial) > before:
                patience.renew()
            patience.wait(error)


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
    with streaming(url, start=start) as stream:
        total = size if stream.size is None else stream.size
        if size is not None and total != size:
            raise RefusedReadError(f"it has {total} bytes, {size} were expected")
        progress = Progress(partial.stem.removeprefix("."), stream.start, total)
        with partial.open("ab" if stream.start else "wb") as file:
            for block in stream.blocks:
                file.write(block)
                progress.add(len(block))
    if total is not None and bytes_of(partial) < total:
        raise InterruptedReadError(f"cut after {bytes_of(partial)} of {total} bytes")


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
