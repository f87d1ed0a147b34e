"""The JSON form of a field's values, derived from its type."""

from __future__ import annotations

import datetime
import functools
import types
import typing
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from kubecore.model.base import ModelBase
from kubecore.model.times import MicroTime

__all__ = ["ANY", "Shape", "ShapeName", "at_pointer", "members", "shape_of"]

ShapeName: TypeAlias = Literal[
    "any", "model", "map", "list", "time", "micro_time", "bytes", "text", "boolean", "integer", "number"
]


class Shape(NamedTuple):
    """The shape of a field's values."""

    name: ShapeName
    """Which kind of JSON value it is; `any` if the type allows several, or is unknown."""

    inner: Any = None
    """The class of a model, or the type of a map's values or a list's items."""


ANY: Final = Shape("any")
_SCALARS: Final[dict[type, ShapeName]] = {str: "text", bool: "boolean", int: "integer", float: "number"}


@functools.cache
def shape_of(hint: Any) -> Shape:
    """Return the shape of a type.

    Args:
        hint: A field's type as msgspec resolves it: a class, `list[str]`, `int | None`, `Annotated[...]`, ...
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return shape_of(arguments[0])
    if origin in (typing.Union, types.UnionType):
        found = {shape_of(argument) for argument in arguments if argument not in (type(None), msgspec.UnsetType)}
        return found.pop() if len(found) == 1 else ANY
    if origin is typing.Literal:
        return _of_class(type(arguments[0]))
    if origin is list:
        return Shape("list", arguments[0])
    if origin is dict:
        return Shape("map", arguments[1])
    return _of_class(hint)


def _of_class(hint: Any) -> Shape:
    if not isinstance(hint, type):
        return ANY
    if issubclass(hint, ModelBase):
        return Shape("model", hint)
    if issubclass(hint, MicroTime):
        return Shape("micro_time")
    if issubclass(hint, datetime.datetime):
        return Shape("time")
    if issubclass(hint, bytes):
        return Shape("bytes")
    return Shape(_SCALARS[hint]) if hint in _SCALARS else ANY


@functools.cache
def members(kind: type[ModelBase]) -> dict[str, Any]:
    """Return the types of a model's fields by their names in JSON.

    Args:
        kind: The model.
    """
    return {field.wire_name: field.type for field in kind.model_fields()}


def at_pointer(kind: Any, pointer: str) -> Any:
    """Return the type of the value at a JSON pointer.

    Args:
        kind: The type of the whole document.
        pointer: The pointer, such as `/spec/renewTime`.

    Returns:
        The type, `Any` if it is not known.
    """
    hint = kind
    for segment in pointer.split("/")[1:]:
        shape = shape_of(hint)
        if shape.name == "model":
            hint = members(shape.inner).get(segment.replace("~1", "/").replace("~0", "~"), Any)
        else:
            hint = shape.inner if shape.name in ("map", "list") else Any
    return hint
