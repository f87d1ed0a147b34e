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
    deadline: float | None = None,
) -> R:
    """Call a function, and repeat it while it fails with a temporary error.

    Args:
        backoff: The number of attempts, and the pauses between them.
        retriable: Returns whether an error may be temporary.
        function: The function; it must read again the objects that it changes.
        deadline: No pause goes beyond this time on the monotonic clock; None for no limit.

    Returns:
        The result of the function.

    Raises:
        Exception: The function's last error, unchanged; a permanent one at once.
    """
    for pause in backoff.pauses():
        try:
            return function()
        except Exception as error:
            if not retriable(error) or is_late(deadline, pause):
                raise
        pauses.sleep(pause)
    return function()


def on_conflict(function: Callable[[], R], *, backoff: Backoff = DEFAULT_RETRY, deadline: float | None = None) -> R:
    """Call a function, and repeat it while another client changes the object.

    Args:
        function: The function; it must read the object, change it and update it.
        backoff: The number of attempts, and the pauses between them.
        deadline: No pause goes beyond this time on the monotonic clock; None for no limit.

    Returns:
        The result of the function.

    Raises:
        ConflictError: The last attempt failed with a conflict too.
    """
    return on_error(backoff, is_conflict, function, deadline=deadline)
