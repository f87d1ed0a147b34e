"""From models to JSON: what is unset is not sent, and neither is a struct that holds nothing.

A struct field such as `metadata` or `resources` is never None; where it equals its zero value it is left out, as it was
when it was absent.
"""

from __future__ import annotations

import copy
import datetime
import functools
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from kubecore import decoders
from kubecore.depth import levels
from kubecore.errors import EncodeError
from kubecore.hooks import enc_hook
from kubecore.model import OTHER, Model
from kubecore.openmodel import OpenModel
from kubecore.shapes import is_array, is_object
from kubecore.time import is_naive
from kubecore.types import NO_FIELDS
from kubecore.verbatim import Written, plain_type, restored, written_of

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
        return _ENCODER.encode(_Preparation(for_json=True).value(obj, "$", 0))
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
        return msgspec.to_builtins(_Preparation(for_json=False).value(obj, "$", 0), enc_hook=enc_hook, str_keys=True)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _refused(error) from None


def _refused(error: Exception) -> EncodeError:
    return error if isinstance(error, EncodeError) else EncodeError(f"can't write JSON: {error}")


class _Preparation:
    """Makes of a value what the encoder writes: empty structs marked as unset, dates checked.

    Args:
        for_json: Whether JSON is written, which takes raw JSON as it is.
    """

    def __init__(self, *, for_json: bool) -> None:
        self._for_json = for_json
        self._most = min(_MAX_DEPTH, levels() or _MAX_DEPTH)

    def value(self, value: Any, path: str, depth: int) -> Any:
        """Return the value, or what to write in its place."""
        if depth > self._most:
            raise EncodeError(f"nested deeper than {self._most} levels, or in itself")
        if isinstance(value, Model):
            return self._model(value, path, depth)
        if is_object(value):
            return {_key(key, path): self.value(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
        if is_array(value):
            return [self.value(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        if isinstance(value, msgspec.Raw):
            return value if self._for_json else decoders.plain(value)
        if isinstance(value, datetime.datetime) and is_naive(value):
            raise EncodeError(f"{path} is a time without its offset from UTC: pass tzinfo")
        if isinstance(value, float) and not math.isfinite(value):
            raise EncodeError(f"{path} is {value}, which JSON has no number for")
        return value

    def _model(self, model: Model, path: str, depth: int) -> Model | dict[str, Any]:
        """Return the model, or a copy of it without its empty structs; a dictionary where it keeps other fields."""
        changed: dict[str, Any] = {}
        plain = plain_type(model)
        for field in _fields_to_see(plain):
            item = getattr(model, field.name)
            if not item and not isinstance(item, Model):
                continue
            if field.zero is not None and item == field.zero:
                changed[field.name] = msgspec.UNSET
                continue
            new = self.value(item, f"{path}.{field.wire_name}", depth + 1)
            if new is not item:
                changed[field.name] = new
        copied = copy.copy(model) if changed else model
        for name, item in changed.items():
            setattr(copied, name, item)
        if plain is not type(model):
            return _as_written(model, copied, written_of(model))
        return _with_others(copied, _sent(copied)) if isinstance(copied, OpenModel) and copied.other_fields else copied


def _sent(model: Model) -> dict[str, Any]:
    """Return the fields that are sent, by their names in JSON."""
    fields = [field for field in msgspec.structs.fields(plain_type(model)) if field.encode_name != OTHER]
    return {field.encode_name: getattr(model, field.name) for field in fields if _is_sent(model, field)}


def _with_others(model: OpenModel, own: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an open model that are sent, those that its schema names and the others."""
    return own | {key: value for key, value in model.other_fields.items() if key not in own}


def _as_written(model: Model, copied: Model, written: Mapping[str, Written]) -> dict[str, Any]:
    """Return the fields that are sent of an object that keeps how some of them were written.

    Args:
        model: The object.
        copied: The same, its fields prepared.
        written: The written values.
    """
    own = _sent(copied)
    for field in type(model).model_fields():
        if field.name in written:
            sent = restored(getattr(model, field.name), own.get(field.wire_name, msgspec.UNSET), written[field.name])
            own[field.wire_name] = sent
    own = {key: value for key, value in own.items() if value is not msgspec.UNSET}
    return _with_others(copied, own) if isinstance(copied, OpenModel) else own


def _is_sent(model: Model, field: Any) -> bool:
    value = getattr(model, field.name)
    if value is msgspec.UNSET or (field.default_factory in (dict, list) and not value):
        return False
    return field.default is msgspec.NODEFAULT or value != field.default


def _key(key: object, path: str) -> str:
    if isinstance(key, str):
        return key
    raise EncodeError(f"{path} has the key {key!r}; keys in JSON are text")


class _Seen(NamedTuple):
    """A field that holds structs, dates or anything at all."""

    name: str
    wire_name: str
    zero: Any


@functools.cache
def _fields_to_see(cls: type[Model]) -> tuple[_Seen, ...]:
    found: list[_Seen] = []
    for field in msgspec.structs.fields(cls):
        zero = _zero(field)
        if zero is not None or _matters(field.type):
            found.append(_Seen(field.name, field.encode_name, zero))
    return tuple(found)


def _zero(field: Any) -> Any:
    """Return what stands for absent where a field is never None: an empty struct, or no managed fields."""
    if field.default is NO_FIELDS:
        return NO_FIELDS
    has_zero = field.default_factory is not msgspec.NODEFAULT and isinstance(field.type, type)
    return field.type.zero() if has_zero and issubclass(field.type, Model) else None


def _matters(hint: Any) -> bool:
    """Say whether values of a type may hold a struct, a date or a number that JSON does not have."""
    if hint is Any:  # Before the rest: since Python 3.11 it is a class.
        return True
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return False
    if origin in (typing.Union, types.UnionType, typing.Annotated, list, dict):
        return any(_matters(part) for part in typing.get_args(hint))
    if isinstance(hint, type):
        return issubclass(hint, (Model, datetime.datetime, float, msgspec.Raw))
    return False
