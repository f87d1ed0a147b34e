"""Type checks of JSON values that type checkers understand."""

from __future__ import annotations

from typing import Any, TypeGuard

__all__ = ["is_list", "is_map", "items_at", "map_at"]


def is_map(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether a value is a JSON array."""
    return isinstance(value, list)


def map_at(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the JSON object at a name, an empty one if there is none."""
    value: object = document.get(name)
    return value if is_map(value) else {}


def items_at(document: dict[str, Any], name: str) -> list[Any]:
    """Return the JSON array at a name, an empty one if there is none."""
    value: object = document.get(name)
    return value if is_list(value) else []
