"""The changes of an informer for one consumer, as an iterator."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Final, Generic, TypeVar

from kubecore.cache.bell import AsyncBell
from kubecore.cache.changes import Change
from kubecore.cache.store import Store

__all__ = ["AsyncChanges"]

T = TypeVar("T")


class AsyncChanges(Generic[T]):
    """All objects that exist, then all changes: see `AsyncInformer.changes`.

    Args:
        store: The store.
        lock: The lock of the store.
        ended: Returns the reason why there are no more changes: an exception to raise, or `StopAsyncIteration`; None
            while there may be more.
    """

    def __init__(
        self, store: Store[T], lock: AbstractContextManager[object], ended: Callable[[], BaseException | None]
    ) -> None:
        self._lock: Final = lock
        self._ended: Final = ended
        self._bell: Final = AsyncBell()
        self._taken: Final[deque[Change[T]]] = deque()
        with lock:
            self._feed = store.open_feed(wake=self._bell.ring)

    def __aiter__(self) -> AsyncIterator[Change[T]]:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> Change[T]:
        """Return the next change; wait for it if there is none.

        Raises:
            RuntimeError: The iterator was closed.
            KubeError: The informer has ended, since its clientset was closed.
        """
        while not self._taken:
            await self._bell.wait(self._is_due)
            with self._lock:
                self._taken.extend(self._feed.take())
            if not self._taken and (reason := self._ended()) is not None:
                self.close()
                raise reason
            if self._feed.is_closed and not self._taken:
                raise StopAsyncIteration
        return self._taken.popleft()

    def close(self) -> None:
        """End the iteration: nothing is kept for it any more. A second call does nothing."""
        self._taken.clear()
        self._feed.close()
        self._bell.ring()

    def __del__(self) -> None:
        """Close the feed: the consumer has left its loop."""
        if hasattr(self, "_feed"):
            self._feed.close()

    def ring(self) -> None:
        """Check whether the informer has ended."""
        self._bell.ring()

    def _is_due(self) -> bool:
        return len(self._feed) > 0 or self._feed.is_closed or self._ended() is not None
