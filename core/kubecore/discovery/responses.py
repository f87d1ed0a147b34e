"""Responses of `/api`, `/apis` and the group versions below them. No I/O.

Source: `k8s.io/api/apidiscovery/v2` `APIGroupDiscoveryList`; `k8s.io/apimachinery/pkg/apis/meta/v1` `APIVersions`,
`APIGroupList` and `APIResourceList`. Only the fields that are used: all others, also of newer servers, are skipped.
"""

from __future__ import annotations

import msgspec

from kubecore.model.model import Model

__all__ = ["AGGREGATED", "Kind", "Resource", "ResourceList", "Root", "VersionDiscovery"]

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
"""The accepted media types: aggregated discovery, or that of older servers."""


class Kind(Model, kw_only=True):
    """Group, version and kind, empty if they equal those of the group version."""

    group: str = ""
    version: str = ""
    kind: str = ""


class SubresourceDiscovery(Model, kw_only=True):
    """A subresource."""

    subresource: str
    response_kind: Kind = msgspec.field(default_factory=Kind)
    verbs: list[str] = []  # noqa: RUF012 - msgspec copies it


class ResourceDiscovery(Model, kw_only=True):
    """A resource with its subresources."""

    resource: str
    response_kind: Kind = msgspec.field(default_factory=Kind)
    scope: str = ""
    singular_resource: str = ""
    verbs: list[str] = []  # noqa: RUF012 - msgspec copies it
    short_names: list[str] = []  # noqa: RUF012 - msgspec copies it
    categories: list[str] = []  # noqa: RUF012 - msgspec copies it
    subresources: list[SubresourceDiscovery] = []  # noqa: RUF012 - msgspec copies it


class VersionDiscovery(Model, kw_only=True):
    """A version with all its resources."""

    version: str
    resources: list[ResourceDiscovery] = []  # noqa: RUF012 - msgspec copies it
    freshness: str = ""


class Named(Model, kw_only=True):
    """The metadata of a group."""

    name: str = ""


class GroupDiscovery(Model, kw_only=True):
    """A group with all its versions."""

    metadata: Named = msgspec.field(default_factory=Named)
    versions: list[VersionDiscovery] = []  # noqa: RUF012 - msgspec copies it


class GroupVersion(Model, kw_only=True):
    """A version of a group, by name."""

    group_version: str = ""
    version: str = ""


class Group(Model, kw_only=True):
    """A group with the names of its versions."""

    name: str
    versions: list[GroupVersion] = []  # noqa: RUF012 - msgspec copies it
    preferred_version: GroupVersion = msgspec.field(default_factory=GroupVersion)


class Root(Model, kw_only=True):
    """The response of `/api` or `/apis`: an APIGroupDiscoveryList (`items`), APIVersions or an APIGroupList."""

    kind: str = ""
    items: list[GroupDiscovery] = []  # noqa: RUF012 - msgspec copies it
    versions: list[str] = []  # noqa: RUF012 - msgspec copies it
    groups: list[Group] = []  # noqa: RUF012 - msgspec copies it


class Resource(Model, kw_only=True):
    """A resource, or with a `/` in its name a subresource."""

    name: str
    kind: str = ""
    singular_name: str = ""
    namespaced: bool = False
    group: str = ""
    version: str = ""
    verbs: list[str] = []  # noqa: RUF012 - msgspec copies it
    short_names: list[str] = []  # noqa: RUF012 - msgspec copies it
    categories: list[str] = []  # noqa: RUF012 - msgspec copies it


class ResourceList(Model, kw_only=True):
    """The response of a group version: an APIResourceList."""

    resources: list[Resource] = []  # noqa: RUF012 - msgspec copies it
