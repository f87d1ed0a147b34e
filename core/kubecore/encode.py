"""From models to JSON: what is unset is not sent, and neither is a struct that holds nothing.

A struct field such as `metadata` or `resources` is never None; where it equals its zero value it is left out, as it was
when it was absent.
"""

from __future__ import annotations

import copy
import datetime
import functools
import types
import typing
from typing import Any, Final, NamedTuple

import msgspec

from kubecore.errors import EncodeError
from kubecore.hooks import enc_hook
from kubecore.model import Model
from kubecore.shapes import is_array, is_object
from kubecore.time import is_naive

__all__ = ["encode", "to_dict"]

_MAX_DEPTH: Final = 200
_ENCODER: Final = msgspec.json.Encoder(enc_hook=enc_hook)


def encode(obj: Any) -> bytes:
    """Write JSON.

    Args:
        obj: a model, or mappings, lists and scalars that may hold models, dates and bytes.

    Returns:
        The JSON text, UTF-8.

    Raises:
        EncodeError: a value has no form in JSON; the error names its path.
    """
    try:
        return _ENCODER.encode(_prepared(obj, "$", 0))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _refused(error) from None


def to_dict(obj: Any) -> Any:
    """Turn models into dictionaries, lists and scalars as JSON has them.

    Args:
        obj: as for `encode`.

    Returns:
        New dictionaries and lists.

    Raises:
        EncodeError: a value has no form in JSON; the error names its path.
    """
    try:
        return msgspec.to_builtins(_prepared(obj, "$", 0), enc_hook=enc_hook, str_keys=True)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _refused(error) from None


def _refused(error: Exception) -> EncodeError:
    return error if isinstance(error, EncodeError) else EncodeError(f"can't write JSON: {error}")


def _prepared(value: Any, path: str, depth: int) -> Any:
    """Return what the encoder writes for `value`: empty structs marked as unset, dates checked."""
    if depth > _MAX_DEPTH:
        raise EncodeError(f"nested deeper than {_MAX_DEPTH} levels, or in itself")
    if isinstance(value, Model):
        return _model(value, path, depth)
    if is_object(value):
        return {_key(key, path): _prepared(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
    if is_array(value):
        return [_prepared(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, datetime.datetime) and is_naive(value):
        raise EncodeError(f"{path} is a time without its offset from UTC: pass tzinfo")
    return value


def _key(key: object, path: str) -> str:
    if isinstance(key, str):
        return key
    raise EncodeError(f"{path} has the key {key!r}; keys in JSON are text")


def _model(value: Model, path: str, depth: int) -> Model:
    """Return `value`, or a copy of it without its empty structs."""
    changed: dict[str, Any] = {}
    for field in _fields_to_see(type(value)):
        item = getattr(value, field.name)
        if not item and not isinstance(item, Model):
            continue
        if field.zero is not None and item == field.zero:
            changed[field.name] = msgspec.UNSET
            continue
        new = _prepared(item, f"{path}.{field.wire_name}", depth + 1)
        if new is not item:
            changed[field.name] = new
    if not changed:
        return value
    copied = copy.copy(value)
    for name, item in changed.items():
        setattr(copied, name, item)
    return copied


class _Seen(NamedTuple):
    """A field that holds structs, dates or anything at all."""

    name: str
    wire_name: str
    zero: Any


@functools.cache
def _fields_to_see(cls: type[Model]) -> tuple[_Seen, ...]:
    found: list[_Seen] = []
    for field in msgspec.structs.fields(cls):
        has_zero = field.default_factory is not msgspec.NODEFAULT and isinstance(field.type, type)
        zero = field.type.zero() if has_zero and issubclass(field.type, Model) else None
        if zero is not None or _matters(field.type):
            found.append(_Seen(field.name, field.encode_name, zero))
    return tuple(found)


def _matters(hint: Any) -> bool:
    """Say whether values of a type may hold a struct or a date."""
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return False
    if origin in (typing.Union, types.UnionType, typing.Annotated, list, dict):
        return any(_matters(part) for part in typing.get_args(hint))
    if isinstance(hint, type):
        return issubclass(hint, (Model, datetime.datetime))
    return hint is Any
