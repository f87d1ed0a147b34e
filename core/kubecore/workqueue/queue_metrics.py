"""The metrics of a queue, with the names of controller-runtime. No I/O."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from kubecore.metrics import Registry, exponential_buckets

__all__ = ["QueueMetrics", "Tracked"]

_LABELS: Final = ("name", "controller")
_BUCKETS: Final = exponential_buckets(10e-9, 10, 12)
_BANDS: Final = {"low": -1, "normal": 0, "high": 1}
"""Values of the label `priority`, and the sign of their priorities. There may be any number of priorities."""


class Tracked(Protocol):
    """The state of a queue that metrics read. Any thread may read it."""

    def depths(self) -> dict[int, int]:
        """Return the number of queued items of each priority."""
        ...

    def running(self) -> list[float]:
        """Return for how many seconds each item has been worked on."""
        ...


T = TypeVar("T", bound=Tracked)


class QueueMetrics:
    """The metrics of a queue with a name.

    Args:
        name: The value of the labels `name` and `controller`, as in controller-runtime.
        registry: The registry of the metrics.

    Attributes:
        adds: Counts the items that were queued or held.
        retries: Counts the calls that add an item after a delay.
        queue_duration: Observes how long an item was queued, in seconds.
        work_duration: Observes how long an item was worked on, in seconds.
    """

    def __init__(self, name: str, registry: Registry) -> None:
        labels = (name, name)
        self.adds: Final = registry.counter(
            "workqueue_adds_total", "Total number of adds handled by workqueue", _LABELS
        ).labels(*labels)
        self.retries: Final = registry.counter(
            "workqueue_retries_total", "Total number of retries handled by workqueue", _LABELS
        ).labels(*labels)
        self.queue_duration: Final = registry.histogram(
            "workqueue_queue_duration_seconds",
            "How long in seconds an item stays in workqueue before being requested",
            _LABELS,
            buckets=_BUCKETS,
        ).labels(*labels)
        self.work_duration: Final = registry.histogram(
            "workqueue_work_duration_seconds",
            "How long in seconds an item from workqueue is processed",
            _LABELS,
            buckets=_BUCKETS,
        ).labels(*labels)
        self._unfinished = registry.gauge(
            "workqueue_unfinished_work_seconds",
            "How many seconds of work are in progress and not in work_duration. Large values indicate stuck workers",
            _LABELS,
        ).labels(*labels)
        self._longest = registry.gauge(
            "workqueue_longest_running_processor_seconds",
            "How many seconds the longest running worker has been working on its item",
            _LABELS,
        ).labels(*labels)
        depth = registry.gauge(
            "workqueue_depth", "Current depth of workqueue by workqueue and priority", (*_LABELS, "priority")
        )
        self._depths = {band: depth.labels(*labels, band) for band in _BANDS}

    def track(self, queue: Tracked) -> None:
        """Compute the gauges from a queue whenever they are read, as long as the queue is in use."""
        self._unfinished.set_function(_of(queue, lambda queue: sum(queue.running())))
        self._longest.set_function(_of(queue, lambda queue: max(queue.running(), default=0.0)))
        for band, gauge in self._depths.items():
            gauge.set_function(_of(queue, _depth(_BANDS[band])))


def _depth(sign: int) -> Callable[[Tracked], float]:
    return lambda queue: sum(
        count for priority, count in queue.depths().items() if (priority > 0) - (priority < 0) == sign
    )


def _of(queue: T, read: Callable[[T], float]) -> Callable[[], float]:
    """Return a function that does not keep the queue alive; its value is 0 afterwards."""
    reference = weakref.ref(queue)

    def value() -> float:
        alive = reference()
        return 0.0 if alive is None else read(alive)

    return value
