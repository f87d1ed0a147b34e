"""Waiting for one object, without I/O: the meaning of its states for the goal, and the end of the wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.calls.resource import Body, Resource
from kubecore.waiting.goals import Deleted, Goal
from kubecore.waiting.limits import TimeLimit
from kubecore.waiting.observation import Failure
from kubecore.waiting.target import Target, metadata_text
from kubecore.watch.decoder import DELETED, Event
from kubecore.watch.options import WatchOptions

__all__ = ["Waiter"]

T = TypeVar("T", bound=Body)


class Waiter(Generic[T]):
    """Waits for one object: compares its state, from a list and the changes after it, with a goal.

    Args:
        resource: The object's resource.
        namespace: Its namespace, "" for none.
        name: Its name.
        goal: The goal.
        timeout: Seconds until it must be so; 0 for one look, None for no limit.
        began: Since when they count, on the monotonic clock; None for now.

    Attributes:
        result: The last observed state of the object; None if it did not exist.

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
        self._uid = goal.uid if isinstance(goal, Deleted) else ""
        self._answered = False
        self._seen = ""
        self.result: T | None = None

    @property
    def checks_once(self) -> bool:
        """Whether the goal must be reached already, so that there is one list and no watch."""
        return self._limit.timeout == 0

    @property
    def ended_without_response(self) -> bool:
        """Whether the time is over, and there was no list."""
        return self._limit.is_over and not self._answered

    @property
    def options(self) -> WatchOptions[T]:
        """The options of the watch that yields the object."""
        return self._target.watch_options(self._limit.ends_at)

    def list_call(self) -> Call[Any]:
        """Return the call that lists the object."""
        return self._target.list_call()

    def listed(self, items: Iterable[T]) -> bool:
        """Handle the first list.

        Args:
            items: The items of the list.

        Returns:
            Whether it is done.

        Raises:
            WaitError: The goal cannot be reached, or not in time.
            NotFoundError: The object does not exist, but must.
        """
        self._answered = True
        item = next((item for item in items if self._target.is_name_of(item)), None)
        done = self._look(item) if item is not None else self._absent()
        return done or self._over()

    def changed(self, event: Event[T]) -> bool:
        """Handle an event of the watch.

        Args:
            event: The event.

        Returns:
            Whether it is done.

        Raises:
            WaitError: The goal cannot be reached, or not in time.
        """
        if not self._target.is_name_of(event.object):
            done = False
        elif event.type == DELETED:
            self.result = event.object
            done = self._absent()
        else:
            done = self._look(event.object)
        return done or self._over()

    def timeout_error(self, failure: str) -> errors.WaitTimeoutError:
        """Return the error for a watch that has ended.

        Args:
            failure: The message of its last error; "" if the server responded after it.
        """
        words = self._words(f"timed out after {self._limit.timeout:g} s waiting for {self._goal_words}")
        words += f"; the last request failed: {failure[:500]}" if failure else ""
        return errors.WaitTimeoutError(words, self.result)

    def _over(self) -> bool:
        """Return False while there is time left."""
        if self._limit.is_over:
            raise self.timeout_error("")
        return False

    def _look(self, item: T) -> bool:
        uid = metadata_text(item, "uid")
        if self._uid and uid != self._uid:
            return self._absent()
        self._uid, self.result = uid, item
        observation = self._goal.observe(item)
        self._seen = observation.seen
        if observation.failure is not None and not observation.done:
            self._fail(observation.failure)
        return observation.done

    def _fail(self, failure: Failure) -> None:
        kind, reason, message = failure
        raise kind(self._impossible(reason, message.rstrip(". ")), self.result, reason, message)

    def _absent(self) -> bool:
        """Handle a missing, deleted or replaced object (same name, different UID)."""
        if self._goal.absent == "error":
            if self._uid:
                raise errors.ObjectDeletedError(self._impossible("the object was deleted"), self.result)
            raise errors.status_error(self._target.not_found())
        return self._goal.absent == "done"

    @property
    def _goal_words(self) -> str:
        """The goal, without values of a Secret."""
        return self._goal.brief if self._target.hides_values else self._goal.words

    def _impossible(self, *causes: str) -> str:
        """Describe a goal that the object cannot reach, and the causes that are not empty."""
        return self._words(": ".join([f"{self._goal_words} is no longer possible", *filter(None, causes)]))

    def _words(self, outcome: str) -> str:
        """Describe the outcome and the last observation; never a value of a Secret."""
        words = f"{self._target}: {outcome}"
        seen = self._seen if self.result is not None else ("there is no such object" if self._answered else "")
        if seen and not self._target.hides_values:
            words += f"; last seen: {seen[:500]}"
        return words
