"""Waiting for one object, without I/O: the next request, the meaning of a response, and the end."""

from __future__ import annotations

import math
import random
import time
from typing import Any, Final, Generic, TypeVar

from kubecore import errors, options
from kubecore._support.json_types import is_json_object
from kubecore.calls.call import Call
from kubecore.calls.resource import Body, Resource
from kubecore.model import meta
from kubecore.waiting.goals import Deleted, Goal
from kubecore.waiting.observation import Observation
from kubecore.watch.decoder import BOOKMARK, DELETED, Event

__all__ = ["Waiter"]

T = TypeVar("T", bound=Body)

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_STEADY: Final = 10.0
"""After how many seconds without trouble the pauses are reset."""


class Waiter(Generic[T]):
    """Waits for one object: a list returns its state, a watch its changes, and after a broken connection another list.

    Args:
        resource: the object's resource.
        namespace: its namespace, "" for none.
        name: its name.
        goal: the goal.
        timeout: seconds until it must be so; 0 for one look, None for no limit.
        began: since when they count, on the monotonic clock; None for now.

    Attributes:
        is_done: whether the goal is reached.
        until: when all must be over, on the monotonic clock; None for no limit.
        result: the object in that state; the last state of a deleted one, None if it did not exist.

    Raises:
        InvalidRequestError: a name is invalid, or the timeout is negative.
    """

    def __init__(
        self,
        resource: Resource[Any, Any],
        namespace: str,
        name: str,
        goal: Goal,
        timeout: float | None,
        *,
        began: float | None = None,
    ) -> None:
        resource.get(namespace, name, ())  # Refuses an invalid name, and a missing namespace.
        self._resource = resource
        self._namespace = namespace
        self._name = name
        self._goal = goal
        self._timeout = _checked(timeout)
        since = time.monotonic() if began is None else began
        self._end = None if self._timeout is None else since + self._timeout
        # A single check may take any time.
        self.until: float | None = self._end if self._timeout else None
        self._selector = f"metadata.name={_escaped(name)}"
        self._version = ""
        self._uid = goal.uid if isinstance(goal, Deleted) else ""
        self._answered = False
        self._raised = False
        self._trouble = ""
        self._seen = ""
        self._pause = _FIRST_PAUSE / 2
        self._paused = time.monotonic()
        self.is_done: bool = False
        self.result: T | None = None

    def list_call(self) -> Call[Any]:
        """Return the call that lists the object."""
        return self._resource.list(self._namespace, options.query(field_selector=self._selector))

    def watch_call(self) -> Call[T]:
        """Return the call that watches the object, from the version of the list."""
        left = self._left()
        query = options.query(
            watch=True,
            field_selector=self._selector,
            resource_version=self._version or None,
            timeout_seconds=None if left is None else max(math.ceil(left), 1),
            allow_watch_bookmarks=True,
        )
        return self._resource.watch(self._namespace, query)

    def listed(self, found: Any) -> bool:
        """Handle the response of the list.

        Args:
            found: the list.

        Returns:
            Whether it is done.

        Raises:
            WaitError: the goal cannot be reached, or not in time.
            NotFoundError: the object does not exist, but must.
        """
        self._answered, self._trouble = True, ""
        self._version = found.metadata.resource_version or ""
        item: T | None = next((item for item in found.items if self._is_ours(item)), None)
        done = self._look(item) if item is not None else self._absent()
        return done or self._over()

    def told(self, event: Event[T]) -> bool:
        """Handle an event of the watch.

        Args:
            event: the event.

        Returns:
            Whether it is done.

        Raises:
            WaitError: the goal cannot be reached, or not in time.
        """
        self._trouble = ""
        if event.type == BOOKMARK or not self._is_ours(event.object):
            done = False
        elif event.type == DELETED:
            self.result = event.object
            done = self._absent()
        else:
            done = self._look(event.object)
        return done or self._over()

    def failed(self, error: errors.KubeError) -> None:
        """Handle a failure of list or watch.

        Args:
            error: the error.

        Raises:
            KubeError: the error itself, if it is permanent, was raised while observing the object, or by the first
                call.
        """
        is_deadline = isinstance(error, errors.DeadlineError) and self._is_over
        if self._raised or not (is_deadline or (self._answered and _passes(error))):
            raise error
        if not is_deadline:
            self._trouble = str(error)

    def pause(self) -> float:
        """Return the seconds until the next list: it has ended without being done.

        Raises:
            WaitTimeoutError: there are none left.
        """
        if self.is_done:
            return 0
        self._over()
        now, left = time.monotonic(), self._left()
        self._pause = _FIRST_PAUSE if now - self._paused > _STEADY else min(self._pause * 2, _LONGEST_PAUSE)
        self._paused = now
        # Many that wait for one server must not come back together.
        pause = self._pause * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        return pause if left is None else min(pause, left)

    def _left(self) -> float | None:
        return None if self._end is None else self._end - time.monotonic()

    @property
    def _is_over(self) -> bool:
        return self._end is not None and self._end - time.monotonic() < 0.001

    def _over(self) -> bool:
        """Return False while there is time left."""
        if not self._is_over:
            return False
        self._raised = True
        raise errors.WaitTimeoutError(self._words(f"did not come within {self._timeout:g} s"), self.result)

    def _is_ours(self, item: Any) -> bool:
        """Return whether this is the object: not every server behind an APIService knows field selectors."""
        return _text(item, "name") == self._name

    def _look(self, item: T) -> bool:
        uid = _text(item, "uid")
        if self._uid and uid != self._uid:
            return self._absent()
        self._uid, self.result = uid, item
        try:
            found = self._goal.observe(item)
        except BaseException:
            self._raised = True
            raise
        self._seen = found.seen
        self.is_done = found.done
        if found.failure is not None and not found.done:
            self._fail(found)
        return found.done

    def _fail(self, found: Observation) -> None:
        assert found.failure is not None  # noqa: S101 - the caller looked
        kind, reason, message = found.failure
        why = f"can't come any more: {reason}" if reason else "can't come any more"
        self._raised = True
        raise kind(self._words(f"{why}: {message.rstrip('. ')}" if message else why), self.result, reason, message)

    def _absent(self) -> bool:
        """Handle a missing, deleted or replaced object (same name, different UID)."""
        if self._goal.absent == "done":
            self.is_done = True
        elif self._goal.absent == "error":
            self._raised = True
            if self._uid:
                raise errors.ObjectDeletedError(self._words("can't come any more: the object was deleted"), self.result)
            raise errors.status_error(_not_found(self._resource, self._name))
        return self.is_done

    def _words(self, outcome: str) -> str:
        """Describe the goal and the last observation; never a value of a Secret."""
        hides = self._resource.plural == "secrets" and self._resource.group == ""
        words = f"{_place(self._resource, self._name)}: {self._goal.brief if hides else self._goal.words} {outcome}"
        seen = self._seen if self.result is not None else ("there is no such object" if self._answered else "")
        if seen and not hides:
            words += f"; last seen: {seen[:500]}"
        return words + (f"; the last look failed: {self._trouble[:500]}" if self._trouble else "")


