"""The time limit of a wait, and the pauses between its lists. No I/O."""

from __future__ import annotations

import math
import time
from typing import Any, Final

from kubecore import errors
from kubecore._support.backoff import Backoff

__all__ = ["Pauses", "TimeLimit"]

_BACKOFF: Final = Backoff(steps=1, duration=0.075, factor=2.0, jitter=2 / 3, cap=3.75)
"""0.1 s to 5 s, each a quarter more or less."""

_STEADY: Final = 10.0
"""After so many seconds without a pause, the next pause is the shortest one."""


class TimeLimit:
    """When a wait ends.

    Args:
        timeout: Seconds; None for no limit.
        began: When they start, on the monotonic clock; None for now.

    Attributes:
        timeout: The seconds; None for no limit.

    Raises:
        InvalidRequestError: The timeout is not a number of seconds.
    """

    def __init__(self, timeout: float | None, began: float | None) -> None:
        self.timeout: float | None = _checked(timeout)
        since = time.monotonic() if began is None else began
        self._end = None if self.timeout is None else since + self.timeout

    @property
    def left(self) -> float | None:
        """The seconds that are left; None for no limit."""
        return None if self._end is None else self._end - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self._end is not None and self._end - time.monotonic() < 0.001

    @property
    def ends_at(self) -> float | None:
        """When requests must be over, on the monotonic clock; None for no limit, also for a timeout of 0."""
        return self._end if self.timeout else None


class Pauses:
    """The pauses between lists that follow each other."""

    def __init__(self) -> None:
        self._number = 0
        self._at = time.monotonic()

    def next(self) -> float:
        """Return the seconds of the next pause."""
        now = time.monotonic()
        if now - self._at > _STEADY:
            self._number = 0
        self._at = now
        pause = _BACKOFF.spread(_BACKOFF.after(self._number))
        self._number += 1
        return pause


def _checked(timeout: Any) -> float | None:
    if timeout is None or timeout == math.inf:
        return None
    if isinstance(timeout, (int, float)) and timeout >= 0:
        return float(timeout)
    raise errors.InvalidRequestError(f"timeout takes seconds, 0 or more, or None for no limit; not {timeout!r}")
