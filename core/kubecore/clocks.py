"""Clocks: monotonic time that counts suspension, wall time, and a clock that tests set."""

from __future__ import annotations

import time
from typing import Final, Protocol

__all__ = ["SYSTEM_CLOCK", "Clock", "FakeClock", "SystemClock"]


class Clock(Protocol):
    """The two times that controllers need: client-go's `k8s.io/utils/clock`."""

    def monotonic(self) -> float:
        """Return seconds since an unknown moment; they never decrease, and suspension of the machine counts."""
        ...

    def time(self) -> float:
        """Return seconds since 1970-01-01 UTC, as the machine believes; an administrator may set them."""
        ...


class SystemClock:
    """The clocks of the machine.

    The monotonic clock is `CLOCK_BOOTTIME` if the system has it, as Linux does. It also counts the time in which the
    machine is suspended.
    """

    def monotonic(self) -> float:
        """Return seconds since the machine started: see `Clock.monotonic`."""
        return _monotonic()

    def time(self) -> float:
        """Return seconds since 1970-01-01 UTC: see `Clock.time`."""
        return time.time()


class FakeClock:
    """Clocks for tests: they stand still until a test moves them.

    Args:
        now: The monotonic time at the beginning, in seconds.
        wall: Seconds since 1970-01-01 UTC at the beginning.
    """

    def __init__(self, now: float = 0.0, wall: float = 1_767_225_600.0) -> None:
        self._now = now
        self._wall = wall

    def monotonic(self) -> float:
        """Return the monotonic time, in seconds."""
        return self._now

    def time(self) -> float:
        """Return the wall time, in seconds since 1970-01-01 UTC."""
        return self._wall

    def advance(self, seconds: float) -> None:
        """Let time pass, on both clocks.

        Args:
            seconds: How much, 0 or more.

        Raises:
            ValueError: The seconds are negative: no monotonic clock goes back.
        """
        if seconds < 0:
            raise ValueError(f"a monotonic clock can't go back by {-seconds} s; use set_time for the wall clock")
        self._now += seconds
        self._wall += seconds

    def set_time(self, wall: float) -> None:
        """Set the wall clock, as an administrator does; the monotonic time stays.

        Args:
            wall: Seconds since 1970-01-01 UTC.
        """
        self._wall = wall


def _boot_time() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


_monotonic = _boot_time if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic

SYSTEM_CLOCK: Final = SystemClock()
"""The default if no clock is given."""
