"""Sleep in a thread or in an event loop."""

from __future__ import annotations

import time

__all__ = ["async_sleep", "sleep"]


def sleep(seconds: float) -> None:
    """Sleep for some seconds."""
    time.sleep(seconds)


async def async_sleep(seconds: float) -> None:
    """Sleep for some seconds: see `sleep`."""
    import anyio  # Only asynchronous programs need it, and it takes long to import.

    await anyio.sleep(seconds)
