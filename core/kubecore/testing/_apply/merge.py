"""Merging a configuration into an object, and removing fields from an object.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubecore.testing._apply.sets import FieldSet, is_member
from kubecore.testing._apply.shapes import ANY, KEYED, LEAF, MAP, SET, Shape
from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["merge", "remove"]


def merge(shape: Shape, live: Any, applied: Any) -> Any:
    """Return the live value with the fields of an applied value. Neither is changed; the result may share parts."""
    mode = shape.mode
    if mode == LEAF:
        return applied
    if not live:
        return applied
    if is_map(live) and (applied is None or is_map(applied)):
        return _merge_maps(shape, live, applied or {})
    if mode in (SET, KEYED) and is_list(live):
        return _merge_lists(shape, live, applied or [])
    return applied


def _merge_maps(shape: Shape, live: dict[str, Any], applied: dict[str, Any]) -> dict[str, Any]:
    made = dict(live)
    for name, value in applied.items():
        inner = shape.field(name)
        made[name] = value if inner is None or name not in live else merge(inner, live[name], value)
    return made


def _merge_lists(shape: Shape, live: list[Any], applied: list[Any]) -> list[Any]:
    """Merge items of the same keys.

    The applied items keep their order. Each item that only the live list has comes before the applied item that it
    stood in front of, as far as the two orders agree.
    """
    old = [(shape.element(item), item) for item in live]
    new = {shape.element(item): item for item in applied}
    singles = _singles(old)
    waiting = iter(new)
    known = {element for element, _ in old}
    shared = [element for element in new if element in known]
    shared.reverse()
    made: list[Any] = []

    def take(element: str) -> None:
        item = new[element]
        made.append(merge(shape.items, singles[element], item) if element in singles else item)

    for element, item in old:
        if element not in new:
            made.append(item)
        elif shared and shared[-1] == element:
            shared.pop()
            for before in waiting:
                take(before)
                if before == element:
                    break
        elif not shared:
            # A duplicate of an item that is merged already gives its place to an applied one.
            for before in waiting:
                take(before)
                break
    for element in waiting:
        take(element)
    return made


def _singles(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the items whose keys occur once."""
    found: dict[str, list[Any]] = {}
    for element, item in items:
        found.setdefault(element, []).append(item)
    return {element: same[0] for element, same in found.items() if len(same) == 1}


def remove(shape: Shape, value: Any, fields: FieldSet) -> Any:
    """Return the value without the fields of a set. A map or list that loses everything becomes None."""
    mode = shape.mode
    if is_map(value) and mode in (MAP, ANY):
        return dict(_left_in_map(shape, value, fields)) or None
    if is_list(value) and mode not in (LEAF, ANY):
        return list(_left_in_list(shape, value, fields)) or None
    return value


def _left_in_map(shape: Shape, value: dict[str, Any], fields: FieldSet) -> Iterator[tuple[str, Any]]:
    for name, found in value.items():
        node = fields.get("f:" + name)
        if node is None:
            yield name, found
        elif not is_member(node):
            inner = shape.field(name)
            yield name, found if inner is None else remove(inner, found, node)


def _left_in_list(shape: Shape, value: list[Any], fields: FieldSet) -> Iterator[Any]:
    for item in value:
        node = fields.get(shape.element(item))
        if node is None:
            yield item
        elif not is_member(node):
            yield remove(shape.items, item, node)
