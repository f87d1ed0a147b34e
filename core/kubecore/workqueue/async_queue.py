"""A work queue for tasks of one event loop."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, TypeVarTuple

import anyio
import anyio.lowlevel

from kubecore.workqueue.base import BaseQueue
from kubecore.workqueue.errors import QueueClosedError

__all__ = ["AsyncWorkQueue"]

K = TypeVar("K", bound=Hashable)
A = TypeVarTuple("A")
T = TypeVar("T")


class AsyncWorkQueue(BaseQueue[K, anyio.Event], Generic[K]):
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
        self._change(self._core.done, item)

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

    def _change(self, function: Callable[[*A], T], *arguments: *A) -> T:
        """Call a method of the core, then wake the tasks that it concerns."""
        try:
            return function(*arguments)
        finally:
            if self._line.waiting or self._drains:
                self._call()

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
