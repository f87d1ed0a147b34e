"""A wait of one task until another wakes it, with a time limit; on asyncio without the cost of cancel scopes."""

from __future__ import annotations

import asyncio
import time

import anyio

from kubecore._http.per_loop import running_asyncio

__all__ = ["AnyioWaiter", "AsyncioWaiter", "Waiter", "waiter"]


class AsyncioWaiter:
    """Waits of one task, one after the other, on asyncio.

    All of them share one timer. It is moved only when it rings: to start and cancel one for each wait would need as
    much time as the wait itself.

    Args:
        loop: The running event loop.
    """

    __slots__ = ("_deadline", "_future", "_loop", "_rings_at", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def wake(self) -> None:
        """End the current wait, if there is one."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def wait(self, deadline: float | None) -> None:
        """Wait.

        Args:
            deadline: When the task gives up, on the monotonic clock; None for no limit.

        Raises:
            TimeoutError: The time is up.
        """
        self._future = self._loop.create_future()
        self._deadline = deadline
        if deadline is not None and (self._timer is None or deadline < self._rings_at):
            self._start_timer(deadline)
        try:
            await self._future
        finally:
            self._future = None

    def close(self) -> None:
        """Cancel the timer: there will be no more waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_timer(self, deadline: float) -> None:
        self.close()
        self._rings_at = deadline
        self._timer = self._loop.call_later(deadline - time.monotonic(), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._future is None or self._future.done() or self._deadline is None:
            return
        if time.monotonic() < self._deadline:
            self._start_timer(self._deadline)
        else:
            self._future.set_exception(TimeoutError())


class AnyioWaiter:
    """A wait on any event loop: see `AsyncioWaiter`."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = anyio.Event()

    def wake(self) -> None:
        """End the wait."""
        self._event.set()

    async def wait(self, deadline: float | None) -> None:
        """Wait: see `AsyncioWaiter.wait`."""
        with anyio.fail_after(None if deadline is None else max(0.0, deadline - time.monotonic())):
            await self._event.wait()

    def close(self) -> None:
        """Do nothing: there is no timer after a wait."""


Waiter = AsyncioWaiter | AnyioWaiter


def waiter() -> Waiter:
    """Return a wait for the running event loop."""
    loop = running_asyncio()
    return AnyioWaiter() if loop is None else AsyncioWaiter(loop)
