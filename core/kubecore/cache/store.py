"""The objects of a cache, kept in the order of their versions. No I/O, and no lock.

A store has three sources: the events of a watch (`apply_event`, `bookmark`), lists (`begin_relist`), and responses to
the program's own writes (`own_write`, `own_delete`). It reports changes to feeds (`open_feed`), and
`kubecore.cache.lister` reads its entries.

A store is not safe for threads: its owner holds one lock around every call of a store, of its lists and of its feeds.

```python
store = Store(form(core_v1.Pod), name="pods")
relist = store.begin_relist()
for page in pages:
    relist.add(page)                 # the items, each an object in JSON: bytes, memoryview or msgspec.Raw
outcome = relist.end(version)        # Outcome.REFUSED: list again, the server is behind
feed = store.open_feed(wake=event.set)
store.apply_event("MODIFIED", text)  # a watch continues from store.version
store.bookmark(version)
changes = feed.take()
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from kubecore.cache import entry as entries
from kubecore.cache import own_writes
from kubecore.cache.entry import Received, Version
from kubecore.cache.index import IndexFunction
from kubecore.cache.keep import Form
from kubecore.cache.key import Key
from kubecore.cache.ordered import Ordered, is_newer
from kubecore.cache.relist import Outcome, Relist
from kubecore.cache.selection import Selection
from kubecore.cache.table import Text

__all__ = ["Outcome", "Relist", "Selection", "Store", "Text"]

T = TypeVar("T")


class Store(Ordered[T]):
    """The objects of one collection.

    Args:
        form: How objects are kept.
        name: The name of the resource, such as `pods`, for messages.
        selection: The namespace and the selectors of the collection.
        indexes: Functions whose values objects are found by.
        takes_own_writes: Whether responses to the program's own writes are used at all.
        now: The monotonic clock, in seconds; own deletes need it.

    Attributes:
        selection: The namespace and the selectors of the collection.

    Raises:
        InvalidRequestError: An index is not a function, or occurs twice.
    """

    def __init__(
        self,
        form: Form[T],
        *,
        name: str = "objects",
        selection: Selection | None = None,
        indexes: Iterable[IndexFunction[T]] = (),
        takes_own_writes: bool = True,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(form, name, indexes, now)
        self.selection: Final = selection or Selection()
        self._takes_own_writes: Final = takes_own_writes and self.selection.takes_own_writes
        self._relists = 0
        self._early: list[Received] = []

    @property
    def takes_own_writes(self) -> bool:
        """Whether responses to the program's own writes are used: the selection and the versions must allow it."""
        return self._takes_own_writes and self._is_numeric

    def begin_relist(self) -> Relist[T]:
        """Begin to apply a list page by page, or the initial events of a watch.

        A list that was begun before must not be used any more.

        Returns:
            The list: call `add` for each page, then `end` or `abandon`.
        """
        self._relists += 1
        return Relist(self, self._relists)

    def finish_relist(self, version: Version) -> None:
        """Handle the end of a list that was applied, and apply the responses that arrived before the first one.

        Args:
            version: The version of the list.
        """
        super().finish_relist(version)
        early, self._early = self._early, []
        for found in early:
            self._apply_own_write(found)

    def own_write(self, text: Text, *, is_delete: bool = False) -> bool:
        """Apply the response to an own request: a create, update, patch, apply or delete of an object or its status.

        The caller leaves out dry runs, and requests for other resources. The change is reported to the feeds at once,
        and not again when the watch yields it.

        Args:
            text: The body of the response: an object, or after a delete a `Status`.
            is_delete: Whether the request was the delete of one object.

        Returns:
            Whether reads are at least as new as the response from now on, or from the first list on.
        """
        if not self.takes_own_writes:
            return False
        body = bytes(text)
        if is_delete and (deleted := own_writes.deletion(body)) is not None:
            current = self.named(deleted.name, deleted.uid)
            return self.own_delete(deleted.uid, None if current is None else current.key)
        found = entries.received(body)
        if found is None:
            return False
        if own_writes.is_removed(found.metadata, is_delete=is_delete):
            return self.own_delete(found.uid, found.key)
        if not isinstance(found.version, int):
            return False
        if self.is_synced:
            self._apply_own_write(found)
        else:
            self._early.append(found)
        return True

    def own_delete(self, uid: str, key: Key | None = None) -> bool:
        """Handle the removal of an object by the server at the request of the program.

        Args:
            uid: The uid of the object.
            key: Its key; None if the store does not contain it.

        Returns:
            Whether reads do not find the object from now on.
        """
        if not self.takes_own_writes or not uid:
            return False
        self._tombstones.add(uid)
        current = None if key is None else self.get(key)
        if current is not None and current.uid == uid:
            if isinstance(current.version, int):
                self._floors.raise_to(current.key, current.version)
            self.drop(current, current, is_final=True)
        return True

    def _apply_own_write(self, found: Received) -> None:
        version = found.version
        if not isinstance(version, int) or version <= self._reached or version <= self._floors.get(found.key):
            return
        self._floors.raise_to(found.key, version)
        current = self.get(found.key)
        if current is not None and not is_newer(version, current.version):
            return
        entry = self.entry(found)
        if found.uid not in self._tombstones and self.selection.includes(entry):
            self.put(entry)
        elif current is not None:
            self.drop(current, current, is_final=True)
