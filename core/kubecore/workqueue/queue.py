"""A work queue for threads."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, TypeVarTuple

from kubecore._support.wakeup import Wakeup
from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.metrics import REGISTRY, Registry
from kubecore.workqueue.base import BaseQueue
from kubecore.workqueue.errors import QueueClosedError
from kubecore.workqueue.limits import Limiter

__all__ = ["WorkQueue"]

K = TypeVar("K", bound=Hashable)
A = TypeVarTuple("A")
T = TypeVar("T")


class WorkQueue(BaseQueue[K, Wakeup], Generic[K]):
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
        super().__init__(limiter, name=name, clock=clock, registry=registry)
        # Reentrant, because a signal handler may interrupt any method and call `shut_down`.
        self._lock = threading.RLock()

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

    def _change(self, function: Callable[[*A], T], *arguments: *A) -> T:
        """Call a method of the core, then wake the threads that it concerns."""
        try:
            with self._lock:
                try:
                    result = function(*arguments)
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
