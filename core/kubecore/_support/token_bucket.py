"""A bucket of tokens that is filled at a steady rate, without a clock and without a lock."""

from __future__ import annotations

__all__ = ["TokenBucket"]


class TokenBucket:
    """A bucket that begins full.

    Args:
        rate: Tokens a second, above 0.
        burst: Tokens that the bucket holds.
        now: The current time, in seconds of any clock that never goes back.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def reserve(self, now: float) -> float:
        """Take a token.

        Args:
            now: The current time, in seconds.

        Returns:
            The seconds until the token is available.
        """
        self._fill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def try_take(self, now: float) -> bool:
        """Take a token if there is one.

        Args:
            now: The current time, in seconds.

        Returns:
            Whether there was one.
        """
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
