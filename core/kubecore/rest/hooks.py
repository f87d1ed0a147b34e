"""Hooks around calls that write: they may refuse or limit a call, and they get the object that the server returned.

Leader election refuses writes of a process that no longer leads. A cache learns of the program's own writes before its
watch reports them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

from kubecore._support.fork_lock import ForkLock
from kubecore.calls.call import Call

__all__ = ["Dependent", "WriteHook", "WriteHooks", "is_write"]

_LOG: Final = logging.getLogger("kubecore")
_READS: Final = ("GET", "HEAD", "OPTIONS")


class WriteHook(Protocol):
    """Methods that a client calls around its writes.

    They run in the thread or task of the caller, between two requests: they must return at once, and never send a call
    themselves. A class that derives from this one inherits methods that do nothing.
    """

    def before_write(self, call: Call[Any]) -> float | None:
        """Return until when an attempt may last, or raise an exception to refuse it.

        It is called before every attempt, so before each retry again. It gets all calls that may change something
        (their method is not a safe one of HTTP), and those that open a session in a pod (exec, attach, port-forward).
        The limit of a session applies until the session begins.

        Args:
            call: The call. Its `group`, `resource` and so on are empty for requests to other paths.

        Returns:
            A time on the clock of `time.monotonic()`, in seconds; None for no limit. When it passes, the call ends
            with `DeadlineError`, and the effect of a request that was sent is unknown. It also limits the pause before
            a retry. An earlier limit of the call itself remains in force.

        Raises:
            Exception: Any exception. It reaches the caller of the verb, and nothing is sent.
        """
        return None

    def after_write(self, call: Call[Any], body: bytes) -> None:
        """Handle a write that succeeded, before the caller gets its result.

        It is not called for sessions, nor for requests that the API server passed on to a pod, a service or a node,
        nor if the response was lost or could not be decoded. An exception is logged; the write stays a success.

        Args:
            call: The call. `name` is empty for `create`: the name is in the object. Check `is_dry_run`, `subresource`
                and `verb`.
            body: The response, as JSON text: the object, a list after `delete_collection`, or a Status, for example
                after the deletion of an object that is gone.
        """
        return


class Dependent(Protocol):
    """Work that sends calls in the background, and ends when its client is closed."""

    def client_closed(self) -> None:
        """End the work, without waiting for its end: the client calls this before it closes its connections."""
        ...


class WriteHooks:
    """The hooks of a client; safe to use from many threads at once.

    Attributes:
        registered: The hooks, in the order of their registration.
    """

    __slots__ = ("_lock", "registered")

    def __init__(self) -> None:
        self._lock = ForkLock()
        self.registered: tuple[WriteHook, ...] = ()

    def add(self, hook: WriteHook) -> None:
        """Call a hook around all writes from now on.

        Args:
            hook: The hook. If it was added before, it is called once more each time.
        """
        with self._lock.here:
            self.registered = (*self.registered, hook)

    def put(self, hook: WriteHook, instead_of: Callable[[WriteHook], bool]) -> None:
        """Call a hook around all writes from now on, and stop calling others. No write is sent without both.

        Args:
            hook: The hook. If it is registered already, it keeps its place.
            instead_of: Returns whether another hook is removed.
        """
        with self._lock.here:
            kept = tuple(one for one in self.registered if one is hook or not instead_of(one))
            self.registered = kept if any(one is hook for one in kept) else (*kept, hook)

    def remove(self, hook: WriteHook) -> None:
        """Stop calling a hook. Calls that are under way may still call it.

        Args:
            hook: The hook; nothing happens if it is not registered.
        """
        with self._lock.here:
            kept = list(self.registered)
            position = next((at for at, one in enumerate(kept) if one is hook), None)
            if position is not None:
                del kept[position]
                self.registered = tuple(kept)

    def limit(self, call: Call[Any]) -> float | None:
        """Call `before_write` of all hooks, in order, and return the earliest limit; the first exception ends it.

        Args:
            call: The call that is about to be sent.
        """
        limits = [limit for hook in self.registered if (limit := hook.before_write(call)) is not None]
        return min(limits, default=None)

    def report(self, call: Call[Any], body: bytes) -> None:
        """Call `after_write` of all hooks, in order; exceptions are logged.

        Args:
            call: The call that succeeded.
            body: The response.
        """
        for hook in self.registered:
            try:
                hook.after_write(call, body)
            except Exception:
                _LOG.exception("a write hook failed after %s %s", call.method, call.path)


def is_write(call: Call[Any]) -> bool:
    """Return whether the method of a call may change something on the server."""
    return call.method not in _READS
