"""The scale of an object: its replicas as a `Scale`, and the managers of that field."""

from __future__ import annotations

from typing import Any, Final

from kubecore.selectors import from_label_selector
from kubecore.testing._apply.entries import Entry, Identity, Managers, encode
from kubecore.testing._apply.managed import path_set, stored_managers, stripped
from kubecore.testing._apply.sets import difference, intersection, union
from kubecore.testing._schemas.json_values import is_map, map_at
from kubecore.testing._server.failures import RequestError
from kubecore.testing._server.resources import Resource, ScalePaths

__all__ = ["API_VERSION", "is_managed", "paths_of", "replicas_of", "scale_of", "scaled"]

API_VERSION: Final = "autoscaling/v1"
_BUILT_IN: Final = ScalePaths(replicas=("spec", "replicas"), status=("status", "replicas"))
_FIELD: Final = path_set([("spec", "replicas")])
_METADATA: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def paths_of(resource: Resource) -> ScalePaths:
    """Return the paths of the scale in the objects of a resource."""
    return resource.subresources["scale"].scale_paths or _BUILT_IN


def replicas_of(resource: Resource, document: dict[str, Any]) -> int:
    """Return the desired number of replicas.

    Raises:
        RequestError: 500, the object has no such field.
    """
    path = paths_of(resource).replicas
    found = _at(document, path)
    if found is None and resource.is_custom:
        text = f'the spec replicas field ".{".".join(path)}" does not exist'
        details = {"causes": [{"message": text}]}
        raise RequestError(500, "InternalError", f"Internal error occurred: {text}", details=details)
    return int(found or 0)


def scale_of(resource: Resource, document: dict[str, Any], replicas: int) -> dict[str, Any]:
    """Return the scale of an object, with its managed fields.

    Args:
        resource: The resource.
        document: The object.
        replicas: The desired number of replicas.
    """
    paths, found = paths_of(resource), document["metadata"]
    metadata = {name: found[name] for name in _METADATA if name in found}
    managers = _of_scale(stored_managers(dict(document)), paths)
    if managers:
        metadata["managedFields"] = encode(managers, is_custom=False)
    selector = _selector(resource, document)
    return {
        "kind": "Scale",
        "apiVersion": API_VERSION,
        "metadata": metadata,
        "spec": {"replicas": replicas} if replicas else {},
        "status": {"replicas": int(_at(document, paths.status) or 0), **({"selector": selector} if selector else {})},
    }


def scaled(resource: Resource, live: dict[str, Any], scale: dict[str, Any]) -> dict[str, Any]:
    """Return an object with the replicas of a scale, and its managers.

    Args:
        resource: The resource.
        live: The object; it is not changed.
        scale: The new scale with its managed fields.
    """
    paths = paths_of(resource)
    document = _with(live, paths.replicas, map_at(scale, "spec").get("replicas", 0))
    managers = _of_object(stored_managers(live), stored_managers(scale), paths, resource.api_version)
    document = stripped({**document, "metadata": dict(live["metadata"])})
    if managers:
        written = encode(managers, is_custom=resource.is_custom)
        document["metadata"] = {**document["metadata"], "managedFields": written}
    return document


def is_managed(scale: dict[str, Any]) -> bool:
    """Return whether the replicas of a scale have a manager."""
    return any(intersection(entry.fields, _FIELD) for entry in stored_managers(scale).values())


def _of_scale(managers: Managers, paths: ScalePaths) -> Managers:
    """Return the managers of the replicas as those of the field of a scale."""
    field = path_set([paths.replicas])
    return {
        identity._replace(api_version=API_VERSION if identity.api_version else ""): Entry(
            API_VERSION, _FIELD, entry.time
        )
        for identity, entry in managers.items()
        if intersection(entry.fields, field)
    }


def _of_object(live: Managers, scale: Managers, paths: ScalePaths, api_version: str) -> Managers:
    """Return the managers of an object after its scale has changed."""
    field = path_set([paths.replicas])
    found: Managers = {}
    for identity, entry in live.items():
        owns = bool(intersection(entry.fields, field))
        fields = difference(entry.fields, field) if owns else entry.fields
        if fields:
            found[identity] = entry.having(fields)
    for identity, entry in scale.items():
        if not intersection(entry.fields, _FIELD):
            continue
        own = Identity(
            identity.manager, identity.operation, api_version if identity.api_version else "", identity.subresource
        )
        before = found.get(own)
        fields = field if before is None else union(before.fields, field)
        found[own] = Entry(api_version, fields, None if before is None else before.time)
    return found


def _selector(resource: Resource, document: dict[str, Any]) -> str:
    path = paths_of(resource).selector
    if resource.is_custom:
        return str(_at(document, path) or "") if path else ""
    found = map_at(map_at(document, "spec"), "selector")
    selector = {"matchLabels": found} if resource.resource == "replicationcontrollers" else found
    parts = str(from_label_selector(selector)).split(",") if "matchExpressions" not in selector else None
    if parts is not None:
        return ",".join(sorted(parts))
    requirements = from_label_selector(selector).requirements
    return ",".join(str(each) for each in sorted(requirements, key=lambda each: each.key))


def _at(document: dict[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = document
    for name in path:
        found = found.get(name) if is_map(found) else None
    return found


def _with(document: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return a document with another value at a path; it is not changed."""
    name, *rest = path
    inner = _with(dict(map_at(document, name)), tuple(rest), value) if rest else value
    return {**document, name: inner}
