"""The slots of an asynchronous pool: how many requests may be sent at the same time, in one event loop."""

from __future__ import annotations

from collections import deque

from kubecore._http.waiter import Waiter, waiter

__all__ = ["Slots"]


class Slots:
    """A semaphore with a time limit; the first task that waits is served first.

    Args:
        count: The number of slots.

    Attributes:
        free: How many are free.
    """

    __slots__ = ("_queue", "free")

    def __init__(self, count: int) -> None:
        self.free: int = count
        self._queue: deque[Waiter] = deque()

    async def take(self, deadline: float | None) -> None:
        """Take a slot.

        Args:
            deadline: When the task gives up, on the monotonic clock; None for no limit.

        Raises:
            TimeoutError: No slot was free until then.
        """
        if self.free:
            self.free -= 1
            return
        turn = waiter()
        self._queue.append(turn)
        try:
            await turn.wait(deadline)
        except BaseException:
            if turn in self._queue:
                self._queue.remove(turn)
            else:  # It got the slot, and was cancelled before it ran again.
                self.give()
            raise
        finally:
            turn.close()

    def give(self) -> None:
        """Give a slot back, to the task that waits longest if there is one."""
        if self._queue:
            self._queue.popleft().wake()
        else:
            self.free += 1
