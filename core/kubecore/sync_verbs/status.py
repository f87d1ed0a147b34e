"""The status of objects: get, update, patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from kubecore import options
from kubecore.call import Call
from kubecore.model import Model
from kubecore.options import DryRun, FieldValidation, PatchType
from kubecore.resource import PatchBody
from kubecore.sync_verbs.base import ResourceClient

__all__ = ["GetStatus", "PatchStatus", "UpdateStatus"]

T = TypeVar("T", bound=Model)


class GetStatus(ResourceClient, Generic[T]):
    """Reads the status of one object."""

    def get_status(
        self,
        name: str,
    ) -> T:
        """Read one object through its status: GET.

        Args:
            name: the object's name.

        Returns:
            The object.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        call: Call[T] = self.resource.call(
            "get", "GET", self._namespace, self.resource.kind, name=name, subresource="status"
        )
        return self._client.send(call)


class UpdateStatus(ResourceClient, Generic[T]):
    """Replaces the status of objects."""

    def update_status(
        self,
        body: T | Mapping[str, Any],
        *,
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
    ) -> T:
        """Replace the status of the object that `body` names: PUT.

        Args:
            body: the object; of it only the status is stored.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: who makes the change; by default the user agent's first part.
            field_validation: what becomes of unknown fields: `Ignore`, `Warn` or `Strict`.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        call: Call[T] = self.resource.update(self._namespace, body, query, subresource="status")
        return self._client.send(call)


class PatchStatus(ResourceClient, Generic[T]):
    """Changes the status of objects."""

    def patch_status(
        self,
        name: str,
        body: PatchBody,
        *,
        type: PatchType,  # noqa: A002
        dry_run: DryRun | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        force: bool | None = None,
    ) -> T:
        """Change the status of one object: PATCH.

        Args:
            name: the object's name.
            body: the patch: an object or a part of one; for `json` the list of operations.
            type: `json`, `merge`, `strategic` or `apply`.
            dry_run: `All` goes through all stages but stores nothing.
            field_manager: who makes the change; by default the user agent's first part.
            field_validation: what becomes of unknown fields: `Ignore`, `Warn` or `Strict`.
            force: with server-side apply, take fields over that others own.

        Returns:
            The object as it is stored.

        Raises:
            InvalidRequestError: refused before anything was sent.
            StatusError: the server answered with a failure.
            TransportError: there is no whole answer.
            DecodeError: the answer is not what was asked for.
        """
        query = options.query(
            dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=force
        )
        call: Call[T] = self.resource.patch(self._namespace, name, body, query, type=type, subresource="status")
        return self._client.send(call)
