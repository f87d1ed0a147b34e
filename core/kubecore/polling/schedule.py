"""The times of the calls of `poll`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any, Final

from kubecore._support.coroutines import is_unawaited
from kubecore.errors import InvalidRequestError, WaitTimeoutError
from kubecore.retry import Backoff

__all__ = ["Schedule", "require_awaited", "require_function"]

_PLAIN: Final = (bool, int, float, str, bytes, list, tuple, dict, set, frozenset)


def require_function(function: object, caller: str) -> None:
    """Refuse an argument that is not a function.

    Args:
        function: The argument.
        caller: `poll` or `poll_async`.

    Raises:
        InvalidRequestError: It can't be called.
    """
    if not callable(function):
        raise InvalidRequestError(f"{caller} needs a function, such as a lambda, not a {type(function).__name__}")


def require_awaited(value: object) -> None:
    """Refuse the result of an asynchronous function that was called like another one.

    Args:
        value: The result.

    Raises:
        InvalidRequestError: It is a coroutine.
    """
    if is_unawaited(value):
        raise InvalidRequestError("the result of the function must be awaited: use poll_async")


class Schedule:
    """When the next call is made.

    Args:
        timeout: The seconds that there are, None for no limit.
        interval: Seconds between two calls, or a Backoff.

    Raises:
        InvalidRequestError: One of them is not a number of seconds.
    """

    def __init__(self, timeout: float | None, interval: float | Backoff) -> None:
        self._timeout = None if timeout is None or timeout == math.inf else _seconds("timeout", timeout)
        self._pauses = _pauses(interval)
        self._end = None if self._timeout is None else time.monotonic() + self._timeout
        self._calls = 0

    def pause(self, value: object) -> float:
        """Return the seconds until the next call.

        Args:
            value: The result of the last call.

        Raises:
            WaitTimeoutError: The timeout is over.
        """
        self._calls += 1
        pause = next(self._pauses)
        if self._end is None:
            return pause
        left = self._end - time.monotonic()
        if left <= 0:
            # Empty values of Python's own types are short; another value could show a secret.
            last = repr(value) if value is None or type(value) in _PLAIN else type(value).__name__
            calls = "1 call" if self._calls == 1 else f"{self._calls} calls"
            raise WaitTimeoutError(
                f"the function returned no truthy value within {self._timeout:g} s ({calls}); last value: {last}", value
            )
        return min(pause, left)


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise InvalidRequestError(f"{name} takes seconds, 0 or more, not {value!r}")
    return float(value)


def _pauses(interval: float | Backoff) -> Iterator[float]:
    if not isinstance(interval, Backoff):
        return _repeated(iter((_seconds("interval", interval),)), 0.0)
    return _repeated(interval.pauses(), interval.duration)


def _repeated(pauses: Iterator[float], pause: float) -> Iterator[float]:
    """Yield the pauses, then the last one again and again; the given one if there are none."""
    last = pause
    for last in pauses:
        yield last
    while True:
        yield last
