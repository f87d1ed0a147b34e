"""Equal events become a series: which of them are written, when, and with which count. No I/O.

Source: `k8s.io/client-go/tools/events`; the spam filter of `k8s.io/client-go/tools/record`.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from kubecore.clocks import Clock
from kubecore.errors import InvalidRequestError
from kubecore.recorder.buckets import Buckets
from kubecore.recorder.reference import Reference

__all__ = ["Key", "Limits", "Occurrence", "Series", "SeriesBook", "Write"]

_INCREASE: Final = 2
"""A series is written again when its count is this many times the written one."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes, counts and times of a recorder; all times are in seconds.

    Attributes:
        queue: Most events that wait to be created; more are dropped.
        series: Most series in memory; the one that was seen least recently is forgotten.
        burst: How many new series of one type an object may begin at once.
        refill: The time after which it may begin one more.
        quiet: A series that was not seen for this time has ended.
        pause: The shortest time between two writes of a series, from its third write on.
        refresh: The longest time between two writes of a series whose count grows: the server deletes events an hour
            after their last write by default.

    Raises:
        InvalidRequestError: A number is below 1, or a time is not finite and above 0.
    """

    queue: int = 1000
    series: int = 4096
    burst: int = 25
    refill: float = 300.0
    quiet: float = 360.0
    pause: float = 60.0
    refresh: float = 1800.0

    def __post_init__(self) -> None:
        for name, count in (("queue", self.queue), ("series", self.series), ("burst", self.burst)):
            if not count >= 1:  # Not `< 1`, for NaN.
                raise InvalidRequestError(f"invalid limits: {name} must be 1 or more, not {count}")
        times = {"refill": self.refill, "quiet": self.quiet, "pause": self.pause, "refresh": self.refresh}
        for name, seconds in times.items():
            if not 0 < seconds < math.inf:
                raise InvalidRequestError(f"invalid limits: {name} must be finite and above 0 s, not {seconds} s")


class Key(NamedTuple):
    """The fields that all events of a series share, in addition to the names of controller and process."""

    type: str
    reason: str
    action: str
    regarding: Reference
    related: Reference | None


class Occurrence(NamedTuple):
    """One event that the program reported."""

    key: Key
    note: str


class Series:
    """Equal events, which are one event on the server.

    Attributes:
        key: Their common fields.
        note: The note of the first one.
        first_wall: When the first was seen, in seconds since 1970-01-01 UTC.
        last_seen: When the last was seen, in seconds on the monotonic clock.
        last_wall: The same in seconds since 1970-01-01 UTC.
        count: How many were seen.
        stored: The count that the server has, 0 if the event was not created.
        tried: The count in the last finished write, successful or not.
        tried_at: When that write ended, on the monotonic clock.
        name: The name of the event, "" until it has one.
        is_missing: Whether the event has to be created.
        is_over: Whether it has left the memory: it is written once more, if anything is not written.
        stamp: The number of its valid entry in the schedule, 0 for none.
        due: The time of that entry.
    """

    __slots__ = (
        "count",
        "due",
        "first_wall",
        "is_missing",
        "is_over",
        "key",
        "last_seen",
        "last_wall",
        "name",
        "note",
        "stamp",
        "stored",
        "tried",
        "tried_at",
    )

    def __init__(self, occurrence: Occurrence, now: float, wall: float) -> None:
        self.key: Key = occurrence.key
        self.note: str = occurrence.note
        self.first_wall: float = wall
        self.last_wall: float = wall
        self.last_seen: float = now
        self.tried_at: float = now
        self.count: int = 1
        self.stored: int = 0
        self.tried: int = 0
        self.name: str = ""
        self.is_missing: bool = True
        self.is_over: bool = False
        self.stamp: int = 0
        self.due: float = math.inf


@dataclass(frozen=True, slots=True)
class Write:
    """A series that is to be written now, with the values to write.

    Attributes:
        series: The series.
        count: Its count.
        last_wall: When it was last seen, in seconds since 1970-01-01 UTC.
    """

    series: Series
    count: int
    last_wall: float


class SeriesBook:
    """All series of a recorder. The caller makes sure that only one thread uses it at a time.

    Each reported event is counted once: `reported == written + dropped` plus the events that are not written yet.

    Args:
        clock: The clock.
        limits: Its limits.
        on_drop: Called with the number of events that were dropped.

    Attributes:
        reported: How many events the program reported.
        written: How many of them the server has, as the count of an event.
        dropped: How many were dropped.
    """

    def __init__(self, clock: Clock, limits: Limits, on_drop: Callable[[int], object] = lambda count: None) -> None:
        self._clock = clock
        self._limits = limits
        self._on_drop = on_drop
        self._series: OrderedDict[Key, Series] = OrderedDict()  # The least recently seen first.
        self._buckets = Buckets(burst=limits.burst, seconds=limits.refill, keys=limits.series)
        self._schedule: list[tuple[float, int, Series]] = []
        self._stamps = itertools.count(1)
        self._urgent = set[Series]()  # To be created, or to be written for the last time.
        self._under_way: Series | None = None
        self._is_closed = self._is_abandoned = False
        self.reported: int = 0
        self.written: int = 0
        self.dropped: int = 0

    def __len__(self) -> int:
        """Return the number of series in memory."""
        return len(self._series)

    def report(self, occurrence: Occurrence) -> None:
        """Count an event: as one more of its series, as the first of a new one, or as dropped.

        Args:
            occurrence: The event.
        """
        now = self._clock.monotonic()
        self.reported += 1
        series = self._series.get(occurrence.key)
        if series is not None and now >= series.last_seen + self._limits.quiet:
            self._end(series, now)
            series = None
        if series is None:
            self._begin(occurrence, now)
            return
        series.count += 1
        series.last_seen, series.last_wall = now, self._clock.time()
        self._series.move_to_end(occurrence.key)
        self._plan(series, now)

    def drop(self, count: int = 1) -> None:
        """Count events as dropped.

        Args:
            count: Their number.
        """
        if count:
            self.dropped += count
            self._on_drop(count)

    def refuse(self) -> None:
        """Count an event that can't be reported, and drop it."""
        self.reported += 1
        self.drop()

    def next_due(self) -> float | None:
        """Return when the next write may be due, on the monotonic clock; None if nothing is planned."""
        while self._schedule and self._schedule[0][2].stamp != self._schedule[0][1]:
            heapq.heappop(self._schedule)
        return self._schedule[0][0] if self._schedule else None

    def take(self) -> Write | None:
        """Return a write that is due, None if there is none. The caller reports its end before the next call."""
        now = self._clock.monotonic()
        while (due := self.next_due()) is not None and due <= now:
            series = heapq.heappop(self._schedule)[2]
            self._unplan(series)
            if not series.is_over and now >= series.last_seen + self._limits.quiet:
                self._end(series, now)
            elif self._due(series, now) > now:
                self._plan(series, now)
            else:
                self._under_way = series
                return Write(series, series.count, series.last_wall)
        return None

    def stored(self, write: Write) -> None:
        """Count the events of a write that succeeded, and plan the next write."""
        if self._is_abandoned:
            return
        self.written += write.count - write.series.stored
        write.series.stored = write.count
        write.series.is_missing = False
        self._finish(write)

    def failed(self, write: Write) -> None:
        """Handle a write that will not be tried again. A series that could not be created is forgotten."""
        if self._is_abandoned:
            return
        series = write.series
        if series.is_missing:
            self._under_way = None
            self._forget(series)
            self.drop(series.count - series.stored)
        else:
            self._finish(write)

    def missing(self, write: Write) -> None:
        """Plan to create an event again that does not exist any more, with the count so far."""
        if self._is_abandoned:
            return
        write.series.is_missing = True
        self._under_way = None
        self._plan(write.series, self._clock.monotonic())

    def close(self) -> None:
        """Plan the last write of every series now, and drop all events that are reported later."""
        self._is_closed = True
        now = self._clock.monotonic()
        for series in list(self._series.values()):
            self._end(series, now)

    def abandon(self) -> None:
        """Count all events that are not written yet as dropped. A write that is under way has no effect any more."""
        if self._is_abandoned:
            return
        left = {series for _, stamp, series in self._schedule if series.stamp == stamp}.union(self._series.values())
        if self._under_way is not None:
            left.add(self._under_way)
        self._is_closed = self._is_abandoned = True
        self._schedule.clear()
        self._series.clear()
        self.drop(sum(series.count - series.stored for series in left))

    def _begin(self, occurrence: Occurrence, now: float) -> None:
        key = occurrence.key
        owner = (key.regarding._replace(field_path=""), key.type)  # By type, so that Normal never hides Warning.
        is_full = len(self._urgent) >= self._limits.queue
        if self._is_closed or is_full or not self._buckets.take(owner, now):
            self.drop()
            return
        series = self._series[key] = Series(occurrence, now, self._clock.time())
        self._plan(series, now)
        if len(self._series) > self._limits.series:
            self._end(next(iter(self._series.values())), now)

    def _end(self, series: Series, now: float) -> None:
        """Take a series out of the memory, and plan its last write if one is needed."""
        self._forget(series)
        series.is_over = True
        if series is self._under_way:
            return  # Its end decides.
        if series.count == series.stored:
            self._unplan(series)
        elif self._is_closed or series in self._urgent or len(self._urgent) < self._limits.queue:
            self._plan(series, now)
        else:
            self._unplan(series)
            self.drop(series.count - series.stored)

    def _forget(self, series: Series) -> None:
        if self._series.get(series.key) is series:
            del self._series[series.key]

    def _finish(self, write: Write) -> None:
        """Plan the next write after one that ended."""
        series, now = write.series, self._clock.monotonic()
        self._under_way = None
        series.tried, series.tried_at = write.count, now
        if series.is_over and series.count == write.count:
            self.drop(series.count - series.stored)
        else:
            self._plan(series, now)

    def _plan(self, series: Series, now: float) -> None:
        """Put the series into the schedule, unless it has an entry that is early enough."""
        if series is self._under_way:
            return
        if series.is_missing or series.is_over:
            self._urgent.add(series)
        due = self._due(series, now)
        if due >= series.due:
            return
        series.stamp, series.due = next(self._stamps), due
        heapq.heappush(self._schedule, (due, series.stamp, series))

    def _unplan(self, series: Series) -> None:
        self._urgent.discard(series)
        series.stamp, series.due = 0, math.inf

    def _due(self, series: Series, now: float) -> float:
        """Return when the series needs the writer, on the monotonic clock."""
        limits = self._limits
        if series.is_missing or series.is_over:
            return now
        if series.count >= _INCREASE * series.tried:
            due = now if series.tried < _INCREASE else series.tried_at + limits.pause
        elif series.count > series.tried:
            due = series.tried_at + limits.refresh
        else:
            due = math.inf
        return min(due, series.last_seen + limits.quiet)
