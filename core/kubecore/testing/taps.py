"""Streams of replies that a test can cut or silence."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from kubecore.testing._server.exchange import ReplyStream

__all__ = ["Silence", "Tap"]


class Silence:
    """Watches that yield nothing until the silence is removed; also a context manager.

    Attributes:
        count: The number of watches that were open at its beginning.

    Args:
        count: The same.
        end: Ends the silence.
    """

    def __init__(self, count: int, end: Callable[[], object]) -> None:
        self.count: Final[int] = count
        self._end = end

    def __enter__(self) -> Self:
        """Return the silence."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the silence."""
        self.remove()

    def remove(self) -> None:
        """End the silence: watches yield the events that they held back. A second call does nothing."""
        self._end()


class Tap:
    """The stream of a reply, between the server and its reader; all methods may be called from any thread.

    Args:
        inner: The stream of the server.
    """

    def __init__(self, inner: ReplyStream) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._is_cut = False
        self._is_reset = False
        self._is_silent = False
        self.is_closed: bool = False

    def take(self) -> list[bytes]:
        """Return the chunks that are ready.

        Raises:
            ConnectionResetError: The connection was reset.
        """
        if self._is_reset:
            raise ConnectionResetError
        return [] if self._is_cut or self._is_silent else self._inner.take()

    @property
    def is_ended(self) -> bool:
        """Whether the body has ended."""
        return self._is_cut or (not self._is_silent and self._inner.is_ended)

    def notify(self, callback: Callable[[], None]) -> None:
        """Call a function, once, as soon as there is a chunk or the body ends."""
        with self._lock:
            self._callbacks.append(callback)
        if self._is_cut:
            self._wake()
        else:
            self._inner.notify(self._wake)

    def close(self) -> None:
        """Forget the reader."""
        self.is_closed = True
        self._inner.close()

    def cut(self, *, reset: bool = False) -> None:
        """End the body, or reset the connection."""
        self._is_reset = reset
        self._is_cut = True
        self._inner.close()
        self._wake()

    def silence(self, *, is_silent: bool) -> None:
        """Hold all chunks back, or no longer."""
        self._is_silent = is_silent
        self._wake()

    def _wake(self) -> None:
        if self._is_silent and not self._is_cut:
            return
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
