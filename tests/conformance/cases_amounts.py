"""Cases of amounts: the resources of a whole pod, and autoscalers of v1."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.bodies import CONTAINER, pod
from tests.conformance.cases import case
from tests.conformance.wire import Wire

BOTH: Final = {"cpu": "1", "memory": "1Gi"}
SMALL: Final = {"cpu": "100m", "memory": "100Mi"}


def sized(**resources: Any) -> dict[str, Any]:
    """Return a container with resources."""
    return {**CONTAINER, "resources": resources}


@case("the resources of a whole pod")
def pod_resources(wire: Wire) -> None:
    for resources in (
        {"requests": BOTH, "limits": BOTH},
        {"limits": BOTH},
        {"requests": BOTH},
        {"limits": {"cpu": "1"}},
        {"requests": {"cpu": "1"}},
        {"requests": {"memory": "0"}, "limits": {"memory": "0"}},
        {"requests": {"memory": "0"}},
        {},
    ):
        for containers in (
            [dict(CONTAINER)],
            [sized(requests=SMALL, limits=SMALL)],
            [sized(limits=SMALL)],
            [sized(requests={"cpu": "100m"})],
            [sized(requests=SMALL), {**sized(limits=SMALL), "name": "other"}],
        ):
            wire.post("pods", pod(containers=containers, resources=resources), dryRun="All")


@case("rules of the resources of a whole pod")
def pod_resource_rules(wire: Wire) -> None:
    for resources in (
        {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
        {"requests": {"cpu": "-1"}},
        {"requests": {"example.com/gpu": "1"}},
        {"limits": {"ephemeral-storage": "1Gi"}},
        {"limits": {"hugepages-2Mi": "2Mi"}, "requests": {"hugepages-2Mi": "2Mi"}},
        {"requests": {"cpu": "x"}},
        {"requests": {"cpu": "10m"}},
        {"limits": {"cpu": "10m"}},
        {"claims": [{"name": "a"}]},
    ):
        wire.post("pods", pod(containers=[sized(requests=SMALL)], resources=resources), dryRun="All")
    wire.post("pods", pod(resources={"limits": BOTH}))
    wire.patch("pods/a/resize", {"spec": {"resources": {"limits": {"cpu": "2"}}}}, "merge", dryRun="All")
    wire.post(
        "deployments",
        {
            "metadata": {"name": "a"},
            "spec": {
                "selector": {"matchLabels": {"app": "a"}},
                "template": {
                    "metadata": {"labels": {"app": "a"}},
                    "spec": {"containers": [dict(CONTAINER)], "resources": {"limits": BOTH}},
                },
            },
        },
    )


OLD: Final = "/apis/autoscaling/v1/namespaces/{one}/horizontalpodautoscalers"


def autoscaler(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a HorizontalPodAutoscaler of v1."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}
    return {"metadata": {"name": name}, "spec": {"scaleTargetRef": target, "maxReplicas": 3, **spec}}


@case("autoscalers of v1")
def old_autoscalers(wire: Wire) -> None:
    spec: dict[str, Any]
    for spec in (
        {},
        {"targetCPUUtilizationPercentage": 50},
        {"targetCPUUtilizationPercentage": 0},
        {"targetCPUUtilizationPercentage": -1},
        {"minReplicas": 0},
        {"minReplicas": 4},
        {"minReplicas": -1},
        {"maxReplicas": 0},
        {"scaleTargetRef": {}},
        {"scaleTargetRef": {"kind": "a/b", "name": "a/b", "apiVersion": "x/y/z"}},
        {"scaleTargetRef": {"kind": "Deployment", "name": "a"}},
        {"scaleTargetRef": {"kind": "Pod", "name": "a", "apiVersion": "v1"}},
        {"scaleTargetRef": {"kind": "ReplicationController", "name": "a", "apiVersion": "v1"}},
        {"scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/"}},
        {"scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "/v1"}},
        {"metrics": []},
        {"behavior": {}},
    ):
        wire.post(OLD, autoscaler(**spec), dryRun="All")
    made = wire.post(OLD, autoscaler())
    wire.get(f"{OLD}/a")
    wire.put(f"{OLD}/a", {**made, "spec": {**made["spec"], "maxReplicas": 5}})
    wire.put(f"{OLD}/a", {**made, "spec": {**made["spec"], "maxReplicas": 0}})
    wire.patch(f"{OLD}/a", {"spec": {"targetCPUUtilizationPercentage": None}})
    wire.patch(f"{OLD}/a", {"spec": {"targetCPUUtilizationPercentage": 70, "minReplicas": None}})
    wire.patch(f"{OLD}/a", {"spec": {"scaleTargetRef": {"kind": "StatefulSet"}}})
    wire.patch(f"{OLD}/a/status", {"status": {"currentReplicas": -1, "desiredReplicas": 1}})
    wire.patch(f"{OLD}/a/status", {"status": {"currentReplicas": 2, "desiredReplicas": 1}})
    wire.patch(f"{OLD}/a/status", {"status": {"desiredReplicas": -2}})
    wire.apply(f"{OLD}/b", {**autoscaler("b"), "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"})
    wire.delete(f"{OLD}/a")
