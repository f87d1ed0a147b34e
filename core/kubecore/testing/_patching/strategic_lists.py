"""The lists of strategic merge patches: merged by a key or as a set, and put in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Final

from kubecore.testing._patching.go_values import go_text, go_type, json_type
from kubecore.testing._schemas.json_values import identity, is_map, same
from kubecore.testing._schemas.schema_type import SchemaType
from kubecore.testing._server.failures import RequestError

__all__ = ["ListMerge", "check_order", "in_order", "refuse"]

_PATCH: Final = "$patch"

MapMerge = Callable[[dict[str, Any], dict[str, Any], SchemaType | None], dict[str, Any]]


def refuse(message: str) -> RequestError:
    """Return the error of a patch that contradicts itself or the schema: the server reports it as its own."""
    return RequestError(500, "", message)


class ListMerge:
    """Merges a patch into a list.

    Args:
        key: The member that has the list.
        merge_key: The key by which maps are merged, or "".
        items: The type of the items.
        merge_maps: Merges a patch into a map.
    """

    def __init__(self, key: str, merge_key: str, items: SchemaType | None, merge_maps: MapMerge) -> None:
        self._key = key
        self.merge_key: Final[str] = merge_key
        self._items = items
        self._merge_maps = merge_maps

    def merged(self, had: list[Any], patch: list[Any]) -> tuple[list[Any], list[Any]]:
        """Return the merged list, and the list whose order decides the positions of items that the patch lacks."""
        if not had and not patch:
            return had, had
        if self._type(had, patch) != "object":
            return in_order(_united(had, patch), patch, had, self.merge_key), had
        if not self.merge_key:
            raise refuse(f"cannot merge lists without merge key for {self._key}")
        kept, changes = self._directed(had, patch)
        merged = self._changed(kept, changes)
        # The server removes and appends items in place: the first new items take the positions of removed ones.
        return in_order(merged, changes, had, self.merge_key), merged[: len(had)] if kept else had

    def _type(self, had: list[Any], patch: list[Any]) -> str:
        types = {json_type(each) for each in (*had, *patch)}
        if "array" in types:
            raise refuse("lists of lists are not supported")
        if len(types) > 1:
            raise refuse(f"list element types are not identical: {sorted(types)}")
        return next(iter(types))

    def _changed(self, kept: list[Any], changes: list[Any]) -> list[Any]:
        """Return a list with items that are merged into those with the same key, or appended."""
        merged = list(kept)
        places = self._places(merged)
        for change in changes:
            if self.merge_key not in change:
                raise keyless(change, self.merge_key)
            wanted = identity(change[self.merge_key])
            at = places.setdefault(wanted, len(merged))
            if at == len(merged):
                merged.append(change)
                continue
            merged[at] = self._merge_maps(merged[at], change, self._items)
            if identity(merged[at].get(self.merge_key)) != wanted:  # A directive in the key itself has changed it.
                places = self._places(merged)
        return merged

    def _places(self, items: list[Any]) -> dict[Hashable, int]:
        """Return the first place of each key."""
        places: dict[Hashable, int] = {}
        for at, each in enumerate(items):
            places.setdefault(identity(each.get(self.merge_key)), at)
        return places

    def _directed(self, had: list[Any], patch: list[Any]) -> tuple[list[Any], list[Any]]:
        """Apply the items that are directives, and return the remaining items of the list and of the patch."""
        changes, deleted, is_replaced = list[Any](), set[Hashable](), False
        for item in patch:
            directive = item.get(_PATCH)
            if _PATCH not in item:
                changes.append(item)
            elif directive == "delete":
                if self.merge_key not in item:
                    raise keyless(item, self.merge_key)
                deleted.add(identity(item[self.merge_key]))
            elif directive == "replace":
                is_replaced = True
            elif directive == "merge":
                raise refuse("merging lists cannot yet be specified in the patch")
            else:
                raise refuse(f"unknown patch type: {directive} in map: {go_text(item)}")
        if is_replaced:
            return [], changes
        return [each for each in had if identity(each.get(self.merge_key)) not in deleted], changes


def _united(had: list[Any], patch: list[Any]) -> list[Any]:
    united: dict[Hashable, Any] = {}
    for each in (*had, *patch):
        united.setdefault(identity(each), each)
    return list(united.values())


class _Places:
    """The first places of items in a list.

    Args:
        items: The list.
        merge_key: The key by which maps are compared, or "".
    """

    def __init__(self, items: list[Any], merge_key: str) -> None:
        self._items = items
        self._merge_key = merge_key
        self._found: dict[bool, dict[Hashable, int]] = {}

    def of(self, item: Any) -> int | None:
        """Return the place of an item, None if the list does not have it."""
        is_keyed = bool(self._merge_key) and is_map(item)
        if is_keyed not in self._found:
            self._found[is_keyed] = self._read(is_keyed=is_keyed)
        return self._found[is_keyed].get(identity(item.get(self._merge_key) if is_keyed else item))

    def _read(self, *, is_keyed: bool) -> dict[Hashable, int]:
        places: dict[Hashable, int] = {}
        for at, each in enumerate(self._items):
            if not is_keyed:
                places.setdefault(identity(each), at)
            elif is_map(each):
                places.setdefault(identity(each.get(self._merge_key)), at)
        return places


def in_order(merged: list[Any], order: list[Any], had: list[Any], merge_key: str) -> list[Any]:
    """Return a merged list in the order of the patch; items that only the server has stay before their successors.

    Args:
        merged: The merged items.
        order: The order that the patch declares: items, or maps with the merge key.
        had: The list before.
        merge_key: The key by which maps are merged, or "".
    """
    places, before = _Places(order, merge_key), _Places(had, merge_key)
    named = [(at, each) for each in merged if (at := places.of(each)) is not None]
    named.sort(key=lambda pair: pair[0])
    others = [(before.of(each), each) for each in merged if places.of(each) is None]
    others.sort(key=lambda pair: len(had) if pair[0] is None else pair[0])
    result: list[Any] = []
    waiting = deque(others)
    for _, each in named:
        at = before.of(each)
        while waiting and at is not None and waiting[0][0] is not None and waiting[0][0] < at:
            result.append(waiting.popleft()[1])
        result.append(each)
    return [*result, *(each for _, each in waiting)]


def check_order(patch: list[Any], order: list[Any], merge_key: str) -> None:
    """Refuse a patch whose items are not in the order that it declares.

    Raises:
        RequestError: 500, the items have another order, or one is missing in the order or lacks the merge key.
    """
    items = [each for each in patch if not (is_map(each) and each.get(_PATCH) == "delete")]
    for item in (*items, *order) if merge_key else ():
        if not is_map(item):
            raise refuse(f"expected a map[string]interface {{}}, but received a {go_type(item)}")
        if merge_key not in item and _PATCH not in item:
            raise keyless(item, merge_key)
    at = 0
    for item in items:
        is_directive = is_map(item) and _PATCH in item
        if is_directive and not order:
            continue
        while at < len(order) and not is_directive and not _is_same(order[at], item, merge_key):
            at += 1
        if at == len(order):
            raise refuse(
                f"The order in patch list:\n{go_text(patch)}\n doesn't match $setElementOrder list:\n{go_text(order)}\n"
            )
        at += not is_directive


def keyless(item: dict[str, Any], merge_key: str) -> RequestError:
    """Return the error of an item without merge key."""
    return refuse(f"map: {go_text(item)} does not contain declared merge key: {merge_key}")


def _is_same(one: Any, other: Any, merge_key: str) -> bool:
    if merge_key and is_map(one) and is_map(other):
        return same(one.get(merge_key), other.get(merge_key))
    return same(one, other)
