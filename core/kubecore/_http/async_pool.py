"""The asynchronous pool: `kubecore._http.pool` with `await`, for asyncio and trio."""

from __future__ import annotations

import contextlib
import io
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from kubecore._config.config import Config
from kubecore._config.secret import SecretBytes
from kubecore._http.async_slots import Slots
from kubecore._http.async_socket import AsyncSocket
from kubecore._http.connector import Connector, no_certificate
from kubecore._http.deadlines import (
    FAILURES,
    KEEPALIVE_SECONDS,
    Deadlines,
    Early,
    WaitingError,
    map_error,
    may_repeat,
    serialize,
)
from kubecore._http.http1 import ResponseParser
from kubecore._http.per_loop import PerLoop
from kubecore._http.request import Body, Request, closed, too_large
from kubecore._http.tls import Identity

__all__ = ["AsyncPool"]

_CHUNK_BYTES: Final = 16 * 1024
"""Size of the chunks in which a request is sent; `Timeouts.write` is the time limit of each."""


class _Connections:
    """State of one event loop: sockets and waiting tasks cannot move to another one."""

    def __init__(self, max_connections: int) -> None:
        self.idle: deque[tuple[AsyncSocket, float]] = deque()
        self.slots: Slots = Slots(max_connections)
        self._keeper: AsyncGenerator[None] | None = self._until_end()
        with contextlib.suppress(StopIteration):
            self._keeper.asend(None).send(None)

    async def _until_end(self) -> AsyncGenerator[None]:
        """Close every idle connection when the event loop ends: it then finishes all generators that it began."""
        try:
            yield
        finally:
            self._keeper = None  # It refers to the loop.
            while self.idle:
                await self.idle.pop()[0].aclose()

    async def aclose(self) -> None:
        """Close every idle connection."""
        if self._keeper is not None:
            await self._keeper.aclose()
        while self.idle:
            await self.idle.pop()[0].aclose()

    def abandon(self) -> None:
        """Close every idle connection after the event loop ended."""
        self._keeper = None
        while self.idle:
            self.idle.pop()[0].abandon()


