"""Servers of this machine at which forwarded connections end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.sockets import SocketServer

Serve = Callable[[socket.socket], None]


@contextmanager
def target(serve: Serve) -> Iterator[int]:
    """Run a server on loopback with a thread per connection, and yield its port."""

    with SocketServer(lambda connection, number: serve(connection), seconds=60) as server:
        yield server.port


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)
