"""A signal that a state has changed, for those that wait for a condition: threads, or tasks of any event loop."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from kubecore._support.wakeup import Wakeup

__all__ = ["AsyncBell", "Bell"]


class Bell:
    """Wakes the threads that wait for a condition. A KeyboardInterrupt in a waiting thread breaks nothing."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: Final[dict[Wakeup, Callable[[], bool]]] = {}

    def ring(self) -> None:
        """Wake all threads whose conditions are met. This never waits; any thread may call it.

        The conditions are checked here: to wake a thread only to let it check costs more than to apply an object.
        """
        for wakeup, is_met in tuple(self._waiting.items()):
            if is_met():
                wakeup.set()

    def wait(self, is_met: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until a condition is met.

        Args:
            is_met: Returns whether the condition is met, in any thread; it must not wait or raise. The bell rings after
                each change that may meet it.
            seconds: The longest wait, in seconds; None for no limit.

        Returns:
            Whether it is met.
        """
        end = math.inf if seconds is None else time.monotonic() + seconds
        while not is_met():
            wakeup = Wakeup()
            self._waiting[wakeup] = is_met
            try:
                left = end - time.monotonic()
                if is_met():  # Since the last check nobody knew that this thread waits.
                    return True
                if left <= 0:
                    return False
                wakeup.wait(left)
            finally:
                self._waiting.pop(wakeup, None)
        return True


class AsyncBell:
    """Wakes the tasks that wait for a condition, also those of other event loops: see `Bell`."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: Final[dict[_Waiter, Callable[[], bool]]] = {}

    def ring(self) -> None:
        """Wake all tasks whose conditions are met: see `Bell.ring`."""
        for waiter, is_met in tuple(self._waiting.items()):
            if is_met():
                waiter.wake()

    async def wait(self, is_met: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until a condition is met: see `Bell.wait`."""
        import anyio

        with anyio.move_on_after(seconds):
            while not is_met():
                waiter = _Waiter()
                self._waiting[waiter] = is_met
                try:
                    if not is_met():
                        await waiter.event.wait()
                finally:
                    self._waiting.pop(waiter, None)
        return is_met()


class _Waiter:
    """One wait of a task."""

    __slots__ = ("_call_soon", "_thread", "event")

    def __init__(self) -> None:
        import anyio
        from anyio.lowlevel import current_token

        token: Any = current_token()
        loop = getattr(token, "native_token", token)
        # Of an event loop of asyncio, or of a token of trio.
        self._call_soon: Callable[..., Any] = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon
        self._thread = threading.get_ident()
        self.event = anyio.Event()

    def wake(self) -> None:
        if threading.get_ident() == self._thread:
            self.event.set()
        else:
            with contextlib.suppress(RuntimeError):  # That event loop is closed.
                self._call_soon(self.event.set)
