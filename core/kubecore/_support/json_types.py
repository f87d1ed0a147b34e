"""Asking what a value is, in a way that type checkers follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["is_json_array", "is_json_object"]


def is_json_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Say whether a value has the shape of a JSON object."""
    return isinstance(value, Mapping)


def is_json_array(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Say whether a value has the shape of a JSON array."""
    return isinstance(value, (list, tuple))
