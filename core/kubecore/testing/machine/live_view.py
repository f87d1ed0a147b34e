"""The state of a real API server, as the decisions of controllers read it: each read is a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kubecore.calls.call import Call
from kubecore.calls.resource import METADATA, METADATA_LIST
from kubecore.discovery.catalog import ApiResource, Catalog
from kubecore.errors import KubeError, NotFoundError
from kubecore.model.meta import PartialObjectMetadata
from kubecore.rest import Client
from kubecore.testing._background.view import Item, Owner, Request, Resource, item_of, path_of

__all__ = ["LiveView", "Served", "item_from"]


@dataclass(frozen=True, slots=True)
class Served:
    """A resource that the server serves."""

    group: str
    version: str
    resource: str
    kind: str
    is_namespaced: bool
    verbs: tuple[str, ...]


class _List(msgspec.Struct):
    items: list[msgspec.Raw] | None = None  # Go writes null for an empty list.


class LiveView:
    """The state of the server, and the requests of controllers.

    Args:
        client: Sends the requests.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._preferred: tuple[Served, ...] = ()
        self._by_kind: dict[tuple[str, str], Served] = {}

    def use(self, catalog: Catalog) -> None:
        """Use the resources of a discovery."""
        self._preferred = tuple(_served(found) for found in catalog.preferred())
        self._by_kind = {(found.api_version, found.kind): _served(found) for found in reversed(catalog.resources)}

    def resources(self) -> Iterable[Served]:
        """Return all resources, each in one version."""
        return self._preferred

    def find_resource(self, api_version: str, kind: str) -> Served | None:
        """Return the resource of a kind in any version that is served, or None."""
        return self._by_kind.get((api_version, kind))

    def item(self, resource: Resource, namespace: str, name: str) -> Item | None:
        """Return an object, or None if it is missing."""
        content = self._get(path_of(resource, namespace, name), METADATA)
        return None if content is None else item_of(resource, content)

    def items(self, resource: Resource, namespace: str) -> Iterable[Item]:
        """Return the objects of a resource in a namespace; a resource that is not served any more has none."""
        content = self._get(path_of(resource, namespace), METADATA_LIST)
        found = None if content is None else msgspec.json.decode(content, type=_List).items
        return [item_of(resource, bytes(item)) for item in found or ()]

    def document(self, resource: Resource, namespace: str, name: str) -> Mapping[str, Any] | None:
        """Return an object with all of its fields, or None if it is missing."""
        content = self._get(path_of(resource, namespace, name), "application/json")
        return None if content is None else msgspec.json.decode(content, type=dict[str, Any])

    def send(self, request: Request) -> bool:
        """Send a request of a controller and return whether it succeeded; a missing object counts as success."""
        call = Call(
            method=request.method,
            path=request.path,
            response=bytes,
            verb=request.method.lower(),
            body=msgspec.json.encode(request.body),
            content_type=request.content_type,
        )
        try:
            self._client.send(call)
        except NotFoundError:
            return True
        except KubeError:
            return False
        return True

    def _get(self, path: str, accept: str) -> bytes | None:
        try:
            return self._client.get_bytes(path, accept=accept)
        except NotFoundError:
            return None


def item_from(resource: Resource, found: PartialObjectMetadata) -> Item:
    """Return the object of an event of a watch."""
    metadata = found.metadata
    owners = (
        Owner(owner.api_version, owner.kind, owner.name, owner.uid, owner.controller, owner.block_owner_deletion)
        for owner in metadata.owner_references
    )
    return Item(
        resource,
        metadata.namespace or "",
        metadata.name or "",
        metadata.uid or "",
        metadata.resource_version or "",
        tuple(owners),
        tuple(metadata.finalizers),
        metadata.deletion_timestamp,
    )


def _served(found: ApiResource) -> Served:
    return Served(found.group, found.version, found.plural, found.kind, found.namespaced, found.verbs)
