"""Compressed responses: unpacked as they arrive, verified to their end, with a size limit.

A response may be compressed although nobody requested it, and a pod behind `proxy()` may send anything.

Source: RFC 1952. A body that is truncated, or continues after its end, is an error: both mean that data is missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from kubecore import errors
from kubecore._http.request import Request, codings, has_body

__all__ = ["Inflater", "is_compressed", "too_large"]

_PIECE: Final = 1024 * 1024
_FED: Final = 64 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS

_MOST_RATIO: Final = 100
"""Largest ratio of the size of a body to that of its compressed form; lists of the API server reach 30."""

_FREE_BYTES: Final = 16 * 1024 * 1024
"""Up to this size of a body, in bytes, its ratio is not limited."""


class Inflater:
    """Unpacks a body; a small chunk may become a large one, so the results are yielded one by one."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._inflate = zlib.decompressobj(_GZIP)
        self._received = 0
        self._unpacked = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpack received data.

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
        """Check that the body is complete."""
        if not self._inflate.eof:
            raise errors.ReadError(f"{self._place}: the compressed response ended early")


def too_large(place: str, max_bytes: int) -> errors.BodyTooLargeError:
    """Create the error for a body that is larger than its limit.

    Args:
        place: The method and the path of the request.
        max_bytes: The limit, in bytes.
    """
    return errors.BodyTooLargeError(
        f"the response to {place} is larger than the limit of {max_bytes} bytes (Config.max_response_bytes)"
    )


def is_compressed(request: Request, status: int, headers: Mapping[str, str]) -> bool:
    """Return whether a response has a body that must be unpacked."""
    return "content-encoding" in headers and has_body(request, status) and bool(codings(headers["content-encoding"]))
