# Derived from kubecore/_http/async_gzip_stream.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Compressed responses that read as if they were not."""

from __future__ import annotations

import io
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from kubecore._http.gzip import Inflater, too_large

if TYPE_CHECKING:
    from kubecore._http.protocols import Stream
    from kubecore._http.request import Body
    from kubecore._http.sync_socket import SyncSocket

__all__ = ["GzipStream"]


class GzipStream:
    """A compressed response that reads like an uncompressed one.

    Args:
        stream: The response.
        place: The request, for errors.
    """

    def __init__(self, stream: Stream, place: str) -> None:
        self._stream = stream
        self._place = place
        self.status: int = stream.status
        self.headers: Mapping[str, str] = stream.headers

    def read(self, max_bytes: int) -> Body:
        """Return the whole body: see `Stream.read`."""
        whole = io.BytesIO()  # Its value can be taken without a copy.
        with closing(self.chunks()) as pieces:
            for piece in pieces:
                whole.write(piece)
                if whole.tell() > max_bytes:
                    raise too_large(self._place, max_bytes)
        return whole.getvalue()

    def chunks(self) -> Generator[bytes]:
        """Yield the body as it comes: see `Stream.chunks`."""
        inflater = Inflater(self._place)
        with closing(self._stream.chunks()) as chunks:
            for chunk in chunks:
                yield from inflater.feed(chunk)
        inflater.end()

    def detach(self) -> tuple[SyncSocket, bytes]:
        """Take the connection out of the pool: see `Stream.detach`."""
        return self._stream.detach()

    def close(self) -> None:
        """Give the connection back: see `Stream.close`."""
        self._stream.close()
