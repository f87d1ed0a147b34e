"""JSON values: which kind they are, and whether two are equal."""

from __future__ import annotations

from typing import Any, TypeGuard

__all__ = ["is_list", "is_map", "same"]


def is_map(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the value is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether the value is an array."""
    return isinstance(value, list)


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal. True and 1 differ, 1 and 1.0 are equal."""
    if a is b:
        return True
    if is_map(a):
        return is_map(b) and len(a) == len(b) and all(name in b and same(found, b[name]) for name, found in a.items())
    if is_list(a):
        return is_list(b) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
