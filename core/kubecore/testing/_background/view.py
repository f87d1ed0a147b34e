"""The values that decisions of controllers read, and the requests that they lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec

from kubecore.calls.path import api_prefix, collection_path, object_path

__all__ = ["Item", "Owner", "Request", "Resource", "View", "item_of", "path_of"]


class Resource(Protocol):
    """A resource that the server serves."""

    @property
    def group(self) -> str:
        """The API group, "" for core."""
        ...

    @property
    def version(self) -> str:
        """The version."""
        ...

    @property
    def resource(self) -> str:
        """The plural."""
        ...

    @property
    def kind(self) -> str:
        """The kind."""
        ...

    @property
    def is_namespaced(self) -> bool:
        """Whether its objects have a namespace."""
        ...

    @property
    def verbs(self) -> Collection[str]:
        """The verbs that it has."""
        ...


class Owner(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An entry of `metadata.ownerReferences`."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    owner_references: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()
    deletion_timestamp: datetime | None = None


class _Document(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


@dataclass(frozen=True, slots=True)
class Item:
    """An object, as far as controllers of namespaces and garbage read it.

    Attributes:
        resource: Its resource.
        namespace: Its namespace, or "".
        name: Its name.
        uid: Its uid.
        version: Its resource version.
        owners: Its owners.
        finalizers: Its finalizers.
        deleted_at: `metadata.deletionTimestamp`, or None.
    """

    resource: Resource
    namespace: str
    name: str
    uid: str
    version: str = ""
    owners: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()
    deleted_at: datetime | None = None

    @property
    def waits_for_dependents(self) -> bool:
        """Whether it is being deleted in the foreground: its dependents are deleted first."""
        return self.deleted_at is not None and "foregroundDeletion" in self.finalizers

    @property
    def orphans_dependents(self) -> bool:
        """Whether it is being deleted, and its dependents shall stay."""
        return self.deleted_at is not None and "orphan" in self.finalizers

    @property
    def path(self) -> str:
        """The path of the object."""
        return path_of(self.resource, self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a controller sends.

    Attributes:
        method: The HTTP method.
        path: The path.
        body: The body.
        content_type: The type of the body.
        subject: The uid of the object, or the name of the namespace, that is decided again if the request fails.
    """

    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    content_type: str = "application/json"
    subject: str = ""


class View(Protocol):
    """The state of the server."""

    def resources(self) -> Iterable[Resource]:
        """Return all resources, each in one version."""
        ...

    def find_resource(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of a kind in any version that is served, or None."""
        ...

    def item(self, resource: Resource, namespace: str, name: str) -> Item | None:
        """Return an object, or None if it is missing."""
        ...

    def items(self, resource: Resource, namespace: str) -> Iterable[Item]:
        """Return the objects of a resource in a namespace."""
        ...

    def document(self, resource: Resource, namespace: str, name: str) -> Mapping[str, Any] | None:
        """Return an object with all of its fields, or None if it is missing."""
        ...


def item_of(resource: Resource, content: bytes) -> Item:
    """Read an object from its JSON; other fields than those of metadata are skipped."""
    found = _DECODER.decode(content).metadata
    return Item(
        resource,
        found.namespace,
        found.name,
        found.uid,
        found.resource_version,
        found.owner_references,
        found.finalizers,
        found.deletion_timestamp,
    )


def path_of(resource: Resource, namespace: str, name: str = "") -> str:
    """Return the path of an object, or of a collection.

    Args:
        resource: The resource.
        namespace: The namespace, "" for all of them and for resources without namespaces.
        name: The object, "" for the collection.

    Raises:
        InvalidRequestError: A name can't be part of a path.
    """
    found = collection_path(api_prefix(resource.group, resource.version), namespace, resource.resource)
    return object_path(found, name) if name else found


_DECODER = msgspec.json.Decoder(_Document)
