"""A proxy that cuts each connection after so many bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

BLOCK = 1 << 14


class Proxy:
    """Passes bytes between clients and a server of this machine.

    Attributes:
        port: where clients connect.
        num_cuts: so many connections were cut.
    """

    def __init__(self, server_port: int, *, cut_after: int) -> None:
        self.server_port, self.cut_after = server_port, cut_after
        self.num_cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def accept(self) -> None:
        """Serve clients until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                client.close()
                continue
            for source, sink, limited in ((client, server, False), (server, client, True)):
                threading.Thread(
                    target=self.pass_on, args=(source, sink, limited), daemon=True
                ).start()

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


@contextmanager
def cutting(server_port: int, *, cut_after: int) -> Iterator[Proxy]:
    """Yield a proxy that runs in a thread."""
    proxy = Proxy(server_port, cut_after=cut_after)
    thread = threading.Thread(target=proxy.accept)
    thread.start()
    with closing(proxy.listener):
        try:
            yield proxy
        finally:
            proxy.listener.shutdown(socket.SHUT_RDWR)
            thread.join()
