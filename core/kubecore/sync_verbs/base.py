# Derived from kubecore/async_verbs/base.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Base of every client of a resource, and calls of subresources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from kubecore import errors, options
from kubecore.calls.call import Call
from kubecore.calls.deadline import Deadline
from kubecore.calls.resource import Body, PatchBody, Resource
from kubecore.model.model import Model
from kubecore.options import DryRun, FieldValidation, PatchType
from kubecore.rest import Client

if TYPE_CHECKING:
    from kubecore.calls.modify import Change

__all__ = ["ResourceClient"]

M = TypeVar("M", bound=Body)
R = TypeVar("R")


class ResourceClient:
    """The client of one resource.

    Args:
        client: Sends the calls.
        namespace: The namespace; "" for all of them, and for resources of the cluster.
    """

    _resource: Resource[Any, Any]

    def __init__(self, client: Client, namespace: str = "") -> None:
        self._client = client
        self._namespace = namespace

    def __repr__(self) -> str:
        """Show the class, the namespace if there is one, and the server."""
        place = f"{self._namespace!r}, " if self._namespace else ""
        return f"{type(self).__name__}({place}{self._client.host!r})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> None:
            from kubecore.model import hints

            raise hints.missing_in_client(self, name)

    def _get_subresource(self, name: str, subresource: str, response: type[R], *, timeout: float | None) -> R:
        call: Call[R] = self._resource.call("get", "GET", self._namespace, response, name=name, subresource=subresource)
        return self._client.send(call, timeout=timeout)

    def _send_subresource(
        self,
        verb: str,
        name: str,
        subresource: str,
        body: Body,
        kind: type[Model],
        response: type[R],
        *,
        dry_run: DryRun | None,
        field_manager: str | None,
        field_validation: FieldValidation | None,
        timeout: float | None,
    ) -> R:
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        call: Call[R] = self._resource.send_subresource(
            verb, self._namespace, name, subresource, body, kind, response, query
        )
        return self._client.send(call, timeout=timeout)

    def _patch_subresource(
        self,
        name: str,
        subresource: str,
        body: PatchBody,
        response: type[R],
        *,
        type: PatchType | None,  # noqa: A002
        dry_run: DryRun | None,
        field_manager: str | None,
        field_validation: FieldValidation | None,
        force: bool | None,
        timeout: float | None,
    ) -> R:
        query = options.query(
            dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=force
        )
        call: Call[R] = self._resource.patch_subresource(
            self._namespace, name, subresource, body, response, query, type=type
        )
        return self._client.send(call, timeout=timeout)

    def _apply_subresource(
        self,
        name: str,
        subresource: str,
        body: Body,
        kind: type[Model],
        response: type[R],
        *,
        field_manager: str,
        force: bool | None,
        dry_run: DryRun | None,
        field_validation: FieldValidation | None,
        timeout: float | None,
    ) -> R:
        query = options.apply_query(
            field_manager=field_manager, force=force, dry_run=dry_run, field_validation=field_validation
        )
        call: Call[R] = self._resource.apply_subresource(
            self._namespace, name, subresource, body, kind, response, query
        )
        return self._client.send(call, timeout=timeout)

    def _get_or_none(self, name: str, query: options.Query = (), *, deadline: Deadline | None = None) -> Any:
        try:
            return self._client.send(self._resource.get(self._namespace, name, query), deadline=deadline)
        except errors.NotFoundError as error:
            if errors.is_unexpected_server_error(error):  # The server has no such resource at all.
                raise
            return None

    def _modify(
        self, name: str, change: Change[M], query: options.Query, deadline: Deadline | None, subresource: str = ""
    ) -> M:
        from kubecore.calls.modify import Draft

        resource = self._resource
        read = resource.read_document(self._namespace, name)
        draft: Draft[M] = Draft(self._client.send(read, deadline=deadline), resource.kind)
        document = draft.change(change)
        if document is None:
            return draft.object
        call: Call[M] = resource.replace(self._namespace, name, document, query, subresource=subresource)
        return self._client.send(call, deadline=deadline)
