"""Reads values that do not match the schema, with Go's rules. Slow, and only used if the fast path rejects a body.

- null, if the type can't be null, is the type's zero value; as a field it counts as absent.
- A missing required field is its zero value.
- A number is accepted as a quantity, and an integral float as an integer.
- Text that is not a date is None if the field is optional (with a line in the log), else an error.
- A time that Python's datetime can't hold, or that it would write in other words, keeps its text (`time.SourceTime`).
- Everything else is an error that names the path.

A value that a field cannot express is kept with the object and sent again (`kubecore.codec.verbatim`): that a required
field is missing, or a value that could not be read; in custom resources also nulls, empty values and other forms of a
value.
"""

from __future__ import annotations

import datetime
import functools
import logging
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore._support.terminal import escape_for_terminal
from kubecore.codec import decoders
from kubecore.codec.decoders import CheckedDecoder, decoder, is_list, items_type
from kubecore.codec.exact_values import is_exact_float
from kubecore.codec.msgspec_hooks import enc_hook
from kubecore.codec.other_fields import attached, may_hold, paths_of
from kubecore.codec.unknown_fields import others
from kubecore.codec.verbatim import Written, is_custom, keeping, may_differ, snapshot
from kubecore.errors.base import DecodeError
from kubecore.model import zero
from kubecore.model.base import OTHER, CustomBase, ModelBase, OpenBase
from kubecore.model.other_fields import OtherFields
from kubecore.model.scalars import QUANTITY
from kubecore.model.times import MicroTime, SourceTime, is_naive, is_representable, is_time_text, read_time

__all__ = ["decode", "decode_items", "named", "read"]

T = TypeVar("T")

Reader = Callable[[Any, str], Any]
"""Reads a value that stands at a path."""

_LOG: Final = logging.getLogger("kubecore")
_LONGEST_KEY: Final = 200
"""Characters of a key in a path: every value below the key gets its own path."""


def decode(data: bytes | bytearray | memoryview, type: type[T], first: int = 0) -> T:  # noqa: A002
    """Read JSON leniently; in a list only the items that need it.

    Args:
        data: The JSON text.
        type: The model.
        first: The index of the first item in the paths of errors.

    Returns:
        The object.

    Raises:
        DecodeError: A value cannot be read; the error has its path.
        msgspec.DecodeError: The text is not JSON.
    """
    if is_list(type):
        try:
            found: T = _decode_list(data, type, first)
            return found
        except msgspec.ValidationError:
            pass  # Not even the outline of a list.
    return read(decoders.plain(data), type)


def read(value: Any, type: type[T]) -> T:  # noqa: A002
    """Read Python's own dictionaries and lists leniently.

    Args:
        value: The object.
        type: The model.

    Returns:
        The object.

    Raises:
        DecodeError: A value cannot be read; the error has its path.
    """
    kind: Any = type
    result: T = _reader(kind, is_custom(kind))(value, "$")
    return result


def _is_struct(hint: Any) -> bool:
    """Return whether a type is a model, a projection, or a list of one (`ObjectList[PodRow]`)."""
    cls = _class(hint)
    return isinstance(cls, type) and issubclass(cls, msgspec.Struct)


def _class(hint: Any) -> Any:
    return typing.get_origin(hint) or hint


def _decode_list(data: bytes | bytearray | memoryview, cls: Any, first: int) -> Any:
    """Read a list item by item: one irregular item in ten thousand does not slow down the others."""
    outline: Any = decoder(_outline_type(cls)).decode(data)
    items = _decode_items(outline.items, items_type(cls), first)
    rest = {name: decoders.plain(raw) for name, raw in _raw_fields(outline)}
    whole = _reader(cls, is_custom(cls))({**rest, "items": []}, "$")
    whole.items = items
    return whole


def decode_items(data: bytes | bytearray | memoryview, type: Any, first: int) -> list[Any]:  # noqa: A002
    """Read some of the items of a list leniently.

    Args:
        data: A JSON array.
        type: The type of the items, such as `list[Pod]`.
        first: The index of the first item in the paths of errors.

    Returns:
        The items.

    Raises:
        DecodeError: An item cannot be read; the error has its path.
        msgspec.DecodeError: The text is not a JSON array.
    """
    return _decode_items(decoder(list[msgspec.Raw]).decode(data), type, first)


def _decode_items(texts: list[msgspec.Raw], type: Any, first: int) -> list[Any]:  # noqa: A002
    item_type = typing.get_args(type)[0] if typing.get_origin(type) is list else Any
    fast = decoder(item_type)
    return [_decode_item(raw, fast, item_type, index) for index, raw in enumerate(texts, first)]


