"""The fence: writes of a clientset are refused while this process does not lead. No I/O.

It is a write hook of the clientset's client. It closes by its clock alone, so that a process that was stopped, or whose
renewals hang, writes nothing afterwards. It is bounded, not absolute: a process may be stopped between the check and
the send, and a proxy may deliver a request late.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from kubecore.calls.call import Call
from kubecore.clocks import Clock
from kubecore.errors import FencedError

__all__ = ["Fence", "requests_of_elections"]

_IS_ELECTION: Final = ContextVar("kubecore_is_election", default=False)
_REVIEWS: Final = ("authentication.k8s.io", "authorization.k8s.io")
_EVENTS: Final = ("", "events.k8s.io")


@contextmanager
def requests_of_elections() -> Generator[None]:
    """Let the requests of this block pass all fences: those for the Lease itself."""
    token = _IS_ELECTION.set(True)
    try:
        yield
    finally:
        _IS_ELECTION.reset(token)


class Fence:
    """Whether this process may write. Methods may be called by any thread.

    It begins closed.

    Args:
        clock: The clock.
        lease: Namespace and name of the Lease.

    Attributes:
        lease: The same.
        is_used: Whether a block of its elector runs, or waits to lead.
    """

    # Two attributes instead of a lock: a late `extend` in another thread can't undo `close`.
    __slots__ = ("_clock", "_closes_at", "_is_closed", "is_used", "lease")

    def __init__(self, clock: Clock, lease: str) -> None:
        self._clock = clock
        self.lease: str = lease
        self._closes_at = -math.inf
        self._is_closed = True
        self.is_used: bool = False

    def replaces(self, hook: object) -> bool:
        """Return whether a hook is the fence of another elector of the same Lease, which has ended."""
        return isinstance(hook, Fence) and hook is not self and hook.lease == self.lease and not hook.is_used

    @property
    def left(self) -> float:
        """Seconds until it closes, 0 if it is closed."""
        return 0.0 if self._is_closed else max(0.0, self._closes_at - self._clock.monotonic())

    def open(self, until: float) -> None:
        """Open it for a new term.

        Args:
            until: When it closes, on the monotonic clock.
        """
        self._closes_at = until
        self._is_closed = False

    def extend(self, until: float) -> None:
        """Let it close later. A fence that was closed for good stays closed.

        Args:
            until: When it closes, on the monotonic clock.
        """
        self._closes_at = until

    def close(self) -> None:
        """Close it for good, until `open`."""
        self._is_closed = True

    def before_write(self, call: Call[Any]) -> float | None:
        """Refuse a write if the fence is closed; else return when it closes: see `rest.WriteHook`.

        Args:
            call: The write.

        Raises:
            FencedError: The fence is closed.
        """
        if _IS_ELECTION.get() or _changes_nothing(call):
            return None
        left = self.left
        if left <= 0:
            raise FencedError(
                f"{call.method} {call.path} was not sent: this process does not lead {self.lease}; "
                "use another clientset for writes that do not need the leadership"
            )
        return time.monotonic() + left

    def after_write(self, call: Call[Any], body: bytes) -> None:
        """Do nothing: see `rest.WriteHook`."""


def _changes_nothing(call: Call[Any]) -> bool:
    """Return whether a write is harmless: reviews and dry runs store nothing, and events are only reports."""
    if call.group in _REVIEWS or call.is_dry_run:
        return True
    return call.resource == "events" and call.group in _EVENTS
