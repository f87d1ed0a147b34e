"""The store of an informer as the reader of the server sees it: every change holds the lock of the store. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kubecore.cache.relist import Outcome, Relist
    from kubecore.cache.store import Store, Text

__all__ = ["Ledger"]


class Ledger:
    """Applies events and lists of the server to a store.

    Args:
        store: The store.
        lock: The lock of the store.
    """

    __slots__ = ("_lock", "_relist", "_store")

    def __init__(self, store: Store[Any], lock: AbstractContextManager[object]) -> None:
        self._store: Final = store
        self._lock: Final = lock
        self._relist: Relist[Any] | None = None

    @property
    def version(self) -> str:
        """The version that the store has reached, "" before the first list."""
        return self._store.version

    @property
    def refused(self) -> int:
        """How many lists in a row were refused, since they were older than the store."""
        return self._store.refused

    def begin_list(self) -> None:
        """Begin to read the whole collection; a list that was begun before is abandoned."""
        with self._lock:
            self._relist = self._store.begin_relist()

    def add(self, items: Iterable[Text]) -> None:
        """Apply items of a list.

        Args:
            items: The items, each an object in JSON.
        """
        assert self._relist is not None  # noqa: S101 - `begin_list` came before
        with self._lock:
            self._relist.add(items)

    def apply_initial_event(self, kind: str, text: Text) -> bool:
        """Apply an event that a watch yields before the end of its initial events.

        Args:
            kind: The type of the event; one that is not a change is counted.
            text: The object in JSON.

        Returns:
            Whether the event was understood.
        """
        assert self._relist is not None  # noqa: S101 - `begin_list` came before
        with self._lock:
            return self._relist.apply_event(kind, text)

    def end_list(self, version: str) -> Outcome:
        """End the list: objects that it did not contain are deleted.

        Args:
            version: The version of the list, or of the bookmark that ends the initial events.

        Returns:
            The effect.
        """
        assert self._relist is not None  # noqa: S101 - `begin_list` came before
        with self._lock:
            relist, self._relist = self._relist, None
            return relist.end(version)

    def apply_event(self, kind: str, text: Text) -> bool:
        """Apply an event of a watch.

        Args:
            kind: The type of the event; one that is not a change is counted.
            text: The object in JSON.

        Returns:
            Whether the event was understood.
        """
        with self._lock:
            return self._store.apply_event(kind, text)

    def bookmark(self, version: str) -> None:
        """Remember that the watch has reported all changes up to a version.

        Args:
            version: The version.
        """
        with self._lock:
            self._store.bookmark(version)
