"""Cases of the subresources of pods."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.bodies import pod, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire

_EVICTION: dict[str, Any] = {"apiVersion": "policy/v1", "kind": "Eviction"}


def _running(wire: Wire, name: str, ready: str = "True") -> None:
    conditions = [{"type": "Ready", "status": ready}]
    wire.patch(f"pods/{name}/status", {"status": {"phase": "Running", "conditions": conditions}})


def _budget(wire: Wire, **status: Any) -> None:
    wire.patch("poddisruptionbudgets/a/status", {"status": status})


def _evict(wire: Wire, name: str, **query: Any) -> None:
    wire.post(f"pods/{name}/eviction", {**_EVICTION, "metadata": {"name": name}}, **query)


@case("an eviction takes one disruption of its budget")
def budgets(wire: Wire) -> None:
    wire.post("pods", pod(nodeName="n"))
    wire.post(
        "poddisruptionbudgets",
        {"metadata": {"name": "a"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}},
    )
    _evict(wire, "a", dryRun="All")
    _running(wire, "a")
    _evict(wire, "a", dryRun="All")
    for current, desired in ((1, 1), (0, 1), (1, 0), (0, 0), (5, 1)):
        _budget(wire, observedGeneration=1, disruptionsAllowed=0, currentHealthy=current, desiredHealthy=desired)
        _evict(wire, "a", dryRun="All")
    _running(wire, "a", "False")
    for current, desired in ((1, 1), (0, 1), (1, 0), (0, 0)):
        _budget(wire, currentHealthy=current, desiredHealthy=desired)
        _evict(wire, "a", dryRun="All")
    _running(wire, "a")
    failed: dict[str, Any] = {
        "type": "DisruptionAllowed",
        "status": "False",
        "reason": "SyncFailed",
        "message": "no controllers",
    }
    failed |= {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}
    _budget(wire, currentHealthy=2, desiredHealthy=1, conditions=[failed])
    _evict(wire, "a", dryRun="All")
    _budget(wire, disruptionsAllowed=1, conditions=[])
    _evict(wire, "a", dryRun="All")
    _evict(wire, "a")
    wire.get("poddisruptionbudgets/a")
    wire.get("pods/a")
    _evict(wire, "a", dryRun="All")
    wire.post("pods", with_metadata(pod("b", nodeName="n"), labels={"app": "a"}))
    _running(wire, "b")
    wire.post(
        "poddisruptionbudgets",
        {"metadata": {"name": "b"}, "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "a"}}}},
    )
    _evict(wire, "b")
    wire.patch("pods/b/status", {"status": {"phase": "Succeeded"}})
    _evict(wire, "b")
    wire.get("pods/b")


@case("bodies of evictions and bindings are checked")
def bodies(wire: Wire) -> None:
    wire.post("pods", pod())
    other = "11111111-2222-3333-4444-555555555555"
    wire.post("pods/a/eviction", {})
    wire.post("pods/a/eviction", "")
    wire.post("pods/b/eviction", {"metadata": {"name": "a"}})
    wire.post("pods/a/eviction", {"metadata": {"name": "a"}, "deleteOptions": {"preconditions": {"uid": other}}})
    wire.post("pods/a/eviction", {"metadata": {"name": "a"}, "deleteOptions": {"dryRun": ["All"]}})
    wire.post("pods/a/eviction", {**_EVICTION, "apiVersion": "policy/v1beta1", "metadata": {"name": "a"}}, dryRun="All")
    node = {"target": {"name": "n"}}
    wire.post("pods/a/binding", {"metadata": {"name": "b"}, **node})
    wire.post("pods/a/binding", node)
    wire.post("pods/a/binding", {"metadata": {"name": "a", "uid": other}, **node})
    wire.post("pods/a/binding", {"metadata": {"name": "a"}})
    wire.post("pods/a/binding", {"metadata": {"name": "a"}, **node}, dryRun="All")
    wire.post("pods/a/binding", {"metadata": {"name": "a", "annotations": {"k": "v"}, "labels": {"l": "m"}}, **node})
    wire.post("bindings", {"metadata": {"name": "a"}, **node}, dryRun="All")
    wire.post("bindings", {"metadata": {"name": ""}, **node})
    wire.post("bindings", {"metadata": {"name": "missing"}, **node})


@case("ephemeral containers are added, never changed")
def ephemeral(wire: Wire) -> None:
    wire.post("pods", pod())
    path = "pods/a/ephemeralcontainers"
    for container in (
        {"name": "main", "image": "x"},
        {"name": "debug"},
        {"name": "debug", "image": "x", "targetContainerName": "missing"},
        {"name": "debug", "image": "x", "ports": [{"containerPort": 1}], "resources": {"limits": {"cpu": "1"}}},
        {"name": "debug", "image": "x:1", "targetContainerName": "main"},
    ):
        body = {"metadata": {"labels": {"l": "m"}}, "spec": {"ephemeralContainers": [container]}}
        wire.patch(path, body, "strategic")
    found = wire.get("pods/a")
    more = [*found["spec"]["ephemeralContainers"], {"name": "more", "image": "y:1"}]
    wire.put(path, {**found, "spec": {**found["spec"], "ephemeralContainers": more}})
    wire.put(path, {**found, "spec": {**found["spec"], "ephemeralContainers": more[:1]}})
    wire.patch(path, {"spec": {"ephemeralContainers": None}})
    wire.patch("pods/missing/ephemeralcontainers", {})


@case("a resize changes requests and limits of containers")
def resize(wire: Wire) -> None:
    body = pod()
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"}}
    body["spec"]["containers"][0]["resources"] = resources
    wire.post("pods", body)
    path = "pods/a/resize"

    def requests(**amounts: Any) -> dict[str, Any]:
        return {"spec": {"containers": [{"name": "main", "resources": {"requests": amounts}}]}}

    wire.get(path)
    wire.patch(path, requests(cpu="1500m"), "strategic")
    container = {"name": "main", "image": "other", "resources": {"requests": {"cpu": "1200m"}}}
    wire.patch(path, {"metadata": {"labels": {"l": "m"}}, "spec": {"containers": [container]}}, "strategic")
    wire.patch(path, requests(cpu="3"), "strategic")
    wire.patch(path, [{"op": "remove", "path": "/spec/containers/0/resources/requests/memory"}], "json")
    wire.patch(path, [{"op": "add", "path": "/spec/containers/-", "value": {"name": "z", "image": "z"}}], "json")
    limits = {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    wire.patch(path, {"spec": {"containers": [{"name": "main", "resources": limits}]}}, "strategic")
    wire.post("pods/a/binding", {"metadata": {"name": "a"}, "target": {"name": "missing"}})
    wire.patch(path, requests(cpu="1300m"), "strategic")
    wire.get("pods/a")


@case("logs of pods that are not on a node")
def logs(wire: Wire) -> None:
    wire.post("pods", pod())
    wire.get("pods/a/log")
    wire.get("pods/a/log", container="other")
    for name, value in (("tailLines", -1), ("limitBytes", 0), ("sinceSeconds", 0), ("tailLines", "x")):
        wire.get("pods/a/log", **{name: value})
    wire.get("pods/a/log", sinceTime="x")
    wire.get("pods/a/log", sinceSeconds=1, sinceTime="2026-01-01T00:00:00Z")
    wire.get("pods/a/log", timestamps="x")
    wire.post("pods/a/log", {})
    body = pod("b", initContainers=[{"name": "first", "image": "x"}])
    body["spec"]["containers"].append({"name": "second", "image": "x"})
    wire.post("pods", body)
    wire.get("pods/b/log")
    wire.get("pods/b/log", container="second")
    wire.get("pods/b/log", container="first")


@case("the status of a pod keeps its class of quality of service")
def status(wire: Wire) -> None:
    made = wire.post("pods", pod())
    wire.put("pods/a/status", {**made, "status": {"phase": "Running"}})
    wire.put("pods/a/status", with_metadata(pod(), labels={"l": "m"}))
    wire.patch("pods/a/status", {"status": {"qosClass": "Guaranteed"}})
    wire.patch("pods/a/status", {"status": None})
    wire.apply("pods/a/status", {**pod(), "status": {"message": "x"}})
    wire.get("pods/a")


_SECOND_DELETIONS: Final[tuple[tuple[dict[str, Any], dict[str, Any]], ...]] = (
    ({"propagationPolicy": "Foreground"}, {"propagationPolicy": "Background"}),
    ({"propagationPolicy": "Foreground"}, {"propagationPolicy": "Orphan"}),
    ({"propagationPolicy": "Orphan"}, {}),
    ({"propagationPolicy": "Background", "gracePeriodSeconds": 60}, {"propagationPolicy": "Foreground"}),
    (
        {"propagationPolicy": "Foreground", "gracePeriodSeconds": 60},
        {"propagationPolicy": "Background", "gracePeriodSeconds": 60},
    ),
    (
        {"propagationPolicy": "Foreground", "gracePeriodSeconds": 60},
        {"propagationPolicy": "Background", "gracePeriodSeconds": 0},
    ),
)


@case("a second deletion changes finalizers only if it gives a pod less time")
def second_deletions(wire: Wire) -> None:
    for node in ("n", ""):
        for index, options in enumerate(_SECOND_DELETIONS):
            name = f"{node}{index}"
            made = wire.post("pods", pod(name, nodeName=node))
            wire.delete(f"pods/{name}", dryRun="All", **options[0])
            for each in options:
                wire.delete(f"pods/{name}", **each)
            wire.get(f"pods/{name}")
            wire.watch(
                "pods",
                9,
                resourceVersion=made["metadata"]["resourceVersion"],
                fieldSelector=f"metadata.name={name}",
                timeoutSeconds=1,
            )
