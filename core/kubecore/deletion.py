"""Whether what was deleted is gone: decided without I/O, for both kinds of clients."""

from __future__ import annotations

import math
import time
from typing import Any, Final

from kubecore.body import Body, metadata_field
from kubecore.errors import DeletionTimeoutError, GoneError, KubeError, StatusError, TransportError
from kubecore.meta import Status
from kubecore.watch import Event

__all__ = ["Waiting"]

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_PASSING: Final = frozenset({429, 500, 502, 503, 504})


class Waiting:
    """Follows one object from its deletion to its end.

    Args:
        plural: the resource, for messages.
        name: the object's name.
        timeout: seconds until it must be gone; None for ever.

    Attributes:
        selector: the field selector of this one object.
    """

    def __init__(self, plural: str, name: str, timeout: float | None) -> None:
        self.selector: str = f"metadata.name={_escaped(name)}"
        self._what = f"{plural} {name!r}"
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._pause = _FIRST_PAUSE
        self._uid = ""
        self._last: Body | None = None
        self._error: KubeError | None = None

    def asked(self, answer: Body | Status) -> None:
        """Take the answer to the deletion, which says which object it was."""
        details = answer.details if isinstance(answer, Status) else None
        self._uid = ((details.uid or "") if details else "") or metadata_field(answer, "uid")

    def is_gone(self, found: Body | None) -> bool:
        """Say whether the object is gone: nothing was found, or another object of that name."""
        if found is None:
            return True
        uid = metadata_field(found, "uid")
        self._uid = self._uid or uid
        self._last = found
        return bool(uid != self._uid)

    def is_gone_after(self, event: Event[Any]) -> bool:
        """Say the same after an event of a watch."""
        if event.type == "BOOKMARK":
            return False
        return self.is_gone(event.object) or event.type == "DELETED"

    @property
    def version(self) -> str:
        """The version that was seen last: where a watch begins."""
        return str(metadata_field(self._last, "resource_version")) if self._last is not None else ""

    def seconds(self) -> int | None:
        """Return how long a watch may take.

        Returns:
            Whole seconds, 1 or more; None for no limit.

        Raises:
            DeletionTimeoutError: the time is up.
        """
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise DeletionTimeoutError(
                f"{self._what} is still there {self._timeout:g} s after it was deleted: {self._holds()}"
            ) from self._error
        return math.ceil(left)

    def failed(self, error: KubeError) -> float:
        """Take an error that a look at the object met.

        Returns:
            Seconds to wait before the next look.

        Raises:
            DeletionTimeoutError: the time is up.
            KubeError: the error itself, where it will not pass.
        """
        if not _passes(error):
            raise error
        self._error = error
        self.seconds()
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        return pause if self._deadline is None else min(pause, max(0.0, self._deadline - time.monotonic()))

    def _holds(self) -> str:
        """Say what holds the object."""
        if self._last is None:
            return "nobody could read it since"
        finalizers = metadata_field(self._last, "finalizers")
        if finalizers:
            names = ", ".join(str(name)[:100] for name in finalizers[:10])
            return f"it stays until its finalizers are taken off by whoever put them there: {names}"
        if metadata_field(self._last, "deletion_timestamp"):
            return "it has no finalizers; its grace period is not over, or its node has not said that it ended"
        return "it is not marked for deletion"


def _escaped(value: str) -> str:
    """Write a value of a field selector: `fields.EscapeValue`. A cluster role may be called `a,b=c`."""
    return value.replace("\\", r"\\").replace(",", r"\,").replace("=", r"\=")


def _passes(error: KubeError) -> bool:
    if isinstance(error, StatusError):
        return isinstance(error, GoneError) or error.code in _PASSING
    return isinstance(error, TransportError)
