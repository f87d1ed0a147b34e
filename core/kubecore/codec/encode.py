"""From models to JSON: unset fields and empty structs are omitted.

A struct field such as `metadata` or `resources` is never None; it is omitted if it equals its zero value, as when it
was absent.

Values are written by the types of their fields. The walk looks only at fields that can hold a struct, a time, bytes or
anything at all. If it meets a value that it does not accept, `kubecore.codec.plain_values` writes the whole object
slowly, or raises an error that names the path of the value.
"""

from __future__ import annotations

import copy
import datetime
import functools
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec import decoders
from kubecore.codec.depth import levels
from kubecore.codec.field_types import Shape, members, shape_of
from kubecore.codec.msgspec_hooks import enc_hook
from kubecore.codec.plain_values import MAX_DEPTH, is_base64, is_sent, plain, with_written, zero_of
from kubecore.codec.verbatim import Written, plain_type, written_of
from kubecore.errors.base import EncodeError
from kubecore.model.base import OTHER, ModelBase, OpenBase
from kubecore.model.times import MicroTime, format_micro_time, is_naive

__all__ = ["encode", "to_dict"]

_ENCODER: Final = msgspec.json.Encoder(enc_hook=enc_hook)
_REFUSED: Final = (TypeError, ValueError, OverflowError, RecursionError, AttributeError)

_Prepare: TypeAlias = Callable[[Any, int, bool], Any]
"""Accepts a value, its depth, and whether raw JSON is decoded; returns the value, or its replacement."""


class _UnexpectedError(ValueError):
    """A value that only `plain` can write, or refuse."""


def encode(obj: Any, kind: Any = Any) -> bytes:
    """Write JSON.

    Args:
        obj: A model, or mappings, lists and scalars that may hold models, dates and bytes.
        kind: The model of a mapping, whose fields define how values are written; a model has its own.

    Returns:
        The JSON text, UTF-8.

    Raises:
        EncodeError: A value has no form in JSON, or not that of its field; the error names its path.
    """
    try:
        data = _ENCODER.encode(_prepare(shape_of(kind))(obj, _first_depth(), False))
    except _REFUSED:
        pass  # Written again below, so that the first error is not chained.
    else:
        if b"null" in data:  # msgspec's output for NaN at any place.
            plain(obj, kind)
        return data
    try:
        return _ENCODER.encode(plain(obj, kind))
    except _REFUSED as error:
        raise _as_encode_error(error) from None


def to_dict(obj: Any) -> Any:
    """Turn models into dictionaries, lists and scalars as JSON has them.

    Args:
        obj: As for `encode`.

    Returns:
        New dictionaries and lists.

    Raises:
        EncodeError: A value has no form in JSON, or not the one of its field; the error names its path.
    """
    try:
        return msgspec.to_builtins(_any(obj, _first_depth(), True), enc_hook=enc_hook, str_keys=True)
    except _REFUSED:
        pass
    try:
        return plain(obj)
    except _REFUSED as error:
        raise _as_encode_error(error) from None


def _first_depth() -> int:
    """Return the depth to begin at, so that no more levels are left than the stack of this thread allows."""
    most = levels()
    return 0 if most is None else max(0, MAX_DEPTH - most)


def _as_encode_error(error: Exception) -> EncodeError:
    return error if isinstance(error, EncodeError) else EncodeError(f"can't write JSON: {error}")


def _any(value: Any, depth: int, decodes: bool) -> Any:
    """Prepare a value of a type that is not known."""
    given: object = value
    kind = type(given)
    if kind is str or value is None:
        return value
    if kind is float and not math.isfinite(value):
        raise _UnexpectedError
    if depth > MAX_DEPTH:
        raise _UnexpectedError
    if isinstance(value, ModelBase):
        return _model(value, depth, decodes)
    if kind is dict or is_json_object(value):
        return {_key(key): _any(item, depth + 1, decodes) for key, item in value.items()}
    if is_json_array(value):
        return [_any(item, depth + 1, decodes) for item in value]
    if isinstance(value, msgspec.Raw):
        return decoders.plain(value) if decodes else value
    if isinstance(value, datetime.datetime) and is_naive(value):
        raise _UnexpectedError
    return value if kind in _PLAIN else _odd(value)


