"""Zero values of unset fields, as in Go."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable
from typing import Any

import msgspec

from kubecore.model.scalars import NO_FIELDS
from kubecore.model.times import ZERO, MicroTime

__all__ = ["maker", "required_fields"]

Maker = Callable[[], Any]

_ZERO_MICRO = MicroTime.of(ZERO)


@functools.cache
def required_fields(cls: type[msgspec.Struct]) -> tuple[tuple[str, Maker], ...]:
    """List the fields that `cls` requires, each with a function that makes its zero value.

    Args:
        cls: The model, or any struct.

    Returns:
        Attribute names and functions, in the order of the fields.
    """
    return tuple((field.name, maker(field.type)) for field in msgspec.structs.fields(cls) if field.required)


def maker(hint: Any) -> Maker:
    """Find the function that makes the zero value of a field's type.

    Args:
        hint: The type as msgspec resolves it: a class, `list[str]`, `int | str`, a Literal, ...

    Returns:
        A function without arguments; it creates a new value each time if values are mutable.
    """
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return maker(typing.get_args(hint)[0])
    if origin is typing.Literal:
        return _constant(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return _of_union(typing.get_args(hint))
    return _of_class(origin or hint)


def _of_union(members: tuple[Any, ...]) -> Maker:
    return _constant(None) if type(None) in members else maker(members[0])


def _of_class(cls: Any) -> Maker:
    if not isinstance(cls, type):
        return _constant(None)  # Any and the like
    made: Any = cls
    if issubclass(cls, msgspec.Struct):
        return getattr(cls, "zero", functools.partial(_of_struct, cls))
    if issubclass(cls, msgspec.Raw):
        return _constant(NO_FIELDS)
    if issubclass(cls, MicroTime):
        return _constant(_ZERO_MICRO)
    if issubclass(cls, type(ZERO)):
        return _constant(ZERO)
    return made  # type: ignore[no-any-return]


def _of_struct(cls: Any) -> Any:
    """Create the zero value of a struct that is not a model: a projection of the user."""
    return cls(**{name: make() for name, make in required_fields(cls)})


def _constant(value: Any) -> Maker:
    return lambda: value
