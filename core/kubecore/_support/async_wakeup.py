"""A signal from any thread to a task."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

__all__ = ["AsyncWakeup"]


class AsyncWakeup:
    """A one-time signal to the tasks of the event loop that created it: `Wakeup` for tasks.

    Args:
        then: Called in the event loop after the signal was given.
    """

    __slots__ = ("_event", "_soon", "_then")

    def __init__(self, then: Callable[[], object] | None = None) -> None:
        import anyio  # Only asynchronous programs need it, and it takes long to import.
        from anyio.lowlevel import current_token

        self._event = anyio.Event()
        self._then = then
        loop: Any = current_token().native_token
        # An event loop of asyncio has the first method, a token of trio the second one.
        self._soon = loop.call_soon_threadsafe if hasattr(loop, "call_soon_threadsafe") else loop.run_sync_soon

    def set(self) -> None:
        """Give the signal, from any thread or signal handler; a second call does nothing. This never waits."""
        with contextlib.suppress(RuntimeError):  # The event loop has ended.
            self._soon(self._give)

    def is_set(self) -> bool:
        """Return whether the signal has arrived in the event loop."""
        return self._event.is_set()

    async def wait(self, seconds: float) -> bool:
        """Wait for the signal.

        Args:
            seconds: The longest wait, in seconds.

        Returns:
            Whether it was given.
        """
        import anyio

        with anyio.move_on_after(seconds):
            await self._event.wait()
        return self._event.is_set()

    def _give(self) -> None:
        self._event.set()
        if self._then is not None:
            self._then()
