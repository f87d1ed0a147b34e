"""Waiting until a descriptor can be read or written.

`select.select` refuses descriptors from 1,024 on, so it is not used: a program with many connections has such.
"""

from __future__ import annotations

import select
import selectors
from collections.abc import Callable

__all__ = ["readable", "wait_for"]


def wait_for(descriptor: int, *, read: bool = False, write: bool = False, seconds: float | None = None) -> bool:
    """Wait until a descriptor is ready.

    Args:
        descriptor: The number of an open file, of any size.
        read: Whether to wait until it can be read.
        write: Whether to wait until it can be written.
        seconds: How long, in seconds; None for no limit.

    Returns:
        Whether it is ready.
    """
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
        return bool(poll.poll(None if seconds is None else max(seconds, 0) * 1000))
    events = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, events)
        return bool(selector.select(seconds))


def readable(fileno: int) -> Callable[[], bool]:
    """Return the question whether there is something to read."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fileno, select.POLLIN)
        return lambda: bool(poll.poll(0))
    return lambda: wait_for(fileno, read=True, seconds=0)
