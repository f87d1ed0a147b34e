"""Call a function again while it fails with an error that may pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from kubecore._support import pauses
from kubecore.errors import is_conflict
from kubecore.retry.backoff import DEFAULT_RETRY, Backoff, is_late

__all__ = ["on_conflict_async", "on_error_async"]

R = TypeVar("R")


async def on_error_async(
    backoff: Backoff,
    retriable: Callable[[Exception], bool],
    function: Callable[[], Awaitable[R]],
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
            return await function()
        except Exception as error:
            if not retriable(error) or is_late(deadline, pause):
                raise
        await pauses.async_sleep(pause)
    return await function()


async def on_conflict_async(
    function: Callable[[], Awaitable[R]], *, backoff: Backoff = DEFAULT_RETRY, deadline: float | None = None
) -> R:
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
    return await on_error_async(backoff, is_conflict, function, deadline=deadline)
