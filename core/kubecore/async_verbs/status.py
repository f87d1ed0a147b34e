"""The status of objects: get, update, patch, apply, modify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from kubecore import options, retry
from kubecore.async_verbs.base import ResourceClient
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.calls.resource import Body, PatchBody, PlainPatch
from kubecore.options import DryRun, FieldValidation, PatchType
from kubecore.patch import AnyPatch

if TYPE_CHECKING:
    from kubecore.calls.modify import Change

__all__ = ["GetStatus", "ModifyStatus", "PatchStatus", "UpdateStatus"]

T = TypeVar("T", bound=Body)


class GetStatus(ResourceClient, Generic[T]):
    """Reads the status of one object."""

    async def get_status(
        self,
        name: str,
        *,
        timeout: float | None = None,
    ) -> T:
        """Read one object through its status: GET.

        Args:
            name: The object's name.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        call: Call[T] = self._resource.call(
            "get", "GET", self._namespace, self._resource.kind, name=name, subresource="status"
        )
        return await self._client.send(call, timeout=timeout)


class UpdateStatus(ResourceClient, Generic[T]):
    """Replaces the status of objects."""

    async def update_status(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> T:
        """Replace the status of the object that `body` names: PUT.

        Args:
            body: The object; of it only the status is stored.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: The manager that makes the change; by default the first part of the user agent.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        call: Call[T] = self._resource.update(self._namespace, body, query, subresource="status")
        return await self._client.send(call, timeout=timeout)


class PatchStatus(ResourceClient, Generic[T]):
    """Changes the status of objects: by a patch, or by server-side apply."""

    @overload
    async def patch_status(
        self,
        name: str,
        body: AnyPatch,
        *,
        type: PatchType | None = None,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        force: bool | None = None,
        timeout: float | None = None,
    ) -> T: ...

    @overload
    async def patch_status(
        self,
        name: str,
        body: PlainPatch,
        *,
        type: PatchType,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        force: bool | None = None,
        timeout: float | None = None,
    ) -> T: ...

    async def patch_status(
        self,
        name: str,
        body: PatchBody,
        *,
        type: PatchType | None = None,  # noqa: A002
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        force: bool | None = None,
        timeout: float | None = None,
    ) -> T:
        """Change the status of one object: PATCH.

        Args:
            name: The object's name.
            body: The patch: a JsonPatch, MergePatch, ... of `kubecore.patch`; or, with `type` set, an object
                or a part of one, for `json` the list of operations.
            type: `json`, `merge`, `strategic` or `apply`; may be omitted if `body` defines it.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: The manager that makes the change; by default the first part of the user agent.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            force: With server-side apply, take fields over that others own.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(
            dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=force
        )
        call: Call[T] = self._resource.patch(self._namespace, name, body, query, type=type, subresource="status")
        return await self._client.send(call, timeout=timeout)

    async def apply_status(
        self,
        body: T | Mapping[str, Any],
        *,
        field_manager: str,
        force: bool | None = None,
        dry_run: DryRun | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> T:
        """Apply the status that one manager wants of an object: PATCH, server-side apply.

        Args:
            body: The fields that the manager owns, with the object's name: a mapping with any part of the object, or
                a model. Fields that it applied before and that are missing now are removed. A mapping's fields are
                checked against the model's.
            field_manager: The name of the manager; the same each time.
            force: Take fields over that others own; else they are an ApplyConflictError.
            dry_run: `All` goes through all stages but stores nothing.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`; None is `Strict`
                for a mapping, else the server's own `Warn`.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: Refused before anything was sent: no name, a field that the kind does not have, ...
            ApplyConflictError: Other managers own some of the fields; the error names both.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.apply_query(
            field_manager=field_manager, force=force, dry_run=dry_run, field_validation=field_validation
        )
        call: Call[T] = self._resource.apply(self._namespace, body, query, subresource="status")
        return await self._client.send(call, timeout=timeout)


class ModifyStatus(ResourceClient, Generic[T]):
    """Changes the status of objects, keeping fields that their models do not know."""

    async def modify_status(
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
        """Change the status of one object, keeping fields that its model does not know: GET, then PUT.

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
            lambda: self._modify(name, change, query, deadline, "status"), backoff=backoff, deadline=deadline
        )
