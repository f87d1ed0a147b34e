"""Requests to the scale of an object."""

from __future__ import annotations

import dataclasses
from typing import Any

from kubecore.testing._apply import managed
from kubecore.testing._schemas.json_values import map_at
from kubecore.testing._server import bodies, metadata, patching, updating
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import Cause, RequestError, invalid
from kubecore.testing._server.options import WriteOptions
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.subresources.parts import body_resource, shown
from kubecore.testing._server.subresources.scales import (
    API_VERSION,
    is_managed,
    paths_of,
    replicas_of,
    scale_of,
    scaled,
)

__all__ = ["scale"]


def scale(state: State, resource: Resource, received: Received) -> Reply:
    """Return or change the scale of an object.

    Raises:
        RequestError: The server refuses it.
    """
    if received.verb == "get":
        document = state.find(resource, received.namespace, received.name).document()
        return _shown(received, scale_of(resource, document, replicas_of(resource, document)))
    if received.verb == "update":
        return _update(state, resource, received)
    return _patch(state, resource, received)


def _shown(received: Received, made: dict[str, Any], warnings: tuple[str, ...] = ()) -> Reply:
    plain = {key: value for key, value in made["metadata"].items() if key != "managedFields"}
    return shown(received, {**made, "metadata": plain}, 200, warnings)


def _update(state: State, resource: Resource, received: Received) -> Reply:
    options = WriteOptions.of(received, "UpdateOptions")
    part = body_resource(state, resource, "scale")
    body = bodies.understood(bodies.decoded_json(received, part), part, options.validation)
    updating.check_names(resource, received, body.object["metadata"])
    live = state.find(resource, received.namespace, received.name).document()
    uid = map_at(body.object, "metadata").get("uid")
    if uid and uid != live["metadata"]["uid"]:
        raise metadata.precondition_failed(resource, live, uid)
    return _store(state, resource, received, live, body, options, part)


def _patch(state: State, resource: Resource, received: Received) -> Reply:
    kind = patching.patch_type(received, resource)
    options = WriteOptions.of(received, "PatchOptions", is_apply=kind == patching.APPLY)
    part = body_resource(state, resource, "scale")
    if kind == patching.APPLY:
        return _apply(state, resource, received, options, part)
    patch_body = patching.decoded_patch(received.content)
    live = state.find(resource, received.namespace, received.name).document()
    body = patching.patched(_live_scale(resource, live), patch_body, kind, part, options.validation)
    updating.check_names(resource, received, body.object["metadata"])
    uid = map_at(body.object, "metadata").get("uid")
    if uid and uid != live["metadata"]["uid"]:
        named = dataclasses.replace(resource, resource=f"{resource.resource}/scale")
        text = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {live['metadata']['uid']}"
        raise metadata.conflict(named, received.name, text)
    return _store(state, resource, received, live, body, options, part)


def _live_scale(resource: Resource, live: dict[str, Any]) -> dict[str, Any]:
    """Return the stored scale; a custom object without the field has 0 replicas."""
    try:
        replicas = replicas_of(resource, live)
    except RequestError:
        replicas = 0
    return scale_of(resource, live, replicas)


def _store(
    state: State,
    resource: Resource,
    received: Received,
    live: dict[str, Any],
    body: bodies.Body,
    options: WriteOptions,
    part: Resource,
) -> Reply:
    updating.check_versions(resource, live, metadata.wanted_metadata(body.object), may_omit=True)
    found = managed.track_update(
        _live_scale(resource, live),
        body.object,
        part.schema,
        manager=options.manager,
        api_version=API_VERSION,
        subresource="scale",
        now=state.timestamp(),
    )
    return _finish(state, resource, received, live, found, options, body.warnings)


def _apply(state: State, resource: Resource, received: Received, options: WriteOptions, part: Resource) -> Reply:
    live = state.find(resource, received.namespace, received.name).document()
    configuration = bodies.configuration(received.content, part)
    before = _live_scale(resource, live)
    if resource.is_custom and "managedFields" not in before["metadata"]:
        raise _not_converted("failed to create manager for existing fields: failed to convert live object (/")
    found = managed.apply(
        before,
        patching.without_versions(configuration),
        part.schema,
        manager=options.manager,
        api_version=API_VERSION,
        subresource="scale",
        force=options.is_forced,
        now=state.timestamp(),
    )
    if resource.is_custom:  # No apply of the scale of a custom resource succeeds.
        raise _not_converted(f"failed to convert new object (/{received.name}")
    if not is_managed(found):  # The last manager keeps its field.
        found["metadata"] = before["metadata"]
    updating.check_names(resource, received, map_at(found, "metadata"))
    updating.check_versions(resource, live, map_at(configuration, "metadata"), may_omit=True)
    return _finish(state, resource, received, live, found, options, ())


def _not_converted(text: str) -> RequestError:
    problem = "to proper version: request to convert CR to an invalid group/version: autoscaling/v1"
    return RequestError(500, "", f"{text}; autoscaling/v1, Kind=Scale) {problem}")


def _finish(
    state: State,
    resource: Resource,
    received: Received,
    live: dict[str, Any],
    found: dict[str, Any],
    options: WriteOptions,
    warnings: tuple[str, ...],
) -> Reply:
    replicas: int = map_at(found, "spec").get("replicas", 0)
    if replicas < 0:
        raise _negative(resource, received.name, replicas)
    document = scaled(resource, live, found)
    whole = dataclasses.replace(received, subresource="")
    made = updating.finish(state, resource, whole, live, document, options)
    return _shown(received, scale_of(resource, made, replicas), warnings)


def _negative(resource: Resource, name: str, replicas: int) -> RequestError:
    if not resource.is_custom:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        return invalid("autoscaling", "Scale", name, [Cause("FieldValueInvalid", text, "spec.replicas")])
    text = f"Invalid value: {replicas}: should be a non-negative integer"
    path = "." + ".".join(paths_of(resource).replicas)
    return invalid(resource.group, resource.kind, name, [Cause("FieldValueInvalid", text, path)])
