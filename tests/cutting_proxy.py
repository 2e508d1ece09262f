"""A proxy that cuts each connection after so many bytes."""

import socket
import threading
from contextlib import AbstractContextManager, suppress

from tests import proxies

BLOCK = 1 << 14


class Proxy(proxies.Proxy):
    """Passes bytes until they are too many.

    Attributes:
        num_cuts: so many connections were cut.
    """

    def __init__(self, server_port: int, *, cut_after: int) -> None:
        super().__init__(server_port)
        self.cut_after, self.num_cuts = cut_after, 0

    def join(self, client: socket.socket, server: socket.socket) -> None:
        """Pass bytes both ways; those of the server are counted."""
        for source, sink, limited in ((client, server, False), (server, client, True)):
            ends = (source, sink, limited)
            threading.Thread(target=self.pass_on, args=ends, daemon=True).start()

    def pass_on(self, source: socket.socket, sink: socket.socket, limited: bool) -> None:
        """Pass bytes one way until an end closes, or too many have come from the server."""
        passed = 0
        with suppress(OSError):
            while block := source.recv(BLOCK):
                passed += len(block)
                if limited and passed > self.cut_after:
                    self.num_cuts += 1
                    break
                sink.sendall(block)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        sink.close()


def cutting(server_port: int, *, cut_after: int) -> AbstractContextManager[Proxy]:
    """Yield a proxy that runs in a thread."""
    return proxies.running(Proxy(server_port, cut_after=cut_after))
