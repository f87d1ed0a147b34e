"""Equality of JSON values as the owners of fields compare them."""

from __future__ import annotations

from typing import Any

from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["same"]


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal. True and 1 differ, 1 and 1.0 are equal."""
    if a is b:
        return True
    if is_map(a):
        return is_map(b) and len(a) == len(b) and all(name in b and same(found, b[name]) for name, found in a.items())
    if is_list(a):
        return is_list(b) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
