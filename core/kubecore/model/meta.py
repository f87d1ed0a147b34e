"""The models of `meta/v1` that the runtime itself needs.

Generated packages re-export the models that the documents have.

Source: `k8s.io/apimachinery/pkg/apis/meta/v1`, schemas `io.k8s.apimachinery.pkg.apis.meta.v1.*`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from kubecore.model.model import ListModel, Model, always
from kubecore.model.scalars import NO_FIELDS, FieldsV1, Time

__all__ = [
    "ListMeta",
    "ManagedFieldsEntry",
    "ObjectMeta",
    "OwnerReference",
    "PartialObjectMetadata",
    "PartialObjectMetadataList",
    "Preconditions",
    "ShardInfo",
    "Status",
    "StatusCause",
    "StatusDetails",
]


class ListMeta(Model, kw_only=True):
    """Metadata of every list, in addition to its items."""

    continue_: str | None = msgspec.field(default=None, name="continue")
    """Token of the next page; absent on the last one."""

    remaining_item_count: int | None = None
    """How many items follow in later pages, when the server knows."""

    resource_version: str | None = None
    """The version of the list, from which a watch can begin."""

    self_link: str | None = None
    """No longer sent by servers."""

    shard_info: ShardInfo | None = None
    """The shard of the list, if the request selected one."""


class ManagedFieldsEntry(Model, kw_only=True):
    """The fields of an object that one manager owns."""

    api_version: str | None = None
    """The version of the resource that the fields are named in."""

    fields_type: str | None = None
    """How the fields are written; `FieldsV1` is the only way."""

    fields_v1: FieldsV1 = NO_FIELDS
    """The fields, as JSON text."""

    manager: str | None = None
    """Name of the manager."""

    operation: str | None = None
    """The operation of the manager: `Apply` or `Update`."""

    subresource: str | None = None
    """The subresource that it was done through, None for the object itself."""

    time: Time | None = None
    """The time at which the fields, or their owners, last changed."""


class ObjectMeta(Model, kw_only=True):
    """Metadata of every stored object."""

    annotations: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    """Anything that tools want to keep with the object; nothing can be selected by it."""

    creation_timestamp: Time | None = None
    """When the server created it. Set by the server."""

    deletion_grace_period_seconds: int | None = None
    """Seconds until it ends, if it is being deleted. Set by the server."""

    deletion_timestamp: Time | None = None
    """The time at which it will be gone, if it is being deleted; it stays as long as it has finalizers. Set by the
    server."""

    finalizers: list[str] = []  # noqa: RUF012
    """Components that must act before it can be deleted; each removes its own entry."""

    generate_name: str = ""
    """Prefix of the name that the server generates if `name` is empty."""

    generation: int | None = None
    """Sequence number of the desired state. Set by the server."""

    labels: dict[str, str] = {}  # noqa: RUF012
    """Labels, by which it can be selected."""

    managed_fields: list[ManagedFieldsEntry] = []  # noqa: RUF012
    """Which manager owns which fields. Set by the server."""

    name: str = ""
    """Its name, unique in the namespace among objects of its kind."""

    namespace: str = ""
    """The namespace, "" for objects of the cluster."""

    owner_references: list[OwnerReference] = []  # noqa: RUF012
    """The objects that it goes with: when all are gone, so is it."""

    resource_version: str = ""
    """Its version, to be compared and handed back alone. Set by the server."""

    self_link: str | None = None
    """No longer sent by servers."""

    uid: str = ""
    """Its own for all times, other than the name. Set by the server."""


class OwnerReference(Model, kw_only=True):
    """An object that another belongs to, in the same namespace or of the cluster."""

    api_version: str
    """The owner's group version."""

    kind: str
    """The owner's kind."""

    name: str
    """The owner's name."""

    uid: str
    """The owner's UID."""

    block_owner_deletion: bool | None = None
    """Whether an owner that is deleted in the foreground waits for this object."""

    controller: bool | None = None
    """Whether the owner is the one that manages the object."""


class PartialObjectMetadata(Model, kw_only=True):
    """An object of any kind, of which only the metadata was requested."""

    api_version: Literal["meta.k8s.io/v1"] = always("meta.k8s.io/v1")
    kind: Literal["PartialObjectMetadata"] = always("PartialObjectMetadata")

    metadata: ObjectMeta = msgspec.field(default_factory=ObjectMeta)
    """The metadata."""


class PartialObjectMetadataList(ListModel, kw_only=True):
    """A collection of which only the metadata was requested."""

    api_version: Literal["meta.k8s.io/v1"] = always("meta.k8s.io/v1")
    kind: Literal["PartialObjectMetadataList"] = always("PartialObjectMetadataList")

    items: list[PartialObjectMetadata]
    """The objects."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    """The list's own."""


class Preconditions(Model, kw_only=True):
    """Conditions that the object must satisfy before the server deletes it."""

    resource_version: str | None = None
    """The version that the object must have."""

    uid: str | None = None
    """The UID that the object must have."""


class ShardInfo(Model, kw_only=True):
    """The requested shard; its presence means that the list is incomplete."""

    selector: str
    """The shard selector of the request."""


class Status(Model, kw_only=True):
    """The server's response to a call that returns no other object, in particular to a failed one."""

    api_version: Literal["v1"] = always("v1")
    kind: Literal["Status"] = always("Status")

    code: int | None = None
    """Suggested HTTP status code, 0 when not set."""

    details: StatusDetails | None = None
    """More about the reason, when there is more."""

    message: str | None = None
    """What happened, for people."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)

    reason: str | None = None
    """Why it failed, in one word for programs: `NotFound`, `Conflict`, ..."""

    status: str | None = None
    """`Success` or `Failure`."""


class StatusCause(Model, kw_only=True):
    """One cause of a failure."""

    field: str | None = None
    """The field at fault, in JavaScript's notation, such as `items[0].name`."""

    message: str | None = None
    """The problem, for people."""

    reason: str | None = None
    """The kind of cause, in one word for programs: `FieldValueRequired`, ..."""


class StatusDetails(Model, kw_only=True):
    """The subject of a failure."""

    causes: list[StatusCause] = []  # noqa: RUF012 - msgspec copies it
    """The causes, one for each field at fault."""

    group: str | None = None
    """API group of the resource."""

    kind: str | None = None
    """The resource or kind."""

    name: str | None = None
    """Name of the object."""

    retry_after_seconds: int | None = None
    """Seconds to wait before the next try."""

    uid: str | None = None
    """UID of the object."""
