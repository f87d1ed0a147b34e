"""A server on loopback that sends scripted bytes, such as responses that a real API server never sends."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.sockets import SocketServer, read_head


class Loopback(SocketServer):
    """Responds to each request with the bytes of the next script. Then it keeps or closes the connection."""

    def __init__(self, scripts: Sequence[bytes], *, close: bool, context: ssl.SSLContext | None) -> None:
        self._scripts = iter(scripts)
        self._close = close
        self._turn = threading.Lock()
        self.requests: list[bytes] = []
        super().__init__(self._one, context=context, seconds=10)

    def _one(self, connection: socket.socket, number: int) -> None:
        with self._turn:  # One connection after the other, so that the order of requests is that of the scripts.
            self._serve(connection)
        while not self._close and connection.recv(65536):
            pass

    def _serve(self, connection: socket.socket) -> None:
        while True:
            self.requests.append(read_head(connection))
            script = next(self._scripts, None)
            if script is None:
                continue  # Send nothing and keep the connection open.
            if self._close:  # Servers announce the close. Without it, the client may reuse the connection.
                script = script.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            connection.sendall(script)
            if self._close:
                connection.shutdown(socket.SHUT_WR)
                return


@contextmanager
def loopback(*scripts: bytes, close: bool = True, context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    with Loopback(scripts, close=close, context=context) as server:
        yield server


def response_bytes(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(headers or ("Content-Type: application/json",))]
    return "\r\n".join([*lines, "", ""]).encode() + body
