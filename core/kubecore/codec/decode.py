"""Decoding and encoding: the only place that hands bytes of a server to a parser.

The fast path is msgspec's strict decoder. Only if it rejects a body, the slow path reads it again with Go's rules:
`kubecore.codec.lenient`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from kubecore.codec import decoders, depth, exact_values, gc_pause
from kubecore.codec.decoders import decoder
from kubecore.codec.encode import encode
from kubecore.codec.msgspec_hooks import dec_hook
from kubecore.codec.other_fields import may_hold
from kubecore.codec.unknown_fields import may_be_open
from kubecore.codec.verbatim import is_custom, may_differ
from kubecore.errors.base import DecodeError

__all__ = ["MAX_BYTES", "convert", "decode", "decode_items", "detach", "detach_meta", "encode"]

T = TypeVar("T")

MAX_BYTES: Final = 1 << 31
"""Largest body that is decoded, in bytes, by default."""

_LARGE: Final = 64 * 1024
_NOT_FAST: Final[Any] = object()


def decode(
    data: bytes | bytearray | memoryview | str,
    type: type[T],  # noqa: A002
    *,
    max_bytes: int = MAX_BYTES,
    first: int = 0,
) -> T:
    """Read an object from JSON.

    Args:
        data: The JSON text, UTF-8.
        type: The model, or any type that msgspec can decode.
        max_bytes: Largest `data` that is read, in bytes.
        first: The index of the first item in the paths of errors, if the items before it are not part of `data`.

    Returns:
        The object. Values that do not match the schema are read as in Go: null in a field that cannot be null is its
        zero value, as is a missing required field; numbers are accepted as quantities.

    Raises:
        DecodeError: `data` is too large, nested too deeply, not UTF-8, not JSON, or not such an object; the error names
            the path.
    """
    if isinstance(data, str):
        data = _encoded(data)
    if len(data) > max_bytes:
        raise DecodeError(f"the body has {len(data)} bytes, more than the limit of {max_bytes}")
    depth.check(data)
    if len(data) <= _LARGE:
        return _decode(data, type, first)
    return gc_pause.paused(_decode, data, type, first)


def decode_items(data: memoryview, type: Any, *, first: int) -> tuple[list[Any], bool]:  # noqa: A002
    """Read some of the items of a list: see `decode`.

    Args:
        data: A JSON array.
        type: The type of the list, such as `PodList`.
        first: The index of the first item.

    Returns:
        The items, and whether reading them was slow, since they do not match the schema.

    Raises:
        DecodeError: `data` is not an array of such items.
    """
    depth.check(data)
    items_type = decoders.items_type(type)
    found = gc_pause.paused(_decode_fast, data, items_type)
    if found is not _NOT_FAST:
        return found, False
    from kubecore.codec import lenient

    try:
        found = gc_pause.paused(lenient.decode_items, data, items_type, first)
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError) as error:
        raise _refused(error, type) from None
    detach(found)
    return found, True


def convert(data: Any, type: type[T]) -> T:  # noqa: A002
    """Read an object from Python's own dictionaries and lists, named and shaped as its JSON.

    Args:
        data: The mapping; dates and bytes may be Python's own or JSON's text.
        type: The model.

    Returns:
        The object, read as `decode` reads it.

    Raises:
        DecodeError: `data` is not such an object; the error names the path.
    """
    if not isinstance(data, Mapping):
        raise DecodeError(f"expected an object for {type.__name__}, found {_kind(data)}")
    depth.check_value(data)
    kind: Any = type
    decoder(kind)  # So that the type is safe to use.
    if is_custom(kind) or may_be_open(kind) or exact_values.changes(data, kind):
        return _lenient(data, type)
    try:
        return msgspec.convert(data, type, dec_hook=dec_hook)
    except msgspec.ValidationError:
        pass
    except (RecursionError, ValueError, OverflowError) as error:
        raise _refused(error, type) from None
    return _lenient(data, type)


def _decode(data: bytes | bytearray | memoryview, type: type[T], first: int) -> T:  # noqa: A002
    found = _decode_fast(data, type)
    return _decode_slowly(data, type, first) if found is _NOT_FAST else found


def _decode_fast(data: bytes | bytearray | memoryview, type: type[T]) -> T:  # noqa: A002
    """Return the object if it matches the schema, else `_NOT_FAST`, outside of a handler that would chain errors."""
    try:
        kind: Any = type
        found: T = decoder(kind).unchecked.decode(data)
        if not (is_custom(kind) and (may_differ(data, found) or may_hold(data, kind))):
            detach(found)
            return found
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError) as error:
        raise _refused(error, type) from None
    not_fast: T = _NOT_FAST
    return not_fast


def detach(found: Any) -> None:
    """Copy the text of managed fields out of the body, all of which it would keep in memory.

    Args:
        found: The decoded value: an object, a list, or its items; of models, or of projections that hold some.
    """
    for item in decoders.objects_in(found):
        detach_meta(getattr(item, "metadata", None))


def detach_meta(meta: Any) -> None:
    """Do the same for the metadata of one object; any other value is left alone.

    Args:
        meta: The metadata.
    """
    for entry in getattr(meta, "managed_fields", None) or ():
        if isinstance(fields := getattr(entry, "fields_v1", None), msgspec.Raw):
            entry.fields_v1 = fields.copy()


def _decode_slowly(data: bytes | bytearray | memoryview, type: type[T], first: int) -> T:  # noqa: A002
    from kubecore.codec import lenient

    try:
        found = lenient.decode(data, type, first)
        detach(found)
        return found
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError) as error:
        raise _refused(error, type) from None


def _lenient(data: Any, type: type[T]) -> T:  # noqa: A002
    from kubecore.codec import lenient

    try:
        return lenient.read(data, type)
    except (RecursionError, ValueError, OverflowError) as error:
        raise _refused(error, type) from None


def _refused(error: Exception, type: Any) -> DecodeError:  # noqa: A002
    name = getattr(type, "__name__", str(type))
    if isinstance(error, DecodeError):
        return error
    if isinstance(error, RecursionError):
        return DecodeError(f"can't read a {name}: nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return DecodeError(f"can't read a {name}: not UTF-8 at byte {error.start}")
    return DecodeError(f"can't read a {name}: {error}")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise DecodeError(f"the text holds half of a surrogate pair at character {error.start}") from None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
