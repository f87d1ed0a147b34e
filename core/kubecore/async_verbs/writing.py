"""Verbs that write with one request: create, update, patch, apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, overload

from kubecore import options
from kubecore.async_verbs.base import ResourceClient
from kubecore.calls.call import Call
from kubecore.calls.resource import Body, PatchBody, PlainPatch
from kubecore.options import DryRun, FieldValidation, PatchType
from kubecore.patch import AnyPatch

__all__ = ["Create", "Patch", "Update"]

T = TypeVar("T", bound=Body)


class Create(ResourceClient, Generic[T]):
    """Creates objects."""

    async def create(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> T:
        """Create an object: POST.

        Args:
            body: The object, or a mapping with the API's names.
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
        call: Call[T] = self._resource.create(
            self._namespace,
            body,
            options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation),
        )
        return await self._client.send(call, timeout=timeout)


class Update(ResourceClient, Generic[T]):
    """Replaces objects."""

    async def update(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> T:
        """Replace the object that `body` names: PUT.

        Args:
            body: The object; with its resource version the server refuses it if it has changed in the meantime.
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
        call: Call[T] = self._resource.update(
            self._namespace,
            body,
            options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation),
        )
        return await self._client.send(call, timeout=timeout)


class Patch(ResourceClient, Generic[T]):
    """Changes objects: by a patch, or by server-side apply."""

    @overload
    async def patch(
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
    async def patch(
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

    async def patch(
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
        """Change one object: PATCH.

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
        call: Call[T] = self._resource.patch(self._namespace, name, body, query, type=type)
        return await self._client.send(call, timeout=timeout)

    async def apply(
        self,
        body: T | Mapping[str, Any],
        *,
        field_manager: str,
        force: bool | None = None,
        dry_run: DryRun | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> T:
        """Apply the fields that one manager declares: PATCH, server-side apply. A missing object is created.

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
        call: Call[T] = self._resource.apply(self._namespace, body, query)
        return await self._client.send(call, timeout=timeout)
