"""A connection for blocking code: a socket of Python, with TLS or without."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Final, cast

from kubecore._http.readiness import readable
from kubecore._http.tls_in_tls import RECORD_BYTES, TlsInTls, shut_down

__all__ = ["SyncSocket"]

_PIECE: Final = 256 * 1024


class SyncSocket:
    """A connection for blocking code. Every method raises OSError, or TimeoutError after its seconds.

    Attributes:
        generation: Of the certificates that it was made with.
        is_readable: Returns whether the socket has something to read, or was closed by the other end.
    """

    __slots__ = ("_pending", "_piece", "_read", "_seconds", "_socket", "generation", "is_readable")

    def __init__(self, connected: socket.socket | TlsInTls, generation: int = 0) -> None:
        self._socket = connected
        self.generation: int = generation
        self._read = connected.recv
        self._piece = _PIECE if type(connected) is socket.socket else RECORD_BYTES
        self._pending = (
            None if type(connected) is socket.socket else cast("ssl.SSLSocket | TlsInTls", connected).pending
        )
        self.is_readable: Callable[[], bool] = readable(connected.fileno())
        self._seconds: float | None = connected.gettimeout()

    def read(self, seconds: float | None) -> bytes:
        """Return received data, b"" at the end."""
        self._limit(seconds)
        return self._read(self._piece)

    def read_into(self, buffer: memoryview, seconds: float | None) -> int:
        """Read received data into a buffer; return the number of bytes, 0 at the end."""
        self._limit(seconds)
        return self._socket.recv_into(buffer)

    def send(self, data: bytes | memoryview, seconds: float | None) -> int:
        """Send the beginning of the data; return how many bytes were accepted, at least one."""
        self._limit(seconds)
        size = self._piece
        return self._socket.send(data if len(data) <= size else memoryview(data)[:size])

    def read_now(self) -> bytes | None:
        """Return the received data without waiting, b"" at the end, None if there is none."""
        if not self.is_stale():
            return None
        self._limit(0)
        try:
            inner = self._socket
            return inner.recv_now(self._piece) if isinstance(inner, TlsInTls) else inner.recv(self._piece)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None  # It was a message of TLS itself, such as a session ticket.

    def has_rest(self) -> bool:
        """Return whether a TLS layer holds received data that nobody read: it would be taken for the next response."""
        return self._pending is not None and self._pending() > 0

    def is_stale(self) -> bool:
        """Return whether the other end closed an idle connection, or sent data that was not requested."""
        return self.has_rest() or self.is_readable()

    def close(self) -> None:
        """Close it, also under a read that another thread waits in."""
        if isinstance(self._socket, TlsInTls):
            self._socket.shutdown()
        else:
            shut_down(self._socket)
        self._socket.close()

    def detach(self) -> socket.socket | TlsInTls:
        """Return the layer below, for callers that send and receive at the same time."""
        return self._socket

    def abandon(self) -> None:
        """Close this process's copy of a connection after a fork; the other process continues to use it."""
        self._socket.close()

    def _limit(self, seconds: float | None) -> None:
        if seconds != self._seconds:  # It is a system call.
            self._socket.settimeout(seconds)
            self._seconds = seconds
