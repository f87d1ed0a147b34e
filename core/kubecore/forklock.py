"""A lock that a forked child finds free, whatever the parent's threads were doing."""

from __future__ import annotations

import os
import threading
from types import TracebackType

__all__ = ["ForkLock"]


class ForkLock:
    """A lock to be used with `with`."""

    __slots__ = ("_lock", "_process")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()

    def __enter__(self) -> None:
        """Take it."""
        if self._process != os.getpid():
            self._lock, self._process = threading.Lock(), os.getpid()
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give it back."""
        self._lock.release()
