"""The synchronous pool: connections that are kept, and the exchange of one request over one of them."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator, Mapping
from typing import Final

from kubecore._config.config import Config
from kubecore._http.connector import Connector, no_certificate
from kubecore._http.deadlines import FAILURES, KEEPALIVE_SECONDS, Deadlines, Early, map_error, may_repeat, serialize
from kubecore._http.http1 import CutError, ResponseParser
from kubecore._http.request import Body, Request, closed, too_large
from kubecore._http.sync_socket import SyncSocket
from kubecore._http.tls import Identity
from kubecore._support.fork_lock import ForkLock

__all__ = ["Pool"]

_SMALL: Final = 1024 * 1024


class _Slot:
    """The right to send a request."""

    __slots__ = ("__weakref__",)


_Slots = queue.SimpleQueue[_Slot]


class Pool:
    """Sends requests over connections that it keeps; safe to use from many threads, and after a fork.

    Requests share `max_connections`; endless responses, such as watches, have additional connections, so that watches
    never block requests.

    Args:
        config: The server, the TLS settings and the number of connections.
        certificate: Returns the client certificate for new connections, None for that of the configuration.

    Raises:
        ConfigError: Certificates or keys are invalid.
    """

    def __init__(self, config: Config, certificate: Callable[[], Identity | None] = no_certificate) -> None:
        self._connector = Connector(config, certificate)
        self._max_connections = config.max_connections
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._idle: deque[tuple[SyncSocket, float]] = deque()
        self._slots: _Slots = queue.SimpleQueue()
        self._alive: weakref.WeakSet[_Slot] = weakref.WeakSet()
        self._mending = ForkLock()
        self._mend()
        self._is_closed = False

    def open(self, request: Request) -> PoolStream:
        """Send a request and wait for the response head.

        Raises:
            TransportError: There is no response.
        """
        if self._process != os.getpid():
            self._leave_to_parent()
        self._connector.refresh(request.deadline)
        deadlines = Deadlines(request)
        slot = None if request.streaming else self._take_slot(request, deadlines)
        try:
            return self._exchange(request, deadlines, slot)
        except BaseException:
            self._give_back(slot)
            raise

    def close(self) -> None:
        """Close every idle connection; those in use are closed when their responses are complete."""
        self._is_closed = True
        while self._idle:
            self._idle.pop()[0].close()

    def _take_slot(self, request: Request, deadlines: Deadlines) -> _Slot:
        with contextlib.suppress(queue.Empty):
            return self._slots.get_nowait()
        self._mend()
        try:
            return self._slots.get(timeout=deadlines.left("pool"))
        except queue.Empty:
            raise map_error(request, TimeoutError(), "pool", deadlines) from None

    def _mend(self) -> None:
        """Make as many slots as there should be: a KeyboardInterrupt between two lines may have cost one."""
        with self._mending.here:
            # Iteration skips lost slots even if the callback that removes one from the set was interrupted.
            for _ in range(self._max_connections - sum(1 for _ in self._alive)):
                slot = _Slot()
                self._alive.add(slot)
                self._slots.put(slot)

    def _exchange(self, request: Request, deadlines: Deadlines, slot: _Slot | None) -> PoolStream:
        while True:
            connection = None if request.fresh else self._kept()
            is_fresh = connection is None
            if connection is None:
                connection = self._connect(request, deadlines)
            parser = ResponseParser(request.method, upgrade=request.upgrade)
            try:
                _send(connection, request, parser, deadlines)
            except BaseException as error:
                connection.close()
                if is_fresh or not may_repeat(request, parser, error):
                    raise
                continue
            deadlines.response_started(parser.status)
            return PoolStream(self, connection, slot, request, parser, deadlines)

    def _kept(self) -> SyncSocket | None:
        """Return an idle connection that the server still has too."""
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            is_young = time.monotonic() - since < KEEPALIVE_SECONDS
            # `release` saw that no layer of TLS holds anything, and nobody has read since.
            if is_young and connection.generation == self._connector.generation and not connection.is_readable():
                return connection
            connection.close()

    def _connect(self, request: Request, deadlines: Deadlines) -> SyncSocket:
        if self._is_closed:
            raise closed(request)
        try:
            return self._connector.connect(deadlines.left("connect"))
        except FAILURES as error:
            raise map_error(request, error, "connect", deadlines) from error

    def release(self, connection: SyncSocket, slot: _Slot | None, *, keep: bool) -> None:
        """Take a connection back, to keep or to close; and the slot with it."""
        if (
            keep
            and not self._is_closed
            and len(self._idle) < self._max_connections
            and self._process == os.getpid()
            and not connection.has_rest()
        ):
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()
        self._give_back(slot)

    def leave(self, slot: _Slot | None) -> None:
        """Free the place of a connection that was closed."""
        self._give_back(slot)

    def _give_back(self, slot: _Slot | None) -> None:
        if slot is not None:
            self._slots.put(slot)

    def _leave_to_parent(self) -> None:
        """Start again in a forked process: the connections and their TLS state belong to the parent."""
        kept = self._idle
        self._begin()
        for connection, _ in kept:
            connection.abandon()


def _send(connection: SyncSocket, request: Request, parser: ResponseParser, deadlines: Deadlines) -> None:
    """Send a request and read the head of the response."""
    sending = Early(parser)
    broken: OSError | None = None
    try:
        _write(connection, request, sending, deadlines)
    except TimeoutError as error:
        if not sending.has_head:
            raise map_error(request, error, "write", deadlines) from error
    except OSError as error:
        broken = error  # The server may refuse a large body, close early, and have sent its response.
    except FAILURES as error:
        raise map_error(request, error, "write", deadlines) from error
    try:
        seconds = deadlines.left("read")
        deadline = time.monotonic() + seconds if seconds is not None else None
        while not (sending.has_head or parser.feed_head(connection.read(seconds))):
            # A head that arrives byte by byte has the same time limit as one that arrives at once.
            seconds = max(deadline - time.monotonic(), 0.001) if deadline is not None else None
    except FAILURES as error:
        raise map_error(request, broken or error, "write" if broken else "read", deadlines) from error
    if sending.is_early or broken is not None:
        parser.keep = False


def _write(connection: SyncSocket, request: Request, sending: Early, deadlines: Deadlines) -> None:
    head, body = serialize(request)
    at = connection.send(head, deadlines.left("write"))
    if at == len(head) and not body:
        return
    for data in (head, body):
        while at < len(data):
            if sending.take(connection.read_now()):
                return
            at += connection.send(memoryview(data)[at:], deadlines.left("write"))
        at = 0


def _buffer(length: int) -> bytearray | memoryview:
    """Create a buffer that needs no memory until it is filled: a server may announce any length."""
    if length <= _SMALL:
        return bytearray(length)
    import mmap

    return memoryview(mmap.mmap(-1, length))


class PoolStream:
    """A response whose body has not been read yet."""

    __slots__ = ("_connection", "_deadlines", "_is_open", "_parser", "_pool", "_request", "_slot", "headers", "status")

    def __init__(
        self,
        pool: Pool,
        connection: SyncSocket,
        slot: _Slot | None,
        request: Request,
        parser: ResponseParser,
        deadlines: Deadlines,
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._slot = slot
        self._request = request
        self._parser = parser
        self._deadlines = deadlines
        self._is_open = True
        self.status: int = parser.status
        self.headers: Mapping[str, str] = parser.headers

    def read(self, max_bytes: int) -> Body:
        """Return the whole body.

        Args:
            max_bytes: Largest body that is read, in bytes.

        Raises:
            TransportError: It breaks off, or is larger.
        """
        parser = self._parser
        first, body = parser.first, parser.body
        length = body.length
        if len(first) > max_bytes or (length is not None and length > max_bytes):
            raise too_large(self._request, max_bytes)
        if body.done:
            return first
        if length is not None:
            return self._read_length(first, length)
        whole = io.BytesIO()  # Its value can be taken without a copy.
        whole.write(first)
        while not body.done:
            whole.write(self._more())
            if whole.tell() > max_bytes:
                raise too_large(self._request, max_bytes)
        return whole.getvalue()

    def _read_length(self, first: bytes, length: int) -> Body:
        """Read into one buffer of the right size: chunks would have to be joined."""
        whole = _buffer(length)
        whole[: len(first)] = first
        connection, deadlines = self._connection, self._deadlines
        with memoryview(whole) as view:
            at = len(first)
            try:
                while at < length:
                    count = connection.read_into(view[at:], deadlines.left("body"))
                    if not count:
                        raise CutError(f"the connection ended {length - at} bytes before the end of the response")
                    at += count
            except FAILURES as error:
                raise map_error(self._request, error, "body", deadlines) from error
        self._parser.body.done = True
        return whole

    def chunks(self) -> Generator[bytes]:
        """Yield the body as it comes.

        Raises:
            TransportError: It breaks off.
        """
        if self._parser.first:
            yield self._parser.first
        while not self._parser.body.done:
            data = self._more()
            if data:
                yield data

    def _more(self) -> bytes:
        body = self._parser.body
        try:
            data = self._connection.read(self._deadlines.left("body"))
            if data:
                return body.feed(data)
            body.end()
        except FAILURES as error:
            raise map_error(self._request, error, "body", self._deadlines) from error
        return b""

    def detach(self) -> tuple[SyncSocket, bytes]:
        """Take the connection out of the pool, with the data received after the head: it uses another protocol now."""
        self._is_open = False
        slot, self._slot = self._slot, None
        self._pool.leave(slot)
        return self._connection, self._parser.first

    def close(self) -> None:
        """Return the connection to the pool, or close it if the body was not read completely.

        A second call does nothing.
        """
        if self._is_open:
            self._is_open = False
            parser = self._parser
            slot, self._slot = self._slot, None
            self._pool.release(self._connection, slot, keep=parser.keep and parser.body.done)
