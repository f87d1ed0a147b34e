"""A limit on how many requests a program sends: client-go's `flowcontrol`, off by default."""

from __future__ import annotations

import time
from typing import Protocol

from kubecore._support import token_bucket
from kubecore._support.fork_lock import ForkLock
from kubecore.errors import ConfigError

__all__ = ["RateLimiter", "TokenBucket"]


class RateLimiter(Protocol):
    """Interface of rate limiters, which return how many seconds a request must wait."""

    def reserve(self) -> float:
        """Take the place of one request; return the seconds until it may go."""
        ...


class TokenBucket:
    """A bucket that begins full and is filled at a steady rate; safe to share between threads and clientsets.

    Args:
        qps: Tokens a second.
        burst: Tokens that the bucket holds.

    Raises:
        ConfigError: One of them is not positive.
    """

    def __init__(self, qps: float, burst: int) -> None:
        if not (qps > 0 and burst >= 1):
            raise ConfigError(f"qps must be above 0 and burst 1 or more, not {qps} and {burst}")
        self._bucket = token_bucket.TokenBucket(qps, burst, time.monotonic())
        self._lock = ForkLock()

    def reserve(self) -> float:
        """Take a token; return the seconds until it is available."""
        with self._lock.here:
            return self._bucket.reserve(time.monotonic())

    def try_take(self) -> bool:
        """Take a token if there is one; return whether there was."""
        with self._lock.here:
            return self._bucket.try_take(time.monotonic())
