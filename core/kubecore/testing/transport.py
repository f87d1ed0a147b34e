"""Transports to a server in the same process: requests become `Received`, replies become streams."""

from __future__ import annotations

import errno
import io
import math
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import parse_qsl

from kubecore._http.deadlines import Deadlines, Stage, map_error
from kubecore._http.http1 import CutError
from kubecore._http.request import Body, Request, closed, has_body, too_large
from kubecore._support import pauses
from kubecore._support.async_wakeup import AsyncWakeup
from kubecore._support.wakeup import Wakeup
from kubecore.testing._server.exchange import Received, Reply, ReplyStream
from kubecore.testing._server.failures import NotSimulatedError

if TYPE_CHECKING:
    from kubecore._config.config import Config
    from kubecore._http.async_socket import AsyncSocket
    from kubecore._http.sync_socket import SyncSocket
    from kubecore.testing._server.plans import Gate, Plan

__all__ = ["Transports"]

_CHUNK: Final = 64 * 1024
"""The size of the chunks of a body that is complete, in bytes."""


class Transports:
    """Makes the transports to one server: the value of `Config.transport`.

    Args:
        gate: The server.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def make_transport(self, config: Config) -> DirectTransport:
        """Return the transport of a synchronous client."""
        return DirectTransport(self._gate, config.server().prefix)

    def make_async_transport(self, config: Config) -> AsyncDirectTransport:
        """Return the transport of an asynchronous client."""
        return AsyncDirectTransport(self._gate, config.server().prefix)


class DirectTransport:
    """Sends requests to a server in the same process; safe to use from many threads.

    Args:
        gate: The server.
        prefix: The path before all others.
    """

    def __init__(self, gate: Gate, prefix: str = "") -> None:
        self._gate = gate
        self._prefix = prefix
        self._is_closed = False

    def open(self, request: Request) -> DirectStream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
            NotSimulatedError: The server doesn't simulate the request.
        """
        if self._is_closed:
            raise closed(request)
        deadlines = Deadlines(request)
        received, plan = _planned(self._gate, request, self._prefix, deadlines)
        if plan.seconds > 0:
            limit = _limit(request, deadlines, "read")
            Wakeup().wait(min(plan.seconds, limit))  # Unlike `time.sleep`, it may be endless.
            if limit < plan.seconds:
                _fail(request, deadlines, TimeoutError(), "read")
        return DirectStream(request, deadlines, _reply(self._gate, request, received, plan, deadlines), plan)

    def close(self) -> None:
        """Refuse further requests."""
        self._is_closed = True


