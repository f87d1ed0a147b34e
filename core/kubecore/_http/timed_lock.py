"""A lock for which a thread waits no longer than it may."""

from __future__ import annotations

import os
import queue
import time
import weakref

from kubecore._support.fork_lock import ForkLock

__all__ = ["Turn"]

_STEP = 0.5
"""How often a waiting thread looks whether the token was lost, in seconds."""


class _Token:
    """The right to be the one."""

    __slots__ = ("__weakref__",)


class Turn:
    """Lock for one thread at a time; with a time limit, and free in a forked child.

    The thread that has the token has the lock. It is counted by its references: if a KeyboardInterrupt loses it between
    two lines, the next one that waits makes another.
    """

    def __init__(self) -> None:
        self._mending = ForkLock()
        self._begin()

    def _begin(self) -> None:
        token = _Token()
        self._process = os.getpid()
        self._free: queue.SimpleQueue[_Token] = queue.SimpleQueue()
        self._known = weakref.ref(token)
        self._free.put(token)

    def take(self, deadline: float | None) -> object:
        """Wait for the turn.

        Args:
            deadline: How long, on the monotonic clock; None for no limit.

        Returns:
            The token, to be given back.

        Raises:
            TimeoutError: It did not come in time.
        """
        while True:
            if self._process != os.getpid():
                with self._mending.here:
                    if self._process != os.getpid():
                        self._begin()
            left = _STEP if deadline is None else min(_STEP, deadline - time.monotonic())
            try:
                return self._free.get(timeout=max(left, 0.0))
            except queue.Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError from None
                with self._mending.here:
                    if self._known() is None:
                        self._begin()

    def give(self, token: object) -> None:
        """Give the turn back."""
        if isinstance(token, _Token) and token is self._known():
            self._free.put(token)
