"""Numbers of replicas of custom objects with a scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._patching.go_values import go_text, go_type
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._server.failures import Cause

__all__ = ["check_replicas"]

_MOST: Final = 2**31 - 1


def check_replicas(document: dict[str, Any], path: tuple[str, ...]) -> Iterator[Cause]:
    """Yield the fault of the number of replicas at a path, if it has one.

    Args:
        document: The object.
        path: The path in the scale of the definition.
    """
    field = "." + ".".join(path)
    value: Any = document
    for name in path:
        if not is_map(value):
            yield _wrong_type(field, value, "map[string]interface{}")
            return
        if name not in value:
            return
        value = value[name]
    if not isinstance(value, int) or isinstance(value, bool):
        yield _wrong_type(field, value, "int64")
    elif value < 0:
        yield Cause("FieldValueInvalid", f"Invalid value: {value}: should be a non-negative integer", field)
    elif value > _MOST:
        text = f"Invalid value: {value}: should be less than or equal to {_MOST}"
        yield Cause("FieldValueInvalid", text, field)


def _wrong_type(field: str, value: Any, expected: str) -> Cause:
    text = f"{field} accessor error: {go_text(value)} is of the type {go_type(value)}, expected {expected}"
    return Cause("FieldValueInvalid", f"Invalid value: 0: {text}", field)
