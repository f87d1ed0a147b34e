"""Blocking work that nothing can interrupt, such as a name lookup, in a daemon thread with a time limit."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

__all__ = ["Aside", "file_seconds"]

R = TypeVar("R")

_FILE_SECONDS: Final = 1.0
"""How long a call waits for a file to be read again: a network's file system may hang."""


def file_seconds(deadline: float | None) -> float:
    """Return how long a call waits for a file to be read again, in seconds: it has the content of before.

    Args:
        deadline: When the call must be done, on the monotonic clock; None for no limit.
    """
    return _FILE_SECONDS if deadline is None else max(0.0, min(_FILE_SECONDS, (deadline - time.monotonic()) / 2))


class _Run(Generic[R]):
    """One run of a function, in a thread that a program's end does not wait for.

    Args:
        function: The function.
    """

    def __init__(self, function: Callable[[], R]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._lock.acquire()  # Released when it is done.
        self._wakers: list[Callable[[], object]] = []
        self._result: list[R] = []
        self._error: BaseException | None = None
        self.process: int = os.getpid()
        self.is_done: bool = False
        try:
            threading.Thread(target=self._run, name="kubecore", daemon=True).start()
        except RuntimeError:  # The program is ending, or has too many threads.
            self._run()

    def _run(self) -> None:
        try:
            self._result.append(self._function())
        except BaseException as error:
            self._error = error
        self.is_done = True
        self._lock.release()
        for wake in list(self._wakers):
            with contextlib.suppress(Exception):  # That event loop is closed.
                wake()

    def wait(self, seconds: float | None) -> bool:
        """Wait until it is done, and return whether it is."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.is_done:
            left = 1.0 if deadline is None else min(1.0, deadline - time.monotonic())
            if left <= 0:
                return False
            # In steps: a KeyboardInterrupt of another waiting thread may leave the lock taken.
            if self._lock.acquire(timeout=left):
                self._lock.release()
        return True

    async def wait_async(self) -> None:
        """Wait until it is done; may be cancelled."""
        import anyio
        from anyio.from_thread import run_sync
        from anyio.lowlevel import current_token

        event, token = anyio.Event(), current_token()
        self._wakers.append(lambda: run_sync(event.set, token=token))
        if not self.is_done:
            await event.wait()

    def result(self) -> R:
        """Return the result of the function, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._result[0]


class Aside(Generic[R]):
    """A blocking function that runs in a separate thread, once at a time: concurrent callers share the run.

    A run that outlasts its caller continues, and may be shared by later callers.

    Args:
        function: The function.
        longest: After so many seconds a run is not shared any more; None for no limit.
    """

    def __init__(self, function: Callable[[], R], *, longest: float | None = None) -> None:
        self._function = function
        self._longest = longest
        self._now: tuple[_Run[R], float] | None = None

    @property
    def is_running(self) -> bool:
        """Whether a run is not done yet."""
        now = self._now
        return now is not None and not now[0].is_done and now[0].process == os.getpid()

    def run(self, seconds: float | None) -> R:
        """Run the function, or share the run of another caller.

        Args:
            seconds: How long to wait for it, None for no limit.

        Returns:
            Its result.

        Raises:
            TimeoutError: It is still running.
        """
        run = self._current()
        if not run.wait(seconds):
            raise TimeoutError
        return run.result()

    async def run_async(self) -> R:
        """Run the function: see `run`. Cancelling the wait does not stop the function."""
        run = self._current()
        await run.wait_async()
        return run.result()

    def leave(self) -> None:
        """Share the run of now with no later caller."""
        self._now = None

    def _current(self) -> _Run[R]:
        now = self._now
        if now is not None and self.is_running and (self._longest is None or time.monotonic() - now[1] < self._longest):
            return now[0]
        made = _Run(self._function)
        self._now = (made, time.monotonic())
        return made
