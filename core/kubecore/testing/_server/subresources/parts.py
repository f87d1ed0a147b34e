"""The kinds of the bodies of subresources, and their responses."""

from __future__ import annotations

import dataclasses
from typing import Any

from kubecore.testing._server.accepting import form_of
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.statuses import json_reply

__all__ = ["body_resource", "not_simulated", "shown"]


def body_resource(state: State, resource: Resource, name: str) -> Resource:
    """Return the resource of a subresource's body: another kind at the path of the same objects."""
    sub = resource.subresources[name]
    schema = state.resources.schema(sub.group, sub.version, sub.kind)
    return dataclasses.replace(
        resource,
        group=sub.group,
        version=sub.version,
        kind=sub.kind,
        schema=schema,
        is_custom=False,
        definition=None,
        subresources={},
    )


def not_simulated(received: Received) -> NotSimulatedError:
    """Return the error of a request that the server does not simulate."""
    return NotSimulatedError(
        f"{received.method} {received.path} is not simulated; add a response with cluster.on(...), "
        "or run with --kube=real"
    )


def shown(received: Received, made: dict[str, Any], code: int = 200, warnings: tuple[str, ...] = ()) -> Reply:
    """Return the reply with an object that is not stored as it is sent."""
    form = form_of(received)
    if form.shape == "Table":
        raise not_simulated(received)
    if form.shape:
        made = {"kind": form.shape, "apiVersion": f"meta.k8s.io/{form.version}", "metadata": made["metadata"]}
    return json_reply(made, code, warnings)
