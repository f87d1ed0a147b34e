"""Objects that keep how some of their fields were written, if the fields alone cannot express it.

A field that is never `None` reads an absent list and `[]` alike, and a required field that the document lacks reads as
its zero value. Such an object is read as an instance of a subclass that also holds the written values; they are sent
again as long as the field was not changed. The subclass has the name of its model, compares as its model, and is only
made by `kubecore.codec.lenient`, so that objects without such fields cost nothing. It also holds the
fields of a copy of a type of Kubernetes that the type does not have (`kubecore.codec.other_fields`).
"""

from __future__ import annotations

import copy
import functools
import re
import typing
from collections.abc import Hashable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.model.base import WRITTEN, CustomBase, ModelBase

__all__ = [
    "Written",
    "is_custom",
    "keeping",
    "may_differ",
    "others_of",
    "plain_type",
    "read_exactly",
    "restored",
    "snapshot",
    "with_others",
    "written_of",
]

_ATTRIBUTE: Final = "kubecore_written_"
_OTHERS: Final = "$others"
"""The record of fields that the type of an object does not have; no attribute has that name."""

_PLAIN: Final[dict[type[ModelBase], type[ModelBase]]] = {}
_EXACT: Final[set[Any]] = set()
_TIME: Final = re.compile(rb"T\d\d:\d\d:\d\d[^Z]")
"""A time that is not in whole seconds of UTC: it may be sent in another form than it was read in."""
_OTHER_TIME: Final = re.compile(rb"-\d\d[t ]\d\d:\d\d")
"""A time with another letter between day and clock."""
_ODD_BASE64: Final = re.compile(rb'[^AQgw]=="|[^AEIMQUYcgkosw048=]="')
"""The end of base64 whose last character has bits that stand for nothing; it is sent without them."""
_UNNAMED: Final = (b"null", b"[]", b"[ ]", b"{ }")


class Written(NamedTuple):
    """The written form of a field, and the value that was read from it."""

    raw: Any
    """The value in the document, `msgspec.UNSET` if the document lacks the field."""

    read: Any
    """The value of the attribute when it was read."""


def plain_type(model: ModelBase) -> type[ModelBase]:
    """Return the model's class, also of an object that keeps written values."""
    return _PLAIN.get(type(model), type(model))


def written_of(model: ModelBase) -> Mapping[str, Written]:
    """Return the written values that an object keeps, by attribute."""
    return getattr(model, _ATTRIBUTE) if type(model) in _PLAIN else {}


def keeping(model: ModelBase, written: Mapping[str, Written]) -> Any:
    """Return an object with the same fields that also keeps written values.

    Args:
        model: The object.
        written: The written values, by attribute.
    """
    plain = plain_type(model)
    fields = {name: getattr(model, name) for name in plain.__struct_fields__}
    return _keeping_type(plain)(**fields, **{_ATTRIBUTE: written})


def others_of(model: ModelBase) -> Mapping[str, Any]:
    """Return the fields that an object keeps and its type does not have, by their names in JSON."""
    found = written_of(model).get(_OTHERS)
    return found.raw if found is not None else {}


def with_others(model: ModelBase, others: Mapping[str, Any]) -> Any:
    """Return an object that keeps fields that its type does not have, instead of the ones that it kept before.

    Args:
        model: The object.
        others: The fields, by their names in JSON.
    """
    written = {name: record for name, record in written_of(model).items() if name != _OTHERS}
    if others:
        written[_OTHERS] = Written(others, None)
    return keeping(model, written) if written or others_of(model) else model


@functools.cache
def _keeping_type(plain: type[ModelBase]) -> Any:
    # Not `msgspec.defstruct`, which does not support bases with a metaclass.
    make: Any = type(plain)
    made: Any = make(
        plain.__name__,
        (plain,),
        {
            "__annotations__": {_ATTRIBUTE: Any},
            "__doc__": plain.__doc__,
            "__module__": plain.__module__,
            "__qualname__": plain.__qualname__,
            "__eq__": functools.partialmethod(_is_equal, plain),
            "__ne__": functools.partialmethod(_is_unequal, plain),
            "__reduce__": functools.partialmethod(_reduced, plain),
            _ATTRIBUTE: msgspec.field(default=None, name=WRITTEN),
            # Instances are created as for the model.
            **{name: getattr(plain, name) for name in ("from_dict", "from_yaml", "model_fields", "zero")},
        },
        kw_only=True,
        omit_defaults=True,
        gc=False,
        eq=False,
        rename="camel",
    )
    _PLAIN[made] = plain
    return made


