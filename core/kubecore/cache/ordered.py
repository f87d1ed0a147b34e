"""Entries in the order of their versions: the events of a watch, and the version that it has reached. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from kubecore.cache import entry as entries
from kubecore.cache.entry import Entry, Received, Version
from kubecore.cache.index import IndexFunction
from kubecore.cache.keep import Form
from kubecore.cache.own_writes import Floors, Tombstones
from kubecore.cache.table import Table, Text

__all__ = ["Ordered", "is_newer"]

T = TypeVar("T")

_UNKNOWN: Final = -1


class Ordered(Table[T]):
    """Entries that only newer states replace; the base of `Store`.

    Args:
        form: How objects are kept.
        name: The name of the resource, such as `pods`, for messages.
        indexes: Functions whose values objects are found by.
        now: The monotonic clock, in seconds.

    Attributes:
        is_synced: Whether a list was applied completely.
        refused: How many lists in a row were older than the store.
    """

    def __init__(self, form: Form[T], name: str, indexes: Iterable[IndexFunction[T]], now: Callable[[], float]) -> None:
        super().__init__(form, name, indexes)
        self.is_synced: bool = False
        self.refused: int = 0
        self._reached = _UNKNOWN
        self._version = ""
        self._is_numeric = True
        self._floors: Final = Floors()
        self._tombstones: Final = Tombstones(now)

    @property
    def version(self) -> str:
        """The version that the store has reached, from which a watch continues; "" before the first list."""
        return self._version

    def reached(self, version: str) -> bool:
        """Return whether reads are at least as new as a version.

        Args:
            version: A version of the server's.
        """
        number = entries.version_of(version)
        return number == self._version or (isinstance(number, int) and number <= self._reached)

    def is_after(self, version: Version) -> bool:
        """Return whether the store has reached a later version, which only numbers show.

        Args:
            version: A version.
        """
        return isinstance(version, int) and version < self._reached

    def apply_event(self, kind: str, text: Text) -> bool:
        """Apply an event of a watch.

        Args:
            kind: `ADDED`, `MODIFIED` or `DELETED`; another event is counted as undecodable.
            text: The object of the event.

        Returns:
            Whether the event was understood; it may have changed nothing.
        """
        found = self.parse_event(kind, text)
        if found is None:
            return False
        if kind == "DELETED":
            self.apply_deletion(found)
        elif self.is_newer(found):
            self.put(self.entry(found), is_initial=not self.is_synced)
        self._reach(found.version)
        return True

    def bookmark(self, version: str) -> None:
        """Remember that the watch has reported all changes up to a version.

        Args:
            version: The version.
        """
        self._reach(entries.version_of(version))

    def is_newer(self, found: Received | Entry) -> bool:
        """Return whether a state from the server is newer than all that is known of its object.

        Args:
            found: The state.
        """
        if found.uid in self._tombstones:
            return False
        version = found.version
        if isinstance(version, int) and version < self._floors.get(found.key):
            return False
        current = self.get(found.key)
        return current is None or not (current.version == version or is_newer(current.version, version))

    def apply_deletion(self, last: Received) -> None:
        """Remove the entry of a deleted object, in a state that is not newer.

        An older entry with another uid is removed too: its name was used again. A list that is applied later must not
        bring the object back, also if the store has not reached this version until then.

        Args:
            last: The last state of the object.
        """
        if isinstance(last.version, int) and last.version > self._reached:
            self._floors.raise_to(last.key, last.version)
        current = self.get(last.key)
        if current is None or is_newer(current.version, last.version):
            return
        if current.uid == last.uid:
            self.drop(current, self.entry(last), is_final=True)
        elif is_newer(last.version, current.version):
            self.drop(current, current, is_final=False)

    def _reach(self, version: Version) -> None:
        if isinstance(version, str):
            self._is_numeric = False
            self._version = version
        elif version > self._reached:
            self._reached = version
            self._version = str(version)
            self._floors.reach(version)

    def finish_relist(self, version: Version) -> None:
        """Handle the end of a list that was applied; `Relist.end` calls it.

        Args:
            version: The version of the list.
        """
        self._reach(version)
        self.is_synced = True

    def go_back(self) -> None:
        """Forget the versions of the server, since it has gone back to an older state."""
        self._reached, self._version = _UNKNOWN, ""
        self._floors.clear()
        self._tombstones.clear()


def is_newer(version: Version, than: Version) -> bool:
    """Return whether a version is certainly newer than another, which only numbers show.

    Args:
        version: A version.
        than: Another one.
    """
    return isinstance(version, int) and isinstance(than, int) and version > than