class AsyncPool:
    """Sends requests over connections that it keeps: see `Pool`.

    Each event loop has separate connections, so that a client may outlive a loop.

    Args:
        config: The server, the TLS settings and the number of connections.
        certificate: Returns the client certificate for new connections, None for that of the configuration.

    Raises:
        ConfigError: Certificates or keys are invalid.
    """

    def __init__(self, config: Config, certificate: Callable[[], Identity | None] = no_certificate) -> None:
        self._connector = Connector(config, certificate)
        self._max_connections = config.max_connections
        self._is_closed = False
        self._of_loop: PerLoop[_Connections] = PerLoop(
            lambda: _Connections(config.max_connections), _Connections.abandon
        )

    async def open(self, request: Request) -> AsyncPoolStream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
        """
        await checkpoint_if_cancelled()  # On asyncio, nothing before the response checks that.
        await self._connector.refresh_async(request.deadline)
        deadlines = Deadlines(request)
        connections = self._connections()
        slots = None if request.streaming else await _take_slot(connections, request, deadlines)
        try:
            return await self._exchange(connections, request, deadlines, slots)
        except BaseException:
            if slots is not None:
                slots.give()
            raise

    async def aclose(self) -> None:
        """Close every idle connection; those in use are closed when their responses are complete."""
        self._is_closed = True
        self._of_loop.clean()
        await self._connections().aclose()

    def _connections(self) -> _Connections:
        return self._of_loop.get()

    async def _exchange(
        self, connections: _Connections, request: Request, deadlines: Deadlines, slots: Slots | None
    ) -> AsyncPoolStream:
        while True:
            connection = None if request.fresh else await self._kept(connections)
            is_fresh = connection is None
            if connection is None:
                connection = await self._connect(request, deadlines)
            parser = ResponseParser(request.method, upgrade=request.upgrade)
            try:
                await _send(connection, request, parser, deadlines)
            except BaseException as error:
                await connection.aclose()
                if is_fresh or not may_repeat(request, parser, error):
                    raise
                continue
            deadlines.response_started(parser.status)
            return AsyncPoolStream(self, connections, connection, slots, request, parser, deadlines)

    async def _kept(self, connections: _Connections) -> AsyncSocket | None:
        """Return an idle connection that the server still has too."""
        while connections.idle:
            connection, since = connections.idle.pop()
            is_young = time.monotonic() - since < KEEPALIVE_SECONDS
            if is_young and connection.generation == self._connector.generation and not connection.is_stale():
                return connection
            await connection.aclose()
        return None

    async def _connect(self, request: Request, deadlines: Deadlines) -> AsyncSocket:
        if self._is_closed:
            raise closed(request)
        made: AsyncSocket | None = None
        try:
            seconds = deadlines.left("connect")
            with anyio.move_on_after(seconds):
                made = await self._connector.connect_async()
        except FAILURES as error:
            raise map_error(request, error, "connect", deadlines) from error
        if made is None:
            raise map_error(request, WaitingError(self._connector.trouble), "connect", deadlines)
        return made

    async def release(
        self, connections: _Connections, connection: AsyncSocket, slots: Slots | None, *, keep: bool
    ) -> None:
        """Take a connection back, to keep or to close; and the slot with it."""
        try:
            is_full = self._is_closed or len(connections.idle) >= self._max_connections
            if keep and not is_full and not connection.has_rest():
                connections.idle.append((connection, time.monotonic()))
            else:
                await connection.aclose()
        finally:
            if slots is not None:
                slots.give()


async def _take_slot(connections: _Connections, request: Request, deadlines: Deadlines) -> Slots:
    slots = connections.slots
    try:
        await slots.take(deadlines.of("pool"))
    except TimeoutError as error:
        raise map_error(request, error, "pool", deadlines) from None
    return slots


async def _send(connection: AsyncSocket, request: Request, parser: ResponseParser, deadlines: Deadlines) -> None:
    """Send a request and read the head of the response."""
    sending = Early(parser)
    broken: OSError | None = None
    try:
        await _write(connection, request, sending, deadlines)
    except TimeoutError as error:
        if not sending.has_head:
            raise map_error(request, error, "write", deadlines) from error
    except OSError as error:
        broken = error  # The server may refuse a large body, close early, and have sent its response.
    except FAILURES as error:
        raise map_error(request, error, "write", deadlines) from error
    try:
        if not sending.has_head:
            deadline = deadlines.of("read")
            while not parser.feed_head(await connection.read(deadline)):
                pass  # A head that arrives byte by byte has the same time limit as one that arrives at once.
    except FAILURES as error:
        raise map_error(request, broken or error, "write" if broken else "read", deadlines) from error
    if sending.is_early or broken is not None:
        parser.keep = False


async def _write(connection: AsyncSocket, request: Request, sending: Early, deadlines: Deadlines) -> None:
    is_begun = False
    for data in serialize(request):
        for at in range(0, len(data), _CHUNK_BYTES):
            deadline = deadlines.of("write")
            if is_begun and sending.take(await connection.read_now(deadline)):
                return
            is_begun = True
            is_whole = len(data) <= _CHUNK_BYTES
            await connection.write(data if is_whole else SecretBytes(data[at : at + _CHUNK_BYTES]), deadline)


class AsyncPoolStream:
    """A response whose body has not been read yet."""

    __slots__ = (
        "_connection",
        "_connections",
        "_deadlines",
        "_is_open",
        "_parser",
        "_pool",
        "_request",
        "_slots",
        "headers",
        "status",
    )

    def __init__(
        self,
        pool: AsyncPool,
        connections: _Connections,
        connection: AsyncSocket,
        slots: Slots | None,
        request: Request,
        parser: ResponseParser,
        deadlines: Deadlines,
    ) -> None:
        self._pool = pool
        self._connections = connections
        self._connection = connection
        self._slots = slots
        self._request = request
        self._parser = parser
        self._deadlines = deadlines
        self._is_open = True
        self.status: int = parser.status
        self.headers: Mapping[str, str] = parser.headers

    async def read(self, max_bytes: int) -> Body:
        """Return the whole body.

        Args:
            max_bytes: Largest body that is read, in bytes.

        Raises:
            TransportError: It breaks off, or is larger.
        """
        first, body = self._parser.first, self._parser.body
        if len(first) > max_bytes or (body.length is not None and body.length > max_bytes):
            raise too_large(self._request, max_bytes)
        if body.done:
            return first
        whole = io.BytesIO()  # Its value can be taken without a copy.
        whole.write(first)
        while not body.done:
            whole.write(await self._more())
            if whole.tell() > max_bytes:
                raise too_large(self._request, max_bytes)
        return whole.getvalue()

    def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it arrives. After a cancelled wait for a chunk, the caller may wait for it again.

        Raises:
            TransportError: It breaks off.
        """
        return _Chunks(self)

    async def next_chunk(self, *, is_first: bool) -> bytes:
        """Return the next chunk of the body, b"" at its end.

        Args:
            is_first: Whether this is the first chunk.

        Raises:
            TransportError: The body is incomplete.
        """
        if is_first and self._parser.first:
            return self._parser.first
        while not self._parser.body.done:
            data = await self._more()
            if data:
                return data
        return b""

    async def _more(self) -> bytes:
        body = self._parser.body
        try:
            data = await self._connection.read(self._deadlines.of("body"))
            if data:
                return body.feed(data)
            body.end()
        except FAILURES as error:
            raise map_error(self._request, error, "body", self._deadlines) from error
        return b""

    def detach(self) -> tuple[AsyncSocket, bytes]:
        """Take the connection out of the pool, with the data received after the head: it uses another protocol now."""
        self._is_open = False
        if self._slots is not None:
            self._slots.give()
        return self._connection, self._parser.first

    async def aclose(self) -> None:
        """Return the connection to the pool, or close it if the body was not read completely.

        A second call does nothing.
        """
        if self._is_open:
            self._is_open = False
            parser = self._parser
            await self._pool.release(
                self._connections, self._connection, self._slots, keep=parser.keep and parser.body.done
            )


class _Chunks(AsyncGenerator[bytes, None]):
    """The chunks of a body. A Python generator would be exhausted after a cancelled wait."""

    def __init__(self, stream: AsyncPoolStream) -> None:
        self._stream = stream
        self._is_first = True

    async def asend(self, value: None, /) -> bytes:
        is_first, self._is_first = self._is_first, False
        data = await self._stream.next_chunk(is_first=is_first)
        if not data:
            raise StopAsyncIteration
        return data

    async def athrow(self, kind: Any, value: Any = None, traceback: Any = None, /) -> bytes:
        raise kind if value is None else value
