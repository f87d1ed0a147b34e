"""JSON values: which kind they are, their members, and whether two are the same."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeGuard, TypeVar

import msgspec

__all__ = ["copied", "identity", "is_list", "is_map", "items_at", "joined", "map_at", "same"]


J = TypeVar("J")


def is_map(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether a value is a JSON array."""
    return isinstance(value, list)


def copied(value: J) -> J:
    """Return a deep copy of a JSON value, ten times faster than `copy.deepcopy`."""
    made: J = msgspec.to_builtins(value)
    return made


def map_at(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the JSON object at a name, an empty one if there is none."""
    value: object = document.get(name)
    return value if is_map(value) else {}


def joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of two maps, those of the second one if both have a key; sorted, as the server writes maps."""
    return dict(sorted({**one, **other}.items()))


def items_at(document: dict[str, Any], name: str) -> list[Any]:
    """Return the JSON array at a name, an empty one if there is none."""
    value: object = document.get(name)
    return value if is_list(value) else []


def same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are the same. `1`, `1.0` and `true` are three values."""
    waiting: list[tuple[Any, Any]] = [(one, other)]
    while waiting:
        first, second = waiting.pop()
        if type(first) is not type(second):
            return False
        if is_map(first):
            if first.keys() != second.keys():
                return False
            waiting += [(first[name], second[name]) for name in first]
        elif is_list(first):
            if len(first) != len(second):
                return False
            waiting += zip(first, second, strict=True)
        elif first != second:
            return False
    return True


def identity(value: Any) -> Hashable:
    """Return a value that is equal for two JSON values if they are the same, and that a set or a dict can contain."""
    if is_map(value):
        return "map", frozenset((name, identity(each)) for name, each in value.items())
    if is_list(value):
        return "list", *map(identity, value)
    plain: object = value
    return type(plain), value
