"""Responses to the program's own writes, as a second, ordered source of a store. No I/O.

The stream of a watch is the first source: it has reached a version R, and every change up to R is known. A response
with version w is a change that the stream has not reported yet. Two memories keep both sources in order:

- The floor of an object is the version of the last response: older versions of the object from the stream and from
  lists are dropped. It is removed when the stream reaches it.
- A tombstone is the uid of an object whose deletion was the response to a request: the stream may still report it as
  added. With selectors, a deletion in the stream may only mean that the object is not selected any more, so it does not
  end the tombstone. Its time does.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

import msgspec

from kubecore.cache.entry import Metadata
from kubecore.cache.key import Key
from kubecore.codec.decoders import decoder
from kubecore.errors.base import DecodeError

__all__ = ["MAX_TOMBSTONES", "TOMBSTONE_SECONDS", "Deletion", "Floors", "Tombstones", "deletion", "is_removed"]

TOMBSTONE_SECONDS: Final = 600.0
MAX_TOMBSTONES: Final = 10_000

_UNREADABLE: Final = (msgspec.DecodeError, DecodeError, ValueError, RecursionError)


class Floors:
    """The versions of the last responses, by object."""

    __slots__ = ("_by_key", "_heap")

    def __init__(self) -> None:
        self._by_key: dict[Key, int] = {}
        self._heap: list[tuple[int, Key]] = []

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: Key) -> int:
        """Return the floor of an object, -1 if it has none.

        Args:
            key: The object.
        """
        return self._by_key.get(key, -1)

    def raise_to(self, key: Key, version: int) -> None:
        """Raise the floor of an object; a floor is never lowered.

        Args:
            key: The object.
            version: The version of a response.
        """
        if version > self._by_key.get(key, -1):
            self._by_key[key] = version
            heapq.heappush(self._heap, (version, key))

    def reach(self, version: int) -> None:
        """Remove the floors that the stream has reached.

        Args:
            version: The version that it has reached.
        """
        heap = self._heap
        while heap and heap[0][0] <= version:
            floor, key = heapq.heappop(heap)
            if self._by_key.get(key) == floor:
                del self._by_key[key]

    def clear(self) -> None:
        """Remove all of them."""
        self._by_key.clear()
        self._heap.clear()


class Tombstones:
    """The uids of objects that the program deleted: 10 minutes, and 10,000 at most.

    Args:
        now: The monotonic clock, in seconds.
    """

    __slots__ = ("_now", "_until")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now: Final = now
        self._until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def __contains__(self, uid: object) -> bool:
        """Return whether a uid has a tombstone."""
        return bool(self._until) and uid in self._until and self._until[str(uid)] > self._now()

    def add(self, uid: str) -> None:
        """Add a tombstone, and remove those whose time is over.

        Args:
            uid: The uid of the deleted object.
        """
        now = self._now()
        self._until.pop(uid, None)
        self._until[uid] = now + TOMBSTONE_SECONDS
        over: list[str] = []
        surplus = len(self._until) - MAX_TOMBSTONES
        for old, until in self._until.items():
            if until > now and len(over) >= surplus:
                break
            over.append(old)
        for old in over:
            del self._until[old]

    def clear(self) -> None:
        """Remove all of them."""
        self._until.clear()


class Deletion(msgspec.Struct, gc=False):
    """The details of a `Status` that name a deleted object.

    Attributes:
        uid: Its uid, "" if the server does not name it.
        name: Its name, "" likewise.
    """

    uid: str = ""
    name: str = ""


class _Status(msgspec.Struct, gc=False):
    kind: str = ""
    status: str = ""
    details: Deletion | None = None


def deletion(text: bytes) -> Deletion | None:
    """Read a `Status`, the response to a delete after which no object remains.

    Args:
        text: The body of the response.

    Returns:
        The deleted object; None if the response is not such a `Status`.
    """
    try:
        found = decoder(_Status).decode(text)
    except _UNREADABLE:
        return None
    if found.kind != "Status" or found.status != "Success":
        return None
    return found.details or Deletion()


def is_removed(metadata: Metadata, *, is_delete: bool) -> bool:
    """Return whether a response contains an object that does not exist any more.

    The server removes an object that is being deleted, has no finalizers and a grace period of 0. It responds to a
    delete with the last state of some objects, which then lack the deletion timestamp. A namespace that is being
    deleted has no grace period: it remains until its own finalizers are removed.

    Args:
        metadata: The object of the response.
        is_delete: Whether the request was a delete.
    """
    if metadata.deletion_timestamp is None:
        return is_delete
    return not metadata.finalizers and metadata.deletion_grace_period_seconds == 0
