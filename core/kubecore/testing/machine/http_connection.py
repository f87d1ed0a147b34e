"""One connection of a client to a server on loopback: its requests one after the other, in a thread."""

from __future__ import annotations

import contextlib
import http
import json
import logging
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

from kubecore.testing._server.exchange import Received, Reply, ReplyStream
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing.machine.http_reader import BadRequestError, HttpRequest, RequestReader

__all__ = ["HttpConnection", "Limits"]

_LOG: Final = logging.getLogger("kubecore")
_LINGER: Final = 1.0
_JSON: Final = ("content-type", "application/json")


class Limits:
    """Seconds after which a connection is closed.

    Attributes:
        idle: Without a request.
        request: From the first byte of a request to its last.
        write: Until the client accepts the next bytes.
    """

    idle: float = 120.0
    request: float = 30.0
    write: float = 60.0


class HttpConnection:
    """A connection.

    Args:
        connection: The accepted socket.
        respond: Returns the reply to a request; it may be called by several connections at the same time.
        limits: The time limits.
    """

    def __init__(self, connection: socket.socket, respond: Callable[[Received], Reply], limits: Limits) -> None:
        self._socket = connection
        self._respond = respond
        self._limits = limits
        self._reader = RequestReader()

    def run(self, tls: ssl.SSLContext | None) -> None:
        """Serve the client until one side closes the connection.

        Args:
            tls: The server's certificate, or None without TLS.
        """
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if tls is not None:
                self._socket.settimeout(self._limits.request)
                self._socket = tls.wrap_socket(self._socket, server_side=True)
            stack.enter_context(self._socket)
            try:
                while (request := self._next()) is not None:
                    if not self._serve(request):
                        return
            except BadRequestError as error:
                self._send(request_method="", reply=_status(error.code, "BadRequest", str(error)), closes=True)
                self._drain()

    def close(self) -> None:
        """End the connection; this may be called by another thread."""
        with contextlib.suppress(OSError):
            # The method of a TLS socket would let the other thread continue without encryption.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _next(self) -> HttpRequest | None:
        """Return the next request, or None if the client sends no more."""
        request = self._reader.feed(b"")
        deadline = time.monotonic() + (self._limits.idle if self._reader.is_idle else self._limits.request)
        while request is None:
            if self._reader.expects_continue:
                self._reader.expects_continue = False
                self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
            was_idle = self._reader.is_idle
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            data = self._socket.recv(65536)
            if not data:
                return None
            request = self._reader.feed(data)
            if was_idle:
                deadline = time.monotonic() + self._limits.request
            elif time.monotonic() > deadline:
                return None
        return request

    def _serve(self, request: HttpRequest) -> bool:
        """Send the reply to a request and return whether the connection stays open."""
        received = request.received
        try:
            reply = self._respond(received)
        except OSError:
            return False  # A fault that a test caused: the response is lost.
        except NotSimulatedError as error:
            reply = _status(501, "NotImplemented", str(error))
        except Exception as error:
            _LOG.exception("%s %s failed in the server", received.method, received.path)
            reply = _status(500, "InternalError", f"{type(error).__name__}: {error}")
        if reply.stream is not None:
            return self._stream(reply, reply.stream) and request.keeps_alive
        self._send(received.method, reply, closes=not request.keeps_alive)
        return request.keeps_alive

    def _send(self, request_method: str, reply: Reply, *, closes: bool) -> None:
        closing = "connection: close\r\n" if closes else ""
        self._write(
            _head(reply, f"content-length: {len(reply.content)}\r\n{closing}")
            + (b"" if request_method == "HEAD" else reply.content)
        )

    def _stream(self, reply: Reply, stream: ReplyStream) -> bool:
        """Send a body that grows, until it or the client ends."""
        try:
            self._write(_head(reply, "transfer-encoding: chunked\r\n"))
            ours, theirs = socket.socketpair()
            with ours, theirs:
                theirs.setblocking(False)
                return self._chunks(stream, ours, theirs)
        finally:
            stream.close()

    def _chunks(self, stream: ReplyStream, ours: socket.socket, theirs: socket.socket) -> bool:
        def wake() -> None:
            # A full buffer wakes the reader, too; after the end nobody reads.
            with contextlib.suppress(OSError):
                theirs.send(b"\0")

        while True:
            data = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in stream.take() if chunk)
            is_ended = stream.is_ended
            if data or is_ended:
                self._write(data + (b"0\r\n\r\n" if is_ended else b""))
            if is_ended:
                return True
            stream.notify(wake)
            poll = select.poll()
            poll.register(ours, select.POLLIN)
            poll.register(self._socket, select.POLLIN)
            ready = {number for number, _ in poll.poll()}
            if ours.fileno() in ready:
                ours.recv(4096)
            elif self._socket.fileno() in ready:
                return False  # The client closed the connection; a client that sends more does not expect a response.

    def _drain(self) -> None:
        """Receive the rest of a refused request: if bytes are not received, the kernel discards the response."""
        socket.socket.shutdown(self._socket, socket.SHUT_WR)
        self._socket.settimeout(_LINGER)
        for _ in range(256):
            if not self._socket.recv(65536):
                return

    def _write(self, data: bytes) -> None:
        self._socket.settimeout(self._limits.write)
        self._socket.sendall(data)


def _head(reply: Reply, more: str) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
    return f"HTTP/1.1 {reply.code} {_phrase(reply.code)}\r\n{headers}{more}\r\n".encode("latin-1", "replace")


def _phrase(code: int) -> str:
    try:
        return http.HTTPStatus(code).phrase
    except ValueError:
        return "Unknown"


def _status(code: int, reason: str, message: str) -> Reply:
    content: dict[str, object] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return Reply(code=code, headers=[_JSON], content=json.dumps(content).encode())
