"""Changes of built-in objects before they are stored: no manager owns the fields that the server sets here. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubecore.testing._rules.facts import ResourceFacts
from kubecore.testing._schemas.json_values import items_at, map_at

__all__ = ["EMPTY_LISTS", "as_stored"]

EMPTY_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ClusterRole": ("rules",),
    "EndpointSlice": ("endpoints", "ports"),
    "HorizontalPodAutoscaler": ("spec.behavior.scaleUp.policies", "spec.behavior.scaleDown.policies"),
    "Role": ("rules",),
}
"""Paths of lists by kind whose emptiness matters: `[]` is owned or refused, and stored as null if it is accepted."""

_NOT_READY: Final = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def as_stored(
    document: dict[str, Any], live: dict[str, Any] | None, resource: ResourceFacts, now: str
) -> dict[str, Any]:
    """Return a written object as it is stored.

    Args:
        document: The object with its managed fields; it is not changed.
        live: The stored object, for an update.
        resource: The facts about its resource.
        now: The time, as objects contain it.
    """
    made = dict(document)
    for name in EMPTY_LISTS.get(resource.kind, ()):
        if made.get(name) == []:
            made[name] = None
    if live is None and resource.finalizers and resource.kind != "Namespace":
        _add_finalizers(made, resource.finalizers)
    rule = _RULES.get(resource.kind)
    if rule is not None:
        rule(made, live, now)
    return made


def _add_finalizers(made: dict[str, Any], finalizers: tuple[str, ...]) -> None:
    present = items_at(made["metadata"], "finalizers")
    added = [name for name in finalizers if name not in present]
    made["metadata"] = {**made["metadata"], "finalizers": [*present, *added]}


def _node(made: dict[str, Any], live: dict[str, Any] | None, now: str) -> None:
    """Taint a new node: it is not ready before its kubelet reports it."""
    taints = items_at(map_at(made, "spec"), "taints")
    if live is None and not any(all(taint.get(key) == _NOT_READY[key] for key in _NOT_READY) for taint in taints):
        made["spec"] = {**map_at(made, "spec"), "taints": [*taints, dict(_NOT_READY)]}


def _volume(made: dict[str, Any], live: dict[str, Any] | None, now: str) -> None:
    """Set the phase of a new volume, and the time at which the phase changed."""
    status = map_at(made, "status")
    if live is None:
        made["status"] = {**status, "phase": "Pending", "lastPhaseTransitionTime": now}
        return
    before, field = map_at(live, "status"), "lastPhaseTransitionTime"
    if status.get("phase") != before.get("phase") and status.get(field) == before.get(field):
        made["status"] = {**status, field: now}


def _lease(made: dict[str, Any], live: dict[str, Any] | None, now: str) -> None:
    """Drop the fields of coordinated leader election, which servers do not support by default."""
    made["spec"] = {key: value for key, value in map_at(made, "spec").items() if key not in _OF_COORDINATION}


_OF_COORDINATION: Final = ("strategy", "preferredHolder")
_RULES: Final[Mapping[str, Callable[[dict[str, Any], dict[str, Any] | None, str], None]]] = {
    "Lease": _lease,
    "Node": _node,
    "PersistentVolume": _volume,
}
