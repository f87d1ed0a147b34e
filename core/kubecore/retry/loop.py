# Derived from kubecore/retry/async_loop.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Call a function again while it fails with an error that may pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kubecore._support import pauses
from kubecore.errors import is_conflict
from kubecore.retry.backoff import DEFAULT_RETRY, Backoff, is_late

__all__ = ["on_conflict", "on_error"]

R = TypeVar("R")


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
            if not retriable(error) or is_late(until, pause):
                raise
        pauses.sleep(pause)
    return function()


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
