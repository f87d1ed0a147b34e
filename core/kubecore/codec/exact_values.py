"""Values that `msgspec.convert` would change: times in another format than it writes, integers too long for a float.

They go through `kubecore.codec.lenient`, which keeps the text. Bodies of custom resources are searched for such times
before they are decoded (`kubecore.codec.verbatim`); the API server writes the times of Kubernetes kinds in one form.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec.field_types import Shape, shape_of
from kubecore.model.base import ModelBase
from kubecore.model.times import is_canonical

__all__ = ["changes", "is_exact_float"]

_EXACT: Final = 1 << 53

_Look: TypeAlias = Callable[[Any], bool]


def changes(data: Any, kind: Any) -> bool:
    """Return whether msgspec would change a value of dictionaries and lists when it converts them to a model.

    Args:
        data: The object.
        kind: The model.
    """
    look = _look(shape_of(kind))
    return look is not None and look(data)


def is_exact_float(value: int) -> bool:
    """Return whether an integer is the same as a float.

    Args:
        value: The integer.
    """
    try:
        return -_EXACT <= value <= _EXACT or int(float(value)) == value
    except OverflowError:
        return False


@functools.cache
def _look(shape: Shape) -> _Look | None:
    """Return the function that looks at values of a shape; None for shapes without times and floats."""
    if shape.name == "time":
        return _is_odd_time
    if shape.name == "number":
        return _is_odd_number
    if shape.name not in ("model", "list", "map"):
        return None
    if not any(name in ("time", "number") for name in _all_names(shape)):
        return None
    if shape.name == "model":
        return functools.partial(_model, shape.inner)
    return functools.partial(_items, shape_of(shape.inner))


def _all_names(shape: Shape) -> set[str]:
    waiting, seen, found = [shape], {shape}, set[str]()
    while waiting:
        current = waiting.pop()
        found.add(current.name)
        hints = (
            [field.type for field in msgspec.structs.fields(current.inner)]
            if current.name == "model"
            else [current.inner]
        )
        for inner in (shape_of(hint) for hint in hints if hint is not None):
            if inner not in seen:
                seen.add(inner)
                waiting.append(inner)
    return found


@functools.cache
def _fields(kind: type[ModelBase]) -> tuple[tuple[str, _Look], ...]:
    looks = ((field.wire_name, _look(shape_of(field.type))) for field in kind.model_fields())
    return tuple((name, look) for name, look in looks if look is not None)


def _model(kind: type[ModelBase], value: Any) -> bool:
    if not is_json_object(value):
        return False
    for name, look in _fields(kind):
        item = value.get(name)
        if item is not None and look(item):
            return True
    return False


def _items(inner: Shape, value: Any) -> bool:
    look = _look(inner)
    items: Any = value.values() if is_json_object(value) else value if is_json_array(value) else ()
    return look is not None and any(look(item) for item in items)


def _is_odd_time(value: Any) -> bool:
    return isinstance(value, str) and not is_canonical(value)


def _is_odd_number(value: Any) -> bool:
    return type(value) is int and not is_exact_float(value)
