"""A TCP connection on asyncio. It is the protocol of its transport, so that nothing lies between loop and reader."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final, cast

from kubecore._http.async_socket import AsyncSocket
from kubecore._http.readiness import readable
from kubecore._http.waiter import AsyncioWaiter

__all__ = ["AsyncioSocket"]

_MOST_UNREAD: Final = 256 * 1024
"""Received bytes that may wait for a reader; if there are more, the other end must wait."""


class AsyncioSocket(AsyncSocket, asyncio.Protocol):
    """A TCP connection on asyncio, made by `loop.create_connection`.

    Args:
        loop: The running event loop.
    """

    __slots__ = (
        "_chunks",
        "_failure",
        "_has_ended",
        "_is_full",
        "_is_paused",
        "_reader",
        "_transport",
        "_unread",
        "_writer",
    )

    _transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._unread = 0
        self._is_paused = False  # Whether too much is unread.
        self._is_full = False  # Whether the operating system accepts no more data at present.
        self._has_ended = False
        self._failure: OSError | None = None
        self._reader = AsyncioWaiter(loop)
        self._writer = AsyncioWaiter(loop)

    async def read(self, deadline: float | None = None) -> bytes:
        if not self._chunks and not self._has_ended:
            await self._reader.wait(deadline)
        chunks = self._chunks
        if not chunks:
            if self._failure is not None:
                raise self._failure
            return b""
        self._chunks, self._unread = [], 0
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def read_now(self, deadline: float | None = None) -> bytes | None:
        return await self.read(deadline) if self.is_stale() else None

    async def _write(self, data: bytes, deadline: float | None) -> None:
        transport = self._transport
        if not transport.is_closing():
            transport.write(data)
        while self._is_full or transport.is_closing():
            if self._failure is not None:
                raise self._failure
            await self._writer.wait(deadline)  # Until all is sent, or the transport reports why it is not.

    def has_rest(self) -> bool:
        return bool(self._chunks) or self._has_ended

    async def aclose(self) -> None:
        self._transport.abort()

    def abandon(self) -> None:
        lose = getattr(self._transport, "_call_connection_lost", None)  # Public methods need the loop.
        if lose is not None:
            lose(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not an instance of it.
        self._is_readable = readable(transport.get_extra_info("socket").fileno())
        self._transport.set_write_buffer_limits(0)  # A write is complete when the operating system has all of it.

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._unread += len(data)
        if self._unread > _MOST_UNREAD and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._reader.wake()

    def eof_received(self) -> bool:
        self._has_ended = True
        self._reader.wake()
        return True  # The transport stays open until `aclose`.

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and not self._has_ended:
            self._receive_rest()
        self._has_ended = True
        self._failure = exc if isinstance(exc, OSError) else ConnectionResetError("the connection is closed")
        for waiter in (self._reader, self._writer):
            waiter.wake()
            waiter.close()

    def _receive_rest(self) -> None:
        """Receive the data that arrived before the connection broke: asyncio drops it; it may be an early response."""
        raw = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError), socket.fromfd(raw.fileno(), raw.family, raw.type) as copy:
            copy.setblocking(False)
            while self._unread <= _MOST_UNREAD and (data := copy.recv(_MOST_UNREAD)):
                self._chunks.append(data)
                self._unread += len(data)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._writer.wake()
