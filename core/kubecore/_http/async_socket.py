"""A connection for asyncio and trio: the common base of its layers, and the layer of TLS, in memory.

TLS returns all records that were received at once; the TLS of anyio returns 16 KiB at a time.
"""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from anyio import Lock

__all__ = ["AsyncSocket", "TlsLayer"]

_RECORD_BYTES: Final = 16 * 1024
"""Most data of one TLS record; OpenSSL returns no more at once."""


class AsyncSocket(ABC):
    """A layer of a connection: TCP, or TLS on top of another layer. Every method raises OSError.

    A method with the argument `deadline` raises TimeoutError if it is not done at this time of the monotonic clock.

    Attributes:
        generation: Of the certificates that it was made with.
    """

    __slots__ = ("_is_readable", "_turn", "generation")

    _is_readable: Callable[[], bool]
    """Whether the layer below has something to read, or was closed by the other end."""

    def __init__(self) -> None:
        self.generation: int = 0
        self._turn: Lock | None = None

    @abstractmethod
    async def read(self, deadline: float | None = None) -> bytes:
        """Return received data, b"" at the end. A cancelled read loses nothing."""

    @abstractmethod
    async def read_now(self, deadline: float | None = None) -> bytes | None:
        """Return the received data without waiting, b"" at the end, None if there is none."""

    async def write(self, data: bytes, deadline: float | None = None) -> None:
        """Send all of it."""
        if self._turn is None:
            await self._write(data, deadline)
        else:
            async with self._turn:
                await self._write(data, deadline)

    @abstractmethod
    async def _write(self, data: bytes, deadline: float | None) -> None: ...

    def share(self) -> None:
        """Let one task write while another reads."""
        import anyio

        self._turn = anyio.Lock()

    @property
    def is_writing(self) -> bool:
        """Whether a task is writing, on a connection that is shared."""
        return self._turn is not None and self._turn.locked()

    @abstractmethod
    def has_rest(self) -> bool:
        """Return whether a layer holds received data that nobody read: it would be taken for the next response."""

    def is_stale(self) -> bool:
        """Return whether the other end closed an idle connection, or sent data that was not requested."""
        return self.has_rest() or self._is_readable()

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connection without a TLS close alert; never interrupted half-way."""

    @abstractmethod
    def abandon(self) -> None:
        """Close it after its event loop ended, which can close nothing any more."""


class TlsLayer(AsyncSocket):
    """TLS on top of another layer, which may be TLS itself.

    Args:
        below: The layer below.
        context: Certificates and keys.
        name: The name or address that the server's certificate must be for.
    """

    __slots__ = ("_below", "_failure", "_incoming", "_is_dirty", "_is_ended", "_outgoing", "_tls")

    def __init__(self, below: AsyncSocket, context: ssl.SSLContext, name: str) -> None:
        super().__init__()
        self._below = below
        self._is_readable = below.is_stale
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._is_dirty = False  # Whether OpenSSL consumed bytes after the last record that it returned.
        self._is_ended = False  # Whether the other end sent its TLS close alert.
        self._failure: ssl.SSLError | None = None  # Of the record after those that were returned.

    async def handshake(self) -> None:
        """Begin: nothing can be read or written before."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush(None)
                self._put(await self._below.read())
            except ssl.SSLError:
                await self._flush(None)  # The TLS alert for the server, with the reason.
                raise
            else:
                break
        await self._flush(None)

    async def read(self, deadline: float | None = None) -> bytes:
        while True:
            if self._has_input():
                data = self._decrypted()
                if data is not None:
                    return data
            await self._flush(deadline)
            self._put(await self._below.read(deadline))

    async def read_now(self, deadline: float | None = None) -> bytes | None:
        if not self.is_stale():
            return None
        data = self._decrypted()
        if data is None and (received := await self._below.read_now(deadline)) is not None:
            self._put(received)
            data = self._decrypted()
        return data

    def _has_input(self) -> bool:
        """Return whether OpenSSL may have something to return, if only the end."""
        has_bytes = self._incoming.pending > 0 or self._tls.pending() > 0
        return has_bytes or self._incoming.eof or self._is_ended or self._failure is not None

    def _decrypted(self) -> bytes | None:
        """Return the data of all records that were received completely, b"" at the end, None if there are none."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        pieces: list[bytes] = []
        incoming, tls = self._incoming, self._tls
        while True:
            had = incoming.pending
            try:
                piece = tls.read(_RECORD_BYTES)
            except ssl.SSLWantReadError:
                # A part of a record, or a message of TLS itself, such as a session ticket: they look the same.
                self._is_dirty = self._is_dirty or had > 0
                if not pieces:
                    return None
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            except ssl.SSLError as error:
                if not pieces:
                    raise
                self._is_dirty = True
                self._failure = error
                break
            if not piece:
                self._is_dirty = self._is_ended = True
                break
            pieces.append(piece)
            self._is_dirty = False
            if not incoming.pending and not tls.pending():
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _write(self, data: bytes, deadline: float | None) -> None:
        self._tls.write(data)
        while self._outgoing.pending:
            await self._below.write(self._outgoing.read(), deadline)

    def share(self) -> None:
        super().share()
        self._below.share()

    def has_rest(self) -> bool:
        return self._is_dirty or self._incoming.pending > 0 or self._tls.pending() > 0 or self._below.has_rest()

    async def aclose(self) -> None:
        await self._below.aclose()

    def abandon(self) -> None:
        self._below.abandon()

    async def _flush(self, deadline: float | None) -> None:
        # If the connection is shared, the current writer sends this too.
        if self._outgoing.pending and not self.is_writing:
            await self._below.write(self._outgoing.read(), deadline)

    def _put(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
