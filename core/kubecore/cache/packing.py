"""Packed objects: raw deflate at its fastest level, with an earlier object as dictionary. No I/O.

Objects of one controller differ in little more than names, addresses and times, so that an earlier one of them has most
of the text of the next. A controller with few objects does not get a dictionary: its objects share a common one, of
another controller. A dictionary lives as long as an object that was packed with it.
"""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

__all__ = ["Packed", "Packer", "unpack"]

_LEVEL: Final = 1
_DICTIONARY: Final = 8 * 1024
_FEW: Final = 8
"""A controller gets a dictionary with so many objects."""

_MOST: Final = 4096
"""How many controllers are remembered."""


class Packed(msgspec.Struct, gc=False):
    """A packed object.

    Attributes:
        data: Its text, raw deflate.
        dictionary: The dictionary that it was packed with.
    """

    data: bytes
    dictionary: bytes


def unpack(packed: Packed) -> bytes:
    """Return the text of a packed object.

    Args:
        packed: The object.
    """
    return zlib.decompressobj(-zlib.MAX_WBITS, packed.dictionary).decompress(packed.data)


class Packer:
    """Packs objects, and chooses their dictionaries."""

    __slots__ = ("_by_owner", "_common")

    def __init__(self) -> None:
        self._common = b""
        self._by_owner: dict[str, int | bytes] = {}
        """By controller: its dictionary, or how many of its objects were packed so far."""

    def pack(self, text: bytes, owner: str) -> Packed | bytes:
        """Pack an object.

        Args:
            text: The object in JSON.
            owner: The uid of its controller, "" if it has none.

        Returns:
            The packed object; its text if that would not shrink to half.
        """
        dictionary = self._dictionary(text, owner)
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=dictionary)
        data = packer.compress(text) + packer.flush()
        return text if len(data) * 2 > len(text) else Packed(data, dictionary)

    def _dictionary(self, text: bytes, owner: str) -> bytes:
        if not self._common:
            self._common = text[:_DICTIONARY]
        known = self._by_owner.get(owner, 0)
        if isinstance(known, bytes):
            return known
        if len(self._by_owner) >= _MOST:
            self._by_owner.clear()
        if known + 1 < _FEW:
            self._by_owner[owner] = known + 1
            return self._common
        dictionary = self._by_owner[owner] = text[:_DICTIONARY]
        return dictionary
