"""How many new series of events each object may begin. No I/O.

Source: `EventSourceObjectSpamFilter` of `k8s.io/client-go/tools/record`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from kubecore._support.token_bucket import TokenBucket

__all__ = ["Buckets"]


class Buckets:
    """A token bucket for each key.

    Args:
        burst: The size of a bucket.
        seconds: The seconds after which a used token is replaced.
        keys: The largest number of keys; the key that was used least recently is forgotten.
    """

    def __init__(self, *, burst: int, seconds: float, keys: int) -> None:
        self._burst = burst
        self._rate = 1 / seconds
        self._keys = keys
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def take(self, key: Hashable, now: float) -> bool:
        """Take a token.

        Args:
            key: The owner of the bucket.
            now: The time on the monotonic clock, in seconds.

        Returns:
            Whether there was one.
        """
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate, self._burst, now)
            if len(self._buckets) > self._keys:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.try_take(now)
