"""Files on servers from some byte on, block by block, of web servers without ranges as well."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagline.reading.transports import (
    PARTIAL_CONTENT,
    RANGE_NOT_SATISFIABLE,
    WEB,
    InterruptedReadError,
    RefusedReadError,
    answered,
    connect,
)

if TYPE_CHECKING:
    from requests import Response

BLOCK = 8 << 20  # bytes at most


@dataclass(frozen=True)
class Stream:
    """What comes of a file.

    Args:
        start: the first byte that comes, which is 0 where a server gives no ranges.
        size: of the whole file in bytes, if the server says it.
        blocks: the bytes; fewer than there should be if the connection is cut.
    """

    start: int
    size: int | None
    blocks: Iterator[bytes]


@contextmanager
def streaming(url: str, *, start: int) -> Iterator[Stream]:
    """Yield the bytes of a file from `start` on, or all of them if there is nothing behind it.

    Raises:
        InterruptedReadError: the connection broke off, in the block as well.
        RefusedReadError: the server does not have or give the file.
    """
    if url.partition("://")[0] in WEB:
        with _by_http(url, start) as stream:
            yield stream
        return
    with closing(connect(url)) as file:
        start = start if start < file.size else 0
        ranges = (
            (first, min(first + BLOCK, file.size)) for first in range(start, file.size, BLOCK)
        )
        yield Stream(start, file.size, (file.read(*each) for each in ranges))


@contextmanager
def _by_http(url: str, start: int) -> Iterator[Stream]:
    from requests import Session

    headers = {"Range": f"bytes={start}-"} if start else {}
    with Session() as session, answered(session, url, headers) as answer:
        if answer.status_code != RANGE_NOT_SATISFIABLE:
            yield _stream_of(answer, start)
            return
    if not start:
        raise RefusedReadError(f"{answer.status_code} {answer.reason}")
    with _by_http(url, 0) as stream:
        yield stream


def _stream_of(answer: "Response", start: int) -> Stream:
    if answer.status_code != PARTIAL_CONTENT:
        start = 0
    elif not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        raise InterruptedReadError(f"not the range that was asked for, from byte {start} on")
    length = answer.headers.get("Content-Length")
    return Stream(start, None if length is None else start + int(length), _blocks(answer))


def _blocks(answer: "Response") -> Iterator[bytes]:
    """Yield what is there, however little, so that a silence costs nothing."""
    while block := answer.raw.read1(BLOCK):
        yield block
