"""A collection and its changes."""

from __future__ import annotations

from typing import TypeVar

from kubecore.watch.watcher import AsyncWatch

__all__ = ["AsyncListAndWatch"]

T = TypeVar("T")


class AsyncListAndWatch(AsyncWatch[T]):
    """The existing objects of a collection, then all changes: see `AsyncWatch`.

    ```python
    async with clientset.core_v1.pods("default").list_and_watch() as changes:
        pods = {pod.metadata.name: pod for pod in changes.items}
        async for event in changes:
            print(event.type, event.object.metadata.name)
    ```

    If the server no longer has the current version, the collection is listed again and the differences are yielded: the
    iteration never raises ExpiredError.
    """

    @property
    def items(self) -> list[T]:
        """The state at the beginning; the changes begin after it."""
        return self._state.items
