"""Garbage collection: objects whose owners are gone are deleted, in the background, in the foreground, or never."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from kubecore.testing._background.view import Item, Owner, Request, View

__all__ = ["Garbage"]

_MERGE: Final = "application/merge-patch+json"
_IGNORED: Final = {("", "events"), ("events.k8s.io", "events")}


class _Owners(NamedTuple):
    """The owners of an object by their state.

    Attributes:
        solid: They exist and stay.
        dangling: They are missing.
        waiting: They wait for the deletion of their dependents.
    """

    solid: list[Owner]
    dangling: list[Owner]
    waiting: list[Owner]


class Garbage:
    """The graph of owners and dependents, and which of its objects have to be looked at.

    `observe` gets every change of every object, and `decide` returns requests. Objects without owners and dependents
    need no memory.
    """

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._dependents: dict[str, dict[str, None]] = {}
        self._dirty: dict[str, None] = {}
        self._unresolved: dict[str, None] = {}

    def observe(self, item: Item, *, is_deleted: bool) -> None:
        """Take note of the new state of an object, or of its end."""
        if (item.resource.group, item.resource.resource) in _IGNORED:
            return
        before = self._items.get(item.uid)
        if is_deleted:
            self._forget(item.uid, before)
            return
        if before is None and not item.owners and item.deleted_at is None:
            return
        self._items[item.uid] = item
        previous = before.owners if before is not None else ()
        if item.owners != previous:
            self._unlink(item.uid, previous)
            for owner in item.owners:
                self._dependents.setdefault(owner.uid, {})[item.uid] = None
            self._dirty[item.uid] = None
            self._wake_owners((*previous, *item.owners))
        if item.waits_for_dependents or item.orphans_dependents:
            self._dirty[item.uid] = None
        if item.waits_for_dependents and not (before is not None and before.waits_for_dependents):
            self._dirty.update(self._dependents.get(item.uid, {}))
            self._wake_owners(item.owners)

    def retry(self, uid: str) -> None:
        """Look at an object again, because a request for it failed."""
        if uid in self._items:
            self._dirty[uid] = None

    def resources_changed(self) -> None:
        """Look again at the objects whose owners were of unknown kinds."""
        self._dirty.update(self._unresolved)
        self._unresolved.clear()

    def decide(self, view: View) -> Iterator[Request]:
        """Yield the requests for the objects that have to be looked at, and forget them."""
        while self._dirty:
            uid = next(iter(self._dirty))
            item = self._items.get(uid)
            requests = [] if item is None else self._requests(item, view)
            self._dirty.pop(uid, None)
            yield from requests

    def _requests(self, item: Item, view: View) -> list[Request]:
        if item.deleted_at is not None and not item.waits_for_dependents and not item.orphans_dependents:
            return []
        latest = view.item(item.resource, item.namespace, item.name)
        if latest is None or latest.uid != item.uid:
            self._forget(item.uid, item)
            return []
        if latest.orphans_dependents:
            return self._orphan(latest)
        if latest.waits_for_dependents:
            return self._in_foreground(latest)
        return self._by_owners(latest, view) if latest.owners and latest.deleted_at is None else []

    def _orphan(self, item: Item) -> list[Request]:
        dependents = [self._items[uid] for uid in self._dependents.get(item.uid, ())]
        if not dependents:
            return [_without_finalizer(item, "orphan")]
        return [_without_owners(dependent, {item.uid}, subject=item.uid) for dependent in dependents]

    def _in_foreground(self, item: Item) -> list[Request]:
        blocking = [self._items[uid] for uid in self._dependents.get(item.uid, ()) if self._blocks(uid, item.uid)]
        if not blocking:
            return [_without_finalizer(item, "foregroundDeletion")]
        return []

    def _blocks(self, uid: str, owner: str) -> bool:
        return any(found.uid == owner and bool(found.block_owner_deletion) for found in self._items[uid].owners)

    def _by_owners(self, item: Item, view: View) -> list[Request]:
        owners = self._classified(item, view)
        if owners is None:
            self._unresolved[item.uid] = None
            return []
        gone = {owner.uid for owner in (*owners.dangling, *owners.waiting)}
        if owners.solid:
            return [_without_owners(item, gone)] if gone else []
        dependents = [self._items[uid] for uid in self._dependents.get(item.uid, ())]
        if owners.waiting and dependents:
            # Two objects that wait for each other would wait for ever.
            is_circle = any(dependent.waits_for_dependents for dependent in dependents)
            return [
                *([_unblocked(item)] if is_circle else []),
                _deletion(item, "Foreground", with_version=not is_circle),
            ]
        if "orphan" in item.finalizers:
            return [_deletion(item, "Orphan")]
        return [_deletion(item, "Foreground" if "foregroundDeletion" in item.finalizers else "Background")]

    def _classified(self, item: Item, view: View) -> _Owners | None:
        """Sort the owners by state; None if one is of an unknown kind, or is in a namespace and the object is not."""
        owners = _Owners([], [], [])
        for owner in item.owners:
            resource = view.find_resource(owner.api_version, owner.kind)
            if resource is None or (resource.is_namespaced and not item.namespace):
                return None
            found = view.item(resource, item.namespace if resource.is_namespaced else "", owner.name)
            if found is None or found.uid != owner.uid:
                owners.dangling.append(owner)
            elif found.waits_for_dependents:
                owners.waiting.append(owner)
            else:
                owners.solid.append(owner)
        return owners

    def _forget(self, uid: str, item: Item | None) -> None:
        self._items.pop(uid, None)
        self._dirty.pop(uid, None)
        self._unresolved.pop(uid, None)
        self._dirty.update(self._dependents.get(uid, {}))
        if item is not None:
            self._unlink(uid, item.owners)
            self._wake_owners(item.owners)

    def _unlink(self, uid: str, owners: Iterable[Owner]) -> None:
        for owner in owners:
            dependents = self._dependents.get(owner.uid, {})
            dependents.pop(uid, None)
            if not dependents:
                self._dependents.pop(owner.uid, None)

    def _wake_owners(self, owners: Iterable[Owner]) -> None:
        """Look at the owners that wait for the end of their dependents."""
        for owner in owners:
            found = self._items.get(owner.uid)
            if found is not None and found.deleted_at is not None:
                self._dirty[owner.uid] = None


def _deletion(item: Item, policy: str, *, with_version: bool = True) -> Request:
    version = {"resourceVersion": item.version} if with_version else {}
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": item.uid, **version},
        "propagationPolicy": policy,
    }
    return Request("DELETE", item.path, body, subject=item.uid)


def _without_owners(item: Item, uids: set[str], *, subject: str = "") -> Request:
    return _owners_patch(item, [_json(owner) for owner in item.owners if owner.uid not in uids], subject=subject)


def _unblocked(item: Item) -> Request:
    return _owners_patch(item, [{**_json(owner), "blockOwnerDeletion": False} for owner in item.owners])


def _owners_patch(item: Item, owners: Sequence[dict[str, Any]], *, subject: str = "") -> Request:
    return _patch(item, {"ownerReferences": owners or None}, subject=subject)


def _without_finalizer(item: Item, name: str) -> Request:
    return _patch(item, {"finalizers": [other for other in item.finalizers if other != name]})


def _patch(item: Item, change: dict[str, Any], *, subject: str = "") -> Request:
    metadata = {"uid": item.uid, "resourceVersion": item.version, **change}
    return Request("PATCH", item.path, {"metadata": metadata}, _MERGE, subject=subject or item.uid)


def _json(owner: Owner) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(owner)
    return found
