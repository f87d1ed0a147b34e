"""How often and after which pauses something is tried again, and for which errors."""

from __future__ import annotations

import time
from typing import Final

from kubecore._support.backoff import Backoff
from kubecore.errors import NotFoundError, is_already_exists, is_conflict

__all__ = ["DEFAULT_BACKOFF", "DEFAULT_RETRY", "Backoff", "is_late", "is_race"]


DEFAULT_RETRY: Final = Backoff(steps=5, duration=0.01, factor=1.0, jitter=0.1)
"""Retries of a write whose object is rarely changed by others."""

DEFAULT_BACKOFF: Final = Backoff(steps=4, duration=0.01, factor=5.0, jitter=0.1)
"""Retries of a write whose object is often changed by others."""


def is_late(deadline: float | None, pause: float) -> bool:
    """Return whether a pause would end after the time limit.

    Args:
        deadline: The time limit, on the monotonic clock; None for no limit.
        pause: The length of the pause, in seconds.
    """
    return deadline is not None and time.monotonic() + pause >= deadline


def is_race(error: Exception, name: str) -> bool:
    """Return whether another client changed, created or deleted an object between two requests about it.

    Args:
        error: The error of a request.
        name: The object's name; a 404 about anything else, such as the namespace, will not pass.
    """
    if isinstance(error, NotFoundError):
        details = error.status.details
        return details is not None and details.name == name
    return is_conflict(error) or is_already_exists(error)
