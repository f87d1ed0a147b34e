"""The methods that queues for threads and for tasks share: all that never wait."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, TypeVarTuple

from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.metrics import REGISTRY, Registry
from kubecore.workqueue.core import QueueCore
from kubecore.workqueue.limits import Limiter, default_limiter
from kubecore.workqueue.line import Line, Signal
from kubecore.workqueue.queue_metrics import QueueMetrics

__all__ = ["BaseQueue"]

K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=Signal)
A = TypeVarTuple("A")
T = TypeVar("T")


class BaseQueue(ABC, Generic[K, S]):
    """A queue without `get`, `done` and its ends: threads repair it after a KeyboardInterrupt, tasks are cancelled.

    Args:
        limiter: Decides when an item that failed is tried again.
        name: The name of the queue in its metrics; "" for no metrics.
        clock: The clock of delays.
        registry: The registry of the metrics.
    """

    def __init__(
        self,
        limiter: Limiter[K] | None = None,
        *,
        name: str = "",
        clock: Clock = SYSTEM_CLOCK,
        registry: Registry = REGISTRY,
    ) -> None:
        self._clock = clock
        self._core: QueueCore[K] = QueueCore(
            default_limiter(clock) if limiter is None else limiter,
            clock,
            QueueMetrics(name, registry) if name else None,
        )
        self._line: Line[S] = Line()
        self._drains: dict[S, None] = {}

    def __len__(self) -> int:
        """Return the number of items that a worker could get now."""
        return self._change(self._core.__len__)

    @property
    def is_shut_down(self) -> bool:
        """Whether the queue was shut down, with or without drain."""
        return self._core.is_shut_down

    def add(self, item: K, *, priority: int = 0) -> None:
        """Queue an item; if it is worked on, `done` will queue it.

        If the item waits already, it gets the higher of the two priorities. After `shut_down` nothing happens.

        Args:
            item: The item.
            priority: Items of a higher priority are first.

        Raises:
            TypeError: The item can't be hashed, or the priority is not an integer.
        """
        self._change(self._core.add, item, priority)

    def add_after(self, item: K, seconds: float, *, priority: int = 0) -> None:
        """Queue an item after some seconds.

        If the item waits already, the earlier time and the higher priority count.

        Args:
            item: The item.
            seconds: How long it waits, 0 or more.
            priority: Items of a higher priority are first.

        Raises:
            ValueError: The seconds are negative or not finite.
            TypeError: The item can't be hashed, the seconds are not a number, or the priority is not an integer.
        """
        self._change(self._core.add_after, item, seconds, priority)

    def add_rate_limited(self, item: K, *, priority: int = 0) -> None:
        """Count a failure of an item, and queue it when the limiter allows it.

        Args:
            item: The item.
            priority: Items of a higher priority are first.

        Raises:
            ValueError: The limiter raised an error, which is the cause, or its wait is not a finite number. The item is
                queued again after 1000 s.
            TypeError: The item can't be hashed, or the priority is not an integer.
        """
        self._change(self._core.add_rate_limited, item, priority)

    def forget(self, item: K) -> None:
        """Drop the failures of an item: the next one is its first. Call it when the work succeeded, or is given up.

        Args:
            item: The item.
        """
        self._change(self._core.forget, item)

    def num_requeues(self, item: K) -> int:
        """Return how often an item failed since it was forgotten.

        Args:
            item: The item.
        """
        return self._change(self._core.num_requeues, item)

    @abstractmethod
    def _change(self, function: Callable[[*A], T], *arguments: *A) -> T:
        """Call a method of the core, then wake those that it concerns."""

    def _call(self) -> None:
        """Wake the workers that have something to do, and the drains that are complete."""
        if self._line.waiting:
            self._line.call(len(self._core), self._core.next_due())
        if self._drains and self._core.is_idle:
            for drain in [*self._drains]:
                drain.set()
