"""Reading a cache: client-go's listers and indexers. No I/O: nothing here waits for the server.

```python
pods.get("web-0", "shop")
pods.list("shop", label_selector="app=web")
pods.indexed(by_node, "node-1")
```
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from typing import Final, Generic, TypeVar

from kubecore import errors
from kubecore.cache import changes
from kubecore.cache.entry import Entry
from kubecore.cache.key import Key
from kubecore.cache.selection import selector_of
from kubecore.cache.store import Store
from kubecore.errors import DecodeError
from kubecore.model.meta import Status, StatusDetails
from kubecore.selectors import LabelSelector

__all__ = ["Lister"]

T = TypeVar("T")
V = TypeVar("V")

_NAMED: Final = 20
"""How many objects the message of an error names."""


class Lister(Generic[T]):
    """Reads the objects of a store.

    Objects are decoded when they are read, and belong to the caller. With `Keep.OBJECTS` and projections all callers
    get the same objects, which must not be changed.

    Reads raise RuntimeError before the block of the informer, and after it: an empty or old result would not be true.

    Args:
        store: The store.
        lock: Is held while entries are collected, not while objects are decoded.
    """

    def __init__(self, store: Store[T], lock: AbstractContextManager[object]) -> None:
        self._store: Final = store
        self._lock: Final = lock

    def get(self, name: str, namespace: str = "") -> T:
        """Return an object.

        Args:
            name: Its name.
            namespace: Its namespace; "" for cluster-scoped objects, or if the cache has only one namespace.

        Returns:
            The object.

        Raises:
            NotFoundError: The cache does not contain it.
            DecodeError: Its text does not fit the model.
        """
        entry = self._find(name, namespace)
        if entry is None:
            raise self._not_found(name, namespace)
        return changes.read(self._store.form, entry)

    def get_or_none(self, name: str, namespace: str = "") -> T | None:
        """Return an object, None if the cache does not contain it.

        Args:
            name: Its name.
            namespace: Its namespace; "" for cluster-scoped objects, or if the cache has only one namespace.

        Returns:
            The object or None.

        Raises:
            DecodeError: Its text does not fit the model.
        """
        entry = self._find(name, namespace)
        return None if entry is None else changes.read(self._store.form, entry)

    def list(
        self, namespace: str = "", *, label_selector: LabelSelector | None = None, skip_undecodable: bool = False
    ) -> builtins.list[T]:
        """Return the objects of one moment, sorted by namespace and name.

        Args:
            namespace: Only objects of this namespace; "" for all.
            label_selector: Only objects with these labels.
            skip_undecodable: Whether to leave out objects that can't be decoded.

        Returns:
            The objects, in a new list.

        Raises:
            DecodeError: The text of some objects does not fit the model; the message names them.
            InvalidRequestError: The label selector is invalid.
        """
        selector = selector_of(label_selector)
        store = self._synced()
        with self._lock:
            found = store.entries(namespace) if selector is None else store.selected(selector)
        if selector is not None and namespace:
            found = [entry for entry in found if entry.key.namespace == namespace]
        return self._read(found, skip_undecodable=skip_undecodable)

    def indexed(
        self, index: Callable[[T], Iterable[V]], value: V, *, skip_undecodable: bool = False
    ) -> builtins.list[T]:
        """Return the objects that have a value in an index, sorted by namespace and name.

        Args:
            index: The function of the index, one of `indexes=`.
            value: The value.
            skip_undecodable: Whether to leave out objects that can't be decoded.

        Returns:
            The objects, in a new list.

        Raises:
            DecodeError: The text of some objects does not fit the model; the message names them.
            InvalidRequestError: The index was not declared.
        """
        store = self._synced()
        with self._lock:
            found = list(store.indexed(index, value))
        return self._read(found, skip_undecodable=skip_undecodable)

    def controlled_by(self, uid: str, *, skip_undecodable: bool = False) -> builtins.list[T]:
        """Return the objects whose controller, by their owner references, has a uid, sorted by namespace and name.

        Args:
            uid: The uid of the controller.
            skip_undecodable: Whether to leave out objects that can't be decoded.

        Returns:
            The objects, in a new list.

        Raises:
            DecodeError: The text of some objects does not fit the model; the message names them.
        """
        store = self._synced()
        with self._lock:
            found = list(store.controlled_by(uid))
        return self._read(found, skip_undecodable=skip_undecodable)

    def keys(self, namespace: str = "") -> builtins.list[Key]:
        """Return the keys of the objects, sorted; nothing is decoded.

        Args:
            namespace: Only those of this namespace; "" for all.

        Returns:
            The keys, in a new list.
        """
        store = self._synced()
        with self._lock:
            found = store.entries(namespace)
        return sorted(entry.key for entry in found)

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self._synced())

    def __contains__(self, key: object) -> bool:
        """Return whether the cache contains the object of a `Key`."""
        return isinstance(key, Key) and self._synced().get(key) is not None

    def _find(self, name: str, namespace: str) -> Entry | None:
        store = self._synced()
        return store.find(namespace or store.selection.namespace, name)

    def _synced(self) -> Store[T]:
        """Return the store, if it has its objects; call it without the lock."""
        self._store.check_caller()
        if not self._store.is_synced:
            raise RuntimeError(f"the cache of {self._store.name} can be read only inside the block of its informer")
        return self._store

    def _read(self, found: Collection[Entry], *, skip_undecodable: bool) -> builtins.list[T]:
        read, form = changes.read, self._store.form
        objects: builtins.list[T] = []
        failed: builtins.list[tuple[Key, DecodeError]] = []
        for entry in sorted(found, key=lambda entry: entry.key):
            try:
                objects.append(read(form, entry))
            except DecodeError as error:
                failed.append((entry.key, error))
        if failed and not skip_undecodable:
            raise _undecodable(self._store.name, failed)
        return objects

    def _is_namespaced(self) -> bool:
        with self._lock:
            return any(entry.key.namespace for entry in self._store)

    def _not_found(self, name: str, namespace: str) -> errors.NotFoundError:
        store = self._store
        key = Key(namespace or store.selection.namespace, name)
        message = f"{store.name} {str(key)!r} not found in the cache"
        if not key.namespace and self._is_namespaced():
            message += "; pass the namespace of the object"
        details = StatusDetails(name=name, kind=store.name)
        status = Status(status="Failure", reason="NotFound", code=404, message=message, details=details)
        return errors.NotFoundError(status)


def _undecodable(name: str, failed: list[tuple[Key, DecodeError]]) -> DecodeError:
    if len(failed) == 1:
        return failed[0][1]
    named = ", ".join(str(key) for key, _ in failed[:_NAMED])
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    return DecodeError(f"can't read {len(failed)} {name} of the cache ({named}{more}); the first: {failed[0][1]}")
