"""A consumer of a feed that takes at random moments, and checks that the changes are a story without contradictions."""

from __future__ import annotations

from typing import Any, Final

from kubecore.cache.changes import Added, Change, Deleted, Updated
from kubecore.cache.entry import Entry
from kubecore.cache.feed import Feed
from kubecore.cache.key import Key
from kubecore.cache.store import Store

__all__ = ["FeedReader", "number"]

Objects = dict[str, Any]


def number(entry: Entry) -> int:
    """Return the version of an entry, which is a number here."""
    assert isinstance(entry.version, int)
    return entry.version


class FeedReader:
    """A consumer of all changes.

    Args:
        store: The store.
        keep_deletions: Whether it gets the deletions of objects that it never got.
    """

    def __init__(self, store: Store[Objects], *, keep_deletions: bool) -> None:
        self.rings = 0
        self.feed: Final[Feed[Objects]] = store.open_feed(keep_deletions=keep_deletions, wake=self._ring)
        self.known: Final[dict[Key, Entry]] = {}
        self._store: Final = store
        self._keep_deletions: Final = keep_deletions
        self._newest: dict[str, int] = {}
        self._lost: dict[Key, str] = {}
        """By key: the uid of the last object that left the store since the key was taken."""

    def _ring(self) -> None:
        self.rings += 1

    def saw_deletion(self, entry: Entry) -> None:
        """Take note that an object left the store."""
        self._lost[entry.key] = entry.uid

    def forget_versions(self) -> None:
        """Accept older versions: the server has gone back."""
        self._newest.clear()

    def take(self, limit: int) -> None:
        """Take changes, and check them."""
        before = len(self.feed)
        changes = self.feed.take(limit)
        keys = list(dict.fromkeys(change.key for change in changes))
        assert len(keys) <= limit, "more than the limit was taken"
        assert len(self.feed) == before - min(limit, before), "the feed holds what was taken"
        for change in changes:
            self._check(change)
        for key in keys:
            self._check_deletion(key, [change for change in changes if change.key == key])

    def _check_deletion(self, key: Key, changes: list[Change[Objects]]) -> None:
        uid = self._lost.pop(key, None)
        if uid is not None and self._keep_deletions:
            deleted = [change.entry.uid for change in changes if isinstance(change, Deleted)]
            assert uid in deleted, f"the deletion of {uid} was not reported"

    def _check(self, change: Change[Objects]) -> None:
        key, entry = change.key, change.entry
        known = self.known.get(key)
        assert change.object["metadata"]["resourceVersion"] == str(entry.version)
        if isinstance(change, Deleted):
            if known is None:
                assert self._keep_deletions, f"deleted but never added: {change!r}"
                assert change.old_entry is None
            else:
                assert change.old_entry is not None
                assert (change.old_entry.uid, change.old_entry.version) == (known.uid, known.version)
                assert entry.uid == known.uid, f"deleted as another object: {change!r}"
                del self.known[key]
            return
        if isinstance(change, Added):
            assert known is None, f"added twice: {change!r}"
        else:
            assert isinstance(change, Updated)
            assert known is not None and known.uid == entry.uid, f"updated but never added: {change!r}"
            assert (change.old_entry.uid, change.old_entry.version) == (known.uid, known.version)
            assert change.old["metadata"]["resourceVersion"] == str(known.version)
        assert self._newest.get(entry.uid, -1) < number(entry), f"a version went back: {change!r}"
        self._newest[entry.uid] = number(entry)
        self.known[key] = entry

    def finish(self) -> None:
        """Take the rest, and check that the consumer knows the objects of the store."""
        while len(self.feed):
            self.take(2)
        mine = {key: (entry.uid, entry.version) for key, entry in self.known.items()}
        assert mine == {entry.key: (entry.uid, entry.version) for entry in self._store}, "the consumer differs"


class Spy(Feed[Objects]):
    """Gets every change of a store at once, and checks it.

    Args:
        store: The store.
        readers: The consumers that must get the deletions.
    """

    def __init__(self, store: Store[Objects], readers: list[FeedReader]) -> None:
        super().__init__(store.form)
        self.known: Final[dict[Key, Entry]] = {}
        self._newest: dict[str, int] = {}
        self._uids: dict[Key, int] = {}
        self._readers: Final = readers
        store._feeds.append(self)

    def forget_versions(self) -> None:
        """Accept older versions: the server has gone back."""
        self._newest.clear()
        self._uids.clear()
        for reader in self._readers:
            reader.forget_versions()

    def added(self, entry: Entry, *, is_initial: bool = False) -> None:
        """Check an added object."""
        assert entry.key not in self.known, f"added twice: {entry!r}"
        uid = int(entry.uid.removeprefix("uid-"))
        assert self._uids.get(entry.key, 0) <= uid, f"an object is back that was recreated: {entry!r}"
        self._uids[entry.key] = uid
        self._accept(entry)

    def updated(self, old: Entry, entry: Entry) -> None:
        """Check an updated object."""
        assert self.known[entry.key] is old and old.uid == entry.uid, f"updated but never added: {entry!r}"
        self._accept(entry)

    def deleted(self, old: Entry, last: Entry, *, is_final: bool) -> None:
        """Check a deleted object."""
        assert self.known.pop(old.key) is old, f"deleted but never added: {old!r}"
        assert last.uid == old.uid and number(last) >= number(old)
        for reader in self._readers:
            reader.saw_deletion(old)

    def _accept(self, entry: Entry) -> None:
        assert self._newest.get(entry.uid, -1) < number(entry), f"a version of {entry.uid} went back: {entry!r}"
        self._newest[entry.uid] = number(entry)
        self.known[entry.key] = entry
