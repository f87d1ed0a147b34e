"""Type checks of JSON values that type checkers understand."""

from __future__ import annotations

from typing import Any, TypeGuard

__all__ = ["is_list", "is_map"]


def is_map(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether a value is a JSON array."""
    return isinstance(value, list)
