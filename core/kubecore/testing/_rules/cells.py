"""The cells of tables of the commonest built-in kinds. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubecore.selectors import from_label_selector
from kubecore.testing._schemas.json_values import items_at, map_at

__all__ = ["AGE", "CELLS", "conditions_of"]

AGE: Final = object()
"""Stands for the age of the object in its cells."""

_NONE: Final = "<none>"


def _config_map(found: dict[str, Any]) -> list[Any]:
    return [len(map_at(found, "data")) + len(map_at(found, "binaryData")), AGE]


def _secret(found: dict[str, Any]) -> list[Any]:
    return [found.get("type", ""), len(map_at(found, "data")), AGE]


def _namespace(found: dict[str, Any]) -> list[Any]:
    return [map_at(found, "status").get("phase", ""), AGE]


def _account(_found: dict[str, Any]) -> list[Any]:
    return [AGE]


def _lease(found: dict[str, Any]) -> list[Any]:
    return [map_at(found, "spec").get("holderIdentity", ""), AGE]


def _deployment(found: dict[str, Any]) -> list[Any]:
    spec, status = map_at(found, "spec"), map_at(found, "status")
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    containers = items_at(map_at(map_at(spec, "template"), "spec"), "containers")
    names, images = (",".join(each.get(key, "") for each in containers) for key in ("name", "image"))
    selector = str(from_label_selector(map_at(spec, "selector")))
    return [ready, status.get("updatedReplicas", 0), status.get("availableReplicas", 0), AGE, names, images, selector]


def _service(found: dict[str, Any]) -> list[Any] | None:
    spec = map_at(found, "spec")
    kind, addresses = spec.get("type", ""), items_at(spec, "externalIPs")
    if kind in ("LoadBalancer", "NodePort"):
        return None
    outside = spec.get("externalName", "") if kind == "ExternalName" else ",".join(addresses)
    ports = ",".join(f"{each['port']}/{each.get('protocol', 'TCP')}" for each in items_at(spec, "ports"))
    selector = ",".join(f"{key}={value}" for key, value in sorted(map_at(spec, "selector").items()))
    return [kind, spec.get("clusterIP") or _NONE, outside or _NONE, ports or _NONE, AGE, selector or _NONE]


def _pod(found: dict[str, Any]) -> list[Any] | None:
    spec, status = map_at(found, "spec"), map_at(found, "status")
    containers = items_at(status, "containerStatuses")
    if items_at(spec, "initContainers") or any(each.get("restartCount") for each in containers):
        return None
    reason = status.get("reason") or status.get("phase", "")
    for each in reversed(containers):
        state = map_at(each, "state")
        ended = map_at(state, "terminated")
        if ended and not ended.get("reason"):
            return None
        reason = map_at(state, "waiting").get("reason") or ended.get("reason") or reason
    if found["metadata"].get("deletionTimestamp"):
        reason = "Terminating"
    ready = sum(bool(each.get("ready")) and "running" in map_at(each, "state") for each in containers)
    addresses = [each.get("ip", "") for each in items_at(status, "podIPs")]
    gates = items_at(spec, "readinessGates")
    true = {each.get("type") for each in items_at(status, "conditions") if each.get("status") == "True"}
    passed = sum(each.get("conditionType") in true for each in gates)
    return [
        f"{ready}/{len(items_at(spec, 'containers'))}",
        reason,
        "0",
        AGE,
        next(iter(addresses), "") or _NONE,
        spec.get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
        f"{passed}/{len(gates)}" if gates else _NONE,
    ]


def conditions_of(found: dict[str, Any]) -> list[dict[str, str]]:
    """Return the conditions of the row of an object: a pod that has ended is completed."""
    text = _ENDS.get(map_at(found, "status").get("phase", "")) if found.get("kind") == "Pod" else None
    if text is None:
        return []
    return [{"type": "Completed", "status": "True", "reason": found["status"]["phase"], "message": text}]


_ENDS: Final = {"Failed": "The pod failed.", "Succeeded": "The pod has completed successfully."}
CELLS: Final[Mapping[str, Callable[[dict[str, Any]], list[Any] | None]]] = {
    "apps/v1/deployments": _deployment,
    "coordination.k8s.io/v1/leases": _lease,
    "v1/configmaps": _config_map,
    "v1/namespaces": _namespace,
    "v1/pods": _pod,
    "v1/secrets": _secret,
    "v1/serviceaccounts": _account,
    "v1/services": _service,
}
"""The cells after the name of an object, None if they are unknown, by group version and plural."""
