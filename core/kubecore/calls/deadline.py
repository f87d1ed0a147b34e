"""When a call must be done. No I/O."""

from __future__ import annotations

import math
import time
from typing import Any, Final, Self

from kubecore.errors import InvalidRequestError

__all__ = ["Deadline"]

_LONGEST: Final = 1e9
"""More seconds than that are more than a socket accepts."""


class Deadline(float):
    """A time on the monotonic clock that the caller's `timeout=` set.

    It replaces `Timeouts.total`. A plain float, which the library sets itself, is a further limit next to it.

    Attributes:
        seconds: The value of `timeout=`.
    """

    __slots__ = ("seconds",)

    seconds: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline of a call that begins now.

        Args:
            seconds: The value of `timeout=`; 0 and less have passed already.

        Raises:
            InvalidRequestError: It is not a number.
        """
        given: Any = seconds
        if isinstance(given, bool) or not isinstance(given, (int, float)) or math.isnan(given):
            raise InvalidRequestError(f"timeout must be a number of seconds or None, not {given!r}")
        made = cls(time.monotonic() + max(0.0, min(seconds, _LONGEST)))
        made.seconds = seconds
        return made

    @property
    def left(self) -> float:
        """The seconds until then, 0 when it has passed."""
        return max(0.0, self - time.monotonic())

    @classmethod
    def within(cls, seconds: float | None) -> Self | None:
        """Return the deadline of a call that begins now: see `after`; None for no `timeout=`."""
        return None if seconds is None else cls.after(seconds)
