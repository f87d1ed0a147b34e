"""Indexes of a cache: from values that functions return for the objects to the entries that have them. No I/O.

The function is the name of its index. So the type of the values is known, and a name can't be misspelt:

```python
def by_node(pod: core_v1.Pod) -> Iterable[str]:
    return [pod.spec.node_name] if pod.spec and pod.spec.node_name else []

with clientset.core_v1.pods("").informer(indexes=[by_node]) as pods:
    pods.indexed(by_node, "node-1")
```
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Hashable, Iterable
from contextvars import ContextVar
from typing import Any, Final, Generic, TypeAlias, TypeVar

from kubecore.cache.changes import read
from kubecore.cache.entry import Entry
from kubecore.cache.keep import Form
from kubecore.cache.key import Key

__all__ = ["Buckets", "EntryIndex", "IndexFunction", "ObjectIndex", "index_name"]

T = TypeVar("T")

IndexFunction: TypeAlias = "Callable[[T], Iterable[Hashable]]"
"""Returns the values under which an object is found. It must not change the object, nor call the cache."""

_LOG: Final = logging.getLogger("kubecore")
_RUNNING: Final = ContextVar["ObjectIndex[Any] | None"]("kubecore_index", default=None)
"""The index whose function runs now. It runs under the lock of its cache, which a read would wait for in vain."""


class Buckets:
    """Entries by value. A value with one entry needs no set."""

    __slots__ = ("_by_value",)

    def __init__(self) -> None:
        self._by_value: dict[Hashable, Entry | set[Entry]] = {}

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._by_value)

    def __iter__(self) -> Any:
        """Return an iterator over the values."""
        return iter(self._by_value)

    def add(self, value: Hashable, entry: Entry) -> None:
        """Add an entry.

        Args:
            value: The value.
            entry: The entry.
        """
        bucket = self._by_value.get(value)
        if bucket is None:
            self._by_value[value] = entry
        elif isinstance(bucket, set):
            bucket.add(entry)
        elif bucket is not entry:
            self._by_value[value] = {bucket, entry}

    def discard(self, value: Hashable, entry: Entry) -> None:
        """Remove an entry; a value that no entry has any more is removed too.

        Args:
            value: The value.
            entry: The entry.
        """
        bucket = self._by_value.get(value)
        if isinstance(bucket, set):
            bucket.discard(entry)
            if not bucket:
                del self._by_value[value]
        elif bucket is entry:
            del self._by_value[value]

    def get(self, value: Hashable) -> Collection[Entry]:
        """Return the entries that have a value, in no order.

        Args:
            value: The value.
        """
        bucket = self._by_value.get(value)
        if bucket is None:
            return ()
        return bucket if isinstance(bucket, set) else (bucket,)


class EntryIndex:
    """An index by a part of the metadata, which needs no decoding.

    Args:
        value: Returns the value of an entry; None or "" for entries that have none.
        entries: The entries of the store.
    """

    __slots__ = ("_value", "buckets")

    def __init__(self, value: Callable[[Entry], Hashable], entries: Iterable[Entry]) -> None:
        self._value: Final = value
        self.buckets: Final = Buckets()
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add an entry that the store has now."""
        if value := self._value(entry):
            self.buckets.add(value, entry)

    def remove(self, entry: Entry) -> None:
        """Remove an entry that the store does not have any more."""
        if value := self._value(entry):
            self.buckets.discard(value, entry)


class ObjectIndex(Generic[T]):
    """An index by the values that a function returns for an object.

    An object for which the function raises is not indexed. It is counted, and the first one is logged.

    Args:
        function: The function.
        form: The form of the entries.
    """

    __slots__ = ("_form", "_function", "_is_logged", "_values", "buckets", "failed")

    def __init__(self, function: IndexFunction[T], form: Form[T]) -> None:
        self._function: Final = function
        self._form: Final = form
        self._values: dict[Key, tuple[Hashable, ...]] = {}
        self._is_logged = False
        self.buckets: Final = Buckets()
        self.failed: Final[set[Key]] = set()
        """The objects that are not indexed."""

    def add(self, entry: Entry) -> None:
        """Add an entry that the store has now; call `remove` for the one before."""
        running = _RUNNING.set(self)
        try:
            values = _checked(self._function(read(self._form, entry)))
        except Exception as error:  # The user's function: whatever it raises must not stop the store.
            self._fail(entry.key, error)
            return
        finally:
            _RUNNING.reset(running)
        if values:
            self._values[entry.key] = values
            for value in values:
                self.buckets.add(value, entry)

    @property
    def is_running(self) -> bool:
        """Whether the caller is the function of this index."""
        return _RUNNING.get() is self

    def remove(self, entry: Entry) -> None:
        """Remove an entry that the store does not have any more."""
        self.failed.discard(entry.key)
        for value in self._values.pop(entry.key, ()):
            self.buckets.discard(value, entry)

    def _fail(self, key: Key, error: Exception) -> None:
        self.failed.add(key)
        if not self._is_logged:
            self._is_logged = True
            name = index_name(self._function)
            _LOG.warning("the index %s does not contain %r; others are only counted", name, str(key), exc_info=error)


def index_name(function: Any) -> str:
    """Return the name of an index function, for messages.

    Args:
        function: The function.
    """
    return str(getattr(function, "__qualname__", None) or repr(function))[:200]


def _checked(values: Iterable[Hashable]) -> tuple[Hashable, ...]:
    if isinstance(values, (str, bytes)):
        raise TypeError("an index function returns a list of values, not text")
    found = tuple(values)
    hash(found)
    return found
