"""A work queue for threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable
from typing import Generic, ParamSpec, TypeVar

from kubecore._support.wakeup import Wakeup
from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.metrics import REGISTRY, Registry
from kubecore.workqueue.core import QueueCore
from kubecore.workqueue.errors import QueueClosedError
from kubecore.workqueue.limits import Limiter, default_limiter
from kubecore.workqueue.line import Line
from kubecore.workqueue.queue_metrics import QueueMetrics

__all__ = ["WorkQueue"]

K = TypeVar("K", bound=Hashable)
P = ParamSpec("P")
T = TypeVar("T")


class WorkQueue(Generic[K]):
    """Items that wait for a worker, each at most once, safe to use from many threads at once.

    A worker gets an item, works on it, and calls `done`. If the item is added in the meantime, it is queued again by
    `done`, so that no two workers ever work on one item at the same time.

    Items are values that can be compared and hashed, such as the key of an object. The item with the highest priority
    is first; within a priority, the item that was added first. One of 16 items is of the lowest priority that waits,
    and one of a priority between, so that no item waits for ever.

    In a signal handler only `shut_down` may be called.

    Args:
        limiter: Decides when an item that failed is tried again. The default is client-go's: 5 ms for the first failure
            of an item, doubled for each other one up to 1000 s, and at most ten a second for all items together.
        name: The name of the queue in its metrics; "" for no metrics.
        clock: The clock of delays; tests use a `FakeClock`.
        registry: The registry of the metrics.
    """

    def __init__(
        self,
        limiter: Limiter[K] | None = None,
        *,
        name: str = "",
        clock: Clock = SYSTEM_CLOCK,
        registry: Registry = REGISTRY,
    ) -> None:
        self._clock = clock
        self._core: QueueCore[K] = QueueCore(
            default_limiter(clock) if limiter is None else limiter,
            clock,
            QueueMetrics(name, registry) if name else None,
        )
        # Reentrant, because a signal handler may interrupt any method and call `shut_down`.
        self._lock = threading.RLock()
        self._line: Line[Wakeup] = Line()
        self._drains: dict[Wakeup, None] = {}

    def __len__(self) -> int:
        """Return the number of items that a worker could get now."""
        return self._change(self._core.__len__)

    @property
    def is_shut_down(self) -> bool:
        """Whether the queue was shut down, with or without drain."""
        return self._core.is_shut_down

    def add(self, item: K, *, priority: int = 0) -> None:
        """Queue an item; if it is worked on, `done` will queue it.

        If the item waits already, it gets the higher of the two priorities. After `shut_down` nothing happens.

        Args:
            item: The item.
            priority: Items of a higher priority are first.

        Raises:
            TypeError: The item can't be hashed, or the priority is not an integer.
        """
        self._change(self._core.add, item, priority)

    def add_after(self, item: K, seconds: float, *, priority: int = 0) -> None:
        """Queue an item after some seconds.

        If the item waits already, the earlier time and the higher priority count.

        Args:
            item: The item.
            seconds: How long it waits, 0 or more.
            priority: Items of a higher priority are first.

        Raises:
            ValueError: The seconds are negative or not finite.
            TypeError: The item can't be hashed, the seconds are not a number, or the priority is not an integer.
        """
        self._change(self._core.add_after, item, seconds, priority)

    def add_rate_limited(self, item: K, *, priority: int = 0) -> None:
        """Count a failure of an item, and queue it when the limiter allows it.

        Args:
            item: The item.
            priority: Items of a higher priority are first.

        Raises:
            ValueError: The limiter raised an error, which is the cause, or its wait is not a finite number. The item is
                queued again after 1000 s.
            TypeError: The item can't be hashed, or the priority is not an integer.
        """
        self._change(self._core.add_rate_limited, item, priority)

    def get(self) -> K:
        """Wait for an item, and return it. `done` must be called for it, whether the work succeeds or not.

        If a KeyboardInterrupt ends the call, no item is taken.

        Raises:
            QueueClosedError: The queue was shut down and is empty.
        """
        taken: list[tuple[K, int]] = []
        waiter: Wakeup | None = None
        try:
            while True:
                with self._lock:
                    if waiter is not None:
                        self._line.leave(waiter)
                    if self._take(taken):
                        return taken[0][0]
                    waiter = Wakeup()
                    self._line.join(waiter)  # Before the check, so that `shut_down` in a signal handler is not missed.
                    if self._core.is_shut_down:
                        self._line.leave(waiter)
                        break
                    due = self._core.next_due()
                    is_timekeeper = self._line.keep_time(waiter, due)
                waiter.wait(due - self._clock.monotonic() if is_timekeeper and due is not None else math.inf)
        except BaseException:
            with self._lock:
                if waiter is not None:
                    self._line.leave(waiter)
                self._core.give_back(taken)
                self._call()
            raise
        raise QueueClosedError("the queue was shut down")

    def done(self, item: K) -> None:
        """End the work on an item that `get` returned; queue it again if it was added in the meantime.

        Nothing happens for other items.

        Args:
            item: The item.
        """
        begun: list[K] = []
        try:
            self._change(self._end, item, begun)
        except BaseException:
            if not begun:  # Otherwise the work has ended, and the item may be the work of another worker now.
                self._change(self._end, item, begun)
            raise

    def forget(self, item: K) -> None:
        """Drop the failures of an item: the next one is its first. Call it when the work succeeded, or is given up.

        Args:
            item: The item.
        """
        self._change(self._core.forget, item)

    def num_requeues(self, item: K) -> int:
        """Return how often an item failed since it was forgotten.

        Args:
            item: The item.
        """
        with self._lock:
            return self._core.num_requeues(item)

    def shut_down(self) -> None:
        """Ignore new items from now on, drop the delayed ones, and end a drain.

        Workers get the items that are queued, then QueueClosedError.
        """
        self._shut_down()
        for drain in [*self._drains]:
            drain.set()

    def shut_down_with_drain(self, *, timeout: float | None = None) -> bool:
        """Shut down, and wait until every item is done, items that were added again during their work included.

        Args:
            timeout: The longest wait, in seconds; None for no limit. The queue is shut down in any case.

        Returns:
            Whether every item is done. It is False if the time was not enough, or if `shut_down` ended the drain.
        """
        drain = Wakeup()
        self._drains[drain] = None
        try:
            self._shut_down()
            if not self._is_idle():
                drain.wait(math.inf if timeout is None else timeout)
        finally:
            self._drains.pop(drain, None)
        return self._is_idle()

    def _change(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call a method of the core, then wake the threads that it concerns."""
        try:
            with self._lock:
                try:
                    result = function(*arguments, **options)
                    if self._line.waiting or self._drains:
                        self._call()
                except BaseException:
                    self._core.repair()  # Before another thread gets the lock.
                    raise
                return result
        except BaseException:
            with self._lock:
                self._call()
            raise

    def _end(self, item: K, begun: list[K]) -> None:
        """End the work on an item, even if an exception such as KeyboardInterrupt comes between two statements.

        Args:
            item: The item.
            begun: The item is appended: from then on, this ends the work before another thread gets the lock.
        """
        try:
            begun.append(item)
            self._core.done(item)
        except TypeError:
            raise
        except BaseException:
            self._core.repair()
            self._core.done(item)  # Otherwise no worker would ever get the item again.
            raise

    def _take(self, taken: list[tuple[K, int]]) -> bool:
        """Take an item; return whether there was one."""
        try:
            if not len(self._core):
                return False
            self._core.take(taken)
            if self._line.waiting:
                self._call()
        except BaseException:
            # Before another thread gets the lock: later, the item may be the work of another worker.
            self._core.repair()
            self._core.give_back(taken)
            taken.clear()
            raise
        return True

    def _call(self) -> None:
        """Wake the workers that have something to do, and the drains that are complete."""
        self._line.call(len(self._core), self._core.next_due())
        if self._drains and self._core.is_idle:
            for drain in [*self._drains]:
                drain.set()

    def _shut_down(self) -> None:
        try:
            self._core.shut_down()
            with self._lock:
                self._line.call_all()
        except BaseException:
            self._core.shut_down()
            with self._lock:
                self._line.call_all()
            raise

    def _is_idle(self) -> bool:
        return self._change(lambda: self._core.is_idle)
