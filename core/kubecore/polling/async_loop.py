"""Call a function until it returns a truthy value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from kubecore._support import pauses
from kubecore.polling.schedule import Schedule, require_awaited, require_function
from kubecore.retry import Backoff

__all__ = ["poll_async"]

R = TypeVar("R")


async def poll_async(
    function: Callable[[], Awaitable[R | Literal[False] | None]],
    *,
    timeout: float | None = 60.0,
    interval: float | Backoff = 1.0,
) -> R:
    """Call a function until it returns a truthy value.

    The first call is made at once, and the last one at the end of the timeout. A call that is in progress then is not
    interrupted.

    Args:
        function: The function; its exceptions are not caught.
        timeout: Seconds until it must return a truthy value; 0 for one call, None for no limit.
        interval: Seconds between the end of a call and the next call; or a Backoff, whose last pause is repeated when
            its steps are used up.

    Returns:
        The first truthy value.

    Raises:
        WaitTimeoutError: There was none in time; `object` is the last value.
        InvalidRequestError: The timeout or the interval is not a number of seconds, or the function is something else.
    """
    require_function(function, "poll_async")
    schedule = Schedule(timeout, interval)
    while True:
        value = await function()
        require_awaited(value)
        if value:
            return value
        await pauses.async_sleep(schedule.pause(value))
