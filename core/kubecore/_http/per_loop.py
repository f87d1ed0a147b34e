"""Values that belong to one event loop each, such as locks and sockets, for objects that outlive event loops."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from anyio.lowlevel import current_token

__all__ = ["PerLoop", "running_asyncio"]

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One value for each event loop that uses it.

    This is not `anyio.lowlevel.RunVar` because that keeps a loop alive if the value refers to it, and keeps every value
    as long as the loop exists, even if nothing else refers to the variable.

    Args:
        make: Makes the value of a loop. It is called in that loop.
        drop: Called with the value of a loop that ended, later and in another loop.
    """

    def __init__(self, make: Callable[[], T], drop: Callable[[T], object]) -> None:
        self._make = make
        self._drop = drop
        self._values: dict[int, tuple[weakref.ref[Any], T]] = {}

    def get(self) -> T:
        """Return the value of the running event loop."""
        loop: Any = running_asyncio() or current_token().native_token
        found = self._values.get(id(loop))
        if found is not None and found[0]() is loop:
            return found[1]
        self.clean()
        value = self._make()
        self._values[id(loop)] = weakref.ref(loop), value
        return value

    def clean(self) -> None:
        """Drop the values of all loops that ended."""
        for key, found in list(self._values.items()):  # Loops of other threads may request values at the same time.
            loop = found[0]()
            if (loop is None or _is_closed(loop)) and self._values.get(key) is found:
                del self._values[key]
                self._drop(found[1])


def running_asyncio() -> asyncio.AbstractEventLoop | None:
    """Return the loop of asyncio that runs the current task; None in a task of another library."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else task.get_loop()  # trio may run inside a loop of asyncio.


def _is_closed(loop: Any) -> bool:
    """Return whether a loop of asyncio is closed; a token of trio's lives no longer than its loop."""
    is_closed: Callable[[], bool] | None = getattr(loop, "is_closed", None)
    return is_closed is not None and is_closed()