def _checked(timeout: Any) -> float | None:
    if timeout is None or timeout == math.inf:
        return None
    if isinstance(timeout, (int, float)) and timeout >= 0:
        return float(timeout)
    raise errors.InvalidRequestError(f"timeout takes seconds, 0 or more, or None for no limit; not {timeout!r}")


def _escaped(name: str) -> str:
    """Write a name so that it is one value of a field selector (`k8s.io/apimachinery/pkg/fields EscapeValue`)."""
    return name.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _text(item: Any, name: str) -> str:
    """Return a text of an object's metadata, "" if it has none."""
    metadata: Any = item.get("metadata") if is_json_object(item) else item.metadata
    found = metadata.get(name) if is_json_object(metadata) else getattr(metadata, name, None)
    return found if isinstance(found, str) else ""


def _place(resource: Resource[Any, Any], name: str) -> str:
    return f'{resource.plural}{f".{resource.group}" if resource.group else ""} "{name}"'


def _not_found(resource: Resource[Any, Any], name: str) -> meta.Status:
    """Make the Status that a get of the object would have (`k8s.io/apimachinery/pkg/api/errors NewNotFound`)."""
    return meta.Status(
        status="Failure",
        code=404,
        reason="NotFound",
        message=f"{_place(resource, name)} not found",
        details=meta.StatusDetails(name=name, group=resource.group or None, kind=resource.plural),
    )


def _passes(error: errors.KubeError) -> bool:
    """Return whether an error may be temporary: a broken connection, a busy server, an expired version."""
    if isinstance(error, errors.StatusError):
        return isinstance(error, (errors.GoneError, errors.TooManyRequestsError)) or error.code >= 500
    return isinstance(error, errors.TransportError)
