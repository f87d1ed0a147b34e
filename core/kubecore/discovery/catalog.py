"""The result of discovery. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kubecore._support.terminal import escape_for_terminal
from kubecore.discovery import responses
from kubecore.errors import KubeError

__all__ = ["ApiGroup", "ApiResource", "ApiSubresource", "Catalog", "from_aggregated", "from_list"]


@dataclass(frozen=True, slots=True)
class ApiSubresource:
    """A subresource, such as `scale`.

    Attributes:
        name: Its name in paths.
        group: The group of its objects.
        version: Their version.
        kind: Their kind, such as `Scale`.
        verbs: Its verbs.
    """

    name: str
    group: str
    version: str
    kind: str
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApiResource:
    """A resource of a group version.

    Attributes:
        group: The API group, "" for the core group.
        version: The version.
        plural: Its name in paths, such as `deployments`.
        singular: Such as `deployment`.
        kind: Such as `Deployment`.
        namespaced: Whether its objects are in namespaces.
        verbs: Its verbs, in Kubernetes' words, such as `get` and `deletecollection`.
        short_names: Such as `deploy`.
        categories: The groups of resources that it belongs to, such as `all`.
        subresources: Such as `status` and `scale`.
    """

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[ApiSubresource, ...] = ()

    @property
    def api_version(self) -> str:
        """Group and version as objects carry them: `apps/v1`, or `v1` of the core group."""
        return joined(self.group, self.version)

    def __str__(self) -> str:
        """Return kind and apiVersion, such as `Deployment (apps/v1)`."""
        return escape_for_terminal(f"{self.kind} ({self.api_version})")


@dataclass(frozen=True, slots=True)
class ApiGroup:
    """A group and its versions.

    Attributes:
        name: The group, "" for the core group.
        versions: Its versions, in the server's order.
        preferred: The version that the server prefers; if its server does not respond, the next.
    """

    name: str
    versions: tuple[str, ...]
    preferred: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """The groups and resources of a server.

    Attributes:
        groups: The groups by priority: the core group, then as the server sorts them.
        resources: The resources of all versions by priority: the groups' order, in a group the preferred version first.
        failed: Why a group version is missing, by its name: its server did not respond. Like client-go's
            ErrGroupDiscoveryFailed, but in addition to the results.
    """

    groups: tuple[ApiGroup, ...]
    resources: tuple[ApiResource, ...]
    failed: Mapping[str, KubeError] = field(default_factory=dict[str, KubeError])

    def of(self, api_version: str) -> tuple[ApiResource, ...]:
        """Return the resources of a group version.

        Args:
            api_version: Such as `apps/v1`, or `v1` for the core group.
        """
        return tuple(found for found in self.resources if found.api_version == api_version)

    def preferred(self) -> tuple[ApiResource, ...]:
        """Return each resource once: in the version of its group that comes first."""
        seen: dict[tuple[str, str], ApiResource] = {}
        for found in self.resources:
            seen.setdefault((found.group, found.plural), found)
        return tuple(seen.values())


def joined(group: str, version: str) -> str:
    """Return group and version as objects carry them."""
    return f"{group}/{version}" if group else version


def from_aggregated(group: str, version: responses.VersionDiscovery) -> Iterator[ApiResource]:
    """Read a version of an APIGroupDiscoveryList.

    Args:
        group: Its group.
        version: The version.

    Yields:
        Its resources; those without a kind have nothing to call and are left out, as in client-go.
    """
    for found in version.resources:
        if not found.response_kind.kind:
            continue
        yield ApiResource(
            group=group,
            version=version.version,
            plural=found.resource,
            singular=found.singular_resource,
            kind=found.response_kind.kind,
            namespaced=found.scope == "Namespaced",
            verbs=tuple(found.verbs),
            short_names=tuple(found.short_names),
            categories=tuple(found.categories),
            subresources=tuple(
                ApiSubresource(
                    sub.subresource,
                    *_own(sub.response_kind.group, sub.response_kind.version, group, version.version),
                    sub.response_kind.kind,
                    tuple(sub.verbs),
                )
                for sub in found.subresources
            ),
        )


def from_list(group: str, version: str, resources: Iterable[responses.Resource]) -> Iterator[ApiResource]:
    """Read an APIResourceList.

    Args:
        group: Its group.
        version: Its version.
        resources: The resources, and subresources as `pods/status`.

    Yields:
        The resources.
    """
    found = list(resources)
    below: dict[str, list[ApiSubresource]] = {}
    for sub in found:
        plural, slash, name = sub.name.partition("/")
        if slash:
            own = _own(sub.group, sub.version, group, version)
            below.setdefault(plural, []).append(ApiSubresource(name, *own, sub.kind, tuple(sub.verbs)))
    for resource in found:
        if "/" not in resource.name and resource.kind:
            yield ApiResource(
                group=group,
                version=version,
                plural=resource.name,
                singular=resource.singular_name,
                kind=resource.kind,
                namespaced=resource.namespaced,
                verbs=tuple(resource.verbs),
                short_names=tuple(resource.short_names),
                categories=tuple(resource.categories),
                subresources=tuple(below.get(resource.name, ())),
            )


def _own(group: str, version: str, own_group: str, own_version: str) -> tuple[str, str]:
    """Return group and version, which are empty if they equal those of the parent."""
    return (group, version) if version else (own_group, own_version)
