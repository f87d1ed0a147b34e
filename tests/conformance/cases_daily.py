"""Cases of patches that tools and operators send every day."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import config_map, deployment, service, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire

_RESTARTED = "kubectl.kubernetes.io/restartedAt"


@case("patches that kubectl sends for a workload")
def workloads(wire: Wire) -> None:
    wire.post("deployments", deployment(replicas=1), fieldManager="kubectl-create")
    restart = {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: "2026-01-01T00:00:00Z"}}}}}
    wire.patch("deployments/a", restart, "strategic", fieldManager="kubectl-rollout")
    wire.patch("deployments/a", restart, "strategic", fieldManager="kubectl-rollout")
    image = {
        "containers": [{"name": "main", "image": "example.com/app:2"}],
        "$setElementOrder/containers": [{"name": "main"}],
    }
    wire.patch("deployments/a", {"spec": {"template": {"spec": image}}}, "strategic", fieldManager="kubectl-set")
    env = {"name": "main", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    wire.patch("deployments/a", {"spec": {"template": {"spec": {"containers": [env]}}}}, "strategic")
    env = {"name": "main", "env": [{"name": "A", "$patch": "delete"}, {"name": "B", "value": "3"}]}
    wire.patch("deployments/a", {"spec": {"template": {"spec": {"containers": [env]}}}}, "strategic")
    sidecar = {"name": "side", "image": "x:1", "ports": [{"containerPort": 80}]}
    wire.patch("deployments/a", {"spec": {"template": {"spec": {"containers": [sidecar]}}}}, "strategic")
    gone = {"containers": [{"name": "side", "$patch": "delete"}], "$setElementOrder/containers": [{"name": "main"}]}
    wire.patch("deployments/a", {"spec": {"template": {"spec": gone}}}, "strategic")
    wire.patch("deployments/a", {"spec": {"paused": True}}, "strategic", fieldManager="kubectl-rollout")
    wire.patch("deployments/a", {"spec": {"paused": None}}, "strategic", fieldManager="kubectl-rollout")
    labels = {"metadata": {"labels": {"tier": "web", "gone": None}, "annotations": {"note": "x"}}}
    wire.patch("deployments/a", labels, "merge", fieldManager="kubectl-label")
    wire.patch("deployments/a", {"metadata": {"annotations": None}}, "merge", fieldManager="kubectl-annotate")
    wire.patch("deployments/a/scale", {"spec": {"replicas": 3}}, "merge", fieldManager="kubectl")
    wire.get("deployments/a")


@case("patches that operators send for status and finalizers")
def operators(wire: Wire) -> None:
    made = wire.post("deployments", deployment())
    ready = {"type": "Available", "status": "True", "reason": "r", "message": "m"}
    ready |= {"lastTransitionTime": "2026-01-01T00:00:00Z", "lastUpdateTime": "2026-01-01T00:00:00Z"}
    progress = {**ready, "type": "Progressing", "status": "Unknown"}
    status: dict[str, Any] = {"replicas": 1, "readyReplicas": 1, "observedGeneration": 1, "conditions": [ready]}
    wire.put("deployments/a/status", {**made, "status": status})
    wire.patch("deployments/a/status", {"status": {"conditions": [progress]}}, "strategic")
    wire.patch("deployments/a/status", {"status": {"conditions": [progress]}}, "merge", fieldManager="other")
    wire.patch("deployments/a/status", [{"op": "add", "path": "/status/conditions/-", "value": ready}], "json")
    config = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    wire.apply("deployments/a/status", {**config, "status": {"conditions": [{**ready, "status": "False"}]}}, "op")
    wire.apply(
        "deployments/a/status", {**config, "status": {"conditions": [{**ready, "status": "False"}]}}, "op", force=True
    )
    wire.patch("deployments/a", {"metadata": {"finalizers": ["example.com/a"]}})
    wire.patch("deployments/a", [{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/b"}], "json")
    version = wire.get("deployments/a")["metadata"]["resourceVersion"]
    test = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
    remove = {"op": "remove", "path": "/metadata/finalizers/0"}
    wire.patch("deployments/a", [test, remove], "json")
    wire.patch("deployments/a", [test, remove], "json")
    wire.delete("deployments/a")
    wire.patch("deployments/a", {"metadata": {"finalizers": None}})
    wire.get("deployments/a")


@case("applied lists of a service, and the take-over of fields by an applier")
def appliers(wire: Wire) -> None:
    config = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}
    ports = [{"name": "http", "port": 80}, {"name": "https", "port": 443}]
    wire.post("services", service(), fieldManager="kubectl-create")
    wire.apply("services/a", {**config, "spec": {"selector": {"app": "a"}, "ports": ports}}, "kubectl")
    wire.apply("services/a", {**config, "spec": {"selector": {"app": "a"}, "ports": ports}}, "kubectl", force=True)
    wire.apply("services/a", {**config, "spec": {"selector": {"app": "a"}, "ports": ports[1:]}}, "kubectl")
    wire.apply("services/a", {**config, "metadata": {"name": "a", "labels": {"x": "y"}}}, "labels")
    wire.apply("services/a", config, "labels")
    wire.apply("configmaps/a", config_map(a="1", b="2"), "one")
    wire.apply("configmaps/a", config_map(b="2", c="3"), "two")
    wire.apply("configmaps/a", config_map(a="1"), "one")
    wire.apply("configmaps/a", config_map(c="3"), "two", dryRun="All")
    wire.apply("configmaps/a", config_map(c="4"), "two")
    wire.patch("configmaps/a", {"metadata": {"managedFields": [{}]}})
    wire.apply("configmaps/a", with_metadata(config_map(c="5"), finalizers=["example.com/a"]), "two", force=True)
    wire.apply("configmaps/a", config_map(c="5"), "two")