class AsyncDirectTransport:
    """Sends requests to a server in the same process: see `DirectTransport`."""

    def __init__(self, gate: Gate, prefix: str = "") -> None:
        self._gate = gate
        self._prefix = prefix
        self._is_closed = False

    async def open(self, request: Request) -> AsyncDirectStream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
            NotSimulatedError: The server doesn't simulate the request.
        """
        if self._is_closed:
            raise closed(request)
        await pauses.async_turn()  # A real request lets other tasks run, and can be cancelled.
        deadlines = Deadlines(request)
        received, plan = _planned(self._gate, request, self._prefix, deadlines)
        if plan.seconds > 0:
            limit = _limit(request, deadlines, "read")
            await pauses.async_sleep(min(plan.seconds, limit))
            if limit < plan.seconds:
                _fail(request, deadlines, TimeoutError(), "read")
        return AsyncDirectStream(request, deadlines, _reply(self._gate, request, received, plan, deadlines), plan)

    async def aclose(self) -> None:
        """Refuse further requests."""
        self._is_closed = True


def _received(request: Request, prefix: str) -> Received:
    """Return a request as the server receives it."""
    path, _, query = request.target.partition("?")
    headers: dict[str, str] = {}
    for raw, value in request.headers:
        name, text = _header_name(raw), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return Received(
        method=request.method,
        path=path.removeprefix(prefix),
        query=list(_pairs(query)) if query else [],
        headers=headers,
        content=request.body or b"",
    )


@lru_cache(256)
def _header_name(raw: bytes) -> str:
    return raw.decode("latin-1").lower()


@lru_cache(256)  # Programs send the same few options again and again.
def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query, keep_blank_values=True))


def _planned(gate: Gate, request: Request, prefix: str, deadlines: Deadlines) -> tuple[Received, Plan]:
    received = _received(request, prefix)
    plan = gate.plan(received)
    if plan.is_refused:
        _fail(request, deadlines, ConnectionRefusedError(errno.ECONNREFUSED, ""), "connect")
    return received, plan


def _reply(gate: Gate, request: Request, received: Received, plan: Plan, deadlines: Deadlines) -> Reply:
    """Return the reply of the server."""
    reply = gate.perform(received, plan)
    if plan.is_lost:
        if reply.stream is not None:
            reply.stream.close()
        _fail(request, deadlines, ConnectionResetError(errno.ECONNRESET, ""), "read")
    deadlines.response_started(reply.code)
    return reply


def _limit(request: Request, deadlines: Deadlines, stage: Stage) -> float:
    """Return the longest wait of a step, in seconds."""
    try:
        seconds = deadlines.left(stage)
    except TimeoutError as error:
        _fail(request, deadlines, error, stage)
    return math.inf if seconds is None else seconds


def _fail(request: Request, deadlines: Deadlines, error: BaseException, stage: Stage) -> NoReturn:
    raise map_error(request, error, stage, deadlines) from error


class _Reading:
    """The state of a body that is read: both streams share it."""

    def __init__(self, request: Request, deadlines: Deadlines, reply: Reply, plan: Plan) -> None:
        self._request = request
        self._deadlines = deadlines
        self._stream: ReplyStream | None = reply.stream
        self._rest = plan.after_bytes
        self._content = reply.content if has_body(request, reply.code) else b""
        self._is_closed = False
        self._wake: Callable[[], None] | None = None
        self.status: int = reply.code
        self.headers: Mapping[str, str] = _headers(reply)

    def _next(self) -> bytes | None:
        """Return the chunk that is ready, b"" if there is none yet, None at the end of the body.

        Raises:
            ReadError: The connection is broken.
        """
        if self._is_closed:
            _fail(self._request, self._deadlines, ConnectionAbortedError(errno.ECONNABORTED, ""), "body")
        if self._rest == 0:
            _fail(self._request, self._deadlines, CutError("the connection ended before the end of the body"), "body")
        try:
            chunk = self._ready()
        except OSError as error:
            _fail(self._request, self._deadlines, error, "body")
        if chunk and self._rest is not None:
            chunk = chunk[: self._rest]
            self._rest -= len(chunk)
        return chunk

    def _ready(self) -> bytes | None:
        if self._stream is None:
            chunk, self._content = self._content[:_CHUNK], self._content[_CHUNK:]
            return chunk or None
        chunk = b"".join(self._stream.take())
        return chunk or (None if self._stream.is_ended else b"")

    def _await(self, wake: Callable[[], None]) -> None:
        """Have a function called as soon as there is a chunk, or the stream is closed."""
        self._wake = wake
        if self._is_closed:
            wake()
        elif self._stream is not None:
            self._stream.notify(wake)

    def _end(self) -> None:
        """Close the body, also while a thread waits for its next chunk."""
        self._is_closed = True
        if self._stream is not None:
            self._stream.close()
        if self._wake is not None:
            self._wake()


def _headers(reply: Reply) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in reply.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if reply.stream is None:
        headers.setdefault("content-length", str(len(reply.content)))
    return headers


def _not_upgraded(request: Request) -> NoReturn:
    raise NotSimulatedError(f"{request.place} changes the protocol of its connection, which is not simulated")


class DirectStream(_Reading):
    """A response whose body has not been read yet."""

    def read(self, max_bytes: int) -> Body:
        """Return the whole body.

        Args:
            max_bytes: Largest body that is read, in bytes.

        Raises:
            TransportError: It breaks off, or is larger.
        """
        whole = io.BytesIO()
        for chunk in self.chunks():
            whole.write(chunk)
            if whole.tell() > max_bytes:
                raise too_large(self._request, max_bytes)
        return whole.getvalue()

    def chunks(self) -> Generator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: It breaks off.
        """
        while (chunk := self._next()) is not None:
            if chunk:
                yield chunk
                continue
            ready = Wakeup()
            self._await(ready.set)
            seconds = _limit(self._request, self._deadlines, "body")
            if not ready.wait(seconds):
                _fail(self._request, self._deadlines, TimeoutError(), "body")

    def detach(self) -> tuple[SyncSocket, bytes]:
        """Refuse: there is no connection."""
        _not_upgraded(self._request)

    def close(self) -> None:
        """End the response, also while another thread waits for its next chunk."""
        self._end()


class AsyncDirectStream(_Reading):
    """A response whose body has not been read yet."""

    async def read(self, max_bytes: int) -> Body:
        """Return the whole body.

        Args:
            max_bytes: Largest body that is read, in bytes.

        Raises:
            TransportError: It breaks off, or is larger.
        """
        whole = io.BytesIO()
        while (chunk := await self._more()) is not None:
            whole.write(chunk)
            if whole.tell() > max_bytes:
                raise too_large(self._request, max_bytes)
        return whole.getvalue()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: It breaks off.
        """
        while (chunk := await self._more()) is not None:
            yield chunk

    async def _more(self) -> bytes | None:
        """Wait for the next chunk; return None at the end of the body."""
        while (chunk := self._next()) == b"":
            ready = AsyncWakeup()
            self._await(ready.set)
            if not await ready.wait(_limit(self._request, self._deadlines, "body")):
                _fail(self._request, self._deadlines, TimeoutError(), "body")
        return chunk

    def detach(self) -> tuple[AsyncSocket, bytes]:
        """Refuse: there is no connection."""
        _not_upgraded(self._request)

    async def aclose(self) -> None:
        """End the response."""
        self._end()
