"""msgspec's decoders, one a type, built one at a time.

While msgspec (0.22) looks at a class for the first time, another thread that uses the class finds it half done, and the
process ends with a segmentation fault. So all first looks go through one lock.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import Any, Final, TypeVar

import msgspec

from kubecore.forklock import ForkLock
from kubecore.hooks import dec_hook
from kubecore.openmodel import KeepingDecoder, may_be_open

__all__ = ["decoder"]

T = TypeVar("T")

_LOCK: Final = ForkLock()


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder of a type; once it is there, the type is safe for `msgspec.convert` too.

    Args:
        kind: the type.
    """
    hashable: Any = kind
    found: msgspec.json.Decoder[T] = _made(hashable)
    return found


@functools.cache
def _made(kind: Hashable) -> msgspec.json.Decoder[Any]:
    type_: Any = kind
    with _LOCK.here:
        made: Any = msgspec.json.Decoder(type_, dec_hook=dec_hook)
    keeping: Any = KeepingDecoder(made) if may_be_open(kind) else made
    return keeping  # type: ignore[no-any-return]
