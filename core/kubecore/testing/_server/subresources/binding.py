"""Bindings: the node of a pod."""

from __future__ import annotations

from typing import Any

from kubecore.testing._schemas.json_values import items_at, joined, map_at
from kubecore.testing._server import bodies, metadata
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import RequestError, warned
from kubecore.testing._server.options import WriteOptions, bad_request
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.statuses import success
from kubecore.testing._server.subresources.parts import body_resource

__all__ = ["bind"]


def bind(state: State, resource: Resource, received: Received) -> Reply:
    """Set the node of a pod.

    Args:
        state: The state.
        resource: The resource of pods.
        received: A request to `pods/NAME/binding`, or to the collection `bindings`.

    Raises:
        RequestError: The server refuses it.
    """
    options = WriteOptions.of(received, "CreateOptions")
    part = body_resource(state, resource, "binding")
    body = bodies.understood(bodies.decoded_json(received, part), part, options.validation)
    with warned(body.warnings):
        _bind(state, resource, received, body.object, options)
    return success(code=201, warnings=body.warnings)


def _bind(state: State, resource: Resource, received: Received, body: dict[str, Any], options: WriteOptions) -> None:
    wanted = metadata.wanted_metadata(body)
    name = wanted.get("name", "")
    if received.name and name != received.name:
        raise bad_request("name in URL does not match name in Binding object")
    if not name:
        raise bad_request("Name parameter required.")
    target = map_at(body, "target")
    if target.get("kind") not in (None, "", "Node"):
        text = f'target.kind: Unsupported value: "{target["kind"]}": supported values: "Node", "<empty>"'
        raise RequestError(500, "", text)
    if not target.get("name"):
        raise RequestError(500, "", "target.name: Required value")
    live = state.find(resource, received.namespace, name).document()
    _check(resource, live, wanted)
    document = _bound(state, live, wanted, target["name"])
    if not options.is_dry_run:
        state.write(resource, document)


def _check(resource: Resource, live: dict[str, Any], wanted: dict[str, Any]) -> None:
    found, name = live["metadata"], live["metadata"]["name"]
    uid = wanted.get("uid")
    if uid and uid != found["uid"]:
        raise metadata.precondition_failed(resource, live, uid)
    text = ""
    if "deletionTimestamp" in found:
        text = f"pod {name} is being deleted, cannot be assigned to a host"
    elif live["spec"].get("nodeName"):
        text = f'pod {name} is already assigned to node "{live["spec"]["nodeName"]}"'
    if text:
        details = {"name": name, "kind": "pods/binding"}
        message = f'Operation cannot be fulfilled on pods/binding "{name}": {text}'
        raise RequestError(409, "Conflict", message, details=details)


def _bound(state: State, live: dict[str, Any], wanted: dict[str, Any], node: str) -> dict[str, Any]:
    found = dict(live["metadata"])
    for key in ("annotations", "labels"):
        if wanted.get(key):
            found[key] = joined(map_at(found, key), wanted[key])
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": state.timestamp(),
    }
    status = map_at(live, "status")
    others = [each for each in items_at(status, "conditions") if each.get("type") != "PodScheduled"]
    return {
        **live,
        "metadata": found,
        "spec": {**live["spec"], "nodeName": node},
        "status": {**status, "conditions": [*others, condition]},
    }
