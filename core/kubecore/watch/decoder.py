"""From the bytes of a watch to its events. No I/O.

Source: `k8s.io/apimachinery/pkg/apis/meta/v1 WatchEvent`; one JSON object a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

import msgspec

from kubecore import codec
from kubecore.decoders import decoder
from kubecore.errors import DecodeError, status_error
from kubecore.meta import Status

__all__ = ["ADDED", "BOOKMARK", "DELETED", "ERROR", "MODIFIED", "Decoder", "Event"]

T = TypeVar("T")

ADDED: Final = "ADDED"
MODIFIED: Final = "MODIFIED"
DELETED: Final = "DELETED"
BOOKMARK: Final = "BOOKMARK"
ERROR: Final = "ERROR"

MAX_LINE: Final = 64 << 20
"""Longest event, in bytes: etcd's own limit for an object is 1.5 MiB."""


class Event(msgspec.Struct, Generic[T], frozen=True):
    """One change.

    Attributes:
        type: `ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`.
        object: the object after the change, or as it was last when it was deleted; of a bookmark only the resource
            version counts.
    """

    type: str
    object: T


class _Raw(msgspec.Struct):
    type: str
    object: msgspec.Raw


class Decoder(Generic[T]):
    """Cuts a stream into lines and reads each as an event, however the stream comes in pieces.

    Args:
        kind: the type of the objects.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._fast: msgspec.json.Decoder[Event[T]] = decoder(Event[kind])  # type: ignore[valid-type]
        self._parts: list[bytes] = []
        self._pending = 0
        self._seen = 0

    def feed(self, data: bytes) -> Iterator[Event[T]]:
        """Take the next piece of the stream.

        Args:
            data: the bytes.

        Yields:
            Each event that is complete.

        Raises:
            StatusError: the stream holds an ERROR event.
            DecodeError: the stream holds something else than events; the error names the place.
        """
        *lines, rest = data.split(b"\n")
        for line in lines:
            if self._parts:
                line = b"".join((*self._parts, line))
                self._parts.clear()
                self._pending = 0
            if line and not line.isspace():
                yield self._event(line)
            self._seen += len(line) + 1
        if rest:
            self._keep(rest)

    def end(self) -> Iterator[Event[T]]:
        """Say that the stream has ended: a last line counts although no newline follows, half of one is dropped.

        Yields:
            The last event, if there is one.

        Raises:
            StatusError: it is an ERROR event.
        """
        line = b"".join(self._parts)
        self._parts.clear()
        if line and not line.isspace():
            codec.check_depth(line)
            try:
                decoder(_Raw).decode(line)
            except (msgspec.DecodeError, ValueError, RecursionError):
                return  # Cut off in the middle: the event was never told, a new watch will tell it.
            yield self._event(line)

    def _keep(self, rest: bytes) -> None:
        self._parts.append(rest)
        self._pending += len(rest)
        if self._pending > MAX_LINE:
            raise DecodeError(f"the watch's event at byte {self._seen} is longer than {MAX_LINE} bytes")

    def _event(self, line: bytes) -> Event[T]:
        codec.check_depth(line)
        try:
            event = self._fast.decode(line)
            codec.detach(event.object)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return self._slow(line)
        return event if event.type != ERROR else self._slow(line)

    def _slow(self, line: bytes) -> Event[T]:
        try:
            raw = decoder(_Raw).decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise DecodeError(
                f"the watch holds no event at byte {self._seen}, but {len(line)} bytes of something else"
            ) from None
        if raw.type == ERROR:
            raise status_error(codec.decode(raw.object, Status))
        try:
            return Event(raw.type, codec.decode(raw.object, self._kind))
        except DecodeError as error:
            raise DecodeError(f"the watch's event at byte {self._seen}: {error}") from None
