"""Sockets that read what has come, not one TLS record of 16 KiB at a time.

Each piece that is read costs the layers above some ten microseconds; a list of 77 MB came in 4,700 of them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore2

__all__ = ["EagerBackend"]

_RECORD: Final = 16 * 1024
_MOST: Final = 1024 * 1024


class EagerBackend(httpcore2.NetworkBackend):
    """Connects as httpcore2 does, and reads as `_EagerStream` does."""

    def __init__(self) -> None:
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to a host."""
        return _EagerStream(self._plain.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None
    ) -> httpcore2.NetworkStream:
        """Connect to a socket of this machine."""
        return _EagerStream(self._plain.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._plain.sleep(seconds)


class _EagerStream(httpcore2.NetworkStream):
    """A connection; a read that fills a TLS record goes on with what has come meanwhile, without waiting."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._socket: Any = stream.get_extra_info("socket")
        self._is_tls = isinstance(self._socket, ssl.SSLSocket)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, timeout)
        return self._more(data) if self._is_tls and len(data) == _RECORD else data

    def _more(self, first: bytes) -> bytes:
        parts = [first]
        size = len(first)
        self._socket.settimeout(0)  # Each read and write sets its own again.
        while size < _MOST:
            try:
                piece = self._socket.recv(_RECORD)
            except OSError:
                break  # Nothing more for now; what is broken the next read will say.
            if not piece:
                break
            parts.append(piece)
            size += len(piece)
        return b"".join(parts)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _EagerStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
