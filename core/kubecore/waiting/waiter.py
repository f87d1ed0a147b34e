"""Waiting for one object, without I/O: the next request, the meaning of a response, and the end."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.calls.resource import Body, Resource
from kubecore.waiting.goals import Deleted, Goal
from kubecore.waiting.limits import Pauses, TimeLimit
from kubecore.waiting.observation import Observation
from kubecore.waiting.target import Target, metadata_text
from kubecore.watch.decoder import BOOKMARK, DELETED, Event

__all__ = ["Waiter"]

T = TypeVar("T", bound=Body)


class Waiter(Generic[T]):
    """Waits for one object: a list returns its state, a watch its changes, and after a broken connection another list.

    Args:
        resource: The object's resource.
        namespace: Its namespace, "" for none.
        name: Its name.
        goal: The goal.
        timeout: Seconds until it must be so; 0 for one look, None for no limit.
        began: Since when they count, on the monotonic clock; None for now.

    Attributes:
        is_done: Whether the goal is reached.
        result: The object in that state; the last state of a deleted one, None if it did not exist.

    Raises:
        InvalidRequestError: A name is invalid, or the timeout is negative.
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
        self._target = Target(resource, namespace, name)
        self._goal = goal
        self._limit = TimeLimit(timeout, began)
        self._pauses = Pauses()
        self._version = ""
        self._uid = goal.uid if isinstance(goal, Deleted) else ""
        self._answered = False
        self._raised = False
        self._trouble = ""
        self._seen = ""
        self.is_done: bool = False
        self.result: T | None = None

    @property
    def ends_at(self) -> float | None:
        """When all must be over, on the monotonic clock; None for no limit. A single check may take any time."""
        return self._limit.ends_at

    def list_call(self) -> Call[Any]:
        """Return the call that lists the object."""
        return self._target.list_call()

    def watch_call(self) -> Call[T]:
        """Return the call that watches the object, from the version of the list."""
        return self._target.watch_call(self._version, self._limit.left)

    def listed(self, found: Any) -> bool:
        """Handle the response of the list.

        Args:
            found: The list.

        Returns:
            Whether it is done.

        Raises:
            WaitError: The goal cannot be reached, or not in time.
            NotFoundError: The object does not exist, but must.
        """
        self._answered, self._trouble = True, ""
        self._version = found.metadata.resource_version or ""
        item: T | None = next((item for item in found.items if self._target.is_name_of(item)), None)
        done = self._look(item) if item is not None else self._absent()
        return done or self._over()

    def told(self, event: Event[T]) -> bool:
        """Handle an event of the watch.

        Args:
            event: The event.

        Returns:
            Whether it is done.

        Raises:
            WaitError: The goal cannot be reached, or not in time.
        """
        self._trouble = ""
        if event.type == BOOKMARK or not self._target.is_name_of(event.object):
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
            error: The error.

        Raises:
            KubeError: The error itself, if it is permanent, was raised while observing the object, or by the first
                call.
        """
        is_deadline = isinstance(error, errors.DeadlineError) and self._limit.is_over
        if self._raised or not (is_deadline or (self._answered and _passes(error))):
            raise error
        if not is_deadline:
            self._trouble = str(error)

    def pause(self) -> float:
        """Return the seconds until the next list: it has ended without being done.

        Raises:
            WaitTimeoutError: There are none left.
        """
        if self.is_done:
            return 0
        self._over()
        pause, left = self._pauses.next(), self._limit.left
        return pause if left is None else min(pause, left)

    def _over(self) -> bool:
        """Return False while there is time left."""
        if not self._limit.is_over:
            return False
        self._raised = True
        raise errors.WaitTimeoutError(self._words(f"did not come within {self._limit.timeout:g} s"), self.result)

    def _look(self, item: T) -> bool:
        uid = metadata_text(item, "uid")
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
            raise errors.status_error(self._target.not_found())
        return self.is_done

    def _words(self, outcome: str) -> str:
        """Describe the goal and the last observation; never a value of a Secret."""
        hides = self._target.hides_values
        words = f"{self._target}: {self._goal.brief if hides else self._goal.words} {outcome}"
        seen = self._seen if self.result is not None else ("there is no such object" if self._answered else "")
        if seen and not hides:
            words += f"; last seen: {seen[:500]}"
        return words + (f"; the last look failed: {self._trouble[:500]}" if self._trouble else "")


def _passes(error: errors.KubeError) -> bool:
    """Return whether an error may be temporary: a broken connection, a busy server, an expired version."""
    if isinstance(error, errors.StatusError):
        return isinstance(error, (errors.GoneError, errors.TooManyRequestsError)) or error.code >= 500
    return isinstance(error, errors.TransportError)
