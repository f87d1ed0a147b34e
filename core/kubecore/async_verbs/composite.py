"""Verbs made of several requests: get_or_none, create_or_update, modify, delete_and_wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kubecore import errors, options, retry
from kubecore.async_verbs.base import ResourceClient
from kubecore.async_verbs.waiting import Waits
from kubecore.calls.body import Body, metadata_field, uid_of, with_version
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.model.meta import Preconditions, Status
from kubecore.options import DryRun, FieldValidation, PropagationPolicy

if TYPE_CHECKING:
    from kubecore.calls.modify import Change

__all__ = ["CreateOrUpdate", "DeleteAndWait", "GetOrNone", "Modify"]

T = TypeVar("T", bound=Body)


class GetOrNone(ResourceClient, Generic[T]):
    """Reads one object that may not exist."""

    async def get_or_none(
        self, name: str, *, resource_version: str | None = None, timeout: float | None = None
    ) -> T | None:
        """Read one object: GET.

        Args:
            name: The object's name.
            resource_version: Return this version or a newer one; "0" accepts any version that the server has cached.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object, None if it does not exist. A server without this resource is an error.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        found: T | None = await self._get_or_none(
            name, options.query(resource_version=resource_version), deadline=Deadline.within(timeout)
        )
        return found


class CreateOrUpdate(ResourceClient, Generic[T]):
    """Stores objects, whether or not they exist."""

    async def create_or_update(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        backoff: retry.Backoff = retry.DEFAULT_RETRY,
        timeout: float | None = None,
    ) -> T:
        """Create an object, or replace the one of that name: POST, then GET and PUT.

        It overwrites changes of other clients: if they own fields, use `apply` or `modify`.

        Args:
            body: The object, or a mapping with the API's names. One with a resource version only replaces, and only
                that version.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: The manager that makes the change; by default the first part of the user agent.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            backoff: The number of attempts if others change, create or delete the object in the meantime.
            timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            ConflictError: The last attempt failed with a conflict too, or the object does not have the version of
                `body`.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        deadline = Deadline.within(timeout)
        if metadata_field(body, "resource_version"):
            return await self._put(body, query, deadline)
        name = metadata_field(body, "name")
        return await retry.on_error_async(
            backoff,
            lambda error: retry.is_race(error, name),
            lambda: self._create_or_update(body, name, query, deadline),
            deadline=deadline,
        )

    async def _create_or_update(
        self, body: T | Mapping[str, Any], name: str, query: options.Query, deadline: Deadline | None
    ) -> T:
        try:
            call: Call[T] = self._resource.create(self._namespace, body, query)
            return await self._client.send(call, deadline=deadline)
        except errors.AlreadyExistsError:
            found = await self._get_or_none(name, deadline=deadline) if name else None
            if found is None:  # Gone again, or a generated name that was taken.
                raise
        return await self._put(with_version(body, metadata_field(found, "resource_version")), query, deadline)

    async def _put(self, body: T | Mapping[str, Any], query: options.Query, deadline: Deadline | None) -> T:
        call: Call[T] = self._resource.update(self._namespace, body, query)
        return await self._client.send(call, deadline=deadline)


class Modify(ResourceClient, Generic[T]):
    """Changes objects, keeping fields that their models do not know."""

    async def modify(
        self,
        name: str,
        change: Change[T],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        backoff: retry.Backoff = retry.DEFAULT_RETRY,
        timeout: float | None = None,
    ) -> T:
        """Change one object, keeping fields that its model does not know: GET, then PUT.

        Only the differences after `change` are applied to the document that was read. If another client has changed the
        object in the meantime, it is read and `change` is called again. If nothing differs, nothing is sent.

        Args:
            name: The object's name.
            change: Gets the object and changes it in place, or returns the changed one; may be called several times.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: The manager that makes the change; by default the first part of the user agent.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            backoff: How often it is tried, and the pauses between.
            timeout: Seconds for all requests and pauses together; None for the limits of `Config.timeouts` for each
                request.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            ConflictError: Also the last attempt met a conflict.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        deadline = Deadline.within(timeout)
        return await retry.on_conflict_async(
            lambda: self._modify(name, change, query, deadline), backoff=backoff, deadline=deadline
        )


class DeleteAndWait(Waits[T], Generic[T]):
    """Deletes one object and waits until it is gone."""

    async def delete_and_wait(
        self,
        name: str,
        *,
        timeout: float | None = 60.0,
        dry_run: DryRun | None = None,
        grace_period_seconds: int | None = None,
        propagation_policy: PropagationPolicy | None = None,
        orphan_dependents: bool | None = None,
        preconditions: Preconditions | None = None,
        ignore_store_read_error: bool | None = None,
    ) -> None:
        """Delete one object: DELETE; and return when it is gone, by list and watch.

        An object that was recreated with the same name counts as gone: the UID decides.

        Args:
            name: The object's name.
            timeout: Seconds until it must be gone; 0 for one look, None for no limit.
            dry_run: `All` goes through all stages but stores nothing, so that there is nothing to wait for.
            grace_period_seconds: Seconds that the object gets to end; 0 is at once.
            propagation_policy: The handling of objects that the object owns: `Orphan`, `Background` or `Foreground`.
            orphan_dependents: Deprecated by the API: use `propagation_policy`.
            preconditions: The UID or version that the object must have.
            ignore_store_read_error: Delete an object that the store can no longer read
                (`ignoreStoreReadErrorWithClusterBreakingPotential`); may break the cluster.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            WaitTimeoutError: It still exists; the error has the reason, such as its finalizers.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        from kubecore import waiting

        began = time.monotonic()

        def waiter(uid: str) -> waiting.Waiter[T]:
            return waiting.Waiter(self._resource, self._namespace, name, waiting.Deleted(uid), timeout, began=began)

        waiter("")  # Refuses invalid arguments before anything is deleted.
        deadline = Deadline.within(
            timeout or None
        )  # With a timeout of 0, the only check is after a deletion, which may be slow.
        delete_options = options.delete_options(
            dry_run=dry_run,
            grace_period_seconds=grace_period_seconds,
            propagation_policy=propagation_policy,
            orphan_dependents=orphan_dependents,
            preconditions=preconditions,
            ignore_store_read_error=ignore_store_read_error,
        )
        call: Call[T | Status] = self._resource.delete(self._namespace, name, delete_options)
        response = await self._client.send(call, deadline=deadline)
        if dry_run is None:
            await self._wait(waiter(uid_of(response)))
