"""Lists that are decoded while they arrive: their items in groups, so that a body is never in memory as a whole.

A group ends between two items. `StreamedList` searches for the text with which the items of this list begin. That text
may also be part of an item, but then the group does not parse: a text that begins with an item and parses as a JSON
array ends with an item. A list with a group that can't be decoded is read to its end and then decoded as usual, so that
its errors are those of a body that is decoded as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec

from kubecore.codec import decode, decoders
from kubecore.errors.base import DecodeError

__all__ = ["GROUP_BYTES", "StreamedList"]

L = TypeVar("L")

GROUP_BYTES: Final = 1 << 20
"""Size of the groups, in bytes. Shorter bodies are decoded as a whole."""

_SLOW_GROUP_BYTES: Final = 64 * 1024
"""Size of the groups, in bytes, if their items do not match the schema: those take up to fifty times as long."""

_MOST_TRIES: Final = 3
"""How many places are tried as the end of a group."""

_ITEMS: Final = re.compile(rb'"items"[ \t\r\n]*:[ \t\r\n]*\[')
_LONGEST_HEAD: Final = 64 * 1024
_ITEM_START: Final = re.compile(
    rb'\{(?:"(?:apiVersion|kind)":"[^"\\]{0,300}",){1,2}(?:"[^"\\]{1,100}":[{\["]?)?|\{"[^"\\]{1,100}":[{\["]?'
)
"""The beginning of an item that the others will share: its type, and the name of its first field."""
_OFFSET: Final = re.compile(r"\(byte (\d+)\)$")


class _Items(msgspec.Struct):
    items: msgspec.Raw = msgspec.Raw(b"")


class StreamedList(Generic[L]):
    """A list of which each group of items is decoded once it is complete. No I/O.

    Args:
        kind: The type of the list.

    Attributes:
        complete: Is applied to each item, if it is set.
        identify: Returns the keys of items, if it is set; it receives the items, the JSON array with them, and the
            index of the first one.
        keys: The keys of all items that were decoded.
        keys_error: The reason why some items have no keys.
        group_bytes: The size of a group, in bytes, from which it is decoded.
        size: The number of bytes of the body.
    """

    def __init__(self, kind: type[L]) -> None:
        self.complete: Callable[[Any], Any] | None = None
        self.identify: Callable[[list[Any], memoryview, int], list[str]] | None = None
        self.keys: list[str] = []
        self.keys_error: DecodeError | None = None
        self.group_bytes: int = GROUP_BYTES
        self.size: int = 0
        self._kind = kind
        self._items: list[Any] = []
        self._buffer = bytearray()
        """The part of the body before its items, then the items that have not been decoded."""
        self._head = b""
        self._separator = b""
        self._needed: int | None = 0
        """Size of the buffer in which the next group may end; None if there are no more groups."""

    def feed(self, data: bytes) -> None:
        """Add received data: call `decode_group` then until it returns False.

        Args:
            data: The data.
        """
        self._buffer += data
        self.size += len(data)

    def decode_group(self) -> bool:
        """Decode one group of items.

        Returns:
            Whether there was a complete one.
        """
        if self._needed is None or len(self._buffer) < max(self._needed, len(self._head) + self.group_bytes):
            return False
        if not (self._separator or self._find_items()):
            self._needed = None
            return False
        return self._decode_group()

    @property
    def is_whole(self) -> bool:
        """Whether no group was decoded yet: `rest` is the whole body."""
        return not self._items

    @property
    def rest(self) -> bytearray:
        """The body without the items that were decoded."""
        return self._buffer

    def finish(self) -> L:
        """Decode the rest of a body that is complete, if groups of it were decoded before.

        Returns:
            The list, with all items.

        Raises:
            DecodeError: The body is not such a list.
        """
        rest = self._buffer
        try:
            found: Any = decode.decode(rest, self._kind, first=len(self._items))
        except DecodeError as error:
            raise DecodeError(_OFFSET.sub(self._from_start, str(error))) from None
        array = memoryview(decoders.decoder(_Items).decode(rest).items)
        if self._is_other_field(array):
            self._items, self.keys, self.keys_error = [], [], None
        found.items = self._items = self._items + self._accept(found.items, array)
        result: L = found
        return result

    def _find_items(self) -> bool:
        """Find the beginning of the items, and learn with which text they begin."""
        found = _ITEMS.search(self._buffer, 0, _LONGEST_HEAD)
        if found is None:
            return False
        head = bytes(self._buffer[: found.end()])
        if b"items" in head[: found.start() + 1] or b"\\" in head:
            return False  # It may have the field twice.
        try:
            decoders.plain(head + b"]}")  # Else the match is part of a text, or not a field of the list itself.
        except (msgspec.DecodeError, DecodeError, ValueError):
            return False
        start = _ITEM_START.match(self._buffer, found.end())
        if start is None:
            return False
        self._head = head
        self._separator = b"}," + start[0]
        return True

    def _decode_group(self) -> bool:
        buffer, start = self._buffer, len(self._head)
        limit = start + self.group_bytes
        end = buffer.rfind(self._separator, start, limit)
        if end < 0:  # The item is larger than a group.
            end = buffer.find(self._separator, max(start, limit - len(self._separator)))
        if end < 0:
            self._needed = 2 * len(buffer)
            return False
        for _ in range(_MOST_TRIES):
            if self._decode_until(end + 1):
                return True
            end = buffer.rfind(self._separator, start, end)
            if end < 0:
                break
        self._needed = None
        self._buffer = bytearray(buffer)  # A failed decoder may still refer to the other one, which then cannot grow.
        return False

    def _decode_until(self, end: int) -> bool:
        """Decode the items before a position; return whether an item ends there, and all before it can be decoded."""
        buffer = self._buffer
        buffer[end] = ord("]")  # Instead of the comma.
        array = memoryview(buffer)[len(self._head) - 1 : end + 1]
        try:
            items, is_slow = decode.decode_items(array, self._kind, first=len(self._items))
            self._items += self._accept(items, array)
        except DecodeError:
            return False
        finally:
            buffer[end] = ord(",")
        if is_slow:
            self.group_bytes = min(self.group_bytes, _SLOW_GROUP_BYTES)
        self._buffer = bytearray(self._head)
        self._buffer += memoryview(buffer)[end + 1 :]
        self._needed = 0
        return True

    def _accept(self, items: list[Any], array: memoryview) -> list[Any]:
        if self.identify is not None:
            try:
                self.keys += self.identify(items, array, len(self._items))
            except DecodeError as error:
                self.keys_error = self.keys_error or error.with_traceback(None)  # Its frames refer to the buffer.
        return items if self.complete is None else [self.complete(item) for item in items]

    def _is_other_field(self, array: memoryview) -> bool:
        """Return whether the items of the rest are those of a second field `items`, which replaces the first."""
        start = len(self._head) - 1
        end = start + len(array)
        if memoryview(self._buffer)[start:end] != array:
            return True
        tail = self._buffer[end:]
        may_have = b"items" in tail or b"\\" in tail
        return may_have and "items" in decoders.plain(b"{" + tail.lstrip(b" \t\r\n,"))

    def _from_start(self, match: re.Match[str]) -> str:
        """Count a position from the beginning of the body."""
        return f"(byte {int(match[1]) + self.size - len(self._buffer)})"
