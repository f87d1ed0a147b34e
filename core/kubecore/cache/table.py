"""The entries of a store by namespace and name, their indexes, and the feeds that get their changes. No I/O."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from kubecore.cache import entry as entries
from kubecore.cache import managed_fields
from kubecore.cache.entry import Entry, LabelSets, Received
from kubecore.cache.feed import Feed
from kubecore.cache.index import EntryIndex, IndexFunction, ObjectIndex, index_name
from kubecore.cache.keep import Form
from kubecore.cache.key import Key
from kubecore.errors import InvalidRequestError
from kubecore.selectors import Selector

__all__ = ["Table", "Text"]

T = TypeVar("T")

Text: TypeAlias = "bytes | bytearray | memoryview | msgspec.Raw"
"""An object in JSON. It is copied: the buffer may be used again."""

_LOG: Final = logging.getLogger("kubecore")
_KINDS: Final = frozenset(("ADDED", "MODIFIED", "DELETED"))
_SHARED: Final = 4096


class Table(Generic[T]):
    """Entries by namespace and name. It decides nothing: `Store` does.

    Args:
        form: How objects are kept.
        name: The name of the resource, such as `pods`, for messages.
        indexes: Functions whose values objects are found by.

    Attributes:
        form: How objects are kept.
        name: The name of the resource.
        bytes: Size of the text that is kept, in bytes.
        undecodable: How many events and items were skipped: without name or version, not JSON, or of an unknown type.

    Raises:
        InvalidRequestError: An index is not a function, or occurs twice.
    """

    def __init__(self, form: Form[T], name: str, indexes: Iterable[IndexFunction[T]]) -> None:
        self.form: Final = form
        self.name: Final = name
        self.bytes: int = 0
        self.undecodable: int = 0
        self._namespaces: dict[str, dict[str, Entry]] = {}
        self._count = 0
        self._feeds: list[Feed[T]] = []
        self._label_sets = LabelSets()
        self._shared: dict[Hashable, Any] = {}
        self._functions: dict[IndexFunction[T], ObjectIndex[T]] = {}
        self._by_owner: EntryIndex | None = None
        self._by_labels: EntryIndex | None = None
        self._indexes: list[EntryIndex | ObjectIndex[T]] = []
        for function in indexes:
            self._declare(function)

    def _declare(self, function: IndexFunction[T]) -> None:
        if not callable(function):
            raise InvalidRequestError(f"an index is a function of an object, not {function!r}")
        if function in self._functions:
            raise InvalidRequestError(f"the index {index_name(function)} is declared twice")
        index = self._functions[function] = ObjectIndex(function, self.form)
        self._indexes.append(index)

    # Reading

    @property
    def not_indexed(self) -> int:
        """How many objects an index does not contain since its function raised; each index counts."""
        return sum(len(index.failed) for index in self._functions.values())

    def check_caller(self) -> None:
        """Check that the caller is not a function of an index: the lock of the cache is held while one runs.

        Raises:
            RuntimeError: It is one.
        """
        for function, index in self._functions.items():
            if index.is_running:
                raise RuntimeError(f"the index {index_name(function)} must not call the cache of {self.name}")

    def __len__(self) -> int:
        """Return the number of objects."""
        return self._count

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over the entries, in no order."""
        for names in self._namespaces.values():
            yield from names.values()

    def get(self, key: Key) -> Entry | None:
        """Return the entry of a key, None if there is none.

        Args:
            key: The key.
        """
        names = self._namespaces.get(key.namespace)
        return None if names is None else names.get(key.name)

    def find(self, namespace: str, name: str) -> Entry | None:
        """Return the entry of an object, None if there is none.

        Args:
            namespace: Its namespace, "" for cluster-scoped objects.
            name: Its name.
        """
        names = self._namespaces.get(namespace)
        return None if names is None else names.get(name)

    def named(self, name: str, uid: str) -> Entry | None:
        """Return the entry of an object whose namespace is not known, None if there is none.

        Args:
            name: Its name.
            uid: Its uid.
        """
        found = filter(None, (names.get(name) for names in self._namespaces.values()))
        return next((entry for entry in found if entry.uid == uid), None)

    def entries(self, namespace: str = "") -> list[Entry]:
        """Return the entries of a namespace, in no order.

        Args:
            namespace: The namespace, "" for all.
        """
        return list(self._namespaces.get(namespace, {}).values()) if namespace else list(self)

    def indexed(self, index: IndexFunction[T], value: Hashable) -> Collection[Entry]:
        """Return the entries that have a value in an index, in no order.

        Args:
            index: The function, as it was declared.
            value: The value.

        Raises:
            InvalidRequestError: The index was not declared.
        """
        found = self._functions.get(index)
        if found is None:
            known = ", ".join(map(index_name, self._functions)) or "none"
            raise InvalidRequestError(
                f"the cache of {self.name} has no index {index_name(index)}; declared with indexes= are: {known}"
            )
        return found.buckets.get(value)

    def controlled_by(self, uid: str) -> Collection[Entry]:
        """Return the entries whose controller has a uid, in no order; the first call builds the index.

        Args:
            uid: The uid of the controller.
        """
        if self._by_owner is None:
            self._by_owner = self._built(lambda entry: entry.owner)
        return self._by_owner.buckets.get(uid)

    def selected(self, selector: Selector) -> list[Entry]:
        """Return the entries whose labels match a selector, in no order; the first call builds the index.

        The selector is compared once with each set of labels, not with each object.

        Args:
            selector: The selector.
        """
        if self._by_labels is None:
            self._by_labels = self._built(lambda entry: entry.labels)
        buckets = self._by_labels.buckets
        return [entry for labels in buckets if selector.matches(labels.labels) for entry in buckets.get(labels)]

    def _built(self, value: Callable[[Entry], Hashable]) -> EntryIndex:
        index = EntryIndex(value, self)
        self._indexes.append(index)
        return index

    # Feeds

    def open_feed(self, *, keep_deletions: bool = False, wake: Callable[[], None] | None = None) -> Feed[T]:
        """Open a feed: it begins with all objects that exist.

        Args:
            keep_deletions: Whether the feed reports the deletion of an object also if its consumer never got the
                object, as controllers need.
            wake: Is called whenever the feed is no longer empty.

        Returns:
            The feed; pass it to `close_feed` in the end.
        """
        entries = sorted(self, key=lambda entry: entry.key)
        feed = Feed(self.form, entries, keep_deletions=keep_deletions, wake=wake)
        self._feeds.append(feed)
        return feed

    def close_feed(self, feed: Feed[T]) -> None:
        """Close a feed; a second call does nothing.

        Args:
            feed: The feed.
        """
        feed.close()
        self._feeds = [other for other in self._feeds if other is not feed]

    @property
    def feeds(self) -> Collection[Feed[T]]:
        """The open feeds."""
        return tuple(self._feeds)

    # Changing

    def parse_event(self, kind: str, text: Text) -> Received | None:
        """Read the metadata of an event's object.

        Args:
            kind: The type of the event.
            text: The object in JSON.

        Returns:
            The object; None if the event is not understood, which is counted, and logged once.
        """
        if kind in _KINDS:
            found = entries.received(bytes(text))
            if found is not None:
                return found
        self.undecodable += 1
        if self.undecodable == 1:
            _LOG.warning("skipped an object of %s without name or version; further ones are only counted", self.name)
        return None

    def entry(self, found: Received) -> Entry:
        """Return the entry of an object; it is not added.

        Args:
            found: The object.
        """
        metadata, text = found.metadata, found.text
        owner = self._share(entries.controller_of(metadata)) if metadata.owner_references else ""
        if self.form.needs_cut:
            text = managed_fields.cut(text, metadata.managed_fields)
        return Entry(
            Key(self._share(metadata.namespace), metadata.name),
            found.uid,
            found.version,
            self.form.keep(text, owner),
            self._label_sets.find(metadata.labels),
            owner,
            metadata.generation or 0,
            entries.annotations_hash(metadata.annotations),
            self._share(metadata.finalizers) if metadata.finalizers else (),
            metadata.deletion_timestamp is not None,
        )

    def put(self, found: Entry, *, is_initial: bool = False) -> None:
        """Add or replace an entry, and report it to the feeds. A recreated object is reported as deleted and added.

        Args:
            found: The entry.
            is_initial: Whether an added object is part of the first list.
        """
        current = self.get(found.key)
        if current is not None and current.uid != found.uid:
            self.drop(current, current, is_final=False)
            current = None
        if current is not None:
            self._unlink(current)
        self._link(found)
        for feed in self._feeds:
            if current is None:
                feed.added(found, is_initial=is_initial)
            else:
                feed.updated(current, found)

    def drop(self, current: Entry, last: Entry, *, is_final: bool) -> None:
        """Remove an entry, and report it to the feeds.

        Args:
            current: The entry.
            last: The last state of the object.
            is_final: Whether `last` is the state in the moment of the deletion.
        """
        self._unlink(current)
        key = current.key
        names = self._namespaces[key.namespace]
        del names[key.name]
        if not names:
            del self._namespaces[key.namespace]
        self._count -= 1
        for feed in self._feeds:
            feed.deleted(current, last, is_final=is_final)

    def _link(self, found: Entry) -> None:
        names = self._namespaces.get(found.key.namespace)
        if names is None:
            names = self._namespaces[found.key.namespace] = {}
        if found.key.name not in names:
            self._count += 1
        names[found.key.name] = found
        self._label_sets.retain(found.labels)
        self.bytes += self.form.size(found.value)
        for index in self._indexes:
            index.add(found)

    def _unlink(self, current: Entry) -> None:
        self._label_sets.release(current.labels)
        self.bytes -= self.form.size(current.value)
        for index in self._indexes:
            index.remove(current)

    def _share(self, value: Any) -> Any:
        """Return an equal value that other entries have, if one was seen recently."""
        shared = self._shared
        found = shared.get(value)
        if found is None:
            if len(shared) >= _SHARED:
                shared.clear()
            found = shared[value] = value
        return found
