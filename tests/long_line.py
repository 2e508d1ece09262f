"""A line to a server of this machine on which bytes take their time, as to one far away."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from queue import Queue

BLOCK = 1 << 20


class Line:
    """Passes bytes between clients and a server, each half a round trip later.

    Attributes:
        port: where clients connect.
    """

    def __init__(self, server_port: int, *, round_trip: float) -> None:
        self.server_port, self.delay = server_port, round_trip / 2
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def accept(self) -> None:
        """Serve clients until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                for source, sink in ((client, server), (server, client)):
                    on_their_way: Queue[tuple[float, bytes]] = Queue()
                    for work, end in ((self.take, source), (self.give, sink)):
                        threading.Thread(
                            target=work, args=(end, on_their_way), daemon=True
                        ).start()

    def take(self, source: socket.socket, on_their_way: "Queue[tuple[float, bytes]]") -> None:
        """Take bytes from one end, and say when they are at the other."""
        block = b"begin"
        while block:
            try:
                block = source.recv(BLOCK)
            except OSError:
                block = b""
            on_their_way.put((time.monotonic() + self.delay, block))

    def give(self, sink: socket.socket, on_their_way: "Queue[tuple[float, bytes]]") -> None:
        """Give bytes to the other end when they are there, the last of which are none."""
        with suppress(OSError):
            while True:
                arrival, block = on_their_way.get()
                time.sleep(max(arrival - time.monotonic(), 0))
                if not block:
                    break
                sink.sendall(block)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def long_line(server_port: int, *, round_trip: float) -> Iterator[Line]:
    """Yield a line that lasts as long as the block."""
    line = Line(server_port, round_trip=round_trip)
    thread = threading.Thread(target=line.accept)
    thread.start()
    with closing(line.listener):
        try:
            yield line
        finally:
            line.listener.shutdown(socket.SHUT_RDWR)
            thread.join()
