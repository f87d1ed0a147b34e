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

import functools
import typing
from typing import Any, TypeVar

import msgspec

from kubecore._support.terminal import escape_for_terminal
from kubecore.codec import decoders
from kubecore.codec.decoders import CheckedDecoder, decoder, is_list, items_type
from kubecore.codec.lenient_readers import reader
from kubecore.codec.other_fields import may_hold
from kubecore.codec.verbatim import is_custom, may_differ
from kubecore.errors.base import DecodeError

__all__ = ["decode", "decode_items", "named", "read"]

T = TypeVar("T")


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
    result: T = reader(kind, is_custom(kind))(value, "$")
    return result


def _decode_list(data: bytes | bytearray | memoryview, cls: Any, first: int) -> Any:
    """Read a list item by item: one irregular item in ten thousand does not slow down the others."""
    outline: Any = decoder(_outline_type(cls)).decode(data)
    items = _decode_items(outline.items, items_type(cls), first)
    rest = {name: decoders.plain(raw) for name, raw in _raw_fields(outline)}
    whole = reader(cls, is_custom(cls))({**rest, "items": []}, "$")
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
        return reader(item_type, is_custom(item_type))(plain, f"$.items[{index}]")
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
