"""The time limit of a wait. No I/O."""

from __future__ import annotations

import math
import time
from typing import Any

from kubecore import errors

__all__ = ["TimeLimit"]


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
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self._end is not None and self._end - time.monotonic() < 0.001

    @property
    def ends_at(self) -> float | None:
        """When requests must be over, on the monotonic clock; None for no limit, also for a timeout of 0."""
        return self._end if self.timeout else None


def _checked(timeout: Any) -> float | None:
    if timeout is None or timeout == math.inf:
        return None
    if isinstance(timeout, (int, float)) and timeout >= 0:
        return float(timeout)
    raise errors.InvalidRequestError(f"timeout takes seconds, 0 or more, or None for no limit; not {timeout!r}")
