"""Makes the lenient reader of each type, by the rules of `kubecore.codec.lenient`."""

from __future__ import annotations

import datetime
import functools
import logging
import types
import typing
from collections.abc import Callable
from typing import Any, Final

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec.changed_forms import changed_forms, class_of, fields_of, is_struct
from kubecore.codec.exact_values import is_exact_float
from kubecore.codec.other_fields import attached, paths_of
from kubecore.codec.unknown_fields import others
from kubecore.codec.verbatim import keeping
from kubecore.errors.base import DecodeError
from kubecore.model import zero
from kubecore.model.base import CustomBase, ModelBase, OpenBase
from kubecore.model.other_fields import OtherFields
from kubecore.model.scalars import QUANTITY
from kubecore.model.times import MicroTime, SourceTime, is_naive, is_representable, is_time_text, read_time

__all__ = ["Reader", "reader"]

Reader = Callable[[Any, str], Any]
"""Reads a value that stands at a path."""

_LOG: Final = logging.getLogger("kubecore")
_LONGEST_KEY: Final = 200
"""Characters of a key in a path: every value below the key gets its own path."""


@functools.cache
def reader(hint: Any, exact: bool) -> Reader:
    """Make the function that reads a type; made once for each type, so that types may refer to themselves.

    Args:
        hint: The type.
        exact: Whether it is part of a custom resource.
    """
    origin = typing.get_origin(hint)
    args = typing.get_args(hint)
    if hint is Any:
        return lambda value, _: value
    if hint == QUANTITY:
        return _quantity
    if origin is typing.Annotated:
        paths = paths_of(hint)
        one = reader(args[0], exact)
        return one if paths is None else functools.partial(_with_others, one, paths)
    if origin is typing.Literal:
        return functools.partial(_literal, args)
    if origin in (typing.Union, types.UnionType):
        return _union(args, exact)
    if origin is list:
        return functools.partial(_list, args[0], exact)
    if origin is dict:
        return functools.partial(_dict, args[1], exact)
    if hint is msgspec.Raw:
        return _raw
    if is_struct(hint):
        return functools.partial(_struct, hint, exact)
    if isinstance(hint, type) and issubclass(hint, datetime.datetime):
        return functools.partial(_time, hint)
    return functools.partial(_scalar, hint)


def _struct(hint: Any, exact: bool, value: Any, path: str) -> Any:
    cls = class_of(hint)
    if isinstance(value, cls):
        return value
    if not is_json_object(value):
        raise DecodeError(f"expected an object for {cls.__name__}, found {_kind(value)} at {path}")
    exact = exact or issubclass(cls, CustomBase)
    found: dict[str, Any] = {}
    for field in fields_of(hint):
        place = f"{path}.{field.encode_name}"
        item = value.get(field.encode_name)
        if item is not None or (field.default is msgspec.UNSET and field.encode_name in value):
            found[field.name] = reader(field.type, exact)(item, place)
        elif field.required:
            found[field.name] = _zero(field.type, place)
    if issubclass(cls, OpenBase):
        found["other_fields"] = others(cls, value)
    made = cls(**found)
    if not isinstance(made, ModelBase):
        return made
    written = dict(changed_forms(hint, exact, value, made))
    return keeping(made, written) if written else made


def _with_others(one: Reader, paths: OtherFields, value: Any, path: str) -> Any:
    return attached(one(value, path), value, paths)


def _zero(hint: Any, path: str) -> Any:
    try:
        return zero.maker(hint)()
    except TypeError:
        # A type of a projection's, such as an enumeration.
        raise DecodeError(f"there is nothing at {path}, and its type has no value for that") from None


def _list(hint: Any, exact: bool, value: Any, path: str) -> list[Any]:
    if not is_json_array(value):
        raise DecodeError(f"expected a list, found {_kind(value)} at {path}")
    one = reader(hint, exact)
    return [_or_zero(one, hint, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _dict(hint: Any, exact: bool, value: Any, path: str) -> dict[str, Any]:
    if not is_json_object(value):
        raise DecodeError(f"expected an object, found {_kind(value)} at {path}")
    one = reader(hint, exact)
    return {str(key): _or_zero(one, hint, item, f"{path}.{str(key)[:_LONGEST_KEY]}") for key, item in value.items()}


def _or_zero(one: Reader, hint: Any, item: Any, path: str) -> Any:
    return _zero(hint, path) if item is None and hint is not Any else one(item, path)


def _union(members: tuple[Any, ...], exact: bool) -> Reader:
    readers = [reader(member, exact) for member in members if member not in (type(None), msgspec.UnsetType)]
    if int in members and float in members:
        readers = [_number]
    return functools.partial(_any_of, readers, type(None) in members)


def _any_of(readers: list[Reader], optional: bool, value: Any, path: str) -> Any:
    if value is None and optional:
        return None
    is_time = optional and isinstance(readers[0], functools.partial) and readers[0].func is _time
    if is_time and isinstance(value, str) and not is_time_text(value):
        _LOG.warning("no date can be read at %s; it is left out", path)
        return None
    failed: DecodeError | None = None
    for one in readers:
        try:
            return one(value, path)
        except DecodeError as error:
            failed = failed or error
    raise failed or DecodeError(f"expected nothing, found {_kind(value)} at {path}")


def _time(cls: Any, value: Any, path: str) -> Any:
    if not isinstance(value, (str, datetime.datetime)):
        raise DecodeError(f"expected a date, found {_kind(value)} at {path}")
    try:
        found = read_time(value) if isinstance(value, str) else value
    except ValueError as error:
        raise DecodeError(f"expected a date, found text that is {error} at {path}") from None
    if is_naive(found):
        raise DecodeError(f"expected a date, found one without its offset from UTC at {path}: pass tzinfo")
    if cls is not MicroTime:
        return found
    if isinstance(found, SourceTime) and found.text is not None and not is_representable(found.text):
        raise DecodeError(f"expected a date, found one that Python has no time for at {path}")
    return MicroTime.of(found)


def _quantity(value: Any, path: str) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if isinstance(value, str):
        return value
    raise DecodeError(f"expected a quantity, found {_kind(value)} at {path}")


def _raw(value: Any, path: str) -> msgspec.Raw:
    del path  # Any JSON will do.
    return value if isinstance(value, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(value))


def _literal(allowed: tuple[Any, ...], value: Any, path: str) -> Any:
    if value in allowed:
        return value
    raise DecodeError(f"expected {' or '.join(repr(item) for item in allowed)}, found {str(value)[:100]!r} at {path}")


def _scalar(hint: Any, value: Any, path: str) -> Any:
    if hint is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool) and not is_exact_float(value):
        return value  # A float would be another number.
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise DecodeError(f"{str(error)[:1].lower()}{str(error)[1:]} at {path}") from None


def _number(value: Any, path: str) -> Any:
    """Read a number in its own form: 1.0 is not 1, and -0.0 is not 0."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number else _scalar(float, value, path)


def _kind(value: object) -> str:
    names: dict[type, str] = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), f"a {type(value).__name__}")