_PLAIN: Final = frozenset({bool, int, float, datetime.datetime, MicroTime, bytes})


def _odd(value: Any) -> Any:
    """Leave subclasses of text and numbers to the hook of the encoder, and everything else to `plain`."""
    if isinstance(value, (str, int, float, datetime.datetime)):
        return value
    raise _UnexpectedError


def _key(key: Any) -> str:
    if type(key) is str:
        return key
    raise _UnexpectedError


def _model(model: ModelBase, depth: int, decodes: bool) -> ModelBase | dict[str, Any]:
    """Return the model, or a copy of it without its empty structs; a dictionary if it keeps other fields."""
    if depth > MAX_DEPTH:
        raise _UnexpectedError
    changed: dict[str, Any] | None = None
    kind = plain_type(model)
    scalars, fields = _fields_to_see(kind)
    if not _TYPES_OF_SCALARS.issuperset(map(type, scalars(model))):
        _look_at_scalars(scalars(model))
    for name, zero, prepare in fields:
        item = getattr(model, name)
        if not item and not isinstance(item, ModelBase):
            continue
        if zero is not None and item == zero:
            new: Any = msgspec.UNSET
        else:
            new = prepare(item, depth + 1, decodes)
        if new is not item:
            if changed is None:
                changed = {}
            changed[name] = new
    copied = model
    if changed:
        copied = copy.copy(model)
        for name, item in changed.items():
            setattr(copied, name, item)
    if kind is not type(model):
        return _as_written(model, copied, written_of(model))
    return _with_others(copied, _sent(copied)) if isinstance(copied, OpenBase) and copied.other_fields else copied


def _sent(model: ModelBase) -> dict[str, Any]:
    """Return the fields that are sent, by their names in JSON."""
    fields = [field for field in msgspec.structs.fields(plain_type(model)) if field.encode_name != OTHER]
    values = [(field, getattr(model, field.name)) for field in fields]
    return {field.encode_name: value for field, value in values if is_sent(value, field)}


