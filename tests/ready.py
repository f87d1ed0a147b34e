"""Wait for an effect of a thread, a task or a server, however long a busy machine needs for it."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio

PATIENCE: Final = 60.0
"""Seconds that anything may take; reached only if the awaited thing never happens."""

_WAITING: Final = (
    "kubecore/_http/dial.py",
    "kubecore/_http/sync_socket.py",
    "kubecore/_http/tls_in_tls.py",
    "kubecore/_http/readiness.py",
    "kubecore/_support/wakeup.py",
)
"""The modules in which a thread waits for bytes, for a descriptor or for a time."""


def wait_until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a condition is true, and fail if it is not true in time.

    Args:
        is_so: The condition.
        seconds: The longest time to wait, in seconds.
    """
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.005)


async def wait_until_async(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait as `wait_until` does while other tasks run."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not so within {seconds} s"
        await anyio.sleep(0.005)


def wait_until_idle(thread: threading.Thread) -> None:
    """Wait until a thread waits in kubecore for bytes or for a time, so that something else can interrupt it.

    Args:
        thread: A thread that uses a synchronous client.
    """
    wait_until(lambda: _is_idle(thread))


def _is_idle(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_filename.endswith("ssl.py"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.endswith(_WAITING)


def growing(seconds: float) -> Iterator[float]:
    """Yield growing limits, up to a minute, for work that must begin within its limit and then exceed it.

    Args:
        seconds: The first limit, in seconds.
    """
    while seconds < PATIENCE:
        yield seconds
        seconds *= 5
    yield PATIENCE


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port of 127.0.0.1 that refuses connections, and that nothing else can open meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port
