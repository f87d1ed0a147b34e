"""The workers that wait for an item, and the one that wakes up by itself for delayed items. No I/O."""

from __future__ import annotations

import math
from typing import Final, Generic, Protocol, TypeVar

__all__ = ["Line", "Signal"]


class Signal(Protocol):
    """Ends the wait of one worker: an event of a task, or a wakeup of a thread."""

    def set(self) -> object:
        """Wake the worker; a second call does nothing."""
        ...


S = TypeVar("S", bound=Signal)


class Line(Generic[S]):
    """Workers that wait, in the order in which they began to wait.

    One of them is the timekeeper: it waits no longer than until the next delayed item is due. So nothing polls, and no
    thread or task is needed for delays. The shells call this under their lock.

    Attributes:
        waiting: The workers that wait and were not woken.
    """

    def __init__(self) -> None:
        self.waiting: Final[dict[S, None]] = {}
        self._called: dict[S, None] = {}  # They were woken and did not run yet: each will look for an item.
        self._timekeeper: S | None = None
        self._alarm = math.inf

    def join(self, worker: S) -> None:
        """Let a worker wait."""
        self.waiting[worker] = None

    def keep_time(self, worker: S, due: float | None) -> bool:
        """Make a worker that waits the timekeeper, if it is needed.

        Args:
            worker: The worker.
            due: The time of the next delayed item on the clock of the queue, in seconds; None if there is none.

        Returns:
            Whether the worker must end its wait at this time.
        """
        if due is None or self._timekeeper is not None:
            return False
        self._timekeeper = worker
        self._alarm = due
        return True

    def leave(self, worker: S) -> None:
        """Remove a worker that does not wait any more."""
        self.waiting.pop(worker, None)
        self._called.pop(worker, None)
        if self._timekeeper is worker:
            self._timekeeper = None

    def call(self, items: int, due: float | None) -> None:
        """Wake as many workers as there are items, and the timekeeper if the next delayed item is due earlier.

        Args:
            items: The number of items that may be taken now.
            due: The time of the next delayed item: see `keep_time`.
        """
        for worker in [*self.waiting][: max(0, items - len(self._called))]:
            self._wake(worker)
        if due is None or not self.waiting:
            return
        if self._timekeeper is None:
            if not self._called:
                self._wake(next(iter(self.waiting)))  # It finds no item, and becomes the timekeeper.
        elif due < self._alarm:
            self._wake(self._timekeeper)

    def call_all(self) -> None:
        """Wake every worker that waits."""
        for worker in [*self.waiting]:
            self._wake(worker)

    def _wake(self, worker: S) -> None:
        # In this order, a KeyboardInterrupt between two statements leaves no worker that waits for ever.
        worker.set()
        self._called[worker] = None
        self.waiting.pop(worker, None)
