"""The kinds of random histories, and the objects and changes that are drawn for them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.conformance.bodies import (
    config_map,
    definition,
    deployment,
    job,
    lease,
    pod,
    service,
    widget,
    with_metadata,
    workload,
)

__all__ = ["KINDS", "SCALED", "change_of", "definitions", "object_of", "status_of"]

Draw = Callable[[str, str, random.Random], dict[str, Any]]


def _replicated(kind: str, name: str, chance: random.Random) -> dict[str, Any]:
    return workload(kind, name, replicas=chance.randrange(3))


KINDS: Final[dict[str, Draw]] = {
    "configmaps": lambda name, _, chance: config_map(name, **{chance.choice("klm"): str(chance.randrange(3))}),
    "secrets": lambda name, _, chance: {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "data": {chance.choice("klm"): chance.choice(("YQ==", "Yg=="))},
    },
    "services": lambda name, _, chance: service(name, ports=[{"name": "x", "port": chance.randrange(80, 83)}]),
    "deployments": lambda name, _, chance: deployment(name, replicas=chance.randrange(3)),
    "statefulsets": lambda name, _, chance: _replicated("StatefulSet", name, chance),
    "jobs": lambda name, _, chance: job(name, suspend=chance.random() < 0.5),
    "pods": lambda name, _, __: pod(name),
    "leases": lambda name, _, chance: lease(name, holderIdentity=chance.choice("xyz")),
    "widgets": lambda name, group, chance: widget(group, name, size=chance.choice((1, 2, 3, 4, "x"))),
    "gears": lambda name, group, chance: widget(group, name, kind="Gear", size=chance.choice((1, 2))),
}
"""Eight built-in kinds and two custom ones, with functions that draw an object."""

SCALED: Final = ("deployments", "statefulsets", "widgets")
"""The kinds that have a scale."""

_SCALE: Final = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.ready"}


def definitions(group: str) -> list[dict[str, Any]]:
    """Return the definitions of the custom kinds: one in namespaces with a scale, one of the cluster without."""
    widgets = definition(group, subresources={"status": {}, "scale": _SCALE})
    return [widgets, definition(group, plural="gears", kind="Gear", scope="Cluster")]


def object_of(plural: str, name: str, group: str, labels: dict[str, str], chance: random.Random) -> dict[str, Any]:
    """Draw an object, half of the time with labels."""
    body = KINDS[plural](name, group, chance)
    if chance.random() < 0.5:
        body = with_metadata(body, labels={**body["metadata"].get("labels", {}), **labels})
    if chance.random() < 0.05:
        body = {**body, "bogus": 1}
    return body


def change_of(plural: str, chance: random.Random) -> dict[str, Any]:
    """Draw the content of a merge patch, in addition to its metadata."""
    if plural in ("deployments", "statefulsets"):
        return {"spec": {"replicas": chance.randrange(4)}}
    if plural in ("widgets", "gears"):
        return {"spec": {"size": chance.choice((1, 2, 3, None))}}
    if plural == "configmaps":
        return {"data": {chance.choice("klm"): chance.choice(("1", "2", None))}}
    return {}


def status_of(plural: str, chance: random.Random) -> dict[str, Any]:
    """Draw a status."""
    if plural in ("widgets", "gears"):
        return {"ready": chance.randrange(3)}
    if plural in ("deployments", "statefulsets"):
        return {"replicas": chance.randrange(3)}
    return {}
