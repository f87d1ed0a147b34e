"""A wait of one task until another wakes it, with a time limit; on asyncio without the cost of cancel scopes."""

from __future__ import annotations

import asyncio
import time

import anyio

from kubecore._http.per_loop import running_asyncio

__all__ = ["AnyioWaiter", "AsyncioWaiter", "Waiter", "waiter"]


class AsyncioWaiter:
    """A wait on asyncio.

    Args:
        loop: The running event loop.

    Attributes:
        is_woken: Whether `wake` was called, maybe too late.
    """

    __slots__ = ("_future", "_loop", "is_woken")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_woken: bool = False
        self._loop = loop
        self._future: asyncio.Future[None] = loop.create_future()

    def wake(self) -> None:
        """End the wait."""
        self.is_woken = True
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, deadline: float | None) -> None:
        """Wait.

        Args:
            deadline: When the task gives up, on the monotonic clock; None for no limit.

        Raises:
            TimeoutError: The time is up.
        """
        if deadline is None:
            await self._future
            return
        timer = self._loop.call_later(deadline - time.monotonic(), self._give_up)
        try:
            await self._future
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        if not self._future.done():
            self._future.set_exception(TimeoutError())


class AnyioWaiter:
    """A wait on any event loop: see `AsyncioWaiter`."""

    __slots__ = ("_event", "is_woken")

    def __init__(self) -> None:
        self.is_woken: bool = False
        self._event = anyio.Event()

    def wake(self) -> None:
        """End the wait."""
        self.is_woken = True
        self._event.set()

    async def wait(self, deadline: float | None) -> None:
        """Wait: see `AsyncioWaiter.wait`."""
        with anyio.fail_after(None if deadline is None else max(0.0, deadline - time.monotonic())):
            await self._event.wait()


Waiter = AsyncioWaiter | AnyioWaiter


def waiter() -> Waiter:
    """Return a wait for the running event loop."""
    loop = running_asyncio()
    return AnyioWaiter() if loop is None else AsyncioWaiter(loop)
