"""Compressed responses that read as if they were not."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from kubecore._http.gzip import Inflater, too_large

if TYPE_CHECKING:
    from kubecore._http.async_protocols import AsyncStream
    from kubecore._http.async_socket import AsyncSocket
    from kubecore._http.request import Body

__all__ = ["AsyncGzipStream"]


class AsyncGzipStream:
    """A compressed response that reads like an uncompressed one.

    Args:
        stream: The response.
        place: The request, for errors.
    """

    def __init__(self, stream: AsyncStream, place: str) -> None:
        self._stream = stream
        self._place = place
        self.status: int = stream.status
        self.headers: Mapping[str, str] = stream.headers

    async def read(self, max_bytes: int) -> Body:
        """Return the whole body: see `Stream.read`."""
        whole = io.BytesIO()  # Its value can be taken without a copy.
        async with aclosing(self.chunks()) as pieces:
            async for piece in pieces:
                whole.write(piece)
                if whole.tell() > max_bytes:
                    raise too_large(self._place, max_bytes)
        return whole.getvalue()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it comes: see `Stream.chunks`."""
        inflater = Inflater(self._place)
        async with aclosing(self._stream.chunks()) as chunks:
            async for chunk in chunks:
                for piece in inflater.feed(chunk):
                    yield piece
        inflater.end()

    def detach(self) -> tuple[AsyncSocket, bytes]:
        """Take the connection out of the pool: see `Stream.detach`."""
        return self._stream.detach()

    async def aclose(self) -> None:
        """Give the connection back: see `Stream.close`."""
        await self._stream.aclose()
