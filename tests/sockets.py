"""A server on loopback with a thread for each connection; the servers of the tests are handlers of it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Final, Self

__all__ = ["THREAD_NAME", "Handler", "SocketServer", "read_head"]

THREAD_NAME: Final = "socket-server"

Handler = Callable[[socket.socket, int], object]
"""Serves a connection, which has a number, counted from 1. An OSError ends the connection."""


class SocketServer:
    """Calls a handler with each connection, and closes the connection when the handler returns.

    Args:
        handle: The handler.
        context: The TLS context, or None for plain TCP.
        seconds: The time limit for each read and write of the handler.

    Attributes:
        port: The port.
        accepted: The number of accepted connections.
        errors: The exceptions of handlers, without OSErrors. `stop` raises the first.
    """

    def __init__(self, handle: Handler, *, context: ssl.SSLContext | None = None, seconds: float = 20.0) -> None:
        self.accepted = 0
        self.errors: list[BaseException] = []
        self._handle = handle
        self._context = context
        self._seconds = seconds
        self._lock = threading.Lock()
        self._is_over = False
        self._connections: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        """The host for a `Config`."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """The number of open connections."""
        return len(self._connections)

    def drop(self) -> None:
        """End every connection."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # That of a TLS socket disturbs other threads.

    def stop(self) -> None:
        """End the server and its connections; raise the first error of a handler."""
        self._is_over = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(10)
        self.drop()
        for thread in list(self._threads):
            thread.join(10)
        if self.errors:
            raise self.errors[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._is_over:
                    return
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(self._seconds)
            self.accepted += 1
            thread = threading.Thread(target=self._run, args=(connection, self.accepted), name=THREAD_NAME, daemon=True)
            with self._lock:
                self._connections.add(connection)
                self._threads.add(thread)
            thread.start()

    def _run(self, connection: socket.socket, number: int) -> None:
        plain = connection
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._connections = self._connections - {plain} | {connection}
                connection.do_handshake()
            self._handle(connection, number)
        except OSError:
            pass
        except BaseException as error:
            self.errors.append(error)
        finally:
            connection.close()
            with self._lock:
                self._connections -= {plain, connection}
                self._threads.discard(threading.current_thread())


def read_head(connection: socket.socket) -> bytes:
    r"""Read a request up to the empty line after its headers.

    Returns:
        The received bytes; they may contain the start of a body.

    Raises:
        ConnectionResetError: The client closed the connection.
    """
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(65536)
        if not data:
            raise ConnectionResetError
        head += data
    return head
