"""The objects that a watch has yielded, so that another list yields only differences. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from kubecore.watch.decoder import ADDED, DELETED, MODIFIED, Event, Meta
from kubecore.watch.position import version_number

__all__ = ["Snapshot"]

T = TypeVar("T")

_Key = tuple[str, str]


class _Entry(NamedTuple, Generic[T]):
    uid: str
    version: str
    object: T

    def is_newer_than(self, version: str) -> bool:
        return 0 <= version_number(version) < version_number(self.version)


class Snapshot(Generic[T]):
    """The objects of a collection in their last yielded state, by namespace and name."""

    def __init__(self) -> None:
        self._entries: Final[dict[_Key, _Entry[T]]] = {}
        self._unseen: set[_Key] = set()

    def begin(self) -> None:
        """Begin another list of the collection: objects that do not occur before `finish` are gone."""
        self._unseen = set(self._entries)

    def compare(self, meta: Meta, item: T, *, is_back: bool = False) -> Iterator[Event[T]]:
        """Look at an object that exists.

        Args:
            meta: Its metadata.
            item: The object.
            is_back: Whether the server's versions have gone back: then a lower version is newer, and the same one may
                have another content.

        Yields:
            Changes that were not yielded yet; for a recreated object the deletion, too.
        """
        key = (meta.namespace, meta.name)
        self._unseen.discard(key)
        before = self._entries.get(key)
        if before is not None and not is_back and before.is_newer_than(meta.resource_version):
            return
        self._entries[key] = _Entry(meta.uid, meta.resource_version, item)
        if before is None:
            yield Event(ADDED, item)
        elif before.uid != meta.uid:
            yield Event(DELETED, before.object)
            yield Event(ADDED, item)
        elif before.version != meta.resource_version or (is_back and before.object != item):
            yield Event(MODIFIED, item)

    def prune(self, metas: Iterable[Meta]) -> Iterator[Event[T]]:
        """Record all that exists, before `compare` is called for each.

        Args:
            metas: The metadata of every object.

        Yields:
            The deletion of each object that is not among them, in its last state.
        """
        self._unseen = set(self._entries).difference((meta.namespace, meta.name) for meta in metas)
        yield from self.finish()

    def record(self, kind: str, meta: Meta, item: T) -> None:
        """Record a change that is yielded unchanged."""
        key = (meta.namespace, meta.name)
        if kind == DELETED:
            self._entries.pop(key, None)
        else:
            self._entries[key] = _Entry(meta.uid, meta.resource_version, item)

    def remove(self, meta: Meta) -> bool:
        """Remove an object that was deleted while the collection is read; return whether it was known."""
        key = (meta.namespace, meta.name)
        self._unseen.discard(key)
        return self._entries.pop(key, None) is not None

    def finish(self) -> Iterator[Event[T]]:
        """End the list of the collection.

        Yields:
            The deletion of each object that is gone, in its last state.
        """
        for key in sorted(self._unseen):
            yield Event(DELETED, self._entries.pop(key).object)
        self._unseen = set()
