"""From the chunks of a watch to its lines, each of which is one event. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kubecore.errors import DecodeError

__all__ = ["MAX_LINE", "Lines"]

MAX_LINE: Final = 64 << 20
"""Longest event, in bytes: etcd's own limit for an object is 1.5 MiB."""


class Lines:
    """Splits a stream of any chunks into lines. Empty lines are left out.

    Attributes:
        seen: The position of the last line in the stream, in bytes.
    """

    __slots__ = ("_parts", "_pending", "seen")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._pending = 0
        self.seen: int = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add the next chunk of the stream.

        Args:
            data: The bytes.

        Yields:
            Each line that is complete.

        Raises:
            DecodeError: The line is longer than `MAX_LINE`.
        """
        *lines, rest = data.split(b"\n")
        for line in lines:
            if self._parts:
                line = b"".join((*self._parts, line))
                self._parts.clear()
                self._pending = 0
            if line and not line.isspace():
                yield line
            self.seen += len(line) + 1
        if rest:
            self._keep(rest)

    def end(self) -> bytes:
        """End the stream, and return its last line if it has no newline, which may be a part of a line; else b""."""
        line = b"".join(self._parts)
        self._parts.clear()
        return b"" if line.isspace() else line

    def _keep(self, rest: bytes) -> None:
        self._parts.append(rest)
        self._pending += len(rest)
        if self._pending > MAX_LINE:
            raise DecodeError(f"the watch's event at byte {self.seen} is longer than {MAX_LINE} bytes")
