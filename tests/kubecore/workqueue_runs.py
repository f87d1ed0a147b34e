"""Scenarios for workers of queues that are written once for threads, asyncio and trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import anyio
import anyio.lowlevel
import anyio.to_thread

from kubecore.workqueue import AsyncWorkQueue, QueueClosedError, WorkQueue
from tests.ready import PATIENCE, wait_until_async

KINDS = ("threads", "asyncio", "trio")
BACKENDS = ("asyncio", "trio")


class ThreadQueue:
    """A `WorkQueue` with the methods of `AsyncWorkQueue`: each wait needs a thread."""

    def __init__(self, **options: Any) -> None:
        self.inner: WorkQueue[Any] = WorkQueue(**options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __len__(self) -> int:
        return len(self.inner)

    async def get(self) -> Any:
        return await anyio.to_thread.run_sync(self.inner.get, abandon_on_cancel=True)

    async def shut_down_with_drain(self, **options: Any) -> bool:
        return await anyio.to_thread.run_sync(
            lambda: self.inner.shut_down_with_drain(**options), abandon_on_cancel=True
        )


Scenario = Callable[[Any], Awaitable[None]]


class Run(Protocol):
    """Runs a scenario with a queue that has these options."""

    def __call__(self, scenario: Scenario, **options: Any) -> None: ...


async def waiting(queue: Any, count: int) -> None:
    """Wait until workers wait for an item."""
    await wait_until_async(lambda: len(queue._line.waiting) == count)


def is_idle(queue: Any) -> bool:
    """Return whether no item is queued, delayed or worked on."""
    core = queue._core
    return not (core._delayed or len(queue) or core._working)


async def draining(queue: Any) -> None:
    await wait_until_async(lambda: queue._drains)


class Results:
    """The items that the workers of a test got."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue
        self.items: list[Any] = []
        self.closed = 0

    async def get(self) -> None:
        try:
            self.items.append(await self.queue.get())
        except QueueClosedError:
            self.closed += 1


def runner(kind: str) -> Run:
    """Return a function that runs a scenario with a queue of one kind, and fails if it hangs."""

    def start(scenario: Scenario, **options: Any) -> None:
        async def main() -> None:
            queue: Any = ThreadQueue(**options) if kind == "threads" else AsyncWorkQueue(**options)
            try:
                with anyio.fail_after(PATIENCE):
                    await scenario(queue)
            finally:
                queue.shut_down()  # Threads of a failed test end, too.

        anyio.run(main, backend="asyncio" if kind == "threads" else kind)

    return start
