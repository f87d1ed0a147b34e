"""Sleep in a thread or in an event loop, and let other tasks run."""

from __future__ import annotations

import time

__all__ = ["async_sleep", "async_turn", "sleep", "turn"]


def sleep(seconds: float) -> None:
    """Sleep for some seconds."""
    time.sleep(seconds)


async def async_sleep(seconds: float) -> None:
    """Sleep for some seconds: see `sleep`."""
    import anyio  # Only asynchronous programs need it, and it takes long to import.

    await anyio.sleep(seconds)


def turn() -> None:
    """Do nothing: the operating system lets other threads run."""


async def async_turn() -> None:
    """Let the other tasks of the event loop run."""
    import anyio.lowlevel

    await anyio.lowlevel.checkpoint()
