"""A connection for asyncio and trio: a stream of anyio, with TLS in memory on top.

It returns all TLS records that were received at once; the TLS of anyio returns 16 KiB at a time.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from kubecore._http.readiness import readable

if TYPE_CHECKING:
    from anyio import Lock
    from anyio.abc import ByteStream

__all__ = ["AsyncSocket"]

_PIECE: Final = 256 * 1024


class AsyncSocket:
    """A connection for asyncio and trio. Every method raises OSError; the caller sets the time limit.

    Args:
        below: The TCP connection, or one that is secured by TLS and carries another layer of TLS.
        fileno: The descriptor of the TCP connection.

    Attributes:
        generation: Of the certificates that it was made with.
    """

    __slots__ = (
        "_below",
        "_fileno",
        "_has_queue",
        "_incoming",
        "_is_dirty",
        "_outgoing",
        "_readable",
        "_tls",
        "_turn",
        "generation",
    )

    def __init__(self, below: ByteStream | AsyncSocket, fileno: int) -> None:
        self.generation: int = 0
        self._below = below
        self._fileno = fileno
        self._readable = below.is_stale if isinstance(below, AsyncSocket) else readable(fileno)
        self._has_queue = _read_ahead(below)
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._is_dirty = False  # Whether OpenSSL consumed bytes after the last record that it returned.
        self._turn: Lock | None = None

    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Put TLS on top."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                await self._flush()  # The TLS alert for the server, with the reason.
                raise
            else:
                break
        await self._flush()
        self._tls = tls

    def carrying(self) -> AsyncSocket:
        """Return a connection through this one, on which TLS may be put once more."""
        return AsyncSocket(self, self._fileno)

    async def read(self) -> bytes:
        """Return received data, b"" at the end."""
        if self._tls is None:
            return await self._receive()
        while True:
            data = self._decrypted(self._tls)
            if data is not None:
                return data
            await self._flush()
            await self._fill()

    def _decrypted(self, tls: ssl.SSLObject) -> bytes | None:
        """Return the data of all records that were received completely, b"" at the end, None if there are none."""
        pieces: list[bytes] = []
        incoming = self._incoming
        while True:
            had = incoming.pending
            try:
                piece = tls.read(_PIECE)
            except ssl.SSLWantReadError:
                # A part of a record, or a message of TLS itself, such as a session ticket: they look the same.
                self._is_dirty = self._is_dirty or had > 0
                if not pieces:
                    return None
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                self._is_dirty = True
                break
            pieces.append(piece)
            self._is_dirty = False
            if not incoming.pending and not tls.pending():
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_now(self) -> bytes | None:
        """Return the received data without waiting, b"" at the end, None if there is none."""
        if not self.is_stale():
            return None
        if self._tls is None:
            return await self._receive_now()
        data = self._decrypted(self._tls)
        if data is None and (received := await self._receive_now()) is not None:
            self._put(received)
            data = self._decrypted(self._tls)
        return data

    async def _receive_now(self) -> bytes | None:
        if isinstance(self._below, AsyncSocket):
            return await self._below.read_now()
        return await self._receive() if self._has_queue() or self._readable() else None

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        if self._turn is not None:
            async with self._turn:
                await self._write(data)
        else:
            await self._write(data)

    async def _write(self, data: bytes) -> None:
        if self._tls is None:
            await self._send(data)
        else:
            self._tls.write(data)
            while self._outgoing.pending:
                await self._send(self._outgoing.read())

    def share(self) -> None:
        """Let one task write while another reads."""
        import anyio

        self._turn = anyio.Lock()
        if isinstance(self._below, AsyncSocket):
            self._below.share()

    @property
    def is_writing(self) -> bool:
        """Whether a task is writing, on a connection that is shared."""
        return self._turn is not None and self._turn.locked()

    def has_rest(self) -> bool:
        """Return whether a layer holds received data that nobody read: it would be taken for the next response."""
        tls = self._tls
        if tls is not None and (self._is_dirty or self._incoming.pending or tls.pending()):
            return True
        below = self._below
        return below.has_rest() if isinstance(below, AsyncSocket) else self._has_queue()

    def is_stale(self) -> bool:
        """Return whether the other end closed an idle connection, or sent data that was not requested."""
        return self.has_rest() or self._readable()

    async def aclose(self) -> None:
        """Close the connection without a TLS close alert; never interrupted half-way."""
        import anyio

        with anyio.CancelScope(shield=True):
            await self._below.aclose()

    def abandon(self) -> None:
        """Close it after its event loop ended, which can close nothing any more."""
        from anyio.abc import SocketAttribute

        below = self._below
        if isinstance(below, AsyncSocket):
            below.abandon()
            return
        end = getattr(getattr(below, "_transport", None), "_call_connection_lost", None)
        if end is not None:  # asyncio's transport; its own methods need the loop.
            end(None)
            return
        raw = below.extra(SocketAttribute.raw_socket, None)  # noqa: S610 - no Django here
        if isinstance(raw, socket.socket):
            raw.close()

    async def _flush(self) -> None:
        # If the connection is shared, the current writer sends this too.
        if self._outgoing.pending and not self.is_writing:
            await self._send(self._outgoing.read())

    async def _fill(self) -> None:
        self._put(await self._receive())

    def _put(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _receive(self) -> bytes:
        import anyio

        below = self._below
        if isinstance(below, AsyncSocket):
            return await below.read()
        try:
            return await below.receive(_PIECE)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise _cause(error) from None

    async def _send(self, data: bytes) -> None:
        import anyio

        below = self._below
        if isinstance(below, AsyncSocket):
            await below.write(data)
            return
        try:
            await below.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise _cause(error) from None


def _read_ahead(below: object) -> Callable[[], bool]:
    """Return a function that checks whether the event loop has unread data.

    asyncio may receive twice before the waiting task runs. anyio keeps the second chunk, but has no public way to check
    for it. Connections over an unknown kind of stream are not kept.
    """
    if isinstance(below, AsyncSocket) or hasattr(below, "_trio_socket"):
        return lambda: False
    queue = getattr(getattr(below, "_protocol", None), "read_queue", None)
    return (lambda: True) if queue is None else lambda: bool(queue)


def _cause(error: BaseException) -> OSError:
    return error.__cause__ if isinstance(error.__cause__, OSError) else ConnectionResetError("the connection is closed")
