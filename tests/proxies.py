"""A proxy before a server of this machine, whose subclasses say what becomes of the bytes."""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TypeVar


class Proxy(ABC):
    """Stands between clients and a server.

    Attributes:
        port: where clients connect.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    @abstractmethod
    def join(self, client: socket.socket, server: socket.socket) -> None:
        """Start to pass bytes between both ends, in threads."""

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
            self.join(client, server)


P = TypeVar("P", bound=Proxy)


@contextmanager
def running(proxy: P) -> Iterator[P]:
    """Let a proxy run in a thread as long as the block lasts."""
    thread = threading.Thread(target=proxy.accept)
    thread.start()
    with closing(proxy.listener):
        try:
            yield proxy
        finally:
            proxy.listener.shutdown(socket.SHUT_RDWR)
            thread.join()
