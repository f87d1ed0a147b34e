"""Rate limiters: how long an item that failed waits for its next attempt. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from kubecore._support import token_bucket
from kubecore._support.backoff import Backoff
from kubecore._support.fork_lock import ForkLock
from kubecore.clocks import SYSTEM_CLOCK, Clock

__all__ = ["Bucket", "ItemExponential", "ItemFastSlow", "Limiter", "MaxOf", "WithMaxWait", "default_limiter"]

K = TypeVar("K", bound=Hashable)
K_contra = TypeVar("K_contra", bound=Hashable, contravariant=True)


class Limiter(Protocol[K_contra]):
    """Decides when an item is tried again: client-go's `TypedRateLimiter`."""

    def when(self, item: K_contra) -> float:
        """Count a failure of the item, and return the seconds until its next attempt.

        The number must be finite; a negative one counts as 0. If it is not, or if this raises, the queue waits 1000 s.
        """
        ...

    def forget(self, item: K_contra) -> None:
        """Drop the failures of the item: it succeeded, or is given up."""
        ...

    def num_requeues(self, item: K_contra) -> int:
        """Return the number of failures since the item was forgotten."""
        ...


class _Failures:
    """The failures of each item that has any."""

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}
        self._lock = ForkLock()  # Several queues may share a limiter.

    def add(self, item: Hashable) -> int:
        """Count a failure; return the number of earlier ones."""
        with self._lock.here:
            earlier = self._counts.get(item, 0)
            self._counts[item] = earlier + 1
        return earlier

    def forget(self, item: Hashable) -> None:
        self._counts.pop(item, None)

    def count(self, item: Hashable) -> int:
        return self._counts.get(item, 0)


class ItemExponential:
    """Each failure of an item doubles its wait.

    Args:
        base: The wait after the first failure, in seconds.
        longest: The longest wait, in seconds.
        jitter: The largest part of itself by which a wait is made longer or shorter at random, from 0 to 1.
        chance: Returns a random number between two; by default `random.uniform`.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        base: float,
        longest: float,
        *,
        jitter: float = 0.0,
        chance: Callable[[float, float], float] | None = None,
    ) -> None:
        if not 0 < base <= longest < math.inf:
            raise ValueError(f"waits must be finite and 0 < base <= longest, not {base} s and {longest} s")
        if not 0 <= jitter <= 1:
            raise ValueError(f"jitter must be between 0 and 1, not {jitter}")
        self._backoff = Backoff(steps=1, duration=base, factor=2.0, cap=longest)
        self._jitter = jitter
        self._chance = chance
        self._failures = _Failures()

    def when(self, item: Hashable) -> float:
        """Count a failure: see `Limiter.when`."""
        wait = self._backoff.after(self._failures.add(item))
        if not self._jitter:
            return wait
        if self._chance is None:
            import random  # It takes long to import.

            self._chance = random.uniform
        return wait * self._chance(1 - self._jitter, 1 + self._jitter)

    def forget(self, item: Hashable) -> None:
        """Drop the failures of the item."""
        self._failures.forget(item)

    def num_requeues(self, item: Hashable) -> int:
        """Return the number of failures of the item."""
        return self._failures.count(item)


class ItemFastSlow:
    """Some fast attempts, then slow ones.

    Args:
        fast: The wait before each fast attempt, in seconds.
        slow: The wait before each slow attempt, in seconds.
        attempts: The number of fast attempts.

    Raises:
        ValueError: A number is negative or not finite.
    """

    def __init__(self, fast: float, slow: float, attempts: int) -> None:
        if not (0 <= fast < math.inf and 0 <= slow < math.inf and attempts >= 0):
            raise ValueError(f"waits and attempts must be 0 or more, not {fast} s, {slow} s and {attempts}")
        self._fast = fast
        self._slow = slow
        self._attempts = attempts
        self._failures = _Failures()

    def when(self, item: Hashable) -> float:
        """Count a failure: see `Limiter.when`."""
        return self._fast if self._failures.add(item) < self._attempts else self._slow

    def forget(self, item: Hashable) -> None:
        """Drop the failures of the item."""
        self._failures.forget(item)

    def num_requeues(self, item: Hashable) -> int:
        """Return the number of failures of the item."""
        return self._failures.count(item)


class Bucket:
    """A limit for all items together: a bucket of tokens that is filled at a steady rate.

    Args:
        rate: Attempts a second.
        burst: The number of attempts that may follow each other at once.
        clock: The clock that fills the bucket.

    Raises:
        ValueError: The rate is not positive, or the burst is below 1.
    """

    def __init__(self, rate: float, burst: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
        if not (0 < rate < math.inf and burst >= 1):
            raise ValueError(f"rate must be above 0 and burst 1 or more, not {rate} and {burst}")
        self._clock = clock
        self._bucket = token_bucket.TokenBucket(rate, burst, clock.monotonic())
        self._lock = ForkLock()

    def when(self, item: Hashable) -> float:
        """Take a token; return the seconds until it is available."""
        with self._lock.here:
            return self._bucket.reserve(self._clock.monotonic())

    def forget(self, item: Hashable) -> None:
        """Do nothing: a bucket knows no items."""

    def num_requeues(self, item: Hashable) -> int:
        """Return 0: a bucket knows no items."""
        return 0


class MaxOf(Generic[K]):
    """The longest of the waits of several limiters.

    Args:
        limiters: The limiters, one or more.

    Raises:
        ValueError: There are no limiters.
    """

    def __init__(self, *limiters: Limiter[K]) -> None:
        if not limiters:
            raise ValueError("MaxOf needs a limiter")
        self._limiters = limiters

    def when(self, item: K) -> float:
        """Count a failure in every limiter; return the longest wait, in seconds."""
        return max([limiter.when(item) for limiter in self._limiters])

    def forget(self, item: K) -> None:
        """Drop the failures of the item in every limiter."""
        for limiter in self._limiters:
            limiter.forget(item)

    def num_requeues(self, item: K) -> int:
        """Return the largest number of failures of the item."""
        return max([limiter.num_requeues(item) for limiter in self._limiters])


class WithMaxWait(Generic[K]):
    """The waits of another limiter, but none longer than a limit.

    Args:
        limiter: The other limiter.
        longest: The longest wait, in seconds.

    Raises:
        ValueError: The longest wait is negative or not a number.
    """

    def __init__(self, limiter: Limiter[K], longest: float) -> None:
        if not longest >= 0:
            raise ValueError(f"the longest wait must be 0 s or more, not {longest} s")
        self._limiter = limiter
        self._longest = longest

    def when(self, item: K) -> float:
        """Count a failure in the other limiter; return the wait, in seconds."""
        return min(self._limiter.when(item), self._longest)

    def forget(self, item: K) -> None:
        """Drop the failures of the item."""
        self._limiter.forget(item)

    def num_requeues(self, item: K) -> int:
        """Return the number of failures of the item."""
        return self._limiter.num_requeues(item)


def default_limiter(clock: Clock = SYSTEM_CLOCK) -> Limiter[Hashable]:
    """Return client-go's default limiter: 5 ms doubled to 1000 s for an item, ten attempts a second for all items.

    Args:
        clock: The clock that fills the bucket of attempts.
    """
    return MaxOf(ItemExponential(0.005, 1000.0), Bucket(10.0, 100, clock=clock))
