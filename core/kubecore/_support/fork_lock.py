"""A lock that a forked child finds free, whatever the parent's threads were doing."""

from __future__ import annotations

import os
import threading

__all__ = ["ForkLock"]


class ForkLock:
    """A lock to be used as `with lock.here:`."""

    __slots__ = ("_lock", "_process")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()

    @property
    def here(self) -> threading.Lock:
        """This process's lock: Python's own, for in a `with` statement no KeyboardInterrupt leaves that one locked."""
        if self._process != os.getpid():
            self._lock, self._process = threading.Lock(), os.getpid()
        return self._lock
