"""Strict reading: required fields that a document lacks are refused, instead of read as their zero values."""

from __future__ import annotations

import itertools
import types
import typing
from collections.abc import Iterator
from typing import Any, Final

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec.field_types import shape_of
from kubecore.errors.base import DecodeError
from kubecore.model.base import ModelBase

__all__ = ["refuse_missing"]

_SHOWN: Final = 10


def refuse_missing(data: Any, kind: type[ModelBase]) -> None:
    """Refuse an object that lacks a field that its schema requires, at any depth.

    Args:
        data: The object, as `kubecore.codec.decode.convert` reads it.
        kind: Its model.

    Raises:
        DecodeError: A required field is missing or null; the error names the first ten.
    """
    missing = _missing(data, kind, "$")
    paths = list(itertools.islice(missing, _SHOWN))
    if paths:
        more = ", ..." if next(missing, None) is not None else ""
        raise DecodeError(f"{kind.__name__} lacks required fields: {', '.join(paths)}{more}")


def _missing(value: Any, hint: Any, path: str) -> Iterator[str]:
    shape = shape_of(hint)
    if shape.name == "model" and is_json_object(value):
        for field in shape.inner.model_fields():
            place, item = f"{path}.{field.wire_name}", value.get(field.wire_name)
            if item is not None:
                yield from _missing(item, field.type, place)
            elif field.required and not (field.wire_name in value and _may_be_null(field.type)):
                yield place
    elif shape.name == "list" and is_json_array(value):
        for number, item in enumerate(value):
            yield from _missing(item, shape.inner, f"{path}[{number}]")
    elif shape.name == "map" and is_json_object(value):
        for key, item in value.items():
            yield from _missing(item, shape.inner, f"{path}.{key}")


def _may_be_null(hint: Any) -> bool:
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return is_union and type(None) in typing.get_args(hint)
