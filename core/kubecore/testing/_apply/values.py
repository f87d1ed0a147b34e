"""Equality of JSON values as the owners of fields compare them."""

from __future__ import annotations

from typing import Any

from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["same"]


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal. True and 1 differ, 1 and 1.0 are equal."""
    return a is b or (a == b and _has_same_booleans(a, b))


def _has_same_booleans(a: Any, b: Any) -> bool:
    """Whether two values for which `==` holds are booleans in the same places."""
    if is_map(a):
        return all(found is b[name] or _has_same_booleans(found, b[name]) for name, found in a.items())
    if is_list(a):
        return all(map(_has_same_booleans, a, b))
    return isinstance(a, bool) == isinstance(b, bool)
