# Derived from kubecore/watch/async_list_and_watch.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""A collection and its changes."""

from __future__ import annotations

from typing import TypeVar

from kubecore.watch.watcher import Watch

__all__ = ["ListAndWatch"]

T = TypeVar("T")


class ListAndWatch(Watch[T]):
    """The existing objects of a collection, then all changes: see `Watch`.

    ```python
    with clientset.core_v1.pods("default").list_and_watch() as changes:
        pods = {pod.metadata.name: pod for pod in changes.items}
        for event in changes:
            print(event.type, event.object.metadata.name)
    ```

    If the server no longer has the current version, the collection is listed again and the differences are yielded: the
    iteration never raises ExpiredError.
    """

    @property
    def items(self) -> list[T]:
        """The state at the beginning; the changes begin after it."""
        return self._state.items
