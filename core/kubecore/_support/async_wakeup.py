"""A signal from any thread to a task."""

from __future__ import annotations

import contextlib
from typing import Any

__all__ = ["AsyncWakeup"]


class AsyncWakeup:
    """A one-time signal to the tasks of the event loop that created it: `Wakeup` for tasks."""

    __slots__ = ("_event", "_soon")

    def __init__(self) -> None:
        import anyio  # Only asynchronous programs need it, and it takes long to import.
        from anyio.lowlevel import current_token

        self._event = anyio.Event()
        loop: Any = current_token().native_token
        # An event loop of asyncio has the first method, a token of trio the second one.
        self._soon = loop.call_soon_threadsafe if hasattr(loop, "call_soon_threadsafe") else loop.run_sync_soon

    def set(self) -> None:
        """Give the signal, from any thread or signal handler; a second call does nothing. This never waits."""
        with contextlib.suppress(RuntimeError):  # The event loop has ended.
            self._soon(self._event.set)

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
