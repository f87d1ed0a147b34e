"""Event streams of watches: which events a reader gets, and how they are kept until it reads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from kubecore.testing._server.failures import RequestError
from kubecore.testing._server.statuses import error_event
from kubecore.testing._server.store import Change, Record, Storage

__all__ = ["INITIAL_EVENTS_END", "Selection", "WatchStream"]

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
_MOST_UNREAD: Final = 1000
"""Events that are kept for a reader; a watch ends if there are more, as on a real server."""

_BOOKMARKS_EVERY: Final = timedelta(minutes=1)
_LAST_BOOKMARK: Final = timedelta(seconds=2)
"""The time of the last bookmark before the end."""


class Selection:
    """The objects that a list or a watch is about.

    Attributes:
        storage: The collection.
        namespace: The namespace, "" for all of them.

    Args:
        storage: The collection.
        namespace: The namespace, "" for all of them.
        matches: Whether an object matches the selectors; None if there are no selectors.
        shape: The JSON of an object as this reader gets it; None for the JSON of the store.
    """

    def __init__(
        self,
        storage: Storage,
        namespace: str,
        matches: Callable[[Record], bool] | None = None,
        shape: Callable[[Record], bytes] | None = None,
    ) -> None:
        self.storage: Final = storage
        self.namespace: Final = namespace
        self._matches = matches
        self._shape = shape

    def has(self, namespace: str, record: Record) -> bool:
        """Return whether an object is selected."""
        return self.namespace in ("", namespace) and (self._matches is None or self._matches(record))

    def content(self, record: Record) -> bytes:
        """Return the JSON of an object as the reader gets it."""
        return record.content if self._shape is None else self._shape(record)


class WatchStream:
    """The body of a watch; all methods may be called from any thread.

    Attributes:
        is_muted: Whether nothing is sent, bookmarks included.

    Args:
        selection: The objects.
        bookmark: The JSON of the object of a bookmark, by its version and annotations; None if none are requested.
        began: The time of the server at the start.
        ends_at: The time of the server at which the watch ends, or None.
        starts_after: The version of the request. If the server has not reached it yet, nothing is sent until then.
    """

    def __init__(
        self,
        selection: Selection,
        bookmark: Callable[[int, dict[str, str]], bytes] | None,
        began: datetime,
        ends_at: datetime | None,
        starts_after: int = 0,
    ) -> None:
        self.is_muted = False
        self._selection = selection
        self._bookmark = bookmark
        self._ends_at = ends_at
        self._next_bookmark = self._bookmark_after(began)
        self._unread = 0
        self._starts_after = starts_after
        self._guard = threading.Lock()
        self._chunks: deque[bytes] = deque()
        self._callback: Callable[[], None] | None = None
        self._is_ending = False
        self._on_close: Callable[[WatchStream], None] | None = None

    def on_close(self, function: Callable[[WatchStream], None]) -> None:
        """Set a function that is called once the stream needs no further changes."""
        self._on_close = function

    @property
    def storage(self) -> Storage:
        """The collection."""
        return self._selection.storage

    def initial(self, records: list[Record], version: int, *, with_end: bool) -> None:
        """Send the objects that exist, and a bookmark after them if the reader requested one."""
        for record in records:
            self._send(_event("ADDED", self._selection.content(record)), is_counted=False)
        if with_end and self._bookmark is not None:
            self._send(_event("BOOKMARK", self._bookmark(version, {INITIAL_EVENTS_END: "true"})))

    def offer(self, change: Change, *, is_kept: bool = False) -> None:
        """Send the event of a change, if it concerns the reader.

        Args:
            change: The change.
            is_kept: Whether the server keeps the change anyway: the reader may read it as late as it likes.
        """
        if change.storage != self._selection.storage or change.version <= self._starts_after or self.is_muted:
            return
        namespace = change.key[0]
        had = change.old is not None and self._selection.has(namespace, change.old)
        has = not change.is_deletion and self._selection.has(namespace, change.new)
        if not (had or has):
            return
        kind = "MODIFIED" if had and has else "ADDED" if has else "DELETED"
        record = change.new
        if kind == "DELETED" and not change.is_deletion and change.old is not None:
            record = _with_version(change.old, change.version)
        self._send(_event(kind, self._selection.content(record)), is_counted=not is_kept)

    def advance(self, now: datetime, version: int) -> None:
        """Send bookmarks that are due, and end at the time limit."""
        if self._next_bookmark is not None and now >= self._next_bookmark:
            self._next_bookmark = self._bookmark_after(now)
            self._mark(version)
        if self._ends_at is not None and now >= self._ends_at:
            self.end()

    def _bookmark_after(self, now: datetime) -> datetime | None:
        """Return the time of the next bookmark: every minute, and shortly before the end."""
        if self._ends_at is None:
            return now + _BOOKMARKS_EVERY
        last = self._ends_at - _LAST_BOOKMARK
        return min(now + _BOOKMARKS_EVERY, last) if last > now else None

    def _mark(self, version: int) -> None:
        """Send a bookmark, if the reader requested bookmarks."""
        if self._bookmark is not None and version >= self._starts_after and not self.is_muted:
            self._send(_event("BOOKMARK", self._bookmark(version, {})))

    def fail(self, error: RequestError) -> None:
        """Send an error event and end."""
        self._send(error_event(error))
        self.end()

    def end(self) -> None:
        """End the body after the chunks that are ready."""
        with self._guard:
            self._is_ending = True
        self._wake()
        self._forget()

    def take(self) -> list[bytes]:
        """Return the chunks that are ready, and forget them."""
        with self._guard:
            chunks = list(self._chunks)
            self._chunks.clear()
            self._unread = 0
        return chunks

    @property
    def is_ended(self) -> bool:
        """Whether `take` has returned the last chunk."""
        with self._guard:
            return self._is_ending and not self._chunks

    def notify(self, callback: Callable[[], None]) -> None:
        """Call a function, once, when a chunk is ready or the body ends."""
        with self._guard:
            is_ready = bool(self._chunks) or self._is_ending
            if not is_ready:
                self._callback = callback
        if is_ready:
            callback()

    def close(self) -> None:
        """Forget the reader."""
        with self._guard:
            self._chunks.clear()
            self._is_ending = True
            self._callback = None
        self._forget()

    def _send(self, chunk: bytes, *, is_counted: bool = True) -> None:
        with self._guard:
            if self._is_ending:
                return
            self._chunks.append(chunk)
            self._unread += is_counted
            is_too_slow = self._unread > _MOST_UNREAD
        self._wake()
        if is_too_slow:
            self.end()

    def _wake(self) -> None:
        with self._guard:
            callback, self._callback = self._callback, None
        if callback is not None:
            callback()

    def _forget(self) -> None:
        function, self._on_close = self._on_close, None
        if function is not None:
            function(self)


def _event(kind: str, content: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), content)


def _with_version(record: Record, version: int) -> Record:
    """Return an object with the version of the change by which it ceased to match."""
    document = record.document()
    document["metadata"]["resourceVersion"] = str(version)
    return Record(msgspec.json.encode(document), version)
