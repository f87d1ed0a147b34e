"""Finds the values of an object that would be sent in another form than they were read in."""

from __future__ import annotations

import datetime
import functools
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec.msgspec_hooks import enc_hook
from kubecore.codec.verbatim import Written, snapshot
from kubecore.model.base import OTHER, ModelBase
from kubecore.model.scalars import QUANTITY

__all__ = ["changed_forms", "class_of", "fields_of", "is_struct"]


def changed_forms(hint: Any, exact: bool, value: Mapping[str, Any], made: ModelBase) -> Iterator[tuple[str, Written]]:
    """Yield the fields that would be sent in another form than they were written, with the record of each.

    Args:
        hint: The type of the object.
        exact: Whether it is part of a custom resource: there, nulls, empty values and the form of numbers count, too.
        value: The JSON object.
        made: The model read from it.
    """
    for field in fields_of(hint):
        read = getattr(made, field.name)
        if field.encode_name not in value:
            if field.required:
                yield field.name, snapshot(msgspec.UNSET, read)
            continue
        raw = value[field.encode_name]
        if raw is None:
            is_other = read is not None if field.required else exact and field.default is not msgspec.UNSET
        elif not exact:
            is_other = read is None
        else:
            is_other = _is_left_out(field, read) or (
                _is_other_form(raw, read) if _is_plain(field.type) else _holds_lost_null(raw, read)
            )
        if is_other:
            yield field.name, snapshot(raw, read)


def _is_left_out(field: Any, read: Any) -> bool:
    """Return whether a value is not sent, as if the field were not set."""
    if field.required:
        return False
    if field.default is not msgspec.NODEFAULT:
        return bool(read is field.default or read == field.default)
    if field.default_factory in (dict, list):
        return not read
    return isinstance(read, ModelBase) and bool(read == type(read).zero())


def _holds_lost_null(raw: Any, read: Any) -> bool:
    """Return whether a list or map has a null, at any depth of lists and maps, that was read as a zero value."""
    if is_json_array(raw) and is_json_array(read):
        pairs: Iterable[tuple[Any, Any]] = zip(raw, read, strict=True)
    elif is_json_object(raw) and is_json_object(read):
        pairs = ((item, read[str(key)]) for key, item in raw.items())
    else:
        return raw is None and read is not None
    return any(_holds_lost_null(item, other) for item, other in pairs)


def _is_other_form(raw: Any, read: Any) -> bool:
    sent = msgspec.to_builtins(read, enc_hook=enc_hook)
    return bool(sent != raw) or (isinstance(raw, float) and not isinstance(sent, float))


@functools.cache
def _is_plain(hint: Any) -> bool:
    """Return whether values of a type hold no objects; JSON of any form is read unchanged."""
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Literal:
        return False
    if parts:
        return hint == QUANTITY or (any(map(_is_plain, parts)) and not any(map(is_struct, parts)))
    return hint in (str, int, float, bytes) or (isinstance(hint, type) and issubclass(hint, datetime.datetime))


@functools.cache
def fields_of(hint: Any) -> tuple[Any, ...]:
    """Return the fields of a model that stand for fields of the JSON object."""
    return tuple(field for field in msgspec.structs.fields(hint) if field.encode_name != OTHER)


def is_struct(hint: Any) -> bool:
    """Return whether a type is a model, a projection, or a list of one (`ObjectList[PodRow]`)."""
    cls = class_of(hint)
    return isinstance(cls, type) and issubclass(cls, msgspec.Struct)


def class_of(hint: Any) -> Any:
    """Return the class of a type: `ObjectList` of `ObjectList[PodRow]`."""
    return typing.get_origin(hint) or hint
