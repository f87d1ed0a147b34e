"""The paths of resources, so that cases can name them shortly."""

from __future__ import annotations

from typing import Final

CORE: Final = (
    "configmaps",
    "secrets",
    "services",
    "pods",
    "serviceaccounts",
    "endpoints",
    "events",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "limitranges",
    "resourcequotas",
    "podtemplates",
    "bindings",
)
CLUSTER: Final = {
    "namespaces": "/api/v1",
    "nodes": "/api/v1",
    "persistentvolumes": "/api/v1",
    "clusterroles": "/apis/rbac.authorization.k8s.io/v1",
    "clusterrolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "customresourcedefinitions": "/apis/apiextensions.k8s.io/v1",
    "priorityclasses": "/apis/scheduling.k8s.io/v1",
    "storageclasses": "/apis/storage.k8s.io/v1",
    "certificatesigningrequests": "/apis/certificates.k8s.io/v1",
    "gears": "/apis/{group}/v1",
}
GROUPS: Final = {
    "apps/v1": "deployments replicasets statefulsets daemonsets controllerrevisions",
    "batch/v1": "jobs cronjobs",
    "coordination.k8s.io/v1": "leases",
    "networking.k8s.io/v1": "ingresses networkpolicies",
    "policy/v1": "poddisruptionbudgets",
    "autoscaling/v2": "horizontalpodautoscalers",
    "rbac.authorization.k8s.io/v1": "roles rolebindings",
    "discovery.k8s.io/v1": "endpointslices",
    "{group}/v1": "widgets",
}
NAMESPACED: Final = {
    **dict.fromkeys(CORE, "/api/v1"),
    **{plural: f"/apis/{group}" for group, plurals in GROUPS.items() for plural in plurals.split()},
}


def full_path(path: str, one: str, two: str, group: str) -> str:
    """Return the whole path of a short one.

    Args:
        path: An absolute path, or one that starts with a plural; see `wire.Wire`.
        one: The first namespace.
        two: The second namespace.
        group: The API group of the custom resources.
    """
    if path.startswith("/"):
        return path
    place, colon, rest = path.rpartition(":")
    plural = rest.partition("/")[0].partition("?")[0]
    if plural in CLUSTER:
        return f"{CLUSTER[plural].replace('{group}', group)}/{rest}"
    prefix = NAMESPACED[plural].replace("{group}", group)
    if colon and place == "*":
        return f"{prefix}/{rest}"
    return f"{prefix}/namespaces/{two if place == 'two' else one}/{rest}"
