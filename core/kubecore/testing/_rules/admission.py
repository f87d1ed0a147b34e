"""Fields that the API server sets after it noted the managers of the others, before it stores an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules.pod_resources import counted_containers, with_pod_resources
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import copied, is_map, items_at, joined, map_at

__all__ = ["admit_create", "admit_update", "label_job", "quality_of_service"]

_SECONDS: Final = 300
_TAINTS: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def admit_create(group: str, kind: str, new: Document) -> Document:
    """Return a new object with the fields that the server sets. The object itself is not changed.

    Args:
        group: The API group of its kind, "" for core.
        kind: Its kind.
        new: The object with its defaults and its uid.
    """
    change = _CREATES.get((group, kind))
    return new if change is None else change(new)


def admit_update(group: str, kind: str, old: Document, new: Document) -> Document:
    """Return the new state of an object with the fields that the server sets. The state itself is not changed.

    Args:
        group: The API group of its kind, "" for core.
        kind: Its kind.
        old: The stored object.
        new: The new state with its defaults.
    """
    change = _UPDATES.get((group, kind))
    return new if change is None else change(old, new)


def _pod(new: Document) -> Document:
    spec = dict(map_at(new, "spec"))
    if spec.get("priority") is None:
        spec["priority"] = 0
    if spec.get("preemptionPolicy") is None:
        spec["preemptionPolicy"] = "PreemptLowerPriority"
    if not spec.get("serviceAccountName"):
        spec["serviceAccountName"] = "default"
    spec["serviceAccount"] = spec["serviceAccountName"]
    return {**new, "spec": _tolerating(with_pod_resources(spec))}


def _changed_pod(old: Document, new: Document) -> Document:
    before, spec = map_at(old, "spec"), dict(map_at(new, "spec"))
    for name in ("priority", "preemptionPolicy"):
        if name in before and spec.get(name) is None:
            spec[name] = before[name]
    return {**new, "spec": _tolerating(spec)}


def quality_of_service(spec: Document) -> str:
    """Return the class of a pod by its own requests and limits, if it has any, else by those of its containers."""
    is_guaranteed, has_any = True, False
    for container in counted_containers(spec):
        found = map_at(container, "resources")
        limits, wanted = map_at(found, "limits"), map_at(found, "requests")
        for name in ("cpu", "memory"):
            has_any = has_any or _is_some(limits.get(name)) or _is_some(wanted.get(name))
            is_guaranteed = is_guaranteed and _is_same(limits.get(name), wanted.get(name))
    if not has_any:
        return "BestEffort"
    return "Guaranteed" if is_guaranteed else "Burstable"


def _is_same(limit: Any, request: Any) -> bool:
    return _is_some(limit) and (request is None or quantity.parse(request) == quantity.parse(limit))


def _is_some(amount: Any) -> bool:
    return amount is not None and quantity.parse(amount) > 0


def label_job(document: Document) -> bool:
    """Give a job without labels those of its template, and return whether this changed it."""
    found = map_at(map_at(map_at(document, "spec"), "template"), "metadata")
    if document["metadata"].get("labels") or not found.get("labels"):
        return False
    document["metadata"] = {**document["metadata"], "labels": dict(found["labels"])}
    return True


def _tolerating(spec: Document) -> Document:
    """Return the spec of a pod that tolerates nodes that are not ready, for five minutes."""
    present = items_at(spec, "tolerations")
    missing = [taint for taint in _TAINTS if not any(_tolerates(found, taint) for found in present)]
    if not missing:
        return spec
    added = [
        {"effect": "NoExecute", "key": taint, "operator": "Exists", "tolerationSeconds": _SECONDS} for taint in missing
    ]
    return {**spec, "tolerations": [*present, *added]}


def _tolerates(toleration: Any, taint: str) -> bool:
    return toleration.get("key") in (None, "", taint) and toleration.get("effect") in (None, "", "NoExecute")


def _job(new: Document) -> Document:
    """Return a job with the selector of its pods."""
    spec = map_at(new, "spec")
    if spec.get("manualSelector"):
        return new
    uid, name = new["metadata"]["uid"], new["metadata"].get("name", "")
    long = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
    labels = {**long, "controller-uid": uid, "job-name": name}
    template = dict(map_at(spec, "template"))
    of_template = map_at(template, "metadata")
    template["metadata"] = {**of_template, "labels": joined(map_at(of_template, "labels"), labels)}
    selector = copied(map_at(spec, "selector"))
    selector["matchLabels"] = joined(map_at(selector, "matchLabels"), {"batch.kubernetes.io/controller-uid": uid})
    return {**new, "spec": {**spec, "template": template, "selector": selector}}


def _claim(new: Document) -> Document:
    """Return a new claim whose two references to its source agree; a source that is not supported is dropped."""
    source = map_at(new, "spec").get("dataSource")
    if is_map(source) and (source.get("apiGroup") or "", source.get("kind", "")) not in _SOURCES:
        spec = {name: value for name, value in map_at(new, "spec").items() if name != "dataSource"}
        new = {**new, "spec": spec}
    return _changed_claim({}, new)


def _changed_claim(_old: Document, new: Document) -> Document:
    """Return a claim whose two references to its source agree, if one was omitted."""
    spec = map_at(new, "spec")
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if is_map(source) and ref is None:
        return {**new, "spec": {**spec, "dataSourceRef": {"apiGroup": None, **source}}}
    if is_map(ref) and source is None and not ref.get("namespace"):
        return {**new, "spec": {**spec, "dataSource": {"apiGroup": None, **ref}}}
    return new


_SOURCES: Final = (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))
_CREATES: Final[Mapping[tuple[str, str], Callable[[Document], Document]]] = {
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("batch", "Job"): _job,
}
_UPDATES: Final[Mapping[tuple[str, str], Callable[[Document, Document], Document]]] = {
    ("", "PersistentVolumeClaim"): _changed_claim,
    ("", "Pod"): _changed_pod,
}