def _decode_item(raw: msgspec.Raw, fast: CheckedDecoder[Any], item_type: Any, index: int) -> Any:
    try:
        found = fast.unchecked.decode(raw)
        if not (is_custom(item_type) and (may_differ(raw, found) or may_hold(raw, item_type))):
            return found
    except msgspec.ValidationError:
        pass
    try:
        plain = decoders.plain(raw)
    except (msgspec.DecodeError, ValueError) as error:
        raise DecodeError(f"{named(raw)}{error} at $.items[{index}]") from None
    try:
        return _reader(item_type, is_custom(item_type))(plain, f"$.items[{index}]")
    except DecodeError as error:
        raise DecodeError(f"{named(raw)}{error}") from None


class _Metadata(msgspec.Struct):
    name: str = ""
    namespace: str = ""


class _Named(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


def named(raw: msgspec.Raw) -> str:
    """Return which object a JSON text is, as the beginning of an error: `default/web: `; "" if it is unknown.

    Args:
        raw: The text of the object.
    """
    try:
        metadata = decoder(_Named).decode(raw).metadata
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    name = f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name
    return f"{escape_for_terminal(name[:320])}: " if metadata.name else ""


@functools.cache
def _outline_type(cls: Any) -> Any:
    """Make a struct of the fields of a list, each as it stands in the JSON; of the items each for itself."""
    absent = msgspec.Raw(b"")
    others = [field for field in msgspec.structs.fields(cls) if field.name != "items"]
    fields: list[Any] = [("items", list[msgspec.Raw])]
    fields += [(f.name, msgspec.Raw, msgspec.field(default=absent, name=f.encode_name)) for f in others]
    return msgspec.defstruct(f"{cls.__name__}Outline", fields)


def _raw_fields(outline: Any) -> list[tuple[str, bytes]]:
    found = [(field.encode_name, getattr(outline, field.name)) for field in msgspec.structs.fields(outline)]
    return [(name, bytes(raw)) for name, raw in found if name != "items" and bytes(raw)]


@functools.cache
def _reader(hint: Any, exact: bool) -> Reader:
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
        one = _reader(args[0], exact)
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
    if _is_struct(hint):
        return functools.partial(_struct, hint, exact)
    if isinstance(hint, type) and issubclass(hint, datetime.datetime):
        return functools.partial(_time, hint)
    return functools.partial(_scalar, hint)


def _struct(hint: Any, exact: bool, value: Any, path: str) -> Any:
    cls = _class(hint)
    if isinstance(value, cls):
        return value
    if not is_json_object(value):
        raise DecodeError(f"expected an object for {cls.__name__}, found {_kind(value)} at {path}")
    exact = exact or issubclass(cls, CustomBase)
    found: dict[str, Any] = {}
    for field in _fields(hint):
        place = f"{path}.{field.encode_name}"
        item = value.get(field.encode_name)
        if item is not None or (field.default is msgspec.UNSET and field.encode_name in value):
            found[field.name] = _reader(field.type, exact)(item, place)
        elif field.required:
            found[field.name] = _zero(field.type, place)
    if issubclass(cls, OpenBase):
        found["other_fields"] = others(cls, value)
    made = cls(**found)
    if not isinstance(made, ModelBase):
        return made
    written = dict(_written(hint, exact, value, made))
    return keeping(made, written) if written else made


def _with_others(one: Reader, paths: OtherFields, value: Any, path: str) -> Any:
    return attached(one(value, path), value, paths)


def _written(hint: Any, exact: bool, value: Mapping[str, Any], made: ModelBase) -> Iterator[tuple[str, Written]]:
    """Yield the fields that would be sent in another form than they were written, with the record of each."""
    for field in _fields(hint):
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
        return hint == QUANTITY or (any(map(_is_plain, parts)) and not any(map(_is_struct, parts)))
    return hint in (str, int, float, bytes) or (isinstance(hint, type) and issubclass(hint, datetime.datetime))


@functools.cache
def _fields(hint: Any) -> tuple[Any, ...]:
    return tuple(field for field in msgspec.structs.fields(hint) if field.encode_name != OTHER)


def _zero(hint: Any, path: str) -> Any:
    try:
        return zero.maker(hint)()
    except TypeError:
        # A type of a projection's, such as an enumeration.
        raise DecodeError(f"there is nothing at {path}, and its type has no value for that") from None


def _list(hint: Any, exact: bool, value: Any, path: str) -> list[Any]:
    if not is_json_array(value):
        raise DecodeError(f"expected a list, found {_kind(value)} at {path}")
    one = _reader(hint, exact)
    return [_or_zero(one, hint, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _dict(hint: Any, exact: bool, value: Any, path: str) -> dict[str, Any]:
    if not is_json_object(value):
        raise DecodeError(f"expected an object, found {_kind(value)} at {path}")
    one = _reader(hint, exact)
    return {str(key): _or_zero(one, hint, item, f"{path}.{str(key)[:_LONGEST_KEY]}") for key, item in value.items()}


def _or_zero(one: Reader, hint: Any, item: Any, path: str) -> Any:
    return _zero(hint, path) if item is None and hint is not Any else one(item, path)


def _union(members: tuple[Any, ...], exact: bool) -> Reader:
    readers = [_reader(member, exact) for member in members if member not in (type(None), msgspec.UnsetType)]
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
