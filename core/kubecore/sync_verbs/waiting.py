# Derived from kubecore/async_verbs/waiting.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Verbs that wait: for anything, for a rollout, for the end of a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, cast, overload

from kubecore import errors
from kubecore.calls.body import Body
from kubecore.sync_verbs.base import ResourceClient

if TYPE_CHECKING:
    from kubecore import waiting
    from kubecore.waiting import Waiter

__all__ = ["Wait", "WaitForCompletion", "WaitForRollout", "Waits"]

T = TypeVar("T", bound=Body)


class Waits(ResourceClient, Generic[T]):
    """Drives a waiter."""

    def _wait(self, waiter: Waiter[T]) -> T | None:
        if waiter.checks_once:
            waiter.listed((self._client.send(waiter.list_call())).items)
            return waiter.result
        from kubecore.watch import ListAndWatch

        changes: ListAndWatch[T] = ListAndWatch(self._client, waiter.options)
        try:
            with changes:
                if waiter.listed(changes.items):
                    return waiter.result
                for event in changes:
                    if waiter.changed(event):
                        return waiter.result
        except errors.DeadlineError:
            if not waiter.ended_without_response:
                raise
        raise waiter.timeout_error(changes.failure)


class Wait(Waits[T], Generic[T]):
    """Waits for an object."""

    # The text "delete" is a `str`, too; unknown text is another goal.
    @overload
    def wait(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, name: str, *, for_: Literal["delete"] | waiting.Deleted, timeout: float | None = 60.0
    ) -> T | None: ...

    @overload
    def wait(self, name: str, *, for_: str | waiting.Goal | Callable[[T], bool], timeout: float | None = 60.0) -> T: ...

    def wait(
        self, name: str, *, for_: str | waiting.Goal | Callable[[T], bool], timeout: float | None = 60.0
    ) -> T | None:
        """Wait for an object to become something: by list and watch, over cuts and restarts of the server.

        Args:
            name: The object's name.
            for_: The goal, as in `kubectl wait --for`: `condition=Ready`, `condition=Ready=False`,
                `jsonpath={.status.phase}=Running`, `jsonpath={.status.podIP}` (any value), `create`, `delete`;
                or one of the helpers of `kubecore.waiting`; or a function that returns a true value for the object.
            timeout: Seconds until it must be so; 0 for one look, None for no limit.

        Returns:
            The object in that state. If it was deleted, its last state, or None if it did not exist.

        Raises:
            WaitTimeoutError: The goal is not reached in time; the error has the last observation.
            WaitFailedError: It can't become so any more: a job that has failed never completes.
            ObjectDeletedError: The object was deleted in the meantime, even if a new one has its name.
            NotFoundError: There is no such object, and neither its creation nor its deletion is waited for.
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with another permanent error.
            TransportError: There is no response to the first call.
        """
        from kubecore import waiting

        waiter: Waiter[T] = waiting.Waiter(self._resource, self._namespace, name, waiting.goal(for_), timeout)
        return self._wait(waiter)


class WaitForRollout(Waits[T], Generic[T]):
    """Waits for rollouts."""

    def wait_for_rollout(self, name: str, *, timeout: float | None = 600.0) -> T:
        """Wait until the latest change is rolled out, by the rules of `kubectl rollout status`.

        Args:
            name: The object's name.
            timeout: Seconds until it must be so; 0 for one look, None for no limit.

        Returns:
            The object, rolled out.

        Raises:
            RolloutFailedError: It exceeded its progress deadline, or its strategy rolls nothing out.
            WaitTimeoutError: The goal is not reached in time; the error has the progress.
            ObjectDeletedError: The object was deleted in the meantime.
            NotFoundError: There is no such object.
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with another permanent error.
            TransportError: There is no response to the first call.
        """
        from kubecore import waiting

        waiter: Waiter[T] = waiting.Waiter(
            self._resource, self._namespace, name, waiting.Rollout(self._resource.kind.__name__), timeout
        )
        return cast("T", self._wait(waiter))


class WaitForCompletion(Waits[T], Generic[T]):
    """Waits for the end of jobs."""

    def wait_for_completion(self, name: str, *, timeout: float | None = 600.0) -> T:
        """Wait until the job is done.

        Args:
            name: The object's name.
            timeout: Seconds until it must be so; 0 for one look, None for no limit.

        Returns:
            The job, complete.

        Raises:
            JobFailedError: The job failed, or is about to; with its reason and message.
            WaitTimeoutError: The goal is not reached in time; the error has the progress.
            ObjectDeletedError: The object was deleted in the meantime.
            NotFoundError: There is no such object.
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with another permanent error.
            TransportError: There is no response to the first call.
        """
        from kubecore import waiting

        waiter: Waiter[T] = waiting.Waiter(self._resource, self._namespace, name, waiting.Completion(), timeout)
        return cast("T", self._wait(waiter))
