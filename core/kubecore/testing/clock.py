"""The time of a fake cluster, which only a test moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """The time of a server. It stands still until it is moved; its methods may be called from any thread.

    It is a `kubecore.clocks.Clock`, too: electors, recorders and work queues accept it as `clock=`.

    Args:
        now: The time at the start, with a time zone; None for the time of this machine.
        moved: Called after each movement.

    Raises:
        ValueError: The time has no time zone.
    """

    def __init__(self, now: datetime | None, moved: Callable[[], None]) -> None:
        self._now = datetime.now(UTC) if now is None else _aware(now)
        self._moved = moved
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return the time of the server."""
        return self._now

    def time(self) -> float:
        """Return the time of the server in seconds since 1970-01-01 UTC."""
        return self._now.timestamp()

    def monotonic(self) -> float:
        """Return the seconds by which `advance` has moved the time; `set` does not change them."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move the time forward: watches send bookmarks or end, pods end after their grace period.

        Raises:
            ValueError: The number is negative.
            TypeError: It is not a number.
        """
        if not isinstance(seconds, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _not_seconds(seconds)
        if seconds < 0:
            raise ValueError(f"seconds is {seconds}: expected 0 or more")
        self._elapsed += seconds
        self.set(self._now + timedelta(seconds=seconds))

    def set(self, now: datetime) -> None:
        """Set the time, which may also go back.

        Raises:
            ValueError: It has no time zone.
            TypeError: It is not a datetime.
        """
        self._now = _aware(now)
        self._moved()


def _not_seconds(value: object) -> TypeError:
    hint = ": pass its total_seconds()" if isinstance(value, timedelta) else ""
    return TypeError(f"advance needs a number of seconds, not {type(value).__name__}{hint}")


def _aware(now: datetime) -> datetime:
    if not isinstance(now, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"the time must be a datetime with a time zone, not {type(now).__name__}")
    if now.tzinfo is None:
        raise ValueError(f"{now!r} has no time zone: pass one, such as datetime.UTC")
    return now.astimezone(UTC)
