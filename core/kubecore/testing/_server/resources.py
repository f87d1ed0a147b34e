"""The resources that the fake API server serves: those of generated packages, and custom ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from kubecore.testing._rules.facts import Facts, ResourceFacts
from kubecore.testing._schemas.openapi import OpenApiType
from kubecore.testing._schemas.packages import Package, load
from kubecore.testing._schemas.schema_type import SchemaType

__all__ = ["Definition", "Resource", "Resources", "ScalePaths", "Subresource"]

_SHARED_STORAGE: Final = {("events.k8s.io", "events"): ("", "events")}
"""Resources whose objects are those of another group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePaths:
    """The paths at which the objects of a resource contain their scale.

    Attributes:
        replicas: The path of the desired number of replicas.
        status: The path of the current number.
        selector: The path of the selector as a text, () if there is none.
    """

    replicas: tuple[str, ...]
    status: tuple[str, ...]
    selector: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """A subresource.

    Attributes:
        group: The API group of its body.
        version: The API version of its body.
        kind: The kind of its body, "" if it is a stream.
        verbs: The verbs in the words of RBAC.
        scale_paths: The paths of the scale of a custom kind, or None.
    """

    group: str
    version: str
    kind: str
    verbs: frozenset[str]
    scale_paths: ScalePaths | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The part of a definition that concerns all versions of a custom kind.

    Attributes:
        stored_version: The version in which objects are stored.
        schemas: The schemas by version, also those of versions that are not served.
        revision: The version of the definition: objects that were stored later conform to its schemas.
        strategy: How objects are converted between versions: `None` or `Webhook`.
        warnings: The warnings about deprecated versions, by version.
    """

    stored_version: str
    schemas: Mapping[str, Mapping[str, Any]]
    revision: int
    strategy: str = "None"
    warnings: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource in one version.

    Attributes:
        group: The API group, "" for core.
        version: The API version.
        resource: The plural.
        kind: The kind.
        is_namespaced: Whether its objects have a namespace.
        verbs: The verbs in the words of RBAC.
        subresources: By name.
        schema: The type of its objects.
        is_custom: Whether a CustomResourceDefinition defines it.
        facts: The behaviour of the kind that no document contains.
        definition: The part of the definition of a custom kind that concerns all its versions.
        columns: Columns of tables, as a definition contains them.
    """

    group: str
    version: str
    resource: str
    kind: str
    is_namespaced: bool
    verbs: frozenset[str]
    subresources: Mapping[str, Subresource] = field(default_factory=dict[str, Subresource])
    schema: SchemaType
    facts: ResourceFacts
    is_custom: bool = False
    definition: Definition | None = None
    columns: Sequence[Mapping[str, Any]] = ()

    @cached_property
    def open_api(self) -> OpenApiType:
        """The type of the objects of a built-in kind.

        Raises:
            TypeError: The kind is a custom one.
        """
        if not isinstance(self.schema, OpenApiType):
            raise TypeError(f"{self.kind} is a custom kind")
        return self.schema

    @cached_property
    def api_version(self) -> str:
        """Group and version, as objects contain them."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def group_resource(self) -> str:
        """Such as `deployments.apps`, for messages."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @cached_property
    def storage(self) -> tuple[str, str]:
        """The key of its collection in the store: all versions share one."""
        return _SHARED_STORAGE.get((self.group, self.resource), (self.group, self.resource))


class Resources:
    """All resources that are served.

    Args:
        packages: The import names of generated packages.
        facts: Facts about kinds that documents do not contain.

    Raises:
        ModuleNotFoundError: There is no such package.
        ConfigError: A package has no schemas.
    """

    def __init__(self, packages: Iterable[str], facts: Facts) -> None:
        self._found: dict[tuple[str, str, str], Resource] = {}
        self._packages: Final = [load(name) for name in packages]
        for package in self._packages:
            if not package.is_custom:  # Kinds of CRDs are served after a definition is created.
                for made in _of_package(package, facts):
                    self.add(made)
        self._built_in: Final = frozenset(made.group for made in self)
        self._shared: Final = {
            storage for storage, count in Counter(each.storage for each in self).items() if count > 1
        }

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._found.values())

    def find(self, group: str, version: str, resource: str) -> Resource | None:
        """Return a resource, None if it is not served."""
        return self._found.get((group, version, resource))

    def has_versions(self, resource: Resource) -> bool:
        """Return whether objects of a resource may be stored in another version, or in that of another group."""
        return resource.is_custom or resource.storage in self._shared

    def is_built_in(self, group: str) -> bool:
        """Return whether a group is served without a CustomResourceDefinition."""
        return group in self._built_in

    def schema(self, group: str, version: str, kind: str) -> SchemaType:
        """Return the type of a kind that needs no resource, such as the body of a subresource.

        Raises:
            KeyError: No package has the kind.
        """
        for package in self._packages:
            try:
                return package.schema(group, version, kind)
            except KeyError:
                continue
        raise KeyError(kind)

    def schema_named(self, name: str) -> Mapping[str, Any] | None:
        """Return a schema by its name in an OpenAPI document, None if no package has it."""
        found = (package.definition(name) for package in self._packages)
        return next((schema for schema in found if schema is not None), None)

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of a kind, None if it is not served."""
        group, _, version = api_version.rpartition("/")
        return next(
            (made for made in self if (made.group, made.version, made.kind) == (group, version, kind)),
            None,
        )

    def in_group_version(self, group: str, version: str) -> list[Resource]:
        """Return the resources of a group version, in order of their plurals."""
        found = [made for made in self if (made.group, made.version) == (group, version)]
        return sorted(found, key=lambda made: made.resource)

    def add(self, resource: Resource) -> None:
        """Serve a resource."""
        self._found[resource.group, resource.version, resource.resource] = resource

    def remove(self, group: str, resource: str) -> None:
        """Stop serving all versions of a resource."""
        self._found = {key: made for key, made in self._found.items() if (key[0], key[2]) != (group, resource)}


_BUILT_IN: Final[dict[tuple[int, int], tuple[Package, Facts, list[Resource]]]] = {}
"""The resources of packages and facts, both of which are loaded once and kept."""


def _of_package(package: Package, facts: Facts) -> list[Resource]:
    key = (id(package), id(facts))
    if key not in _BUILT_IN:
        _BUILT_IN[key] = package, facts, list(_made_of(package, facts))  # Ids are unique as long as both are kept.
    return _BUILT_IN[key][2]


def _made_of(package: Package, facts: Facts) -> Iterator[Resource]:
    for made in package.resources:
        known = facts.resources.get(f"{made.group}/{made.version}/{made.plural}".lstrip("/"))
        if known is None:  # A resource that the real server does not serve by default.
            continue
        yield Resource(
            group=made.group,
            version=made.version,
            resource=made.plural,
            kind=made.kind,
            is_namespaced=made.namespaced,
            verbs=frozenset(made.verbs),
            subresources={
                name: Subresource(group=sub.group, version=sub.version, kind=sub.kind, verbs=frozenset(sub.verbs))
                for name, sub in made.subresources.items()
            },
            schema=package.schema(made.group, made.version, made.kind),
            facts=known,
        )
