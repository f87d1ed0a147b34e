"""TLS over a connection that is TLS itself, as the connection to a proxy may be."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["RECORD_BYTES", "TlsInTls", "shut_down"]

R = TypeVar("R")


RECORD_BYTES: Final = 16 * 1024
"""The most that one read or write of TLS transfers, in bytes; a larger read buffer would be made for nothing."""


class TlsInTls:
    """TLS over a connection that is TLS itself, as a proxy's may be: Python's own works on bare sockets alone."""

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, name: str) -> None:
        self._outer = outer
        self._seconds: float | None = outer.gettimeout()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._unsent = b""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        try:
            self._until_done(self._tls.do_handshake)
        except BaseException:
            outer.close()
            raise

    def recv(self, max_bytes: int) -> bytes:
        """Return received data, b"" at the end."""
        try:
            return self._until_done(lambda: self._tls.read(max_bytes))
        except ssl.SSLZeroReturnError:
            return b""

    def recv_into(self, buffer: memoryview) -> int:
        """Read received data into a buffer; return the number of bytes, 0 at the end."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes | memoryview) -> int:
        """Send all of it; return its length."""
        return self._until_done(lambda: self._tls.write(data))

    def pending(self) -> int:
        """Return how many received bytes are in the layers; those of the outer layer are still encrypted."""
        return self._tls.pending() + self._incoming.pending + self._outer.pending()

    @property
    def has_unsent(self) -> bool:
        """Whether something that `send_now` took is still to be sent."""
        return bool(self._unsent)

    def recv_now(self, max_bytes: int) -> bytes:
        """Return received data, b"" at the end, without waiting: SSLWantReadError if there is none."""
        while True:
            self._push()
            try:
                return self._tls.read(max_bytes)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                data = self._outer.recv(RECORD_BYTES)
                self._incoming.write(data) if data else self._incoming.write_eof()

    def send_now(self, data: bytes) -> int:
        """Send without waiting; return the number of sent bytes: SSLWantWriteError if there are none."""
        self._push()
        if self._unsent:
            raise ssl.SSLWantWriteError
        sent = self._tls.write(data)
        self._push()
        return sent

    def _push(self) -> None:
        self._unsent += self._outgoing.read()
        with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
            while self._unsent:
                self._unsent = self._unsent[self._outer.send(self._unsent) :]

    def settimeout(self, seconds: float | None) -> None:
        """Set the time limit of each call, regardless of its number of steps."""
        self._seconds = seconds
        self._outer.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """Return the time limit of each call."""
        return self._seconds

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._outer.fileno()

    def shutdown(self) -> None:
        """End it, also under a read that another thread waits in."""
        shut_down(self._outer)

    def close(self) -> None:
        """Close it."""
        self._outer.close()

    def _until_done(self, step: Callable[[], R]) -> R:
        # One record of the inner TLS may come in many of the outer one.
        deadline = time.monotonic() + self._seconds if self._seconds else None
        while True:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._outer.settimeout(left)
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._outer.recv(RECORD_BYTES)
                self._incoming.write(data) if data else self._incoming.write_eof()
            except ssl.SSLError:
                self._flush()
                raise
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._unsent or self._outgoing.pending:
            data, self._unsent = self._unsent + self._outgoing.read(), b""
            self._outer.sendall(data)


def shut_down(connected: socket.socket) -> None:
    """Shut down the TCP connection below all layers of TLS, which wakes a thread that waits for it."""
    with contextlib.suppress(OSError):
        # Not the method of the TLS layer: it would send a close message to a peer that may be gone.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
