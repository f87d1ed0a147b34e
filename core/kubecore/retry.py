"""Doing something again while it fails in a way that passes: client-go's `util/retry`.

```python
def add_label() -> None:
    node = nodes.get("n1")
    node.metadata.labels["zone"] = "a"
    nodes.update(node)

retry.on_conflict(add_label)
```
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from kubecore.errors import NotFoundError, is_already_exists, is_conflict

__all__ = [
    "DEFAULT_BACKOFF",
    "DEFAULT_RETRY",
    "Backoff",
    "is_race",
    "on_conflict",
    "on_conflict_async",
    "on_error",
    "on_error_async",
]

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How often something is tried, and the pauses between.

    Attributes:
        steps: how often it is tried, 1 or more.
        duration: the first pause, in seconds.
        factor: what each pause is multiplied by for the next.
        jitter: by how much of itself, at most, a pause is made longer.
        cap: the longest pause, in seconds; None for no limit.
    """

    steps: int
    duration: float
    factor: float = 1.0
    jitter: float = 0.0
    cap: float | None = None

    def pauses(self) -> Iterator[float]:
        """Yield the pauses, one fewer than steps."""
        pause = self.duration
        for _ in range(self.steps - 1):
            yield pause + random.uniform(0, self.jitter * pause)  # noqa: S311 - no secret
            pause *= self.factor
            if self.cap is not None:
                pause = min(pause, self.cap)


DEFAULT_RETRY: Final = Backoff(steps=5, duration=0.01, factor=1.0, jitter=0.1)
"""For a conflict with somebody who writes seldom."""

DEFAULT_BACKOFF: Final = Backoff(steps=4, duration=0.01, factor=5.0, jitter=0.1)
"""For a conflict with many who write."""


def on_error(
    backoff: Backoff,
    retriable: Callable[[Exception], bool],
    function: Callable[[], R],
    *,
    until: float | None = None,
) -> R:
    """Call a function, again while it fails with an error that passes.

    Args:
        backoff: how often, and the pauses between.
        retriable: whether an error may pass.
        function: what to do; it must read again what it changes.
        until: no pause goes beyond this time on the monotonic clock; None for no limit.

    Returns:
        What the function returns.

    Raises:
        Exception: the function's last error, as it is; one that does not pass, at once.
    """
    for pause in backoff.pauses():
        try:
            return function()
        except Exception as error:
            if not retriable(error) or _is_late(until, pause):
                raise
        time.sleep(pause)
    return function()


async def on_error_async(
    backoff: Backoff,
    retriable: Callable[[Exception], bool],
    function: Callable[[], Awaitable[R]],
    *,
    until: float | None = None,
) -> R:
    """Await a function's result, again while it fails with an error that passes: see `on_error`."""
    import anyio

    for pause in backoff.pauses():
        try:
            return await function()
        except Exception as error:
            if not retriable(error) or _is_late(until, pause):
                raise
        await anyio.sleep(pause)
    return await function()


def on_conflict(function: Callable[[], R], *, backoff: Backoff = DEFAULT_RETRY, until: float | None = None) -> R:
    """Call a function, again while somebody else has changed the object meanwhile.

    Args:
        function: what to do; it must read the object, change it and update it.
        backoff: how often, and the pauses between.
        until: no pause goes beyond this time on the monotonic clock; None for no limit.

    Returns:
        What the function returns.

    Raises:
        ConflictError: also the last attempt met a conflict.
    """
    return on_error(backoff, is_conflict, function, until=until)


async def on_conflict_async(
    function: Callable[[], Awaitable[R]], *, backoff: Backoff = DEFAULT_RETRY, until: float | None = None
) -> R:
    """Await a function's result, again while somebody else has changed the object meanwhile: see `on_conflict`."""
    return await on_error_async(backoff, is_conflict, function, until=until)


def _is_late(until: float | None, pause: float) -> bool:
    return until is not None and time.monotonic() + pause >= until


def is_race(error: Exception, name: str) -> bool:
    """Say whether somebody changed, created or deleted an object between two requests about it.

    Args:
        error: what a request met.
        name: the object's name; a 404 about anything else, such as the namespace, will not pass.
    """
    if isinstance(error, NotFoundError):
        details = error.status.details
        return details is not None and details.name == name
    return is_conflict(error) or is_already_exists(error)
