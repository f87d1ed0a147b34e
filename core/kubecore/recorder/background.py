"""The thread, or the task, that writes events while the program does something else."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import anyio
    from anyio.abc import TaskGroup

__all__ = ["AsyncBackground", "Background"]


class Background:
    """A daemon thread.

    Args:
        name: The name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Run a function, which must not raise.

        Args:
            work: The function.
        """
        self._thread = threading.Thread(target=work, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Wait until the function has ended. It can't be stopped: later it continues without being waited for.

        Args:
            seconds: The longest wait, in seconds.
        """
        if self._thread is not None:
            self._thread.join(seconds)


class AsyncBackground:
    """A task of asyncio or trio.

    Args:
        name: The name of the task.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._group: TaskGroup | None = None
        self._done: anyio.Event | None = None

    async def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a function, which must not raise.

        Args:
            work: The function.
        """
        import anyio  # Only asynchronous programs need it, and it takes long to import.

        self._done = anyio.Event()
        self._group = await anyio.create_task_group().__aenter__()
        self._group.start_soon(self._run, work, self._done, name=self._name)

    async def stop(self, seconds: float) -> None:
        """Wait until the function has ended, also if this task is cancelled; then cancel it.

        Args:
            seconds: The longest wait, in seconds.
        """
        import anyio

        if self._group is None or self._done is None:
            return
        with anyio.move_on_after(seconds, shield=True):
            await self._done.wait()
        self._group.cancel_scope.cancel()
        # The function does not raise, and errors of the block must not be wrapped into a group.
        await self._group.__aexit__(None, None, None)

    async def _run(self, work: Callable[[], Awaitable[None]], done: anyio.Event) -> None:
        try:
            await work()
        finally:
            done.set()
