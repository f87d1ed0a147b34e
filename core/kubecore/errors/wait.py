"""Errors of waiting for an object."""

from __future__ import annotations

import builtins
from typing import Any

from kubecore.errors.base import KubeError

__all__ = [
    "JobFailedError",
    "NotEstablishedError",
    "ObjectDeletedError",
    "RolloutFailedError",
    "WaitError",
    "WaitFailedError",
    "WaitTimeoutError",
]


class WaitError(KubeError):
    """A wait failed.

    Args:
        message: The goal, and the last observation.
        object: The object as last observed, None if it never was.

    Attributes:
        object: The same.
    """

    def __init__(self, message: str, object: Any = None) -> None:  # noqa: A002 - what events call it too
        super().__init__(message, object)
        self.object: Any = object

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0])


class WaitTimeoutError(WaitError, builtins.TimeoutError):
    """The goal of a wait was not reached in time."""


class ObjectDeletedError(WaitError):
    """The object was deleted while something else was waited for."""


class WaitFailedError(WaitError):
    """The object can no longer reach the goal.

    Args:
        message: The goal, and the last observation.
        object: The object as last observed.
        reason: The reason, in one word, from the object's condition.
        explanation: The reason, for people.

    Attributes:
        reason: The reason, in one word for programs, such as `BackoffLimitExceeded`; "" if the object has none.
        message: The reason, for people.
    """

    def __init__(self, message: str, object: Any = None, reason: str = "", explanation: str = "") -> None:  # noqa: A002
        super().__init__(message, object)
        self.args: tuple[Any, ...] = (message, object, reason, explanation)
        self.reason: str = reason
        self.message: str = explanation


class RolloutFailedError(WaitFailedError):
    """The rollout exceeded its progress deadline, or its strategy rolls nothing out."""


class JobFailedError(WaitFailedError):
    """The job failed."""


class NotEstablishedError(KubeError, builtins.TimeoutError):
    """A CustomResourceDefinition was stored, but its kind is not served in time."""

    def __str__(self) -> str:
        """Return the message."""
        return str(self.args[0]) if self.args else type(self).__name__
