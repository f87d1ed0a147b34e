"""How the API server names and prints JSON values."""

from __future__ import annotations

from typing import Any

from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["go_text", "go_type", "json_type"]


def json_type(value: Any) -> str:
    """Return the name of a JSON value's type, as Go's decoder reports it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if is_list(value) else "object" if is_map(value) else "null"


def go_type(value: Any) -> str:
    """Return the Go type that a JSON value is decoded to."""
    if isinstance(value, (bool, str)):
        return "bool" if isinstance(value, bool) else "string"
    if isinstance(value, (int, float)):
        return "int64" if isinstance(value, int) else "float64"
    return "[]interface {}" if is_list(value) else "map[string]interface {}" if value is not None else "<nil>"


def go_text(value: Any) -> str:
    """Return a JSON value as Go prints it by default: `map[a:1 b:[x y]]`."""
    if is_map(value):
        return f"map[{' '.join(f'{key}:{go_text(each)}' for key, each in sorted(value.items()))}]"
    if is_list(value):
        return f"[{' '.join(map(go_text, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
