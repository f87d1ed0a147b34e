"""Events, one stored object in two forms: that of core/v1, and that of events.k8s.io/v1."""

from __future__ import annotations

from typing import Any, Final

from kubecore.testing._schemas import checking
from kubecore.testing._server.resources import Resource

__all__ = ["STORAGE", "converted", "has_other_managers"]

STORAGE: Final = ("", "events")
_NEW_NAMES: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_OLD_NAMES: Final = {new: old for old, new in _NEW_NAMES.items()}


def converted(resource: Resource, document: dict[str, Any]) -> dict[str, Any]:
    """Return an event in the form of a resource. Managed fields keep the versions in which they were written.

    Args:
        resource: The events of one of the groups.
        document: The event in the form of the other group.
    """
    names = _NEW_NAMES if resource.group else _OLD_NAMES
    found = {names.get(key, key): value for key, value in document.items()}
    read = checking.normalise(found, resource.open_api)
    return {"kind": resource.kind, "apiVersion": resource.api_version, **read} | {"apiVersion": resource.api_version}


def has_other_managers(resource: Resource, document: dict[str, Any]) -> bool:
    """Return whether fields of an event have managers in the form of the other group."""
    if resource.storage != STORAGE:
        return False
    entries = document["metadata"].get("managedFields") or ()
    return any(entry.get("apiVersion", resource.api_version) != resource.api_version for entry in entries)
