"""msgspec's decoders, one a type, built one at a time.

While msgspec (0.22) looks at a class for the first time, another thread that uses the class finds it half done, and the
process ends with a segmentation fault. So all first looks go through one lock.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

import msgspec

from kubecore._support.fork_lock import ForkLock
from kubecore.codec import depth
from kubecore.codec.msgspec_hooks import dec_hook
from kubecore.codec.unknown_fields import KeepingDecoder, may_be_open

__all__ = ["CheckedDecoder", "decoder", "plain"]

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


@functools.cache
def _made(kind: Hashable) -> CheckedDecoder[Any]:
    type_: Any = kind
    with _LOCK.here:
        made: Any = msgspec.json.Decoder(type_, dec_hook=dec_hook)
    keeping: Any = KeepingDecoder(made) if may_be_open(kind) else made
    return CheckedDecoder(keeping)
