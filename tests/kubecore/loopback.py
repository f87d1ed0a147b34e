"""A server on loopback that sends scripted bytes, such as responses that a real API server never sends."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Loopback:
    """Responds to each request with the bytes of the next script. Then it keeps or closes the connection."""

    def __init__(self, scripts: Sequence[bytes], *, close: bool, context: ssl.SSLContext | None) -> None:
        self._scripts = iter(scripts)
        self._close = close
        self._context = context
        self.requests: list[bytes] = []
        self._is_over = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            self._connections.append(connection)
            if self._is_over:  # It arrived while `stop` closed the others.
                connection.close()
                return
            try:
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
                    self._connections.append(connection)
                self._serve(connection)
            except OSError:
                continue

    def _serve(self, connection: socket.socket) -> None:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.requests.append(head)
            script = next(self._scripts, None)
            if script is None:
                continue  # Send nothing and keep the connection open.
            if self._close:  # Servers announce the close. Without it, the client may reuse the connection.
                script = script.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            connection.sendall(script)
            if self._close:
                connection.shutdown(socket.SHUT_WR)
                connection.close()
                return

    def stop(self) -> None:
        self._is_over = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()
        self._thread.join(5)


@contextmanager
def loopback(*scripts: bytes, close: bool = True, context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    server = Loopback(scripts, close=close, context=context)
    try:
        yield server
    finally:
        server.stop()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(headers or ("Content-Type: application/json",))]
    return "\r\n".join([*lines, "", ""]).encode() + body
