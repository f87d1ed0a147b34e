"""The parts of a pod that `ephemeralcontainers` and `resize` change, and the changes that they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules.admission import quality_of_service
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause, RequestError, invalid
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State

__all__ = ["PARTS", "checked", "narrowed"]

PARTS: Final = ("ephemeralcontainers", "resize")
_FORBIDDEN: Final = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources")


def narrowed(part: str, live: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Return the stored pod with the fields that a subresource may change; its managers are those of the request.

    Args:
        part: The subresource.
        live: The stored pod.
        document: The pod as the request would make it.
    """
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    if "managedFields" in document["metadata"]:
        metadata["managedFields"] = document["metadata"]["managedFields"]
    spec, wanted = map_at(live, "spec"), map_at(document, "spec")
    if part == "resize":
        changed: dict[str, Any] = {
            name: _resized(items_at(spec, name), items_at(wanted, name)) for name in _LISTS if name in spec
        }
        changed |= {"resources": wanted["resources"]} if "resources" in wanted else {}
    else:
        changed = {"ephemeralContainers": items_at(wanted, "ephemeralContainers")}
    spec = {**spec, **changed}
    if not spec.get("ephemeralContainers"):
        spec.pop("ephemeralContainers", None)
    return {**live, "metadata": metadata, "spec": spec}


_LISTS: Final = ("containers", "initContainers")


def _resized(live: list[Any], wanted: list[Any]) -> list[Any]:
    by_name = {each.get("name"): each for each in wanted}
    found: list[Any] = []
    for each in live:
        other = by_name.get(each["name"], each)
        kept = {key: value for key, value in each.items() if key not in ("resources", "resizePolicy")}
        taken = {key: other[key] for key in ("resources", "resizePolicy") if key in other}
        found.append({**kept, **taken})
    return found


def checked(
    state: State, resource: Resource, part: str, live: dict[str, Any], wanted: dict[str, Any], made: dict[str, Any]
) -> None:
    """Refuse a change that the subresource does not allow.

    Args:
        state: The state.
        resource: The resource of pods.
        part: The subresource.
        live: The stored pod.
        wanted: The pod as the request would make it.
        made: The pod with the fields that the subresource may change.

    Raises:
        RequestError: 422, or 403 if the node of the pod is missing.
    """
    name = live["metadata"]["name"]
    if part == "ephemeralcontainers":
        causes = list(_ephemeral_causes(live, made)) or list(_kept_causes(live, made))
    else:
        causes = list(_resize_causes(live, wanted, made))
    if causes:
        raise invalid("", "Pod", name, causes)
    node = map_at(live, "spec").get("nodeName")
    if (
        part == "resize"
        and node
        and made["spec"] != live["spec"]
        and state.store.get(("", "nodes"), ("", node)) is None
    ):
        text = f'{resource.group_resource} "{name}" is forbidden: node "{node}" not found'
        raise RequestError(403, "Forbidden", text, details={"name": name, "kind": resource.resource})


def _ephemeral_causes(live: dict[str, Any], made: dict[str, Any]) -> Iterator[Cause]:
    spec = map_at(made, "spec")
    others = {each["name"] for name in _LISTS for each in items_at(spec, name)}
    targets = {each["name"] for each in items_at(spec, "containers")}
    for at, each in enumerate(items_at(spec, "ephemeralContainers")):
        place = f"spec.ephemeralContainers[{at}]"
        name = each.get("name", "")
        if not name:
            yield Cause("FieldValueRequired", "Required value", f"{place}.name")
        elif name in others:
            yield Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{place}.name")
        others.add(name)
        if not each.get("image"):
            yield Cause("FieldValueRequired", "Required value", f"{place}.image")
        target = each.get("targetContainerName")
        if target and target not in targets:
            yield Cause("FieldValueNotFound", f'Not found: "{target}"', f"{place}.targetContainerName")
        for key in _FORBIDDEN:
            if each.get(key):
                text = "Forbidden: cannot be set for an Ephemeral Container"
                yield Cause("FieldValueForbidden", text, f"{place}.{key}")


def _kept_causes(live: dict[str, Any], made: dict[str, Any]) -> Iterator[Cause]:
    """Yield the ephemeral containers that a request removes or changes."""
    after = {each["name"]: each for each in items_at(map_at(made, "spec"), "ephemeralContainers")}
    for each in items_at(map_at(live, "spec"), "ephemeralContainers"):
        other = after.get(each["name"])
        if other == each:
            continue
        verb = "removed" if other is None else "changed"
        text = f'Forbidden: existing ephemeral containers "{each["name"]}" may not be {verb}\n'
        yield Cause("FieldValueForbidden", text, "spec.ephemeralContainers")


def _resize_causes(live: dict[str, Any], wanted: dict[str, Any], made: dict[str, Any]) -> Iterator[Cause]:
    before, after = map_at(live, "spec"), map_at(made, "spec")
    if len(items_at(before, "containers")) != len(items_at(map_at(wanted, "spec"), "containers")):
        text = "Forbidden: containers may not be added or removed on resize"
        yield Cause("FieldValueForbidden", text, "spec.containers")
        return
    found = list(_amount_causes(after))
    pairs = list(zip(items_at(before, "containers"), items_at(after, "containers"), strict=True))
    for at, (old, new) in enumerate(pairs):
        place = f"spec.containers[{at}].resources"
        for kind in ("requests", "limits"):
            lost = set(map_at(map_at(old, "resources"), kind)) - set(map_at(map_at(new, "resources"), kind))
            if lost:
                text = f"Forbidden: resource {kind} cannot be removed"
                found.append(Cause("FieldValueForbidden", text, f"{place}.{kind}"))
    yield from found
    if any(_others(old) != _others(new) for old, new in pairs):
        yield Cause("FieldValueForbidden", "Forbidden: only cpu and memory resources are mutable", "spec")
    elif not found and quality_of_service(before) != quality_of_service(after):
        text = f'Invalid value: "{quality_of_service(before)}": Pod QOS Class may not change as a result of resizing'
        yield Cause("FieldValueInvalid", text, "spec")


def _amount_causes(spec: dict[str, Any]) -> Iterator[Cause]:
    for at, each in enumerate(items_at(spec, "containers")):
        resources = map_at(each, "resources")
        limits, requests = map_at(resources, "limits"), map_at(resources, "requests")
        place = f"spec.containers[{at}].resources"
        for name, amount in sorted(requests.items()):
            if name in limits and quantity.compare(amount, limits[name]) > 0:
                text = f'Invalid value: "{amount}": must be less than or equal to {name} limit of {limits[name]}'
                yield Cause("FieldValueInvalid", text, f"{place}.requests")
            if "/" in name and name not in limits:
                text = "Required value: Limit must be set for non overcommitable resources"
                yield Cause("FieldValueRequired", text, f"{place}.limits")


def _others(container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the amounts of a container that no resize may change."""
    resources = map_at(container, "resources")
    return {
        kind: {name: value for name, value in map_at(resources, kind).items() if name not in ("cpu", "memory")}
        for kind in ("limits", "requests")
    }
