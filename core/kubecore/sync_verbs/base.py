"""What every client of a resource has, and how it calls subresources."""

from __future__ import annotations

from typing import Any, TypeVar

from kubecore import options
from kubecore.call import Call
from kubecore.model import Model
from kubecore.options import DryRun, FieldValidation, PatchType
from kubecore.resource import Body, PatchBody, Resource
from kubecore.rest import Client

__all__ = ["ResourceClient"]

R = TypeVar("R")


class ResourceClient:
    """The client of one resource.

    Args:
        client: sends the calls.
        namespace: the namespace; "" for all of them, and for resources of the cluster.
    """

    resource: Resource[Any, Any]

    def __init__(self, client: Client, namespace: str = "") -> None:
        self._client = client
        self._namespace = namespace

    def _get_subresource(self, name: str, subresource: str, response: type[R]) -> R:
        call: Call[R] = self.resource.call("get", "GET", self._namespace, response, name=name, subresource=subresource)
        return self._client.send(call)

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
    ) -> R:
        query = options.query(dry_run=dry_run, field_manager=field_manager, field_validation=field_validation)
        call: Call[R] = self.resource.send_subresource(
            verb, self._namespace, name, subresource, body, kind, response, query
        )
        return self._client.send(call)

    def _patch_subresource(
        self,
        name: str,
        subresource: str,
        body: PatchBody,
        response: type[R],
        *,
        type: PatchType,  # noqa: A002
        dry_run: DryRun | None,
        field_manager: str | None,
        field_validation: FieldValidation | None,
        force: bool | None,
    ) -> R:
        query = options.query(
            dry_run=dry_run, field_manager=field_manager, field_validation=field_validation, force=force
        )
        call: Call[R] = self.resource.patch_subresource(
            self._namespace, name, subresource, body, response, query, type=type
        )
        return self._client.send(call)
