"""msgspec's decoders, one a type, built one at a time.

While msgspec (0.22) looks at a class for the first time, another thread that uses the class finds it half done, and the
process ends with a segmentation fault. So all first looks go through one lock.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from kubecore._support.fork_lock import ForkLock
from kubecore._support.json_types import is_json_array
from kubecore.codec import depth
from kubecore.codec.msgspec_hooks import dec_hook
from kubecore.codec.unknown_fields import KeepingDecoder, may_be_open
from kubecore.model.base import OpenBase

__all__ = ["CheckedDecoder", "decoder", "is_list", "items_type", "objects_in", "plain"]

T = TypeVar("T")

_LOCK: Final = ForkLock()


class CheckedDecoder(Generic[T]):
    """A decoder that no body is too deep for: every use of it checks the depth first.

    Args:
        inner: The decoder of msgspec, or one that behaves like it.

    Attributes:
        unchecked: The same, for a body whose depth was checked before.
    """

    __slots__ = ("unchecked",)

    def __init__(self, inner: msgspec.json.Decoder[T]) -> None:
        self.unchecked: msgspec.json.Decoder[T] = inner

    def decode(self, data: bytes | bytearray | memoryview | msgspec.Raw | str) -> T:
        """Decode JSON.

        Args:
            data: The JSON text, UTF-8.

        Raises:
            DecodeError: It is nested too deeply for the stack of this thread.
            msgspec.DecodeError: It is not JSON, or not of the type.
        """
        depth.check(data)
        return self.unchecked.decode(data)


def decoder(kind: type[T]) -> CheckedDecoder[T]:
    """Return the decoder of a type; after that the type is safe for `msgspec.convert` too.

    Args:
        kind: The type.
    """
    hashable: Any = kind
    found: CheckedDecoder[T] = _made(hashable)
    return found


def plain(data: bytes | bytearray | memoryview | msgspec.Raw | str) -> Any:
    """Decode JSON into Python's own dictionaries, lists and scalars.

    Args:
        data: The JSON text, UTF-8.

    Raises:
        DecodeError: It is nested too deeply for the stack of this thread.
        msgspec.DecodeError: It is not JSON.
    """
    depth.check(data)
    return msgspec.json.decode(data)


def is_list(kind: Any) -> bool:
    """Return whether a type is a list of objects, such as `PodList` or `ObjectList[PodRow]`.

    A kind that keeps fields of any name is not a list, also if one of them is called `items`.

    Args:
        kind: The type.
    """
    return _is_list(kind)


@functools.lru_cache(maxsize=1024)
def _is_list(kind: Hashable) -> bool:
    cls: Any = typing.get_origin(kind) or kind
    if not (isinstance(cls, type) and issubclass(cls, msgspec.Struct)) or issubclass(cls, OpenBase):
        return False
    return any(field.name == "items" for field in msgspec.structs.fields(cls))


@functools.lru_cache(maxsize=1024)
def items_type(kind: Hashable) -> Any:
    """Return the type of the items of a list: of `PodList`, `list[Pod]`.

    Args:
        kind: The type of the list.
    """
    cls: Any = kind
    return next(field.type for field in msgspec.structs.fields(cls) if field.name == "items")


def objects_in(value: Any) -> Sequence[Any]:
    """Return the objects of a list, or of its items; of any other value only itself.

    Args:
        value: The decoded value.
    """
    items: Any = value if is_json_array(value) else getattr(value, "items", None)
    return items if is_json_array(items) else (value,)


@functools.cache
def _made(kind: Hashable) -> CheckedDecoder[Any]:
    type_: Any = kind
    with _LOCK.here:
        made: Any = msgspec.json.Decoder(type_, dec_hook=dec_hook)
        keeping: Any = KeepingDecoder(made) if may_be_open(kind) else made
    return CheckedDecoder(keeping)
