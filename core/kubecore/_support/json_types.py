"""Type checks of values that type checkers understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["is_json_array", "is_json_object"]


def is_json_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Return whether a value has the shape of a JSON object."""
    return isinstance(value, Mapping)


def is_json_array(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Return whether a value has the shape of a JSON array."""
    return isinstance(value, (list, tuple))
