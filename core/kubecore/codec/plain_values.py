"""From any value to plain JSON values, by the types of the fields, with the path of values that JSON cannot express.

Slow: `kubecore.codec.encode` uses it only for values that its fast walk does not accept.
"""

from __future__ import annotations

import datetime
import decimal
import math
import re
import typing
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec import decoders
from kubecore.codec.field_types import ANY, Shape, members, shape_of
from kubecore.codec.msgspec_hooks import enc_hook
from kubecore.codec.verbatim import Written, others_of, plain_type, restored, written_of
from kubecore.errors.base import EncodeError
from kubecore.model.base import OTHER, ModelBase, OpenBase
from kubecore.model.scalars import NO_FIELDS
from kubecore.model.times import MicroTime, SourceTime, format_micro_time, is_naive

__all__ = ["MAX_DEPTH", "is_base64", "is_sent", "plain", "with_written", "zero_of"]

MAX_DEPTH: Final = 200
"""Deepest nesting of written values."""

_BASE64: Final = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_LONGEST_KEY: Final = 200
"""Characters of a key in a path: every value below the key gets its own path."""
_LINE_ENDS: Final = str.maketrans("", "", "\r\n")


def plain(value: Any, hint: Any = Any) -> Any:
    """Turn a value into dictionaries, lists, text, numbers, booleans and None.

    Args:
        value: A model, or mappings, lists and scalars.
        hint: Its type; `Any` if it is not known.

    Returns:
        New dictionaries and lists; the values of times and bytes are text.

    Raises:
        EncodeError: A value has no form in JSON, or not the one of its field; the error names its path.
    """
    try:
        return _value(value, shape_of(hint), "$", 0)
    except RecursionError:
        raise EncodeError(f"can't write JSON: nested deeper than {MAX_DEPTH} levels, or in itself") from None


def is_base64(text: str) -> bool:
    """Return whether text is base64 as Go reads it: with padding, line ends ignored.

    Args:
        text: The text.
    """
    return _BASE64.fullmatch(text) is not None or _BASE64.fullmatch(text.translate(_LINE_ENDS)) is not None


def _refused(path: str, what: str) -> EncodeError:
    return EncodeError(f"can't write JSON: {path}: {what}")


