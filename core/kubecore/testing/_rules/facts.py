"""Facts about built-in resources that no document contains: they were learned from a real API server."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any, Literal

import msgspec

from kubecore.errors import ConfigError

__all__ = ["DiscoveryFacts", "Facts", "ResourceFacts", "load_columns", "load_discovery", "load_facts"]


class ResourceFacts(msgspec.Struct, frozen=True):
    """The facts about one resource.

    Attributes:
        kind: The kind.
        singular: The singular name.
        verbs: The verbs as RBAC names them.
        namespaced: Whether its objects are in namespaces.
        short_names: As in `kubectl get po`.
        categories: As in `kubectl get all`.
        name_rule: The rule of names: a DNS subdomain, a label of RFC 1123 or RFC 1035, or any segment of a path; "" if
            another rule holds.
        generation: The generation of a new object, 0 if the kind has none.
        finalizers: Those that the server sets on a new object.
        status: The status that the server sets on a new object, apart from times.
        field_selectors: The paths that a field selector can name.
        unconditional_update: Whether an update needs no resourceVersion.
        create_on_update: Whether an update creates an object that does not exist.
        generation_of_labels: Whether a change of the labels raises the generation.
        deleted: Whether the response to a deletion is a Status or the object.
        deleted_grace: `deletionGracePeriodSeconds` of the response to a deletion.
        deleted_finalizers: Finalizers that a deletion without options adds.
        deleted_collection: Whether the response to the deletion of a collection is a Status or the list.
        immutable: JSON pointers to fields that cannot change.
        defaults: Defaults that a type has in this resource only, by type and field.
        bookmark: The fields of the object in a bookmark, without metadata.
    """

    kind: str
    singular: str
    verbs: tuple[str, ...]
    namespaced: bool = False
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    name_rule: Literal["", "subdomain", "label", "label 1035", "path"] = ""
    generation: int = 0
    finalizers: tuple[str, ...] = ()
    status: dict[str, Any] = {}
    field_selectors: tuple[str, ...] = ()
    unconditional_update: bool = False
    create_on_update: bool = False
    generation_of_labels: bool = False
    deleted: Literal["status", "object"] = "status"
    deleted_grace: int | None = None
    deleted_finalizers: tuple[str, ...] = ()
    deleted_collection: Literal["status", "list"] = "list"
    immutable: tuple[str, ...] = ()
    defaults: dict[str, dict[str, Any]] = {}
    bookmark: dict[str, Any] = {}


class Facts(msgspec.Struct, frozen=True):
    """The facts of one version.

    Attributes:
        version: The version of the API server that they were learned from.
        resources: By group version and plural, such as `apps/v1/deployments`.
        defaults: The defaults that a type has everywhere, by type and field.
        conditional: Fields by type, whose defaults depend on other values; `defaults.py` has rules for them.
    """

    version: str
    resources: dict[str, ResourceFacts]
    defaults: dict[str, dict[str, Any]]
    conditional: dict[str, tuple[str, ...]]


@functools.cache
def load_facts(version: str = "1.37") -> Facts:
    """Return the facts of a minor version of Kubernetes. They are read once per process.

    Args:
        version: Such as `1.37`.

    Raises:
        ConfigError: This package has no facts of the version.
    """
    file = resources.files("kubecore.testing._rules") / "facts" / f"{version}.json"
    if not file.is_file():
        raise ConfigError(f"the fake API server does not know Kubernetes {version!r}; it knows 1.37")
    return msgspec.json.decode(file.read_bytes(), type=Facts)


@functools.cache
def load_columns(version: str = "1.37") -> dict[str, list[dict[str, Any]]]:
    """Return the columns of tables by group version and plural, for a version that `load_facts` accepts.

    Args:
        version: Such as `1.37`.
    """
    file = resources.files("kubecore.testing._rules") / "facts" / f"tables-{version}.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, list[dict[str, Any]]])


class DiscoveryFacts(msgspec.Struct, frozen=True):
    """The discovery documents of one version.

    Attributes:
        version: The response of `/version`.
        groups: The entries of each group and version, in the order of the server.
    """

    version: dict[str, str]
    groups: dict[str, dict[str, tuple[dict[str, Any], ...]]]


@functools.cache
def load_discovery(version: str = "1.37") -> DiscoveryFacts:
    """Return the discovery documents of a minor version of Kubernetes that `load_facts` accepts.

    Args:
        version: Such as `1.37`.
    """
    file = resources.files("kubecore.testing._rules") / "facts" / f"discovery-{version}.json"
    return msgspec.json.decode(file.read_bytes(), type=DiscoveryFacts)
