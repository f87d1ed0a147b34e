"""A work queue for tasks of one event loop."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel

from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.metrics import REGISTRY, Registry
from kubecore.workqueue.core import QueueCore
from kubecore.workqueue.errors import QueueClosedError
from kubecore.workqueue.limits import Limiter, default_limiter
from kubecore.workqueue.line import Line
from kubecore.workqueue.queue_metrics import QueueMetrics

__all__ = ["AsyncWorkQueue"]

K = TypeVar("K", bound=Hashable)


class AsyncWorkQueue(Generic[K]):
    """Items that wait for a worker, each at most once, for asyncio and trio.

    A worker gets an item, works on it, and calls `done`. If the item is added in the meantime, it is queued again by
    `done`, so that no two workers ever work on one item at the same time.

    Items are values that can be compared and hashed, such as the key of an object. The item with the highest priority
    is first; within a priority, the item that was added first. One of 16 items is of the lowest priority that waits,
    and one of a priority between, so that no item waits for ever.

    All calls must be made in the thread of the event loop; other threads use `anyio.from_thread`.

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
        self._line: Line[anyio.Event] = Line()
        self._drains: dict[anyio.Event, None] = {}

    def __len__(self) -> int:
        """Return the number of items that a worker could get now."""
        return len(self._core)

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
        self._core.add(item, priority)
        self._call()

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
        self._core.add_after(item, seconds, priority)
        self._call()

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
        try:
            self._core.add_rate_limited(item, priority)
        finally:
            self._call()

    async def get(self) -> K:
        """Wait for an item, and return it. `done` must be called for it, whether the work succeeds or not.

        If the call is cancelled, no item is taken. Other tasks can run even if an item can be returned at once.

        Raises:
            QueueClosedError: The queue was shut down and is empty.
        """
        await anyio.lowlevel.checkpoint()  # Before an item is taken: this may be cancelled.
        if not len(self._core):
            await self._wait()
        taken: list[tuple[K, int]] = []
        self._core.take(taken)
        self._call()
        return taken[0][0]

    def done(self, item: K) -> None:
        """End the work on an item that `get` returned; queue it again if it was added in the meantime.

        Nothing happens for other items.

        Args:
            item: The item.
        """
        self._core.done(item)
        self._call()

    def forget(self, item: K) -> None:
        """Drop the failures of an item: the next one is its first. Call it when the work succeeded, or is given up.

        Args:
            item: The item.
        """
        self._core.forget(item)

    def num_requeues(self, item: K) -> int:
        """Return how often an item failed since it was forgotten.

        Args:
            item: The item.
        """
        return self._core.num_requeues(item)

    def shut_down(self) -> None:
        """Ignore new items from now on, drop the delayed ones, and end a drain.

        Workers get the items that are queued, then QueueClosedError.
        """
        self._core.shut_down()
        self._line.call_all()
        for drain in self._drains:
            drain.set()

    async def shut_down_with_drain(self, *, timeout: float | None = None) -> bool:
        """Shut down, and wait until every item is done, items that were added again during their work included.

        Args:
            timeout: The longest wait, in seconds; None for no limit. The queue is shut down in any case.

        Returns:
            Whether every item is done. It is False if the time was not enough, or if `shut_down` ended the drain.
        """
        self._core.shut_down()
        self._line.call_all()
        drain = anyio.Event()
        if self._core.is_idle:
            drain.set()
        self._drains[drain] = None
        try:
            with anyio.move_on_after(timeout):
                await drain.wait()
        finally:
            del self._drains[drain]
        return self._core.is_idle

    def _call(self) -> None:
        """Wake the workers that have something to do, and the drains that are complete."""
        if self._line.waiting:
            self._line.call(len(self._core), self._core.next_due())
        if self._drains and self._core.is_idle:
            for drain in self._drains:
                drain.set()

    async def _wait(self) -> None:
        """Wait until an item may be taken."""
        while not len(self._core):
            if self._core.is_shut_down:
                raise QueueClosedError("the queue was shut down")
            worker = anyio.Event()
            self._line.join(worker)
            due = self._core.next_due()
            try:
                if self._line.keep_time(worker, due) and due is not None:
                    with anyio.move_on_after(due - self._clock.monotonic()):
                        await worker.wait()
                else:
                    await worker.wait()
                await anyio.lowlevel.checkpoint_if_cancelled()  # It may have been cancelled after it was woken.
            except BaseException:
                self._line.leave(worker)
                self._call()  # It may have been woken for an item, which another worker must get now.
                raise
            self._line.leave(worker)
