"""A signal from one thread to others that no KeyboardInterrupt can break."""

from __future__ import annotations

import contextlib
import threading

__all__ = ["Wakeup"]


class Wakeup:
    """A one-time signal between threads.

    `threading.Event` does the same in Python code: an interrupt inside of it leaves its lock acquired, and the thread
    that gives the signal waits for ever. Here a lock of the interpreter's own is held until the signal is given.
    """

    __slots__ = ("_is_given", "_lock")

    def __init__(self) -> None:
        self._is_given = False
        self._lock = threading.Lock()
        self._lock.acquire()

    def is_set(self) -> bool:
        """Return whether the signal was given."""
        return self._is_given

    def set(self) -> None:
        """Give the signal; a second call does nothing. This never waits."""
        self._is_given = True
        with contextlib.suppress(RuntimeError):  # Released by another thread meanwhile.
            if self._lock.locked():
                self._lock.release()

    def wait(self, seconds: float = threading.TIMEOUT_MAX) -> bool:
        """Wait for the signal.

        Args:
            seconds: The longest wait, in seconds; by default there is no limit.

        Returns:
            Whether it was given.
        """
        if not self._is_given and self._lock.acquire(timeout=min(max(seconds, 0.0), threading.TIMEOUT_MAX)):
            self.set()  # So that the next waiting thread, if there is one, continues as well.
        return self._is_given
