"""The reader of an informer in the background: a daemon thread that is joined, or a task of a group."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Final

from kubecore._support.wakeup import Wakeup

if TYPE_CHECKING:
    from anyio import CancelScope
    from anyio.abc import TaskGroup

    from kubecore._http.async_protocols import AsyncStream
    from kubecore._http.protocols import Stream

__all__ = ["AsyncBackground", "Background", "StoppedError"]

_JOIN_SECONDS: Final = 5.0
"""How long `stop` waits for a thread that opens a connection, which nothing can interrupt; it ends after that."""


class StoppedError(Exception):
    """The work in the background was stopped while it waited."""


class Background:
    """Runs a function in a daemon thread until it returns or is stopped.

    Args:
        name: The name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._stopping = Wakeup()
        self._stream: Stream | None = None
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], object]) -> None:
        """Start the thread.

        Args:
            work: The function.
        """
        self._thread = threading.Thread(target=self._run, args=(work,), name=self._name, daemon=True)
        self._thread.start()

    def interrupt(self) -> None:
        """Stop the thread without waiting for its end."""
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            stream.close()  # Ends the read that the thread waits in.

    def stop(self) -> None:
        """Stop the thread, and wait for its end; a second call does nothing."""
        self.interrupt()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_SECONDS)

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def sleep(self, seconds: float) -> None:
        """Sleep in the thread.

        Args:
            seconds: How long, in seconds.

        Raises:
            StoppedError: `stop` was called.
        """
        if self._stopping.wait(seconds):
            raise StoppedError

    @contextlib.contextmanager
    def reading(self, stream: Stream) -> Generator[None]:
        """Read a stream in the thread, within a block; `stop` closes the stream.

        Args:
            stream: The stream.

        Raises:
            StoppedError: `stop` was called.
        """
        self._stream = stream
        try:
            if self._stopping.is_set():  # Before it could see the stream.
                raise StoppedError
            yield
        finally:
            self._stream = None

    def _run(self, work: Callable[[], object]) -> None:
        with contextlib.suppress(StoppedError):
            work()


class AsyncBackground:
    """Runs a function in a task until it returns or is stopped: see `Background`.

    Args:
        name: The name of the task.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._group: TaskGroup | None = None
        self._scope: CancelScope | None = None
        self._is_stopping = False

    async def start(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Start the task. The task that calls this must also call `stop`.

        Args:
            work: The function. It must not raise anything but a cancellation.
        """
        import anyio

        scope = self._scope = anyio.CancelScope()

        async def run() -> None:
            with scope:
                await work()

        self._group = await anyio.create_task_group().__aenter__()
        self._group.start_soon(run, name=self._name)

    def interrupt(self) -> None:
        """Stop the task without waiting for its end; the block around it is not cancelled."""
        self._is_stopping = True
        if self._scope is not None:
            self._scope.cancel()

    async def stop(self) -> None:
        """Stop the task, and wait for its end; a second call does nothing."""
        self._is_stopping = True
        group, self._group = self._group, None
        if group is not None:
            group.cancel_scope.cancel()
            # The task raises nothing, and errors of the block must not be wrapped into a group.
            await group.__aexit__(None, None, None)

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._is_stopping

    async def sleep(self, seconds: float) -> None:
        """Sleep in the task.

        Args:
            seconds: How long, in seconds.
        """
        import anyio

        await anyio.sleep(seconds)

    @contextlib.contextmanager
    def reading(self, stream: AsyncStream) -> Generator[None]:
        """Read a stream in the task, within a block: nothing to do, for `stop` cancels the read.

        Args:
            stream: The stream.
        """
        yield
