"""How deeply JSON may be nested, so that no parser that calls itself runs out of the thread's stack.

msgspec counts levels and stops at the limit of the interpreter: 1,000 in Python 3.11, 10,000 in 3.13. That is safe in a
stack of 8 MiB, which main threads and threads on glibc have. In a smaller stack the process would end with a
segmentation fault before the limit is reached. Python 3.14 measures the stack itself.
"""

from __future__ import annotations

import re
import sys
import threading
from typing import Any, Final

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.errors.base import DecodeError

__all__ = ["MAX_DEPTH", "check", "check_value", "is_deeper", "levels"]

MAX_DEPTH: Final = 200
"""Deepest nesting in a thread whose stack is small or of unknown size."""

_ENOUGH: Final = (2 << 20) if sys.version_info < (3, 12) else (7 << 20)
"""A stack of so many bytes holds as many levels as the interpreter allows."""

_LEVEL_BYTES: Final = 2048
"""More than one level needs of the stack: the largest measured value is about 900 bytes."""

_NEXT_BRACKET: Final = re.compile(
    rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"?+[^"\[\]{}]*+)*+([\[{]++|[\]}]++)', re.DOTALL
)
"""Up to the next brackets outside of text. A text without an end reaches to the end of the body."""

_MAIN: Final = threading.main_thread().ident
"""The thread that the process began with. After a fork in another thread, `threading.main_thread` is that thread."""


class _Known(threading.local):
    """The limit of a thread, found out once for each thread; 0 is not known yet."""

    levels: int | None = 0


_KNOWN: Final = _Known()


def levels() -> int | None:
    """Return how deeply a body may be nested in this thread; None if the limit of the parser is low enough."""
    found = _KNOWN.levels
    if found == 0:
        found = _KNOWN.levels = _find_levels()
    return found


def _find_levels() -> int | None:
    if sys.version_info >= (3, 14):
        return None
    size = _main_stack() if threading.get_ident() == _MAIN else _stack()
    if size is None:
        return MAX_DEPTH
    return None if size >= _ENOUGH else max(1, min(MAX_DEPTH, size // _LEVEL_BYTES))


def _main_stack() -> int | None:
    """Return how far the stack of the main thread may grow, in bytes."""
    try:
        import resource
    except ImportError:  # Windows: Python chooses the size of this stack and its own limit to fit.
        return _ENOUGH
    size, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return _ENOUGH if size == resource.RLIM_INFINITY else size


def _stack() -> int | None:
    """Return the size of this thread's stack in bytes, None if the system does not report it.

    `threading.stack_size` reports the size of threads to come, which may have changed since this one was started.
    """
    try:
        import ctypes

        library = ctypes.CDLL(None)
        library.pthread_self.restype = ctypes.c_void_p
        this = ctypes.c_void_p(library.pthread_self())
        size = ctypes.c_size_t()
        if sys.platform == "darwin":
            library.pthread_get_stacksize_np.restype = ctypes.c_size_t
            return int(library.pthread_get_stacksize_np(this))
        attributes = ctypes.create_string_buffer(512)  # The largest known is 64 bytes.
        if library.pthread_getattr_np(this, attributes) != 0:
            return None
        try:
            failed = library.pthread_attr_getstacksize(attributes, ctypes.byref(size))
        finally:
            library.pthread_attr_destroy(attributes)
        return None if failed else size.value
    except (ImportError, OSError, AttributeError, TypeError):
        return None


def check(data: bytes | bytearray | memoryview | str) -> None:
    """Refuse JSON that is nested too deeply for the stack of this thread.

    Args:
        data: The JSON text. The time is linear in its length, whatever it holds.

    Raises:
        DecodeError: It is nested too deeply.
    """
    most = levels()
    if most is not None and is_deeper(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data, most):
        raise _too_deep(most)


def is_deeper(data: bytes | bytearray | memoryview, most: int) -> bool:
    """Return whether JSON is nested deeper than a number of levels.

    Args:
        data: The JSON text. The time is linear in its length, whatever it holds.
        most: The number.
    """
    depth, at = 0, 0
    while (found := _NEXT_BRACKET.match(data, at)) is not None:
        brackets = found[1]
        if brackets[0] in b"[{":
            depth += len(brackets)
            if depth > most:
                return True
        else:
            depth -= len(brackets)
        at = found.end()
    return False


def check_value(value: Any) -> None:
    """Refuse Python's own lists and mappings if they are nested too deeply for the stack of this thread.

    Args:
        value: The value. Other objects than lists, tuples and mappings are not looked into.

    Raises:
        DecodeError: It is nested too deeply, or contains itself.
    """
    most = levels()
    if most is None:
        return
    row, depth = [value], 0
    while row := [outer for outer in row if is_json_array(outer) or is_json_object(outer)]:
        depth += 1
        if depth > most:
            raise _too_deep(most)
        row = [inner for outer in row for inner in (outer.values() if is_json_object(outer) else outer)]


def _too_deep(most: int) -> DecodeError:
    return DecodeError(f"nested deeper than {most} levels, the limit for the stack of this thread")
