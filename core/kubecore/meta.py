"""The models of `meta/v1` that the runtime itself needs; generated packages re-export them.

Source: `k8s.io/apimachinery/pkg/apis/meta/v1`, schemas `io.k8s.apimachinery.pkg.apis.meta.v1.*`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from kubecore.model import Model, always

__all__ = ["ListMeta", "Preconditions", "ShardInfo", "Status", "StatusCause", "StatusDetails"]


class ListMeta(Model, kw_only=True):
    """What every list carries beside its items."""

    continue_: str | None = msgspec.field(default=None, name="continue")
    """Token of the next page; absent on the last one."""

    remaining_item_count: int | None = None
    """How many items follow in later pages, when the server knows."""

    resource_version: str | None = None
    """The version of the list: where a watch can begin."""

    self_link: str | None = None
    """No longer sent by servers."""

    shard_info: ShardInfo | None = None
    """Which shard the list is, when the request asked for one."""


class Preconditions(Model, kw_only=True):
    """What must hold of the object before the server deletes it."""

    resource_version: str | None = None
    """The version that the object must have."""

    uid: str | None = None
    """The UID that the object must have."""


class ShardInfo(Model, kw_only=True):
    """The shard that was asked for; its presence says that the list is a part."""

    selector: str
    """The shard selector of the request."""


class Status(Model, kw_only=True):
    """The server's answer to a call that returns no other object, above all to one that failed."""

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
    """What is wrong, for people."""

    reason: str | None = None
    """The kind of cause, in one word for programs: `FieldValueRequired`, ..."""


class StatusDetails(Model, kw_only=True):
    """What a failure was about."""

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
