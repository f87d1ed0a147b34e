"""Which events of a watch the caller gets. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from kubecore.watch.decoder import ADDED, BOOKMARK, DELETED, Event, Meta, ends_initial_events, meta_of
from kubecore.watch.options import WatchOptions
from kubecore.watch.pacing import Pacing
from kubecore.watch.phases import Phases
from kubecore.watch.position import Position, version_number
from kubecore.watch.snapshot import Snapshot

__all__ = ["Reporter"]

T = TypeVar("T")


class Reporter(Generic[T]):
    """Reports every change once: from lists the differences, from streams the new changes.

    Args:
        options: The options of the watch.
        position: Moves with each event.
        phases: The phase of the watch.
        pacing: Is informed of events.

    Attributes:
        items: The items of the first list, if the watch lists again.
    """

    def __init__(self, options: WatchOptions[T], position: Position, phases: Phases, pacing: Pacing) -> None:
        self._reports_bookmarks = bool(options.allow_watch_bookmarks)
        self._relists = options.relists
        self._position = position
        self._phases = phases
        self._pacing = pacing
        keeps = options.relists or phases.current == "initial"
        self._snapshot: Snapshot[T] | None = Snapshot() if keeps else None
        self.items: list[T] = []

    @property
    def needs_bookmarks(self) -> bool:
        """Whether the objects of bookmarks must be decoded."""
        return self._reports_bookmarks or self._phases.current == "initial"

    def opened(self) -> None:
        """Start a stream."""
        if self._phases.current == "initial" and self._snapshot is not None:
            self._snapshot.begin()

    def differences(self, items: list[T], *, is_first: bool, is_back: bool) -> list[Event[T]]:
        """Compare a complete list with the reported changes.

        Args:
            items: The items of the list.
            is_first: Whether nothing was received before it.
            is_back: Whether the versions of the server are older than those that were reported.

        Returns:
            The events to report.

        Raises:
            DecodeError: An item has no metadata.
        """
        if self._snapshot is None:
            return [Event(ADDED, item) for item in items]
        metas = [meta_of(item) for item in items]
        events = list(self._snapshot.prune(metas))
        for meta, item in zip(metas, items, strict=True):
            events.extend(self._snapshot.compare(meta, item, is_back=is_back))
        if is_first:
            self.items = items
            return []
        return events

    def changes(self, decoded: Iterator[tuple[Event[T] | None, Meta]]) -> Iterator[Event[T]]:
        """Select the events of a stream that are new.

        Args:
            decoded: The events; None instead of a bookmark that nobody needs.

        Yields:
            The events to report.
        """
        position, phases, pacing = self._position, self._phases, self._pacing
        for event, meta in decoded:
            if phases.current == "initial":
                yield from self._initial(event, meta)
                continue
            version = meta.resource_version
            number = version_number(version)
            if 0 <= number <= position.number:
                continue  # Reported already; a bookmark may repeat the version.
            if version:
                position.version, position.number = version, number
            if not pacing.has_progress or pacing.failures:
                pacing.progressed()
            if event is None:
                continue
            if event.type == BOOKMARK:
                if self._reports_bookmarks:
                    yield event
                continue
            if self._snapshot is not None:
                self._snapshot.record(event.type, meta, event.object)
            yield event

    def _initial(self, event: Event[T] | None, meta: Meta) -> Iterator[Event[T]]:
        """Report the state that the server sends as events, until the bookmark that ends it."""
        snapshot = self._snapshot
        assert snapshot is not None  # noqa: S101 - made for this phase
        if event is None:
            return
        if event.type == DELETED:
            if snapshot.remove(meta):
                self._pacing.progressed()
                yield event
        elif event.type != BOOKMARK:
            for change in snapshot.compare(meta, event.object):
                self._pacing.progressed()
                yield change
        elif ends_initial_events(meta):
            yield from snapshot.finish()
            self._position.move(meta.resource_version)
            self._phases.on("synced")
            self._snapshot = snapshot if self._relists else None
            self._pacing.progressed()
            yield event
        elif self._reports_bookmarks:
            yield event
