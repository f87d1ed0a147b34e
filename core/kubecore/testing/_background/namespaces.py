"""Namespaces: new ones get their default objects, deleted ones lose their content and then end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kubecore.testing._background.view import Item, Request, Resource, View, path_of

__all__ = ["INITIAL", "Namespaces"]

INITIAL: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
"""The namespaces that every cluster has."""

_ROOT_CA: Final = "kube-root-ca.crt"
_DESCRIPTION: Final = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
_GOOD: Final = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
)


class Namespaces:
    """The namespaces that have to be looked at.

    Args:
        root_ca: The certificates of the API server, for the ConfigMap `kube-root-ca.crt`.
    """

    def __init__(self, root_ca: str) -> None:
        self._root_ca = root_ca
        self._dirty: dict[str, None] = {}
        self._known: set[str] = set()
        self._ending: set[str] = set()

    def observe(self, item: Item, *, is_deleted: bool) -> None:
        """Take note of the new state of an object, or of its end."""
        if _is(item, "namespaces"):
            if is_deleted:
                self._known.discard(item.name)
                self._ending.discard(item.name)
                self._dirty.pop(item.name, None)
                return
            if item.deleted_at is not None:
                self._ending.add(item.name)
            self._known.add(item.name)
            self._dirty[item.name] = None
        elif item.namespace in self._ending or (is_deleted and _is_default(item)) or _is_root_ca(item):
            self._dirty[item.namespace] = None

    def retry(self, name: str) -> None:
        """Look at a namespace again, because a request for it failed; other subjects are ignored."""
        if name in self._known:
            self._dirty[name] = None

    def resync(self) -> None:
        """Look at all namespaces that are being deleted."""
        self._dirty.update(dict.fromkeys(self._ending))

    def decide(self, view: View, now: datetime) -> Iterator[Request]:
        """Yield the requests for the namespaces that have to be looked at, and forget them."""
        while self._dirty:
            name = next(iter(self._dirty))
            requests = self._requests(name, view, now)
            self._dirty.pop(name, None)
            yield from requests

    def _requests(self, name: str, view: View, now: datetime) -> list[Request]:
        resource = view.find_resource("v1", "Namespace")
        found = None if resource is None else view.document(resource, "", name)
        if resource is None or found is None:
            return []
        if "deletionTimestamp" not in found["metadata"]:
            return self._defaults(name, view)
        if "kubernetes" not in found.get("spec", {}).get("finalizers", ()):
            return []
        return _end(resource, found, view, now)

    def _defaults(self, name: str, view: View) -> list[Request]:
        accounts, maps = view.find_resource("v1", "ServiceAccount"), view.find_resource("v1", "ConfigMap")
        requests: list[Request] = []
        if accounts is not None and view.document(accounts, name, "default") is None:
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
            requests.append(Request("POST", path_of(accounts, name), account, subject=name))
        if maps is not None:
            found = view.document(maps, name, _ROOT_CA)
            wanted = self._root_ca_map(name)
            if found is None:
                requests.append(Request("POST", path_of(maps, name), wanted, subject=name))
            elif found.get("data") != wanted["data"]:
                changed = {**found, "data": wanted["data"]}
                requests.append(Request("PUT", path_of(maps, name, _ROOT_CA), changed, subject=name))
        return requests

    def _root_ca_map(self, namespace: str) -> dict[str, Any]:
        metadata = {
            "name": _ROOT_CA,
            "namespace": namespace,
            "annotations": {"kubernetes.io/description": _DESCRIPTION},
        }
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": self._root_ca}}


def _end(resource: Resource, namespace: Mapping[str, Any], view: View, now: datetime) -> list[Request]:
    """Return the next step of the deletion of a namespace: its pods, then all else, its conditions, its end."""
    name = namespace["metadata"]["name"]
    kinds = [kind for kind in view.resources() if kind.is_namespaced and {"list", "delete"} <= set(kind.verbs)]
    pods = [kind for kind in kinds if kind.resource == "pods" and not kind.group]
    remaining = _remaining(pods, name, view)
    only_pods = bool(remaining)
    if not only_pods:
        remaining = _remaining([kind for kind in kinds if kind not in pods], name, view)
    deletions = [
        request
        for items in remaining
        for request in _deletions(items, name)
        if any(item.deleted_at is None for item in items)
    ]
    if deletions:
        return deletions
    # While pods remain, the controller manager does not count the remaining objects.
    conditions = _conditions(namespace, [] if only_pods else remaining, now)
    path = path_of(resource, "", name)
    if conditions != namespace.get("status", {}).get("conditions"):
        status = {**namespace.get("status", {}), "phase": "Terminating", "conditions": conditions}
        return [Request("PUT", f"{path}/status", {**namespace, "status": status}, subject=name)]
    if remaining:
        return []
    kept = [other for other in namespace["spec"]["finalizers"] if other != "kubernetes"]
    return [Request("PUT", f"{path}/finalize", {**namespace, "spec": {"finalizers": kept}}, subject=name)]


def _remaining(kinds: Iterable[Resource], namespace: str, view: View) -> list[list[Item]]:
    found = (list(view.items(kind, namespace)) for kind in kinds)
    return [items for items in found if items]


def _deletions(items: Sequence[Item], namespace: str) -> list[Request]:
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    resource = items[0].resource
    if "deletecollection" in resource.verbs:
        return [Request("DELETE", path_of(resource, namespace), options, subject=namespace)]
    return [Request("DELETE", item.path, options, subject=namespace) for item in items if item.deleted_at is None]


def _conditions(
    namespace: Mapping[str, Any], remaining: Sequence[Sequence[Item]], now: datetime
) -> list[dict[str, Any]]:
    """Return the conditions of a namespace that is deleted; the times of those that stay are kept."""
    finalizers = Counter(name for items in remaining for item in items for name in item.finalizers)
    resources = sorted(
        f"{items[0].resource.resource}.{items[0].resource.group} has {len(items)} resource instances"
        for items in remaining
    )
    bad: dict[str, tuple[str, str]] = {}
    if resources:
        text = f"Some resources are remaining: {', '.join(resources)}"
        bad["NamespaceContentRemaining"] = ("SomeResourcesRemain", text)
    if finalizers:
        counted = ", ".join(sorted(f"{name} in {count} resource instances" for name, count in finalizers.items()))
        text = f"Some content in the namespace has finalizers remaining: {counted}"
        bad["NamespaceFinalizersRemaining"] = ("SomeFinalizersRemain", text)
    before = {found["type"]: found for found in namespace.get("status", {}).get("conditions", ())}
    made: list[dict[str, Any]] = []
    for kind, *good in _GOOD:
        reason, message = bad.get(kind, good)
        state = {"type": kind, "status": "True" if kind in bad else "False", "reason": reason, "message": message}
        known = before.get(kind, {})
        is_same = {key: known.get(key) for key in state} == state
        made.append(known if is_same else {**state, "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")})
    others = [found for kind, found in before.items() if kind not in {name for name, *_ in _GOOD}]
    return [*others, *made]


def _is(item: Item, resource: str) -> bool:
    return item.resource.resource == resource and not item.resource.group


def _is_default(item: Item) -> bool:
    return _is(item, "serviceaccounts") and item.name == "default"


def _is_root_ca(item: Item) -> bool:
    return _is(item, "configmaps") and item.name == _ROOT_CA
