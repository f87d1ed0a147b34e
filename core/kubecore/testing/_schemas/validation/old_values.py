"""Values that an update does not change: the old value of each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.shapes import items_of, part_of
from kubecore.testing._schemas.wording import compact

__all__ = ["Old"]


class Old:
    """The value of one place before an update.

    Args:
        value: The value.
        schema: The schema of the place.
        is_root: Whether it is a whole object.
    """

    __slots__ = ("_is_root", "_items", "_schema", "value")

    def __init__(self, value: Any, schema: Mapping[str, Any], *, is_root: bool = False) -> None:
        self.value = value
        self._schema = schema
        self._is_root = is_root
        self._items: dict[tuple[tuple[str, str], ...], Any] | None = None

    def field(self, name: str) -> Old | None:
        """Return the old value of a field, or None if there was none."""
        if not is_map(self.value) or name not in self.value:
            return None
        if self._is_root and name in ("apiVersion", "kind"):
            return None
        _, part = part_of(self._schema, name)
        return None if part is None else Old(self.value[name], part)

    def item(self, item: Any) -> Old | None:
        """Return the old item of a list that has the keys of an item, if items have keys."""
        schema = self._schema
        if schema.get("x-kubernetes-list-type") != "map" or not is_list(self.value):
            return None
        if not is_map(item):
            return None
        names = schema.get("x-kubernetes-list-map-keys") or ()
        if self._items is None:
            # Of several items with the same keys, the first one counts.
            self._items = {_keys(each, names): each for each in reversed(self.value) if is_map(each)}
        found = self._items.get(_keys(item, names))
        return None if found is None else Old(found, items_of(schema) or {})


def _keys(item: dict[str, Any], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the values of the keys of an item; `1` and `true` are different values."""
    return tuple((type(item.get(name)).__name__, compact(item.get(name))) for name in names)
