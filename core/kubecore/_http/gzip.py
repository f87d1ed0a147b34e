"""Answers that come compressed: unpacked as they come, checked to their end, never beyond their limit.

A response may be compressed although nobody requested it, and a pod behind `proxy()` may send anything.

Source: RFC 1952. A body that is cut, or goes on behind its end, is an error: both mean that something is missing.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from kubecore import errors
from kubecore._http.request import Body, Request, codings, has_body

if TYPE_CHECKING:
    from kubecore._http.network import AsyncSocket, SyncSocket
    from kubecore._http.transport import AsyncStream, Stream

__all__ = ["AsyncGzipStream", "GzipStream", "is_compressed"]

_PIECE: Final = 1024 * 1024
_FED: Final = 64 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS

_MOST_RATIO: Final = 100
"""Largest ratio of the size of a body to that of its compressed form; lists of the API server reach 30."""

_FREE_BYTES: Final = 16 * 1024 * 1024
"""Up to this size of a body, in bytes, its ratio is not limited."""


class _Inflater:
    """Unpacks a body; a small piece may become a large one, so that they come out one by one."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._inflate = zlib.decompressobj(_GZIP)
        self._received = 0
        self._unpacked = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpack what came.

        Raises:
            ProtocolError: It is damaged.
            BodyTooLargeError: The body is far larger than its compressed form.
        """
        if self._inflate.eof:
            raise errors.ProtocolError(f"{self._place}: bytes follow the compressed response")
        self._received += len(data)
        # zlib returns the rest of its input each time: of a large chunk that would be quadratic time.
        for at in range(0, len(data), _FED):
            if self._inflate.eof:
                raise errors.ProtocolError(f"{self._place}: bytes follow the compressed response")
            yield from self._unpack(data[at : at + _FED])

    def _unpack(self, data: bytes) -> Iterator[bytes]:
        try:
            piece = self._inflate.decompress(data, _PIECE)
            while piece:
                self._unpacked += len(piece)
                if self._unpacked > max(_FREE_BYTES, self._received * _MOST_RATIO):
                    raise errors.BodyTooLargeError(
                        f"the compressed response to {self._place} unpacks to more than {_MOST_RATIO} times its size"
                    )
                yield piece
                piece = self._inflate.decompress(self._inflate.unconsumed_tail, _PIECE)
        except zlib.error as error:
            raise errors.ProtocolError(f"{self._place}: the compressed response is damaged: {error}") from None
        if self._inflate.unused_data:
            raise errors.ProtocolError(f"{self._place}: bytes follow the compressed response")

    def end(self) -> None:
        """Check that all of it came."""
        if not self._inflate.eof:
            raise errors.ReadError(f"{self._place}: the compressed response ended early")


def _too_large(place: str, most: int) -> errors.BodyTooLargeError:
    return errors.BodyTooLargeError(
        f"the answer to {place} is larger than the limit of {most} bytes (Config.max_response_bytes)"
    )


def is_compressed(request: Request, status: int, headers: Mapping[str, str]) -> bool:
    """Return whether a response has a body that must be unpacked."""
    return "content-encoding" in headers and has_body(request, status) and bool(codings(headers["content-encoding"]))


class GzipStream:
    """An answer that comes compressed, and reads as if it did not.

    Args:
        stream: the answer.
        place: what was asked, for errors.
    """

    def __init__(self, stream: Stream, place: str) -> None:
        self._stream = stream
        self._place = place
        self.status: int = stream.status
        self.headers: Mapping[str, str] = stream.headers

    def read(self, most: int) -> Body:
        """Return the whole body: see `Stream.read`."""
        whole = io.BytesIO()  # Its value can be taken without a copy.
        for piece in self.chunks():
            whole.write(piece)
            if whole.tell() > most:
                raise _too_large(self._place, most)
        return whole.getvalue()

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes: see `Stream.chunks`."""
        inflater = _Inflater(self._place)
        for chunk in self._stream.chunks():
            yield from inflater.feed(chunk)
        inflater.end()

    def detach(self) -> tuple[SyncSocket, bytes]:
        """Take the connection out of the pool: see `Stream.detach`."""
        return self._stream.detach()

    def close(self) -> None:
        """Give the connection back: see `Stream.close`."""
        self._stream.close()


class AsyncGzipStream:
    """An answer that comes compressed, and reads as if it did not: see `GzipStream`."""

    def __init__(self, stream: AsyncStream, place: str) -> None:
        self._stream = stream
        self._place = place
        self.status: int = stream.status
        self.headers: Mapping[str, str] = stream.headers

    async def read(self, most: int) -> Body:
        """Return the whole body: see `Stream.read`."""
        whole = io.BytesIO()  # Its value can be taken without a copy.
        async with aclosing(self.chunks()) as pieces:
            async for piece in pieces:
                whole.write(piece)
                if whole.tell() > most:
                    raise _too_large(self._place, most)
        return whole.getvalue()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it comes: see `Stream.chunks`."""
        inflater = _Inflater(self._place)
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
