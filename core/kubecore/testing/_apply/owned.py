"""The fields that an object contains, and sets of fields in the light of a type."""

from __future__ import annotations

from typing import Any

from kubecore.testing._apply.sets import ITSELF, MEMBER, FieldSet, is_member
from kubecore.testing._apply.shapes import ANY, LEAF, MAP, Shape
from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["below", "fields_of", "under_atomic", "with_named"]


# The element of an item that lost all its fields, also those of its keys.
_EMPTIED = "k:{}"


def fields_of(shape: Shape, value: dict[str, Any]) -> FieldSet:
    """Return the fields that an applied configuration owns.

    The fields of a property that holds a map are owned, but not the property itself. Values of other maps and items of
    lists are owned in addition to their fields.
    """
    return _fields(shape, value) or {}


def _fields(shape: Shape, value: Any) -> FieldSet | None:
    mode = shape.mode
    if mode == LEAF:
        return MEMBER
    if mode == ANY:
        return _map_fields(shape, value) if is_map(value) else MEMBER
    if mode == MAP:
        return _map_fields(shape, value) if is_map(value) else None
    return _list_fields(shape, value) if is_list(value) else None


def _map_fields(shape: Shape, value: dict[str, Any]) -> FieldSet | None:
    made: FieldSet = {}
    for name, found in value.items():
        inner = shape.field(name)
        fields = None if inner is None else _fields(inner, found)
        if fields is MEMBER or found is None or found == {}:
            fields = MEMBER
        elif name not in shape.named:
            fields = _member(fields)
        if fields is not None:
            made["f:" + name] = fields
    return made or None


def _member(fields: FieldSet | None) -> FieldSet:
    return MEMBER if fields is None else fields if is_member(fields) else {ITSELF: MEMBER, **fields}


def _list_fields(shape: Shape, value: list[Any]) -> FieldSet | None:
    made: FieldSet = {}
    for item in value:
        element = _EMPTIED if item is None else shape.element(item)
        # An item that occurs twice is owned as a whole.
        made[element] = MEMBER if element in made else _member(_fields(shape.items, item))
    return made or None


def below(shape: Shape, element: str) -> Shape | None:
    """Return the type of the value at an element; None if the type does not know it."""
    if element.startswith("f:"):
        return shape.field(element[2:])
    return shape.items


def with_named(shape: Shape | None, fields: FieldSet) -> FieldSet:
    """Return the set with all properties that have fields of the set below them."""
    made: FieldSet = {}
    for element, inner in fields.items():
        if not inner:
            made[element] = inner
            continue
        grown = with_named(None if shape is None else below(shape, element), inner)
        if shape is not None and element.startswith("f:") and element[2:] in shape.named and ITSELF not in grown:
            grown = {ITSELF: MEMBER, **grown}
        made[element] = grown
    return made


def under_atomic(shape: Shape, fields: FieldSet) -> FieldSet:
    """Return the set for a type whose maps and lists may have become atomic since: fields in them become one field."""
    made: FieldSet | None = None
    for element, inner in fields.items():
        if not inner:
            continue
        known = below(shape, element)
        if known is None or known.mode == ANY:
            continue
        reduced = MEMBER if known.mode == LEAF else under_atomic(known, inner)
        if reduced is not inner:
            made = dict(fields) if made is None else made
            made[element] = reduced
    return fields if made is None else made
