"""Limit ranges and quotas of a namespace, whose effects on new objects are not simulated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State

__all__ = ["unchecked"]

_RANGES: Final = ("", "limitranges")
_QUOTAS: Final = ("", "resourcequotas")
_LIMITED: Final = {("", "pods"): ("Container", "Pod"), ("", "persistentvolumeclaims"): ("PersistentVolumeClaim",)}
_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage", "hugepages-", "requests.", "limits.")
_STORAGE: Final = "requests.storage"
_STORAGE_CLASS: Final = ".storageclass.storage.k8s.io/"


def unchecked(state: State, resource: Resource, document: dict[str, Any]) -> list[str]:
    """Return descriptions of the limits and quotas that the real server would apply to a new object.

    Args:
        state: The state.
        resource: Its resource.
        document: The object.
    """
    namespace = document["metadata"].get("namespace", "")
    types = _LIMITED.get(resource.storage, ())
    found = [
        f"the LimitRange {name} of the namespace is not applied"
        for name, spec in _specs(state, _RANGES, namespace)
        if any(each.get("type") in types for each in items_at(spec, "limits"))
    ]
    found += [
        f"the ResourceQuota {name} of the namespace is not applied"
        for name, spec in _specs(state, _QUOTAS, namespace)
        if any(_counts(resource, each) for each in map_at(spec, "hard"))
    ]
    return found


def _specs(state: State, storage: tuple[str, str], namespace: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, record in sorted(state.store.collection(storage).items()) if namespace else ():
        if key[0] == namespace:
            yield key[1], map_at(record.document(), "spec")


def _counts(resource: Resource, name: str) -> bool:
    """Return whether a quota of this name counts objects of a resource, or their parts."""
    plural = resource.resource
    if name == f"count/{resource.group_resource}":
        return True
    if resource.group:
        return False
    if plural == "pods":
        return (
            name == "pods" or (name.startswith(_COMPUTE) and name != _STORAGE) or ("/" in name and "count/" not in name)
        )
    if plural == "persistentvolumeclaims":
        return name == plural or name.endswith((_STORAGE, f"/{plural}"))
    return name == plural or name.startswith(f"{plural}.")
