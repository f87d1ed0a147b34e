"""When a watch sends its next request: pauses, their growth, and the end of the watch. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from kubecore._support.backoff import Backoff

__all__ = ["Pacing"]

_SHORTEST: Final = 1.0
"""A connection that ends sooner, in seconds, and brought nothing, counts as a failure."""

_MAX_SHORT: Final = 20
"""So many connections may end sooner, one after the other, if each brought something; then there are pauses."""

_BACKOFF: Final = Backoff(steps=1, duration=0.8, factor=2.0, jitter=0.5, cap=30.0)
_LONGEST_RETRY_AFTER: Final = 600.0
"""The longest Retry-After of a server that is obeyed, in seconds."""

_QUIET: Final = 30.0
"""After a connection of so many seconds failures are counted from zero."""

_FEW: Final = 2
"""More failures than these, one after the other, are worth a warning."""

_SERVER_SECONDS: Final = (300, 600)
"""How long the server is requested to keep a connection of an endless watch open, as client-go does: load then moves to
new servers."""

_BEHIND_TRIES: Final = 5
"""How often a server that does not have our version yet is requested to send it."""

_GRACE: Final = 0.25
"""How late a server may be that ends the watch itself, in seconds."""

_LEAST: Final = 0.05
"""The shortest time for which a request is worth sending, in seconds."""


class Pacing:
    """Counts failures, and decides when the next request is sent.

    Args:
        seconds: The time limit of the whole watch; None and 0 for no limit. It starts with the first `pause`.
        clock: The monotonic clock.
        chance: Returns a random number between two.
        ends_at: The time limit on the monotonic clock, instead of `seconds`; None if `seconds` set it.

    Attributes:
        failures: How many requests failed since the last success.
        has_progress: Whether the current connection, or the last one, brought an event.
        is_doubtful: Whether something unreadable was received since the last event.
    """

    def __init__(
        self,
        seconds: int | None,
        clock: Callable[[], float],
        chance: Callable[[float, float], float],
        ends_at: float | None = None,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._chance = chance
        self._end = ends_at
        self._next_at = 0.0
        self._opened_at = 0.0
        self._behind = 0
        self._expirations = 0
        self._short = 0
        self.failures: int = 0
        self.has_progress: bool = False
        self.is_doubtful: bool = False

    # Time.

    def pause(self) -> float:
        """Return the seconds to wait before the next request."""
        now = self._clock()
        if self._end is None and self._seconds:
            self._end = now + self._seconds
        next_at = self._next_at
        if self._end is not None and next_at > self._end - _LEAST:
            next_at = self._end
        return max(0.0, next_at - now)

    @property
    def is_over(self) -> bool:
        """Whether there is no time for another request."""
        return self._end is not None and self._end - self._clock() <= _LEAST

    @property
    def ends_at(self) -> float | None:
        """When the next request must be over, on the monotonic clock; None for no limit."""
        return None if self._end is None else self._end + _GRACE

    def server_seconds(self) -> int:
        """Return for how many seconds the server is requested to keep the next watch open."""
        if self._end is None:
            return round(self._chance(*_SERVER_SECONDS))
        return max(1, math.ceil(self._end - self._clock()))

    @property
    def is_failing(self) -> bool:
        """Whether the failures are worth a warning."""
        return self.failures > _FEW

    # Success.

    def opened(self) -> None:
        """Start a connection."""
        self._opened_at = self._clock()
        self.has_progress = False

    def responded(self) -> None:
        """Count failures from zero, but not repeated expirations: the server responds."""
        self.failures = self._expirations

    def progressed(self) -> None:
        """Count everything from zero: there is an event."""
        self.has_progress = True
        self.failures = self._behind = self._expirations = 0
        self.is_doubtful = False

    # Failure. Each method plans the next request, and returns the seconds until then, None for at once.

    def left(self) -> float | None:
        """End a connection that was open: continue at once, unless it was of no use."""
        lived = self._clock() - self._opened_at
        self._short = self._short + 1 if lived < _SHORTEST else 0
        if lived < _SHORTEST and (not self.has_progress or self._short > _MAX_SHORT):
            return self.back_off()
        if lived > _QUIET:
            self.failures = 0
        return self._at_once()

    def expired(self) -> float | None:
        """List again: at once, unless the last list has expired as well."""
        self.responded()
        self._expirations += 1
        return self.back_off() if self.failures else self._at_once()

    def is_behind(self, tries: int = _BEHIND_TRIES) -> bool:
        """Count a server that does not have our version yet; return whether it may still come to it.

        Args:
            tries: How often it is requested to send it.
        """
        self._behind += 1
        return self._behind < tries

    def back_off(self, retry_after: float | None = None) -> float:
        """Wait longer after each failure.

        Args:
            retry_after: The least seconds to wait, as the server requests; None if it does not.
        """
        seconds = max(_BACKOFF.after(self.failures), min(retry_after or 0.0, _LONGEST_RETRY_AFTER))
        seconds = _BACKOFF.spread(seconds, self._chance)
        self.failures += 1
        self._next_at = self._clock() + seconds
        return seconds

    def _at_once(self) -> float | None:
        self._next_at = self._clock()
        return None