def _value(value: Any, shape: Shape, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise _refused(_shortened(path), f"nested deeper than {MAX_DEPTH} levels, or in itself")
    if isinstance(value, ModelBase):
        return _model(value, path, depth)
    if is_json_object(value):
        return _mapping(value, shape, path, depth)
    if is_json_array(value):
        inner = shape_of(shape.inner) if shape.name == "list" else ANY
        return [_value(item, inner, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, msgspec.Raw):
        return _raw(value, path)
    if isinstance(value, datetime.datetime):
        return _time(value, shape, path)
    return _scalar(value, shape, path, depth)


def _shortened(path: str) -> str:
    return path if len(path) <= 200 else f"{path[:200]}..."


def _model(model: ModelBase, path: str, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(plain_type(model)):
        item = getattr(model, field.name)
        if field.encode_name == OTHER or not is_sent(item, field):
            continue
        found[field.encode_name] = _value(item, shape_of(field.type), f"{path}.{field.encode_name}", depth + 1)
    found = with_written(model, found, written_of(model))
    if isinstance(model, OpenBase):
        others = _mapping(model.other_fields, ANY, path, depth)
        found |= {key: item for key, item in others.items() if key not in found}
    return found


def with_written(model: ModelBase, sent: dict[str, Any], written: Mapping[str, Written]) -> dict[str, Any]:
    """Return the fields that are sent of an object, with the written values of those that were not changed.

    Args:
        model: The object.
        sent: The fields that would be sent, by their names in JSON.
        written: The written values, by attribute.
    """
    if not written:
        return sent
    own = dict(sent)
    for field in type(model).model_fields():
        if field.name in written:
            before = own.get(field.wire_name, msgspec.UNSET)
            own[field.wire_name] = restored(getattr(model, field.name), before, written[field.name])
    own = {key: value for key, value in own.items() if value is not msgspec.UNSET}
    return {**own, **{key: value for key, value in others_of(model).items() if key not in own}}


def is_sent(value: Any, field: Any) -> bool:
    """Return whether a model's field is sent: not if it is unset, equals its default, or is an empty struct.

    Args:
        value: The field's value.
        field: The field, as `msgspec.structs.fields` describes it.
    """
    if value is msgspec.UNSET or (field.default_factory in (dict, list) and not value):
        return False
    zero = zero_of(field)
    if zero is not None and type(value) is type(zero) and value == zero:
        return False
    return field.default is msgspec.NODEFAULT or (value is not field.default and not _equals(value, field.default))


def _equals(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def zero_of(field: Any) -> Any:
    """Return the value that stands for absent in a field that is never None: an empty struct, or no managed fields.

    Args:
        field: The field, as `msgspec.structs.fields` describes it.
    """
    if field.default is NO_FIELDS:
        return NO_FIELDS
    kind: Any = typing.get_args(field.type)[0] if typing.get_origin(field.type) is typing.Annotated else field.type
    has_zero = field.default_factory is not msgspec.NODEFAULT and isinstance(kind, type)
    return kind.zero() if has_zero and issubclass(kind, ModelBase) else None


def _mapping(value: Mapping[Any, Any], shape: Shape, path: str, depth: int) -> dict[str, Any]:
    fields = members(shape.inner) if shape.name == "model" else {}
    inner = shape.inner if shape.name == "map" else Any
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = _key(key, path)
        place = f"{path}.{name[:_LONGEST_KEY]}"
        found[name] = _value(item, shape_of(fields.get(name, inner)), place, depth + 1)
    return found


def _key(key: object, path: str) -> str:
    if isinstance(key, str):
        return _text(str.__str__(key), ANY, f"{path}.{key[:100]!r}")
    raise _refused(path, f"the key {key!r} is not text; keys in JSON are text")


def _raw(value: msgspec.Raw, path: str) -> Any:
    try:
        return decoders.plain(value)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _refused(path, f"not JSON: {error}") from None


def _time(value: datetime.datetime, shape: Shape, path: str) -> str:
    try:
        naive = is_naive(value)
    except (ValueError, TypeError, OverflowError):
        naive = True
    if naive:
        raise EncodeError(f"{path} is a time without its offset from UTC: pass tzinfo")
    try:
        if shape.name == "micro_time" or (shape is ANY and isinstance(value, MicroTime)):
            return format_micro_time(value)
        if isinstance(value, SourceTime) and value.text is not None:
            return value.text
        written: str = msgspec.to_builtins(_exact(value))
    except (ValueError, TypeError, OverflowError) as error:
        raise _refused(path, f"the time can't be written: {error}") from None
    return written


def _exact(value: datetime.datetime) -> datetime.datetime:
    day, clock = value.date(), value.timetz()
    return datetime.datetime.combine(datetime.date(day.year, day.month, day.day), clock)


def _scalar(value: Any, shape: Shape, path: str, depth: int) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        if shape.name in ("text", "integer", "number", "boolean", "time", "micro_time"):
            raise _refused(path, "bytes in a field of another type; decode it to text first")
        data = cast("Any", value)  # A memoryview's type argument is unknown.
        return _builtins(data if type(data) in (bytes, bytearray, memoryview) else bytes(data), path)
    if isinstance(value, decimal.Decimal):
        return _decimal(value, shape, path)
    known = value if type(value) in (str, int, float) else _builtins(value, path)
    if isinstance(known, str):
        return _text(known, shape, path)
    if isinstance(known, int):
        return _integer(known, shape, path)
    if isinstance(known, float):
        if not math.isfinite(known):
            raise _refused(path, f"{known} has no form in JSON")
        return known
    return known if known is None else _value(known, shape, path, depth + 1)


def _text(value: str, shape: Shape, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _refused(path, f"half of a surrogate pair at character {error.start}") from None
    if shape.name == "bytes" and not is_base64(value):
        raise _refused(path, "text that is not base64, in a field of bytes: pass bytes")
    return value


def _integer(value: int, shape: Shape, path: str) -> int:
    if shape.name == "boolean" and value in (0, 1):
        return bool(value)
    try:
        str(value)
    except ValueError:
        raise _refused(path, "an integer of too many digits") from None
    return value


def _decimal(value: decimal.Decimal, shape: Shape, path: str) -> Any:
    """Write a decimal number in the form of its field: text for a quantity, else a number with all of its digits."""
    if not value.is_finite():
        raise _refused(path, f"{value} has no form in JSON")
    if shape.name == "text":
        return str(value)
    if value == value.to_integral_value() and value.adjusted() < 40:
        return int(value)
    if decimal.Decimal(repr(float(value))) != value:
        raise _refused(path, "a Decimal that is not exactly a number of 64 bits: pass text or a float")
    return float(value)


def _builtins(value: Any, path: str) -> Any:
    """Return the plain form of a value of another class: its base, its msgspec form, or its numpy scalar."""
    try:
        found = msgspec.to_builtins(value, enc_hook=enc_hook, str_keys=True)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _refused(path, str(error)) from None
    if type(found) is type(value) and not isinstance(found, (str, int, float)):
        raise _refused(path, f"a {type(value).__name__} has no form in JSON")
    return cast("Any", found)
