"""A small HTTP server on loopback with a thread per connection, for commands that do not need a real API server.

It responds to every request with a pod or with the response of a test. It counts connections and records requests.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from tests.sockets import SocketServer

__all__ = ["POD", "PodServer", "Reply", "Request", "http_response", "pod_reply"]

POD: Final = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"d"},"spec":{"containers":[]}}'

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


class Request(NamedTuple):
    """One request.

    Attributes:
        method: The method.
        target: Path and query, as received.
        head: The request line and the headers.
        body: The body.
        connection: The number of the connection, from 1.
        number: The number of the request, from 1.
    """

    method: str
    target: str
    head: bytes
    body: bytes
    connection: int
    number: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A response.

    Attributes:
        pieces: The chunks, each sent separately.
        end: The next step: keep the connection for another request, close it, or hold it open without a response.
    """

    pieces: Iterable[bytes]
    end: Literal["keep", "close", "hold"] = "keep"


def http_response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Write a response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(headers or ("Content-Type: application/json",))]
    return "\r\n".join([*lines, "", ""]).encode() + body


_GOOD: Final = http_response(POD)


def pod_reply(request: Request) -> Reply:
    """Respond with a pod."""
    return Reply((_GOOD,))


class PodServer(SocketServer):
    """The server; a context manager.

    Args:
        reply: The response to each request.
        context: The TLS context, or None for plain HTTP.

    Attributes:
        reply: The same; may be changed at any time.
        requests: The received requests.
        sent: Number of responses that were sent or that failed to be sent.
    """

    def __init__(self, reply: Callable[[Request], Reply] = pod_reply, *, context: ssl.SSLContext | None = None) -> None:
        self.reply = reply
        self.requests: list[Request] = []
        self.sent = 0
        self._counting = threading.Lock()
        super().__init__(self._serve, context=context, seconds=30)

    def settle(self, most: int, seconds: float = 30.0) -> int:
        """Wait until no more than so many connections are open; return how many are."""
        end = time.monotonic() + seconds
        while self.open > most and time.monotonic() < end:
            time.sleep(0.002)
        return self.open

    def wait(self, seconds: float = 2.0) -> None:
        """Wait until every received request has a response."""
        end = time.monotonic() + seconds
        while self.sent < len(self.requests) and time.monotonic() < end:
            time.sleep(0.001)

    def _serve(self, connection: socket.socket, number: int) -> None:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            head, _, data = data.partition(b"\r\n\r\n")
            found = _LENGTH.search(head + b"\r\n")
            length = int(found[1]) if found else 0
            while len(data) < length:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            body, data = data[:length], data[length:]
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            with self._counting:
                request = Request(method, target, head, body, number, len(self.requests) + 1)
                self.requests.append(request)
            reply = self.reply(request)
            try:
                for piece in reply.pieces:
                    connection.sendall(piece)
            finally:
                with self._counting:
                    self.sent += 1
            if reply.end == "close":
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass  # Unread data would turn the close into a reset.
                return
            if reply.end == "hold":
                while connection.recv(65536):
                    pass
                return
