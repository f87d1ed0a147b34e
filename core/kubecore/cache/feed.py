"""The changes of a store that one consumer has not taken yet, folded per object. No I/O.

A feed holds at most one change per object, two if an object was recreated. So its size is bounded by the number of
objects, and a slow or stopped consumer never stops the store.

| waiting | comes | becomes |
|---|---|---|
| added | updated | added, in the newer state |
| added | deleted | nothing; with `keep_deletions` deleted |
| updated | updated | updated, from the first old state to the newer one |
| updated | deleted | deleted, with the first old state as `old_entry` |
| deleted | added | deleted, then added |
| deleted, then added | updated | deleted, then added in the newer state |
| deleted, then added | deleted | deleted; with `keep_deletions` both deletions |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

import msgspec

from kubecore.cache.changes import Added, Change, Deleted, Updated
from kubecore.cache.entry import Entry
from kubecore.cache.keep import Form
from kubecore.cache.key import Key

__all__ = ["BATCH", "Feed"]

T = TypeVar("T")

BATCH: Final = 256
"""The default limit of `take`, in objects."""


class _Pending(msgspec.Struct, gc=False):
    """The changes of one object that wait.

    Attributes:
        old: The state that the consumer got; None if it got none, or its deletion.
        gone: The last state of the deleted object; None if it was not deleted.
        lost: The last state of a deleted object that the consumer never got; only with `keep_deletions`.
        new: The state of the object now; None if it does not exist.
    """

    old: Entry | None = None
    gone: Entry | None = None
    lost: Entry | None = None
    new: Entry | None = None
    is_final: bool = False
    is_lost_final: bool = False
    is_initial: bool = False


class Feed(Generic[T]):
    """The changes that wait for one consumer, in the order of the first change of each object.

    `Store.open_feed` makes feeds. They are not safe for threads: hold the lock that is held while the store changes.

    Args:
        form: The form of the entries.
        entries: The entries that exist now: the consumer gets them first.
        keep_deletions: Whether the deletion of an object is reported also if the consumer never got the object.
        wake: Is called when the feed is no longer empty.
    """

    __slots__ = ("_form", "_keep_deletions", "_pending", "_wake", "is_closed")

    def __init__(
        self,
        form: Form[T],
        entries: Iterable[Entry] = (),
        *,
        keep_deletions: bool = False,
        wake: Callable[[], None] | None = None,
    ) -> None:
        self._form: Final = form
        self._keep_deletions: Final = keep_deletions
        self._wake: Final = wake
        self._pending: dict[Key, _Pending] = {entry.key: _Pending(new=entry, is_initial=True) for entry in entries}
        self.is_closed: bool = False
        """Whether the feed was closed: it gets no more changes."""

    def __len__(self) -> int:
        """Return for how many objects changes wait."""
        return len(self._pending)

    def take(self, limit: int = BATCH) -> list[Change[T]]:
        """Take waiting changes, oldest first.

        Args:
            limit: Of how many objects at most.

        Returns:
            The changes: one per object, two for an object that was recreated.
        """
        pending = self._pending
        if limit >= len(pending):
            self._pending = {}
            return [change for waiting in pending.values() for change in self._changes(waiting)]
        return [change for key in self._first(limit) for change in self._changes(pending.pop(key))]

    def close(self) -> None:
        """Drop the waiting changes; the feed gets no more of them."""
        self.is_closed = True
        self._pending = {}

    def added(self, entry: Entry, *, is_initial: bool = False) -> None:
        """Handle an added object; the store calls it.

        Args:
            entry: The object.
            is_initial: Whether it is part of the first list.
        """
        waiting = self._pending.get(entry.key)
        if waiting is None:
            self._add(entry.key, _Pending(new=entry, is_initial=is_initial))
        else:
            waiting.new = entry

    def updated(self, old: Entry, entry: Entry) -> None:
        """Handle a new state of an object; the store calls it.

        Args:
            old: The state before.
            entry: The new state.
        """
        waiting = self._pending.get(entry.key)
        if waiting is None:
            self._add(entry.key, _Pending(old=old, new=entry))
        else:
            waiting.new = entry

    def deleted(self, old: Entry, last: Entry, *, is_final: bool) -> None:
        """Handle a deleted object; the store calls it.

        Args:
            old: The state before.
            last: The state in the moment of the deletion, `old` if it is not known.
            is_final: Whether the state in the moment of the deletion is known.
        """
        waiting = self._pending.get(old.key)
        if waiting is None:
            self._add(old.key, _Pending(old=old, gone=last, is_final=is_final))
        elif waiting.gone is None and waiting.old is not None:
            waiting.gone, waiting.new, waiting.is_final = last, None, is_final
        else:
            self._deleted_unknown(old.key, waiting, last, is_final)

    def _deleted_unknown(self, key: Key, waiting: _Pending, last: Entry, is_final: bool) -> None:
        """Handle the deletion of an object that the consumer never got."""
        waiting.new = None
        if self._keep_deletions:
            waiting.lost, waiting.is_lost_final = last, is_final
        elif waiting.gone is None:
            del self._pending[key]

    def _add(self, key: Key, waiting: _Pending) -> None:
        is_first = not self._pending
        self._pending[key] = waiting
        if is_first and self._wake is not None:
            self._wake()

    def _first(self, limit: int) -> list[Key]:
        keys = iter(self._pending)
        return [next(keys) for _ in range(limit)]

    def _changes(self, waiting: _Pending) -> Iterator[Change[T]]:
        if waiting.gone is not None:
            yield Deleted(self._form, waiting.gone, waiting.old, is_final=waiting.is_final)
        if waiting.lost is not None:
            yield Deleted(self._form, waiting.lost, None, is_final=waiting.is_lost_final)
        if waiting.new is None:
            return
        if waiting.old is None or waiting.gone is not None:
            yield Added(self._form, waiting.new, is_initial=waiting.is_initial)
        else:
            yield Updated(self._form, waiting.new, waiting.old)