def _with_others(model: OpenBase, own: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an open model that are sent, those that its schema names and the others."""
    return own | {key: value for key, value in model.other_fields.items() if key not in own}


def _as_written(model: ModelBase, copied: ModelBase, written: Mapping[str, Written]) -> dict[str, Any]:
    """Return the fields that are sent of an object that keeps how some of them were written.

    Args:
        model: The object.
        copied: The same, its fields prepared.
        written: The written values.
    """
    own = with_written(model, _sent(copied), written)
    return _with_others(copied, own) if isinstance(copied, OpenBase) else own


class _Seen(NamedTuple):
    """A field that holds structs, times, bytes, maps of text or anything at all."""

    name: str
    zero: Any
    prepare: _Prepare


class _Fields(NamedTuple):
    """The fields of a model: some are looked at one by one, the types of the others all at once."""

    scalars: Callable[[ModelBase], tuple[Any, ...]]
    """Returns the values of text, integers and booleans."""

    others: tuple[_Seen, ...]


@functools.cache
def _fields_to_see(cls: type[ModelBase]) -> _Fields:
    found: list[_Seen] = []
    scalars: list[str] = []
    for field in msgspec.structs.fields(cls):
        zero, shape = zero_of(field), shape_of(field.type)
        if zero is None and shape.name in _NAMES_OF_SCALARS:
            scalars.append(field.name)
        else:
            found.append(_Seen(field.name, zero, _prepare(shape)))
    return _Fields(_values(scalars), tuple(found))


def _values(names: list[str]) -> Callable[[ModelBase], tuple[Any, ...]]:
    """Return the function that returns the values of some attributes."""
    # With a single name attrgetter returns no tuple.
    return operator.attrgetter(names[0], *names) if names else lambda _: ()


_NAMES_OF_SCALARS: Final = frozenset({"text", "integer", "boolean"})
_TYPES_OF_SCALARS: Final = frozenset({str, int, bool, type(None), msgspec.UnsetType})
_TEXT: Final = frozenset({str})


def _look_at_scalars(values: tuple[Any, ...]) -> None:
    for value in values:
        if value is not msgspec.UNSET:
            _scalar(value, 0, False)


@functools.cache
def _prepare(shape: Shape) -> _Prepare:
    """Return the function that prepares values of a shape."""
    if shape.name == "model":
        return functools.partial(_as_model, shape.inner)
    if shape.name in ("list", "map"):
        inner = shape_of(shape.inner)
        if shape.name == "list":
            return _scalar_list if inner.name in _NAMES_OF_SCALARS else functools.partial(_list, inner, _later(inner))
        return _scalar_map if inner.name in _NAMES_OF_SCALARS else functools.partial(_map, inner, _later(inner))
    return _SCALARS.get(shape.name, _any)


def _later(shape: Shape) -> _Prepare:
    """Return the function for the values inside of a shape: found at the first value, as types may hold themselves."""
    return lambda value, depth, decodes: _prepare(shape)(value, depth, decodes)


def _as_model(cls: type[ModelBase], value: Any, depth: int, decodes: bool) -> Any:
    if isinstance(value, ModelBase):
        return _model(value, depth, decodes)
    if not is_json_object(value):
        return _any(value, depth, decodes)
    if depth > MAX_DEPTH:
        raise _UnexpectedError
    prepared = _members(cls)
    return {_key(key): prepared.get(key, _any)(item, depth + 1, decodes) for key, item in value.items()}


@functools.cache
def _members(cls: type[ModelBase]) -> Mapping[str, _Prepare]:
    return {name: _prepare(shape_of(hint)) for name, hint in members(cls).items()}


def _list(inner: Shape, prepare_item: _Prepare, value: Any, depth: int, decodes: bool) -> Any:
    if not is_json_array(value) or depth > MAX_DEPTH:
        return _any(value, depth, decodes)
    if inner.name == "model":
        return [_as_model(inner.inner, item, depth + 1, decodes) for item in value]
    return [prepare_item(item, depth + 1, decodes) for item in value]


def _map(inner: Shape, prepare_item: _Prepare, value: Any, depth: int, decodes: bool) -> Any:
    if not is_json_object(value) or depth > MAX_DEPTH:
        return _any(value, depth, decodes)
    return {_key(key): prepare_item(item, depth + 1, decodes) for key, item in value.items()}


def _scalar_map(value: Any, depth: int, decodes: bool) -> Any:
    """Prepare a map of scalars: msgspec would write bytes in it as base64, and keys that are not text as text."""
    if not is_json_object(value):
        return _any(value, depth, decodes)
    if not (_TEXT.issuperset(map(type, value)) and _TYPES_OF_SCALARS.issuperset(map(type, value.values()))):
        raise _UnexpectedError
    return value


def _scalar_list(value: Any, depth: int, decodes: bool) -> Any:
    """Prepare a list of scalars."""
    if not is_json_array(value):
        return _any(value, depth, decodes)
    if not _TYPES_OF_SCALARS.issuperset(map(type, value)):
        raise _UnexpectedError
    return value


def _text(value: Any, depth: int, decodes: bool) -> Any:
    return value if type(value) is str or value is None else _scalar(value, depth, decodes)


def _scalar(value: Any, depth: int, decodes: bool) -> Any:
    """Prepare a value of a field of text, a number or a boolean."""
    if type(value) in (str, int, bool) or value is None:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, (ModelBase, Mapping, list, tuple)):
        return _any(value, depth, decodes)
    raise _UnexpectedError


def _time(value: Any, depth: int, decodes: bool) -> Any:
    if type(value) in (MicroTime, bytes):
        raise _UnexpectedError
    return _any(value, depth, decodes)


def _micro_time(value: Any, depth: int, decodes: bool) -> Any:
    if type(value) is bytes:
        raise _UnexpectedError
    if type(value) is MicroTime and not is_naive(value):
        return value
    return format_micro_time(value) if isinstance(value, datetime.datetime) else _any(value, depth, decodes)


def _bytes(value: Any, depth: int, decodes: bool) -> Any:
    if type(value) is bytes or value is None:
        return value
    if type(value) is str and is_base64(value):
        return value
    if isinstance(value, (str, bytearray, memoryview)):
        raise _UnexpectedError
    return _any(value, depth, decodes)


_SCALARS: Final[Mapping[str, _Prepare]] = {
    "time": _time,
    "micro_time": _micro_time,
    "bytes": _bytes,
    "text": _text,
    "boolean": _scalar,
    "integer": _scalar,
    "number": _scalar,
    "any": _any,
}
