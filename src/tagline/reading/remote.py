"""Remote files, read patiently: bytes that do not come are asked for again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

from uproot.source.chunk import Chunk, Source, notifier
from uproot.source.coalesce import CoalesceConfig, SliceFuture, coalesce_requests

from tagline.reading.patience import Patience
from tagline.reading.transports import (
    InterruptedReadError,
    Range,
    RefusedReadError,
    Transport,
    connect,
)

REQUESTS_AT_ONCE = 4
ONE_BY_ONE = CoalesceConfig(max_request_ranges=1)  # neighbouring ranges are one request
GAP = 32 << 10  # bytes between ranges that are rather read than asked around
BYTES_OF_REQUEST = 8 << 20  # or of one range, if that has more

Answer = TypeVar("Answer")


class RemoteFile:
    """A file on a server, opened anew after failures that end it; threads may share it.

    Attributes:
        size: in bytes.
        most_ranges: that one request asks for.

    Raises:
        InterruptedReadError: all tries failed.
        RefusedReadError: the server does not have or give the file, or by now another one.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = Lock()
        self._transport: Transport | None = None
        self.size, self.most_ranges = self._patiently(
            lambda transport: (transport.size, transport.most_ranges)
        )

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes of a range, fewer only where the file ends before `stop`."""
        return self._patiently(lambda transport: transport.read(start, stop))

    def read_all(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return the bytes of ranges within the file."""
        return self._patiently(lambda transport: transport.read_all(ranges))

    def close(self) -> None:
        """Let the server go."""
        with self._lock:
            if self._transport:
                self._transport.close()
            self._transport = None

    def _patiently(self, ask: Callable[[Transport], Answer]) -> Answer:
        patience = Patience(self.url)
        while True:
            try:
                return self._once(ask)
            except InterruptedReadError as error:
                patience.wait(error)

    def _once(self, ask: Callable[[Transport], Answer]) -> Answer:
        transport = self._connected()
        try:
            return ask(transport)
        except InterruptedReadError:
            if transport.lasts:
                raise
            with self._lock:
                if self._transport is transport:  # no other thread has connected anew
                    self._transport = None
            transport.close()
            raise

    def _connected(self) -> Transport:
        with self._lock:
            if self._transport is None:
                self._transport = connect(self.url)
                known = getattr(self, "size", self._transport.size)
                if self._transport.size != known:
                    raise RefusedReadError(f"{known} bytes have become {self._transport.size}")
            return self._transport


class RemoteSource(Source):  # type: ignore[misc]
    """What uproot reads a remote file from: some ranges at once, each patiently."""

    def __init__(self, file_path: str, **_: object) -> None:
        super().__init__()
        self._file_path = file_path
        self._file = RemoteFile(file_path)
        self._num_bytes = self._file.size
        self._threads = ThreadPoolExecutor(REQUESTS_AT_ONCE)
        self._ahead: dict[Range, SliceFuture] = {}
        self._closed = False

    def chunk(self, start: int, stop: int) -> Chunk:
        """Request one range."""
        return self.chunks([(start, stop)], Queue())[0]

    def chunks(self, ranges: list[Range], notifications: "Queue[Chunk]") -> list[Chunk]:
        """Request some ranges; `notifications` gets each when it is there."""
        if self._closed:
            raise OSError(f"{self._file_path} is closed")
        ahead = {each: self._ahead.pop(each) for each in ranges if each in self._ahead}
        others = [each for each in ranges if each not in ahead]
        requested = iter(coalesce_requests(others, self._submit, self, notifications, ONE_BY_ONE))
        return [
            self._awaited(each, ahead[each], notifications) if each in ahead else next(requested)
            for each in ranges
        ]

    def fetch(self, places: Sequence[int], sizes: Sequence[int]) -> Iterator[Any]:
        """Yield the bytes of ranges, by where they begin and how many bytes they have."""
        ranges = [(place, place + size) for place, size in zip(places, sizes, strict=True)]
        for chunk in self.chunks(ranges, Queue()):
            yield chunk.raw_data

    def read_ahead(self, ranges: Iterable[Range]) -> None:
        """Request ranges together, for when they are asked for; those of before are forgotten."""
        self._ahead = {}
        for group in grouped(neighbours(ranges), most=self._file.most_ranges):
            whole = [(cluster[0][0], cluster[-1][1]) for cluster in group]
            future = self._threads.submit(self._file.read_all, whole)
            for place, (begin, _) in enumerate(whole):
                content = SliceFuture(future, place)
                for start, stop in group[place]:
                    part = slice(start - begin, stop - begin)
                    self._ahead[start, stop] = SliceFuture(content, part)

    def _awaited(self, wanted: Range, future: SliceFuture, notifications: "Queue[Chunk]") -> Chunk:
        chunk = Chunk(self, *wanted, future)
        future.add_done_callback(notifier(chunk, notifications))
        return chunk

    def _submit(self, ranges: list[Range]) -> "Future[list[bytes]]":
        return self._threads.submit(lambda: [self._file.read(*one) for one in ranges])

    @property
    def closed(self) -> bool:
        """Whether the file was closed."""
        return self._closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        self._threads.shutdown(cancel_futures=True)
        self._file.close()


def neighbours(ranges: Iterable[Range]) -> Iterator[list[Range]]:
    """Yield ranges in order, those together that have little between them."""
    together: list[Range] = []
    for start, stop in sorted(ranges):
        near = together and start - together[-1][1] <= GAP
        if together and not (near and stop - together[0][0] <= BYTES_OF_REQUEST):
            yield together
            together = []
        together.append((start, stop))
    if together:
        yield together


def grouped(clusters: Iterable[list[Range]], *, most: int) -> Iterator[list[list[Range]]]:
    """Yield neighbours in groups, each for one request of so many ranges at most."""
    group: list[list[Range]] = []
    num_bytes = 0
    for cluster in clusters:
        size = cluster[-1][1] - cluster[0][0]
        if group and (len(group) == most or num_bytes + size > BYTES_OF_REQUEST):
            yield group
            group, num_bytes = [], 0
        group.append(cluster)
        num_bytes += size
    if group:
        yield group


def size_of(path: str) -> int:
    """Return the bytes of a file, here or elsewhere."""
    if "://" not in path:
        return Path(path).stat().st_size
    file = RemoteFile(path)
    file.close()
    return file.size