def _is_equal(self: ModelBase, plain: type[ModelBase], other: object) -> Any:
    if not isinstance(other, plain):
        return NotImplemented
    if others_of(self) != others_of(other):
        return False
    return all(getattr(self, name) == getattr(other, name) for name in plain.__struct_fields__)


def _is_unequal(self: ModelBase, plain: type[ModelBase], other: object) -> Any:
    is_equal = _is_equal(self, plain, other)
    return is_equal if is_equal is NotImplemented else not is_equal


def _reduced(self: ModelBase, plain: type[ModelBase]) -> Any:
    fields = {name: getattr(self, name) for name in plain.__struct_fields__}
    return _restore, (plain, fields, getattr(self, _ATTRIBUTE))


def _restore(plain: type[ModelBase], fields: Mapping[str, Any], written: Mapping[str, Written]) -> Any:
    return _keeping_type(plain)(**fields, **{_ATTRIBUTE: written})


def snapshot(raw: Any, read: Any) -> Written:
    """Return the record of a field; later changes of either value do not reach it."""
    return Written(copy.deepcopy(raw), copy.deepcopy(read))


def restored(current: Any, sent: Any, written: Written) -> Any:
    """Return the value to send for a field that keeps its written value.

    Args:
        current: The value of the attribute.
        sent: The value that would be sent otherwise.
        written: The record.

    Returns:
        The written value if the attribute was not changed, else `sent`; of a map that was changed, each entry so.
    """
    raw, read = written
    if current is read or (_is_alike(current, read) and current == read):
        return raw
    if is_json_object(raw) and is_json_object(read) and is_json_object(current) and is_json_object(sent):
        return {
            key: raw[key] if key in raw and key in read and read[key] == current[key] else item
            for key, item in sent.items()
        }
    return sent


def _is_alike(one: Any, other: Any) -> bool:
    return type(one) is type(other) or (isinstance(one, ModelBase) and isinstance(other, ModelBase))


def is_custom(kind: Any) -> bool:
    """Return whether a type is a model of a custom resource: the server stores those unchanged."""
    return _is_custom(kind)


def read_exactly(projection: type[Any]) -> None:
    """Have a projection read as a custom resource is read: it holds types of one.

    Args:
        projection: The class.
    """
    if projection not in _EXACT:
        _EXACT.add(projection)
        _is_custom.cache_clear()


@functools.lru_cache(maxsize=1024)
def _is_custom(kind: Hashable) -> bool:
    if kind in _EXACT:
        return True
    if any(_is_custom(part) for part in typing.get_args(kind)):
        return True
    return isinstance(kind, type) and issubclass(kind, CustomBase)


def may_differ(data: bytes | bytearray | memoryview | msgspec.Raw, decoded: Any) -> bool:
    """Return whether JSON may contain empty values, nulls, unusual times or base64, which typed reading loses.

    Args:
        data: The JSON text.
        decoded: The value that was read from it: an object, a list of objects, or its items. The empty objects of
            managed fields do not count.
    """
    text = data if isinstance(data, (bytes, bytearray)) else bytes(data)
    if any(part in text for part in _UNNAMED) or _TIME.search(text) or _OTHER_TIME.search(text):
        return True
    if b'="' in text and _ODD_BASE64.search(text):
        return True
    count = text.count(b"{}")
    return count > 0 and count > _managed(decoded)


def _managed(decoded: Any) -> int:
    """Count the empty objects in the managed fields of an object or of the objects of a list."""
    items: Any = decoded if is_json_array(decoded) else getattr(decoded, "items", None)
    if is_json_array(items):
        return sum(map(_managed, items))
    entries: Any = getattr(getattr(decoded, "metadata", None), "managed_fields", None)
    return sum(bytes(entry.fields_v1).count(b"{}") for entry in entries or ())
