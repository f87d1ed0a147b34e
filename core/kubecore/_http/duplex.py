"""A connection that is read and written at the same time, without a thread: steps that never wait, and waits.

Callers must take turns for the steps, since TLS allows one at a time, and wait outside of them.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Final

from kubecore._http.readiness import wait_for
from kubecore._http.sync_socket import SyncSocket
from kubecore._http.tls_in_tls import TlsInTls

__all__ = ["Duplex"]

_PIECE: Final = 256 * 1024
_BLOCKED: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Duplex:
    """The steps of a connection. Each raises OSError if the connection is broken.

    Args:
        connection: The connection, which is no longer to be used itself.
    """

    def __init__(self, connection: SyncSocket) -> None:
        self._socket: Final = connection.detach()
        self._socket.settimeout(0)
        self._wants_to_write = False  # TLS may have to write before it can read, and the other way round.
        self._wants_to_read = False

    def receive(self) -> bytes | None:
        """Return received data, b"" at the end, None if there is none."""
        self._wants_to_write = False
        try:
            inner = self._socket
            return inner.recv_now(_PIECE) if isinstance(inner, TlsInTls) else inner.recv(_PIECE)
        except _BLOCKED as error:
            self._wants_to_write = isinstance(error, ssl.SSLWantWriteError)
            return None

    def send(self, data: bytes) -> int:
        """Send as much as possible without waiting and return the count. The rest must be passed again unchanged."""
        self._wants_to_read = False
        try:
            inner = self._socket
            return inner.send_now(data) if isinstance(inner, TlsInTls) else inner.send(data)
        except _BLOCKED as error:
            self._wants_to_read = isinstance(error, ssl.SSLWantReadError)
            return 0

    def wait(self, *, read: bool, write: bool, seconds: float | None) -> None:
        """Wait until one of the steps may get on, or the time is up.

        Args:
            read: Whether `receive` is to get on.
            write: Whether `send` is.
            seconds: How long, None for no limit.
        """
        inner = self._socket
        write = write or (isinstance(inner, TlsInTls) and inner.has_unsent)
        read, write = read or (write and self._wants_to_read), write or (read and self._wants_to_write)
        number = inner.fileno()
        if number < 0:
            return  # Closed meanwhile.
        wait_for(number, read=read, write=write, seconds=seconds)

    def shut(self) -> None:
        """End it, also under a thread that waits in `wait`."""
        inner = self._socket
        with contextlib.suppress(OSError):
            if isinstance(inner, TlsInTls):
                inner.shutdown()
            else:
                socket.socket.shutdown(inner, socket.SHUT_RDWR)

    def close(self) -> None:
        """Free its descriptor; nobody may be in `wait`."""
        self._socket.close()
