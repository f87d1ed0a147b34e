"""A small HTTP server on loopback with a thread per connection, for commands that do not need a real API server.

It responds to every request with a pod or with the response of a test. It counts connections and records requests.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self

__all__ = ["POD", "Ask", "PodServer", "Reply", "answer", "pod_reply"]

POD: Final = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"d"},"spec":{"containers":[]}}'

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


class Ask(NamedTuple):
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


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Write a response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(headers or ("Content-Type: application/json",))]
    return "\r\n".join([*lines, "", ""]).encode() + body


_GOOD: Final = answer(POD)


def pod_reply(ask: Ask) -> Reply:
    """Respond with a pod."""
    return Reply((_GOOD,))


class PodServer:
    """The server; a context manager.

    Args:
        reply: The response to each request.
        context: The TLS context, or None for plain HTTP.

    Attributes:
        reply: The same; may be changed at any time.
        asks: The received requests.
        accepted: Number of accepted connections.
        open: Number of open connections.
        sent: Number of responses that were sent or that failed to be sent.
    """

    def __init__(self, reply: Callable[[Ask], Reply] = pod_reply, *, context: ssl.SSLContext | None = None) -> None:
        self.reply = reply
        self.asks: list[Ask] = []
        self.accepted = 0
        self.sent = 0
        self._context = context
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._is_over = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="torture-accept", daemon=True)

    @property
    def url(self) -> str:
        """The host for a `Config`."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def settle(self, most: int, seconds: float = 30.0) -> int:
        """Wait until no more than so many connections are open; return how many are."""
        end = time.monotonic() + seconds
        while self.open > most and time.monotonic() < end:
            time.sleep(0.002)
        return self.open

    def wait(self, seconds: float = 2.0) -> None:
        """Wait until every received request has a response."""
        end = time.monotonic() + seconds
        while self.sent < len(self.asks) and time.monotonic() < end:
            time.sleep(0.001)

    def drop(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        self.drop()
        for thread in list(self._threads):
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._is_over:
                    return
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(30)
            with self._lock:
                self.accepted += 1
                self._connections.add(connection)
                thread = threading.Thread(
                    target=self._run, args=(connection, self.accepted), name="torture-serve", daemon=True
                )
                self._threads.add(thread)
            thread.start()

    def _run(self, connection: socket.socket, number: int) -> None:
        made = connection
        try:
            if self._context is not None:
                made = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._connections.discard(connection)
                    self._connections.add(made)
                made.do_handshake()
            self._serve(made, number)
        except (OSError, ValueError):
            pass
        finally:
            made.close()
            with self._lock:
                self._connections.discard(connection)
                self._connections.discard(made)
                self._threads.discard(threading.current_thread())

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
            with self._lock:
                ask = Ask(method, target, head, body, number, len(self.asks) + 1)
                self.asks.append(ask)
            reply = self.reply(ask)
            try:
                for piece in reply.pieces:
                    connection.sendall(piece)
            finally:
                with self._lock:
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
