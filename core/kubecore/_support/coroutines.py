"""Results of functions that should have been awaited."""

from __future__ import annotations

import inspect

__all__ = ["is_unawaited"]


def is_unawaited(result: object) -> bool:
    """Return whether the result of a function is a coroutine; it is closed, so that Python does not warn of it, too."""
    if not inspect.iscoroutine(result):
        return False
    result.close()
    return True
