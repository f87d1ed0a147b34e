"""A list that is applied to a store page by page, without holding the collection twice. No I/O.

Each page is applied at once: an entry with equal uid and version stays as it is and gets the number of the list. At the
end, entries without this number are deleted, if the list is newer than they are.

An item that the store does not contain, although the store has reached a later version, waits until the end. If the
list is older than the store, that object was deleted since, and must not come back. Only items of such lists wait.

A list that is older than the store is refused: the server that sent it is behind. After five of them the server must
have gone back, as after the restore of a backup. Then the store returns to the old state. All items of that list wait.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from kubecore.cache.entry import Entry, Received, version_of
from kubecore.cache.key import Key
from kubecore.cache.ordered import Ordered, is_newer
from kubecore.cache.table import Text

__all__ = ["MAX_REFUSED", "Outcome", "Relist"]

T = TypeVar("T")

MAX_REFUSED: Final = 5
"""How many lists in a row are refused, before the server is believed to have gone back."""


class Outcome(enum.Enum):
    """The effect of a list at its end."""

    APPLIED = "applied"
    """The store contains the objects of the list."""

    REFUSED = "refused"
    """The list is older than the store, which is unchanged: list again."""

    WENT_BACK = "went back"
    """The server has gone back to an older state, and so has the store."""


class Relist(Generic[T]):
    """One list of the collection: `Store.begin_relist` makes it.

    Args:
        store: The store.
        number: The number of the list.
    """

    __slots__ = ("_is_doubtful", "_number", "_store", "_waiting")

    def __init__(self, store: Ordered[T], number: int) -> None:
        self._store: Final = store
        self._number: Final = number
        self._is_doubtful: Final = store.refused >= MAX_REFUSED
        self._waiting: dict[Key, Entry] = {}

    def add(self, items: Iterable[Text]) -> None:
        """Apply a page.

        Args:
            items: Its items, each an object in JSON.
        """
        for text in items:
            self.apply_event("ADDED", text)

    def apply_event(self, kind: str, text: Text) -> bool:
        """Apply an event that a watch yields before the end of its initial events.

        Args:
            kind: `ADDED`, `MODIFIED` or `DELETED`; another event is counted as undecodable.
            text: The object of the event.

        Returns:
            Whether the event was understood.
        """
        found = self._store.parse_event(kind, text)
        if found is None:
            return False
        if kind == "DELETED":
            self._waiting.pop(found.key, None)
            self._store.apply_deletion(found)
        elif self._is_doubtful:
            self._waiting[found.key] = self._store.entry(found)
        else:
            self._apply(found)
        return True

    def end(self, version: str) -> Outcome:
        """End the list: entries that it did not contain are deleted.

        Args:
            version: The version of the list, or of the bookmark that ends the initial events.

        Returns:
            The effect. The next request continues from `Store.version` if the list was applied.
        """
        store, number = self._store, version_of(version)
        if store.is_after(number):
            store.refused += 1
            if not self._is_doubtful:
                self.abandon()
                return Outcome.REFUSED
            store.go_back()
            self._restore()
            outcome = Outcome.WENT_BACK
        else:
            for found in self._waiting.values():
                self._apply(found, is_end=True)
            self._drop_missing(number)
            outcome = Outcome.APPLIED
        self.abandon()
        store.refused = 0
        store.finish_relist(number)
        return outcome

    def abandon(self) -> None:
        """Forget the list: nothing is deleted. The changes that were applied stay, since they are new."""
        self._waiting = {}

    def _apply(self, found: Received | Entry, *, is_end: bool = False) -> None:
        store = self._store
        current = store.get(found.key)
        is_same = current is not None and current.uid == found.uid
        if current is not None and is_same:
            current.seen = self._number
            if current.version == found.version:
                return
        if not store.is_newer(found):
            return
        entry = store.entry(found) if isinstance(found, Received) else found
        if not is_same and not is_end and store.is_after(found.version):
            self._waiting[found.key] = entry
            return
        entry.seen = self._number
        store.put(entry)

    def _drop_missing(self, version: int | str) -> None:
        missing = [
            entry for entry in self._store if entry.seen != self._number and not is_newer(entry.version, version)
        ]
        for entry in missing:
            self._store.drop(entry, entry, is_final=False)

    def _restore(self) -> None:
        """Replace the entries by those of the list, although these are older."""
        store = self._store
        for entry in list(store):
            found = self._waiting.get(entry.key)
            if found is None or found.uid != entry.uid:
                store.drop(entry, entry, is_final=False)
            elif found.version == entry.version and store.form.equal(found.value, entry.value):
                del self._waiting[entry.key]
        for found in self._waiting.values():
            store.put(found)
