"""The state of a queue: its items and their order. No I/O: `queue` and `async_queue` wait and wake.

An item is in one of these states, or in none:

- queued: it may be taken now
- working: it was taken, and `done` was not called yet
- held: working, and to be queued again by `done`
- delayed: to be queued, or held, at a time
"""

from __future__ import annotations

import heapq
import itertools
import math
from bisect import insort
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, NamedTuple, TypeVar

from kubecore.clocks import Clock
from kubecore.workqueue.limits import Limiter
from kubecore.workqueue.queue_metrics import QueueMetrics

__all__ = ["QueueCore"]

K = TypeVar("K", bound=Hashable)

_ROUND: Final = 16
"""Of so many items, one is of the lowest priority, and one of a priority between, if there is one."""

_SPARE: Final = 64
"""The number of outdated entries that the heap may always contain."""

_WITHOUT_LIMITER: Final = 1000.0
"""The wait of an item whose limiter fails, in seconds: the longest one of the default limiter."""


class _Delay(NamedTuple):
    due: float
    number: int
    priority: int


class QueueCore(Generic[K]):
    """The state of a queue; the shells call it under their lock.

    `_queued`, `_held`, `_working` and `_delayed` hold the truth. They are changed so that an exception between two
    statements, such as KeyboardInterrupt, never loses an item. The other attributes follow them; `repair` sets them
    right after such an exception.

    Args:
        limiter: Decides when an item that failed is tried again.
        clock: The clock of delays.
        metrics: The metrics of the queue; None for a queue without a name.
    """

    def __init__(self, limiter: Limiter[K], clock: Clock, metrics: QueueMetrics | None = None) -> None:
        self._limiter = limiter
        self._clock = clock
        self._metrics = metrics
        self._queued: dict[K, int] = {}
        self._held: dict[K, int] = {}
        self._working: dict[K, float] = {}
        self._delayed: dict[K, _Delay] = {}
        # In a dict, finding the first key after many removals is linear in their number; not in an OrderedDict.
        self._lines: dict[int, OrderedDict[K, None]] = {}
        self._priorities: list[int] = []
        self._heap: list[tuple[float, int, K]] = []
        self._numbers = itertools.count()
        self._takes = 0
        self._since: dict[K, float] = {}
        self._shut_down_at: float | None = None
        if metrics is not None:
            metrics.track(self)

    def __len__(self) -> int:
        """Return the number of items that may be taken now."""
        if self._heap:
            self._queue_due()
        return len(self._queued)

    @property
    def is_shut_down(self) -> bool:
        """Whether new items are ignored."""
        return self._shut_down_at is not None

    @property
    def is_idle(self) -> bool:
        """Whether no item is queued and none is worked on."""
        return not self and not self._working

    def add(self, item: K, priority: int) -> None:
        """Queue an item; hold it if it is worked on."""
        self._check(item, priority)
        if self._shut_down_at is not None:
            return
        if self._heap:
            self._queue_due()
        self._enqueue(item, priority)

    def add_after(self, item: K, seconds: float, priority: int) -> None:
        """Queue an item after some seconds, unless it is queued before."""
        self._check(item, priority)
        _check_delay(seconds)
        if self._shut_down_at is not None:
            return
        if self._metrics is not None:
            self._metrics.retries.inc()
        if self._heap:
            self._queue_due()
        if seconds == 0 or item in self._queued or item in self._held:
            self._enqueue(item, priority)
        else:
            self._delay(item, self._clock.monotonic() + seconds, priority)

    def add_rate_limited(self, item: K, priority: int) -> None:
        """Queue an item when the limiter allows it. A limiter that fails does not lose the item."""
        self._check(item, priority)
        if self._shut_down_at is not None:
            return
        try:
            seconds = float(self._limiter.when(item))
            if not math.isfinite(seconds):
                raise ValueError(f"the wait is {seconds} s")
        except Exception as error:
            self.add_after(item, _WITHOUT_LIMITER, priority)
            raise ValueError(
                f"the limiter {type(self._limiter).__name__} has no valid wait for the item {item!r}, which is queued "
                f"again after {_WITHOUT_LIMITER:g} s: {error}"
            ) from error
        self.add_after(item, max(0.0, seconds), priority)

    def take(self, taken: list[tuple[K, int]]) -> None:
        """Take the next item. There must be one: see `__len__`.

        Args:
            taken: The item and its priority are appended, before anything changes: see `give_back`.
        """
        at = self._choose() if len(self._priorities) > 1 else 0
        self._takes += 1
        priority = self._priorities[at]
        line = self._lines[priority]
        item = next(iter(line))
        taken.append((item, priority))
        self._working[item] = 0.0 if self._metrics is None else self._measure_take(item, self._metrics)
        del line[item]
        if not line:
            del self._lines[priority]
            del self._priorities[at]
        del self._queued[item]

    def give_back(self, taken: list[tuple[K, int]]) -> None:
        """Queue taken items again, as the next ones: the worker did not get them."""
        for item, priority in taken:
            if item in self._working:
                self._put(item, max(priority, self._held.pop(item, priority)))
                self._lines[self._queued[item]].move_to_end(item, last=False)
                del self._working[item]

    def done(self, item: K) -> None:
        """End the work on an item; queue it again if it is held. Other items are ignored."""
        started = self._working.get(item)
        if started is None:
            return
        priority = self._held.get(item)
        if priority is not None:
            self._put(item, priority)
            del self._held[item]
        del self._working[item]
        if self._metrics is not None:
            self._metrics.work_duration.observe(self._clock.monotonic() - started)

    def forget(self, item: K) -> None:
        """Drop the failures of an item."""
        self._limiter.forget(item)

    def num_requeues(self, item: K) -> int:
        """Return the number of failures of an item."""
        return self._limiter.num_requeues(item)

    def next_due(self) -> float | None:
        """Return the time of the next delayed item on the clock, in seconds; None if there is none."""
        heap = self._heap
        while heap and self._is_outdated(heap[0]):
            heapq.heappop(heap)
        return heap[0][0] if heap and self._shut_down_at is None else None

    def shut_down(self) -> None:
        """Ignore new items from now on, and drop the delayed ones that are not due."""
        # A signal handler may call this in the middle of any other method, so nothing else changes here.
        if self._shut_down_at is None:
            self._shut_down_at = self._clock.monotonic()

    def repair(self) -> None:
        """Finish or undo a change that an exception between two statements of another method has interrupted."""
        for item in [*self._queued]:
            self._working.pop(item, None)  # Take did not return, or done had queued the item already.
        for item in [*self._held]:
            if item not in self._working:
                self._queued.setdefault(item, self._held[item])
                del self._held[item]
        for item in [*self._delayed]:
            if item in self._queued or item in self._held:
                del self._delayed[item]
        lines: dict[int, OrderedDict[K, None]] = {}
        in_lines = [(item, priority) for priority, line in self._lines.items() for item in line]
        for item, priority in [*in_lines, *self._queued.items()]:
            if self._queued.get(item) == priority:
                lines.setdefault(priority, OrderedDict())[item] = None
        self._lines, self._priorities = lines, sorted(lines)
        self._sort_delayed()

    def depths(self) -> dict[int, int]:
        """Return the number of queued items of each priority. Any thread may call this."""
        return {priority: len(line) for priority, line in self._lines.copy().items()}

    def running(self) -> list[float]:
        """Return for how many seconds each item has been worked on. Any thread may call this."""
        now = self._clock.monotonic()
        return [now - started for started in [*self._working.values()]]

    def _check(self, item: K, priority: int) -> None:
        try:
            hash(item)
        except TypeError:
            raise TypeError(f"items of a queue must be hashable, such as strings or tuples, not {item!r}") from None
        if priority != 0 and not isinstance(priority, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"priority must be an integer, not {priority!r}")

    def _choose(self) -> int:
        """Return the index of the priority from which the next item is taken, if there are several."""
        highest = len(self._priorities) - 1
        turn, place = divmod(self._takes + 1, _ROUND)
        if place == 0:
            return 0
        if place == _ROUND // 2 and highest > 1:
            return 1 + turn % (highest - 1)  # Otherwise priorities between would wait until the lowest is empty.
        return highest

    def _enqueue(self, item: K, priority: int) -> None:
        """Queue an item, or hold it; a delay ends with it."""
        delay = self._delayed.get(item) if self._delayed else None
        if delay is not None:
            priority = max(priority, delay.priority)
        if item in self._working:
            held = self._held.get(item)
            if held is None:
                self._measure_add(item)
            if held is None or priority > held:
                self._held[item] = priority
        else:
            self._put(item, priority)
        if delay is not None:
            del self._delayed[item]

    def _put(self, item: K, priority: int) -> None:
        """Put an item at the end of the line of its priority, unless it is in a line of this or a higher one."""
        before = self._queued.get(item)
        if before is not None and before >= priority:
            return
        line = self._lines.get(priority)
        if line is None:
            line = self._lines[priority] = OrderedDict()
            insort(self._priorities, priority)
        line[item] = None
        self._queued[item] = priority
        if before is not None:
            del self._lines[before][item]
            if not self._lines[before]:
                del self._lines[before]
                self._priorities.remove(before)
        elif item not in self._working:
            self._measure_add(item)

    def _delay(self, item: K, due: float, priority: int) -> None:
        delay = self._delayed.get(item)
        if delay is not None:
            priority = max(priority, delay.priority)
            if delay.due <= due:
                self._delayed[item] = delay._replace(priority=priority)
                return
        number = next(self._numbers)
        heapq.heappush(self._heap, (due, number, item))
        self._delayed[item] = _Delay(due, number, priority)
        if len(self._heap) > 2 * len(self._delayed) + _SPARE:
            self._sort_delayed()

    def _queue_due(self) -> None:
        """Queue the items whose time has come, in order of their times."""
        heap = self._heap
        now = self._clock.monotonic()
        end = now if self._shut_down_at is None else min(now, self._shut_down_at)
        while heap and heap[0][0] <= end:
            if not self._is_outdated(heap[0]):
                due, _, item = heap[0]
                self._enqueue(item, self._delayed[item].priority)
                if self._metrics is not None:
                    self._since[item] = due
            heapq.heappop(heap)
        if self._shut_down_at is not None:
            self._delayed, self._heap = {}, []

    def _is_outdated(self, entry: tuple[float, int, K]) -> bool:
        delay = self._delayed.get(entry[2])
        return delay is None or delay.number != entry[1]

    def _sort_delayed(self) -> None:
        self._heap = [(delay.due, delay.number, item) for item, delay in self._delayed.items()]
        heapq.heapify(self._heap)

    def _measure_add(self, item: K) -> None:
        if self._metrics is not None:
            self._metrics.adds.inc()
            self._since[item] = self._clock.monotonic()

    def _measure_take(self, item: K, metrics: QueueMetrics) -> float:
        now = self._clock.monotonic()
        metrics.queue_duration.observe(now - self._since.pop(item, now))
        return now


def _check_delay(seconds: float) -> None:
    try:
        is_valid = 0 <= seconds < math.inf
    except TypeError:
        raise TypeError(f"a delay must be a number of seconds, not {seconds!r}") from None
    if not is_valid:
        raise ValueError(f"a delay must be finite and 0 s or more, not {seconds} s")
