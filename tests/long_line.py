"""A line to a server of this machine on which bytes take their time, as to one far away."""

import socket
import threading
import time
from contextlib import AbstractContextManager, suppress
from queue import Queue

from tests import proxies

BLOCK = 1 << 20


class Line(proxies.Proxy):
    """Passes bytes half a round trip later."""

    def __init__(self, server_port: int, *, round_trip: float) -> None:
        super().__init__(server_port)
        self.delay = round_trip / 2

    def join(self, client: socket.socket, server: socket.socket) -> None:
        """Pass bytes both ways, those on their way in a queue."""
        for source, sink in ((client, server), (server, client)):
            on_their_way: Queue[tuple[float, bytes]] = Queue()
            for work, end in ((self.take, source), (self.give, sink)):
                threading.Thread(target=work, args=(end, on_their_way), daemon=True).start()

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


def long_line(server_port: int, *, round_trip: float) -> AbstractContextManager[Line]:
    """Yield a line that lasts as long as the block."""
    return proxies.running(Line(server_port, round_trip=round_trip))
