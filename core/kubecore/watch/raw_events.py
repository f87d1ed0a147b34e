"""From the bytes of a watch to events whose objects are still JSON text, as caches keep them. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from kubecore.codec import decode, depth
from kubecore.codec.decoders import decoder
from kubecore.errors import DecodeError, status_error
from kubecore.model.meta import Status
from kubecore.watch.decoder import ADDED, DELETED, ERROR, MODIFIED
from kubecore.watch.lines import Lines

__all__ = ["TOO_DEEP", "RawDecoder", "RawEvent"]

TOO_DEEP: Final = "TOO DEEP"
"""The type of an event that no parser of this thread can read, since its object is nested too deeply."""

_UNREADABLE: Final = (msgspec.DecodeError, ValueError)

_BEFORE: Final = {b'{"type":"%b","object":{' % kind.encode(): kind for kind in (ADDED, MODIFIED, DELETED)}
"""The beginning of a line as API servers write it, up to the first brace of the object."""

_TYPE_LENGTH: Final = len(b'{"type":"')
_AFTER_TYPE: Final = len(b'","object":{')
_LONGEST: Final = 64


class RawEvent(NamedTuple):
    """One change.

    Attributes:
        type: `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, `TOO_DEEP`, or another one of a newer server.
        text: The object in JSON; of `TOO_DEEP` the whole line. If it turns out not to be valid JSON, call `exact`.
    """

    type: str
    text: bytes


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


class RawDecoder:
    """Splits a stream of any chunks into lines, and each line into the type of the event and the text of its object.

    Args:
        place: The request, for errors.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._lines = Lines()

    def feed(self, data: bytes) -> Iterator[RawEvent]:
        """Parse the next chunk of the stream.

        Args:
            data: The bytes.

        Yields:
            Each event that is complete.

        Raises:
            StatusError: The stream holds an ERROR event.
            DecodeError: The stream holds something other than events; the error has the position.
        """
        for line in self._lines.feed(data):
            kind = _BEFORE.get(line[: line.find(b"{", 1, _LONGEST) + 1])
            if kind is not None and line.endswith(b"}"):
                yield RawEvent(kind, line[_TYPE_LENGTH + len(kind) + _AFTER_TYPE - 1 : -1])
            else:
                yield self._event(line)

    def end(self) -> Iterator[RawEvent]:
        """End the stream: a complete last line without a newline counts, an incomplete one is dropped.

        Yields:
            The last event, if there is one.

        Raises:
            StatusError: It is an ERROR event.
        """
        if line := self._lines.end():
            try:
                decoder(_Line).decode(line)
            except (*_UNREADABLE, DecodeError, RecursionError):
                return  # Cut off in the middle: a new watch will yield it.
            yield self._event(line)

    def exact(self, event: RawEvent) -> RawEvent:
        """Return an event whose line was parsed completely: it may have other fields after the object.

        Args:
            event: An event of `feed` whose text is not valid JSON.

        Raises:
            DecodeError: The line is not an event.
        """
        return self._event(b'{"type":"%b","object":%b}' % (event.type.encode(), event.text))

    def _event(self, line: bytes) -> RawEvent:
        try:
            depth.check(line)
            found = decoder(_Line).unchecked.decode(line)
        except (DecodeError, RecursionError):  # One object of that form must not stop all others.
            return RawEvent(TOO_DEEP, line)
        except _UNREADABLE:
            raise DecodeError(
                f"the watch holds no event at byte {self._lines.seen}, but {len(line)} bytes of something else"
            ) from None
        if found.type == ERROR:
            raise status_error(decode.decode(bytes(found.object), Status)).locate(self._place)
        return RawEvent(found.type, bytes(found.object))
