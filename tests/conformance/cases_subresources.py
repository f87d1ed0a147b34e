"""Cases of subresources of built-in kinds."""

from __future__ import annotations

from tests.conformance.bodies import config_map, deployment, pod, with_metadata, workload
from tests.conformance.cases import case
from tests.conformance.wire import Wire


@case("the scale of a workload")
def scale(wire: Wire) -> None:
    wire.post("deployments", deployment(replicas=2))
    found = wire.get("deployments/a/scale")
    wire.put("deployments/a/scale", {**found, "spec": {"replicas": 3}})
    wire.put("deployments/a/scale", {**found, "spec": {"replicas": 4}})
    wire.patch("deployments/a/scale", {"spec": {"replicas": 5}})
    wire.patch("deployments/a/scale", [{"op": "replace", "path": "/spec/replicas", "value": 6}], "json")
    wire.patch("deployments/a/scale", {"spec": {"replicas": -1}})
    wire.patch("deployments/a/scale", {"spec": {"replicas": "x"}})
    wire.patch("deployments/a/scale", {"spec": {"replicas": 7}}, "merge", dryRun="All")
    wire.put("deployments/a/scale", {"metadata": {"name": "a"}, "spec": {"replicas": 8}})
    wire.put("deployments/a/scale", {"metadata": {"name": "b"}, "spec": {"replicas": 8}})
    wire.get("deployments/a")
    wire.get("deployments/missing/scale")
    wire.patch("deployments/missing/scale", {"spec": {"replicas": 1}})
    wire.delete("deployments/a/scale")
    for plural, kind in (("statefulsets", "StatefulSet"), ("replicasets", "ReplicaSet")):
        wire.post(plural, workload(kind, replicas=1))
        wire.get(f"{plural}/a/scale")
        wire.patch(f"{plural}/a/scale", {"spec": {"replicas": 2}})
    wire.get("daemonsets/a/scale")


@case("an eviction deletes a pod unless a budget forbids it")
def eviction(wire: Wire) -> None:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    wire.post("pods", pod())
    wire.post("pods/a/eviction", {**body, "metadata": {"name": "b"}})
    wire.post("pods/a/eviction", body, dryRun="All")
    wire.post("pods/a/eviction", body)
    wire.get("pods/a")
    wire.post("pods/a/eviction", body)
    wire.post("pods", pod("b", nodeName="n"))
    wire.patch("pods/b/status", {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
    wire.post(
        "poddisruptionbudgets",
        {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "b"}}}},
    )
    wire.post("pods/b/eviction", {"metadata": {"name": "b"}})
    wire.get("pods/b/eviction")


@case("a binding chooses the node of a pod")
def binding(wire: Wire) -> None:
    wire.post("pods", pod())
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n"}}
    wire.post("pods/a/binding", {**body, "target": {"kind": "Pod", "name": "n"}})
    wire.post("pods/a/binding", {**body, "target": {"kind": "Node", "name": ""}})
    wire.post("pods/a/binding", body)
    wire.get("pods/a")
    wire.post("pods/a/binding", body)
    wire.post("pods/missing/binding", with_metadata(body, name="missing"))
    wire.post("pods", pod("b"))
    wire.post("bindings", with_metadata(body, name="b"))


@case("a token of a service account")
def token(wire: Wire) -> None:
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": ["x"], "expirationSeconds": 600},
    }
    wire.post("serviceaccounts/default/token", body)
    wire.post("serviceaccounts/default/token", {"spec": {"expirationSeconds": 5}})
    wire.post("serviceaccounts/missing/token", body)
    wire.get("serviceaccounts/default/token")


@case("ephemeral containers and resources of a pod")
def pods(wire: Wire) -> None:
    wire.post("pods", pod(nodeName="n"))
    debug = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "x"}]}}
    wire.patch("pods/a", debug, "strategic")
    wire.patch("pods/a/ephemeralcontainers", debug, "strategic")
    wire.get("pods/a/ephemeralcontainers")
    wire.patch("pods/a/ephemeralcontainers", {"spec": {"ephemeralContainers": []}})
    resources = {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": "1"}}}]}}
    wire.patch("pods/a/resize", resources, "strategic")
    wire.get("pods/a/status")
    wire.get("pods/a/log")
    wire.get("pods/missing/log")


@case("a namespace ends after its finalizers were removed")
def finalize(wire: Wire) -> None:
    made = wire.get("namespaces/{two}")
    wire.put("namespaces/{two}/finalize", {**made, "spec": {"finalizers": ["example.com/a"]}})
    found = wire.get("namespaces/{two}")
    wire.put("namespaces/{two}", {**found, "spec": {"finalizers": []}})
    wire.delete("namespaces/{two}")
    found = wire.get("namespaces/{two}")
    wire.put("namespaces/{two}/finalize", {**found, "spec": {"finalizers": []}})
    wire.get("namespaces/{two}")
    wire.post("two:configmaps", config_map())


@case("the approval of a certificate request")
def approval(wire: Wire) -> None:
    wire.get("/apis/certificates.k8s.io/v1/certificatesigningrequests/missing/approval")
    wire.patch("/apis/certificates.k8s.io/v1/certificatesigningrequests/missing/approval", {})


@case("reviews of access")
def reviews(wire: Wire) -> None:
    attributes = {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": wire.one}}
    wire.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": attributes})
    wire.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {}})
    wire.post(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {"spec": {"nonResourceAttributes": {"path": "/x", "verb": "get"}}},
    )
