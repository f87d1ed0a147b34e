"""The scale of objects: get, update, patch, apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, overload

from kubecore.async_verbs.base import ResourceClient
from kubecore.calls.resource import Body, PatchBody, PlainPatch
from kubecore.options import DryRun, FieldValidation, PatchType
from kubecore.patch import AnyPatch

__all__ = ["Scale"]

S = TypeVar("S", bound=Body)


class Scale(ResourceClient, Generic[S]):
    """Reads and changes the number of replicas of objects, without the rest of them."""

    _scale: type[Any]
    """The model, such as `autoscaling_v1.Scale`."""

    async def get_scale(self, name: str, *, timeout: float | None = None) -> S:
        """Read the scale of one object: GET.

        Args:
            name: The object's name.
            timeout: Seconds for the call with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The scale: the desired number of replicas, and the number of the status.

        Raises:
            InvalidRequestError: The call was refused before anything was sent.
            StatusError: The server responded with a failure.
            TransportError: No complete response was received.
            DecodeError: The response is not a scale.
        """
        response: S = await self._get_subresource(name, "scale", self._scale, timeout=timeout)
        return response

    async def update_scale(
        self,
        name: str,
        scale: S | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> S:
        """Replace the scale of one object: PUT.

        Args:
            name: The object's name.
            scale: The scale, or a mapping with the API's names. If it has a resource version, the object must still
                have that version.
            dry_run: `All` processes the request completely but stores nothing.
            field_manager: Name of the program that makes the change; by default the user agent's first part.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`. None is `Strict`
                for a mapping, otherwise the server's default, `Warn`.
            timeout: Seconds for the call with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The scale as it is stored.

        Raises:
            InvalidRequestError: The call was refused before anything was sent.
            ConflictError: The object has changed since the scale was read.
            StatusError: The server responded with a failure.
            TransportError: No complete response was received.
            DecodeError: The response is not a scale.
        """
        response: S = await self._send_subresource(
            "update",
            name,
            "scale",
            scale,
            self._scale,
            self._scale,
            dry_run=dry_run,
            field_manager=field_manager,
            field_validation=field_validation,
            timeout=timeout,
        )
        return response

    @overload
    async def patch_scale(
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
    ) -> S: ...

    @overload
    async def patch_scale(
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
    ) -> S: ...

    async def patch_scale(
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
    ) -> S:
        """Change the scale of one object: PATCH.

        Args:
            name: The object's name.
            body: The patch: a `MergePatch`, `JsonPatch`, ... of `kubecore.patch`. With `type` a scale or a part of one;
                for `json` a list of operations.
            type: `json`, `merge`, `strategic` or `apply`; may be omitted if `body` is a patch of `kubecore.patch`.
            dry_run: `All` processes the request completely but stores nothing.
            field_manager: Name of the program that makes the change; by default the user agent's first part.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`. None is `Strict`
                for a mapping, otherwise the server's default, `Warn`.
            force: With server-side apply: take fields over from other managers.
            timeout: Seconds for the call with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The scale as it is stored.

        Raises:
            InvalidRequestError: The call was refused before anything was sent.
            StatusError: The server responded with a failure.
            TransportError: No complete response was received.
            DecodeError: The response is not a scale.
        """
        response: S = await self._patch_subresource(
            name,
            "scale",
            body,
            self._scale,
            type=type,
            dry_run=dry_run,
            field_manager=field_manager,
            field_validation=field_validation,
            force=force,
            timeout=timeout,
        )
        return response

    async def apply_scale(
        self,
        name: str,
        scale: S | Mapping[str, Any],
        *,
        field_manager: str,
        force: bool | None = None,
        dry_run: DryRun | None = None,
        field_validation: FieldValidation | None = None,
        timeout: float | None = None,
    ) -> S:
        """Apply the desired scale of one object: PATCH, server-side apply.

        Args:
            name: The object's name.
            scale: The fields that the manager sets: a mapping with any part of a scale, or a scale. A mapping's fields
                are checked against the model's.
            field_manager: Name of the manager; the same name each time.
            force: Take fields over from other managers; otherwise a conflict is an ApplyConflictError.
            dry_run: `All` processes the request completely but stores nothing.
            field_validation: How the server handles unknown fields: `Ignore`, `Warn` or `Strict`. None is `Strict`
                for a mapping, otherwise the server's default, `Warn`.
            timeout: Seconds for the call with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The scale as it is stored.

        Raises:
            InvalidRequestError: The call was refused before anything was sent, for example for an unknown field.
            ApplyConflictError: Other managers own some of the fields; the error names both.
            StatusError: The server responded with a failure.
            TransportError: No complete response was received.
            DecodeError: The response is not a scale.
        """
        response: S = await self._apply_subresource(
            name,
            "scale",
            scale,
            self._scale,
            self._scale,
            field_manager=field_manager,
            force=force,
            dry_run=dry_run,
            field_validation=field_validation,
            timeout=timeout,
        )
        return response
