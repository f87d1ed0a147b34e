"""The objects of the fake API server, with one revision for all of them, and the history of their changes."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

__all__ = ["Change", "Key", "Record", "Snapshot", "Storage", "Store", "encoded", "key_text"]

Storage = tuple[str, str]
"""The key of a collection: group and plural."""

Key = tuple[str, str]
"""Namespace and name of an object."""


def encoded(value: Any, *, is_sorted: bool) -> bytes:
    """Return the JSON of an object or a list.

    Args:
        value: The object or the list.
        is_sorted: Whether the keys of all JSON objects are sorted: the server has no types of custom objects.
    """
    return msgspec.json.encode(value, order="deterministic" if is_sorted else None)


def key_text(key: Key) -> str:
    """Return the text by which the server sorts objects."""
    return f"{key[0]}/{key[1]}" if key[0] else key[1]


class Record(NamedTuple):
    """An object in the store.

    Attributes:
        content: Its JSON, as the server sends it.
        version: Its resource version.
        has_defaults: Whether it has defaults that the real server sets at each read, but has not stored.
    """

    content: bytes
    version: int
    has_defaults: bool = False

    def document(self) -> dict[str, Any]:
        """Return the object; the caller may change it."""
        document: dict[str, Any] = msgspec.json.decode(self.content)
        return document


class Change(NamedTuple):
    """A write.

    Attributes:
        storage: The collection.
        key: Namespace and name.
        old: The object before, None if it was created.
        new: The object after. The last state, with the version of the deletion, if it was deleted.
        is_deletion: Whether it was deleted.
    """

    storage: Storage
    key: Key
    old: Record | None
    new: Record
    is_deletion: bool

    @property
    def version(self) -> int:
        """The revision of the write."""
        return self.new.version


class Snapshot(NamedTuple):
    """All objects at one revision."""

    revision: int
    collections: dict[Storage, dict[Key, Record]]


class Store:
    """The objects, and the history since the last compaction.

    Attributes:
        revision: The revision of the last write.
        compacted: The revision of the last compaction: versions before it have expired.
        observers: Called with each change, in order.

    Args:
        revision: The first revision.
    """

    def __init__(self, revision: int) -> None:
        self.revision: int = revision
        self.compacted: int = revision
        self.observers: Final[list[Callable[[Change], None]]] = []
        self._collections: dict[Storage, dict[Key, Record]] = {}
        self._ordered: dict[Storage, list[Key]] = {}
        self._history: list[Change] = []

    def get(self, storage: Storage, key: Key) -> Record | None:
        """Return an object, None if it is missing."""
        return self._collections.get(storage, {}).get(key)

    def write(
        self,
        storage: Storage,
        key: Key,
        document: dict[str, Any],
        *,
        is_sorted: bool = False,
        has_defaults: bool = False,
    ) -> Record:
        """Create or replace an object; its resource version is set.

        Args:
            storage: The collection.
            key: Namespace and name.
            document: The object; its metadata are changed.
            is_sorted: Whether the object is a custom one, whose keys are sorted.
            has_defaults: Whether it has defaults that the real server does not store.
        """
        record = self._next(document, is_sorted=is_sorted)._replace(has_defaults=has_defaults)
        collection = self._collections.setdefault(storage, {})
        old = collection.get(key)
        collection[key] = record
        if old is None:
            self._ordered.pop(storage, None)
        self._report(Change(storage, key, old, record, is_deletion=False))
        return record

    def repeat(self, change: Change) -> None:
        """Store the object of a write that created or replaced it in another store, with its version."""
        self.revision = change.version
        collection = self._collections.setdefault(change.storage, {})
        if change.key not in collection:
            self._ordered.pop(change.storage, None)
        collection[change.key] = change.new
        self._report(change)

    def delete(self, storage: Storage, key: Key) -> Record:
        """Delete an object; its last stored state is reported with the version of the deletion.

        Args:
            storage: The collection.
            key: Namespace and name.

        Raises:
            KeyError: It is missing.
        """
        old = self._collections[storage].pop(key)
        self._ordered.pop(storage, None)
        record = self._next(old.document())
        self._report(Change(storage, key, old, record, is_deletion=True))
        return record

    def collection(self, storage: Storage, revision: int | None = None) -> dict[Key, Record]:
        """Return the objects of a collection at a revision, by default the newest; the caller must not change them.

        Args:
            storage: The collection.
            revision: A revision that has not expired.
        """
        current = self._collections.get(storage, {})
        if revision is None or revision >= self.revision:
            return current
        found = dict(current)
        for change in reversed(self._since(revision)):
            if change.storage != storage:
                continue
            if change.old is None:
                found.pop(change.key, None)
            else:
                found[change.key] = change.old
        return found

    def keys(self, storage: Storage, revision: int | None = None) -> list[Key]:
        """Return the keys of `collection` in order; the caller must not change them."""
        found = self.collection(storage, revision)
        if found is not self._collections.get(storage):
            return sorted(found, key=key_text)
        if storage not in self._ordered:
            self._ordered[storage] = sorted(found, key=key_text)
        return self._ordered[storage]

    def changes(self, storage: Storage, revision: int) -> Iterator[Change]:
        """Yield the changes of a collection after a revision, in order."""
        return (change for change in self._since(revision) if change.storage == storage)

    def compact(self) -> None:
        """Forget the history."""
        self._history = []
        self.compacted = self.revision

    def snapshot(self) -> Snapshot:
        """Return the state of all objects."""
        return Snapshot(self.revision, {storage: dict(found) for storage, found in self._collections.items()})

    def restore(self, snapshot: Snapshot) -> None:
        """Return to an earlier state; the revision goes back, and the history is forgotten."""
        self._collections = {storage: dict(found) for storage, found in snapshot.collections.items()}
        self._ordered = {}
        self.revision = snapshot.revision
        self.compact()

    def storages(self) -> Iterable[Storage]:
        """Return the keys of all collections that were ever written."""
        return self._collections.keys()

    def _next(self, document: dict[str, Any], *, is_sorted: bool = False) -> Record:
        self.revision += 1
        document["metadata"]["resourceVersion"] = str(self.revision)
        return Record(encoded(document, is_sorted=is_sorted), self.revision)

    def _report(self, change: Change) -> None:
        self._history.append(change)
        for observer in list(self.observers):
            observer(change)

    def _since(self, revision: int) -> list[Change]:
        start = bisect.bisect_right(self._history, revision, key=lambda change: change.version)
        return self._history[start:]
