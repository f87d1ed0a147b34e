"""Finds objects of a cache that a reader has changed: client-go's `KUBE_CACHE_MUTATION_DETECTOR`. No I/O.

Only forms whose readers share their objects need it, such as `Keep.OBJECTS`. It holds a hash of every object, and
computes all of them at each check: a tool for tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from kubecore.cache.entry import Entry
from kubecore.cache.key import Key
from kubecore.codec import encode
from kubecore.errors.base import EncodeError

__all__ = ["VARIABLE", "MutationDetector"]

VARIABLE: Final = "KUBECORE_DETECT_MUTATION"
"""The environment variable that turns the detector on, if it is `1`."""

_BROKEN: Final = -1


class MutationDetector:
    """Compares the objects of a cache with their state at the first check that saw them."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes: dict[Entry, int] = {}

    def check(self, entries: Iterable[Entry]) -> list[Key]:
        """Look for objects that were changed.

        Args:
            entries: All entries of the cache. The values of their form are the objects.

        Returns:
            The keys of the changed objects, sorted.
        """
        before, self._hashes = self._hashes, {}
        changed: list[Key] = []
        for entry in entries:
            found = _hash(entry.value)
            expected = self._hashes[entry] = before.get(entry, found)
            if found != expected:
                changed.append(entry.key)
        return sorted(changed)


def _hash(value: Any) -> int:
    try:
        return hash(encode.encode(value))
    except (EncodeError, TypeError, ValueError):
        return _BROKEN  # Also a change: objects of a server can be encoded.
