"""Small valid objects of the cases."""

from __future__ import annotations

from typing import Any

CONTAINER: dict[str, Any] = {"name": "main", "image": "example.com/app:1"}


def config_map(name: str = "a", **data: str) -> dict[str, Any]:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"k": "1"}}


def pod(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a Pod; its spec can be extended."""
    full = {"containers": [dict(CONTAINER)], "automountServiceAccountToken": False, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": full}


def template(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a pod template."""
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [dict(CONTAINER)], **spec}}


def workload(kind: str, name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return an object of `apps/v1` with a selector and a pod template."""
    full = {"selector": {"matchLabels": {"app": name}}, "template": template(name), **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": full}


def deployment(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a Deployment."""
    return workload("Deployment", name, **spec)


def job(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a Job."""
    full = {"template": {"spec": {"containers": [dict(CONTAINER)], "restartPolicy": "Never"}}, **spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": full}


def service(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a Service."""
    full = {"selector": {"app": name}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": full}


def lease(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a Lease."""
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": spec}


def with_metadata(body: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Return an object with more metadata."""
    return {**body, "metadata": {**body["metadata"], **metadata}}


def definition(
    group: str,
    schema: dict[str, Any] | None = None,
    *,
    plural: str = "widgets",
    kind: str = "Widget",
    scope: str = "Namespaced",
    **version: Any,
) -> dict[str, Any]:
    """Return a CustomResourceDefinition with one version.

    Args:
        group: The API group.
        schema: The schema; by default, of a `spec` with `size` and `mode`, and of a `status`.
        plural: The name of the resource.
        kind: The kind.
        scope: `Namespaced` or `Cluster`.
        **version: More fields of the version.
    """
    whole = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "mode": {"type": "string", "enum": ["slow", "fast"], "default": "slow"},
                },
            },
            "status": {"type": "object", "properties": {"ready": {"type": "integer"}}},
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": plural, "singular": plural[:-1], "kind": kind, "listKind": f"{kind}List"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema or whole},
                    "subresources": {"status": {}},
                    **version,
                }
            ],
        },
    }


def widget(group: str, name: str = "a", *, kind: str = "Widget", **spec: Any) -> dict[str, Any]:
    """Return a custom object."""
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
