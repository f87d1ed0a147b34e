"""Conformance cases: details in which random histories once differed."""

from __future__ import annotations

from tests.conformance.bodies import config_map, definition, deployment, job, lease, pod, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire

OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "0f0f0f0f-0000-4000-8000-000000000000"}
SCALE = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.ready"}


@case("the status of a Deployment keeps its labels, that of a Pod its owners")
def kept_by_status(wire: Wire) -> None:
    for plural, body in (("deployments", deployment()), ("pods", pod())):
        made = wire.post(plural, with_metadata(body, labels={"x": "1"}, annotations={"x": "1"}))
        changed = with_metadata(made, labels={"x": "2"}, annotations={"x": "2"}, ownerReferences=[OWNER])
        wire.put(f"{plural}/a/status", changed)
        wire.patch(f"{plural}/a/status", {"metadata": {"labels": {"x": "3"}, "annotations": {"x": "3"}}})


@case("a watch gets the stored state of a deleted object, the client that of its request")
def last_states(wire: Wire) -> None:
    wire.define(definition(wire.group))
    for plural, body in (("configmaps", config_map()), ("widgets", widget(wire.group, size=1))):
        held = wire.post(plural, with_metadata(body, finalizers=["example.com/a"]))
        wire.delete(f"{plural}/a")
        wire.patch(f"{plural}/a", {"metadata": {"finalizers": None, "labels": {"x": "1"}}})
        wire.watch(plural, 2, resourceVersion=held["metadata"]["resourceVersion"])
        made = wire.post(plural, body)
        wire.delete(f"{plural}/a", propagationPolicy="Foreground")
        wire.delete(f"{plural}/a", propagationPolicy="Background")
        wire.watch(plural, 2, resourceVersion=made["metadata"]["resourceVersion"])


@case("a page of selected objects has a token if any object follows")
def tokens_of_selections(wire: Wire) -> None:
    for name in "abc":
        wire.post("configmaps", with_metadata(config_map(name), labels={"last": str(name == "c").lower()}))
    wire.get("configmaps", limit=2, labelSelector="last=false")
    wire.get("configmaps", limit=1, labelSelector="last=true")
    wire.get("configmaps", limit=1, fieldSelector="metadata.name=a")
    wire.get("configmaps", limit=1, fieldSelector="metadata.name=a,metadata.name!=b", labelSelector="last")
    wire.get("configmaps", limit=2, fieldSelector="metadata.name!=c")


@case("preconditions and the deletion of a collection name the group and the version before")
def deletions_in_groups(wire: Wire) -> None:
    wire.define(definition(wire.group))
    for plural, body in (("leases", lease()), ("widgets", widget(wire.group, size=1))):
        made = wire.post(plural, body)
        wire.delete(f"{plural}/a", {"preconditions": {"uid": "other"}})
        wire.patch(f"{plural}/a", {"metadata": {"labels": {"x": "1"}}})
        wire.delete(f"{plural}/a", {"preconditions": {"resourceVersion": made["metadata"]["resourceVersion"]}})
        wire.delete(plural, propagationPolicy="Orphan")
        wire.get(plural)


@case("custom objects with a scale need numbers of replicas in range")
def scales_of_custom_objects(wire: Wire) -> None:
    wire.define(definition(wire.group, subresources={"status": {}, "scale": SCALE}))
    for size in (0, -1, 2147483648, "x", 1.5, None, {"a": 1}, [1], True):
        wire.post("widgets", widget(wire.group, size=size), dryRun="All")
    made = wire.post("widgets", widget(wire.group, size=1))
    for size in (-1, "x", 2147483648):
        wire.put("widgets/a", {**made, "spec": {"size": size}})
        wire.patch("widgets/a", {"spec": {"size": size}})
    for ready in (-1, "x", 2147483648, 5):
        wire.put("widgets/a/status", {**made, "status": {"ready": ready}}, dryRun="All")
    wire.put("widgets/a", {**made, "spec": {"mode": "other", "size": -1}})
    wire.post("widgets", {**widget(wire.group), "spec": "x"})
    wire.post("widgets", {**widget(wire.group, "UPPER", size="x")})


@case("the immediate end of a Pod is two changes")
def ends_of_pods(wire: Wire) -> None:
    for spec in ({}, {"nodeName": "n"}):
        made = wire.post("pods", pod(**spec))
        wire.delete("pods/a", dryRun="All")
        wire.delete("pods/a")
        wire.delete("pods/a", gracePeriodSeconds=0)
        wire.watch("pods", 2, resourceVersion=made["metadata"]["resourceVersion"])


@case("a deletion that leaves pods warns also if it fails")
def warnings_about_pods(wire: Wire) -> None:
    wire.delete("jobs/a")
    wire.delete("jobs/a", propagationPolicy="Orphan")
    wire.post("jobs", job())
    wire.delete("jobs/a", {"preconditions": {"uid": "x"}})


@case("requests to the status of a Pod keep its quality of service")
def classes_of_pods(wire: Wire) -> None:
    made = wire.post("pods", pod())
    wire.put("pods/a/status", {**made, "status": {}})
    wire.put("pods/a/status", {**made, "metadata": {"name": "a"}, "status": {"qosClass": "Guaranteed"}})
    wire.patch("pods/a/status", {"status": {"qosClass": "Burstable", "phase": "Running"}})
    wire.patch("pods/a/status", {"status": {"qosClass": None}})
    wire.delete("jobs", labelSelector="a=b")
    wire.delete("jobs", propagationPolicy="Background")


@case("amounts of zero do not count for the quality of service of a Pod")
def classes_without_amounts(wire: Wire) -> None:
    for name, resources in (
        ("limits", {"limits": {"cpu": "0", "memory": "0"}}),
        ("request", {"requests": {"cpu": "0"}}),
        ("one", {"limits": {"cpu": "0", "memory": "1Gi"}}),
    ):
        container = {"name": "c", "image": "i", "resources": resources}
        spec = {"automountServiceAccountToken": False, "containers": [container]}
        wire.post("pods", {"metadata": {"name": name}, "spec": spec})


@case("the response to a write is not the metadata of a list")
def writes_as_lists(wire: Wire) -> None:
    several = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
    body = {"metadata": {"name": "a"}}
    wire.send("POST", "configmaps", body, headers=several)
    wire.send("PUT", "configmaps/a", body, headers=several)
    wire.get("configmaps/a")


@case("the options of a deletion are not an object")
def unreadable_deletions(wire: Wire) -> None:
    for body in (b"{x}", b'{"a":', b'"x"', b"1", b"true", b"[]"):
        wire.delete("configmaps/a", body)
