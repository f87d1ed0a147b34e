"""The metadata of objects: fields that the server sets or keeps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kubecore.testing._rules import checks
from kubecore.testing._schemas.json_values import map_at
from kubecore.testing._server.failures import Cause, RequestError, details_of
from kubecore.testing._server.resources import Resource

__all__ = [
    "conflict",
    "fixed",
    "fixed_causes",
    "generated_name",
    "kept",
    "new_uid",
    "precondition_failed",
    "prepared",
    "timestamp",
    "wanted_metadata",
]

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_PREFIX: Final = 58
_OF_DELETION: Final = ("deletionTimestamp", "deletionGracePeriodSeconds")
_FIXED: Final = ("uid", *_OF_DELETION)
_KEYS: Final = {
    "services": "services/specs",
    "endpoints": "services/endpoints",
    "nodes": "minions",
    "ingresses": "ingress",
    "replicationcontrollers": "controllers",
}
"""Folders of resources in the store of the real server, if they differ from the plural."""

_OWN_FOLDERS: Final = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups whose objects the real server stores in a folder of the group."""


def timestamp(now: datetime) -> str:
    """Return a time as the server writes it, in whole seconds."""
    return f"{now.isoformat()[:19]}Z"  # `strftime` is ten times slower.


def new_uid(chance: random.Random) -> str:
    """Return a random uid."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def generated_name(prefix: str, chance: random.Random) -> str:
    """Return a name that begins with a prefix."""
    return prefix[:_LONGEST_PREFIX] + "".join(chance.choices(_ALPHABET, k=5))


def wanted_metadata(body: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the metadata of a body without null values."""
    found = map_at(body, "metadata")
    return {name: value for name, value in found.items() if value is not None}


def prepared(resource: Resource, metadata: dict[str, Any], now: datetime, chance: random.Random) -> dict[str, Any]:
    """Return the metadata of a new object: fields that only the server sets replace those of the client."""
    dropped = {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"}
    if resource.facts.generation:
        dropped.add("generation")
    found = {name: value for name, value in metadata.items() if name not in dropped}
    return {**found, "uid": new_uid(chance), "creationTimestamp": timestamp(now)}


def kept(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an updated object: fields that the request leaves out keep their values.

    Fields that nobody may change keep the values of the request, for managed fields and for `fixed_causes`.
    """
    found = dict(new)
    for name in _FIXED:
        if not found.get(name):
            found.pop(name, None)
            if name in old:
                found[name] = old[name]
    for name in ("creationTimestamp", "generation", "selfLink"):
        found.pop(name, None)
        if name in old:
            found[name] = old[name]
    return found


def fixed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an updated object: during a deletion, its time and its period stay as they are."""
    if "deletionTimestamp" not in old:
        return new
    return {**new, **{name: old[name] for name in _OF_DELETION if name in old}}


def fixed_causes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    """Yield a cause for each field that an update changes though nobody may change it."""
    for name in _FIXED:
        if new.get(name) != old.get(name):
            yield checks.changed(f"metadata.{name}", new.get(name))


def precondition_failed(
    resource: Resource, live: dict[str, Any], wanted: str, *, is_dry_run: bool = False
) -> RequestError:
    """Return the error of an update with the uid of another object."""
    found = live["metadata"]
    plural = _KEYS.get(resource.resource, resource.resource)
    folder = f"{resource.group}/{plural}" if resource.is_custom or resource.group in _OWN_FOLDERS else plural
    key = "/".join(part for part in (folder, found.get("namespace"), found["name"]) if part)
    prefix = "/" if is_dry_run else "/registry/"  # As the server does.
    text = (
        f"StorageError: invalid object, Code: 4, Key: {prefix}{key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found['uid']}"
    )
    return conflict(resource, found["name"], text)


def conflict(resource: Resource, name: str, text: str) -> RequestError:
    """Return the error of a write that depends on another state of the object."""
    details = details_of(name, resource.group, resource.resource)
    message = f'Operation cannot be fulfilled on {resource.group_resource} "{name}": {text}'
    return RequestError(409, "Conflict", message, details=details)
