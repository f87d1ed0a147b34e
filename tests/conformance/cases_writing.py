"""Cases of creates, updates and deletions."""

from __future__ import annotations

from tests.conformance.bodies import (
    config_map,
    definition,
    deployment,
    job,
    lease,
    pod,
    service,
    widget,
    with_metadata,
    workload,
)
from tests.conformance.cases import case
from tests.conformance.wire import Wire

HELD = ["example.com/held"]


@case("a name is used once")
def existing(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.post("configmaps", config_map())
    wire.post("configmaps", config_map(), dryRun="All")
    wire.post("two:configmaps", config_map())
    wire.post("configmaps", with_metadata(config_map("held"), finalizers=HELD))
    wire.delete("configmaps/held")
    wire.post("configmaps", config_map("held"))
    wire.post("deployments", deployment())
    wire.post("deployments", deployment())


@case("a namespace must exist and not be terminating")
def namespaces(wire: Wire) -> None:
    wire.post("/api/v1/namespaces/missing/configmaps", config_map())
    wire.post("/apis/apps/v1/namespaces/missing/deployments", deployment())
    wire.get("/api/v1/namespaces/missing/configmaps")
    wire.get("/api/v1/namespaces/missing/configmaps/a")
    wire.delete("/api/v1/namespaces/missing/configmaps")
    wire.post("configmaps", config_map())
    wire.delete("namespaces/{one}")
    wire.get("namespaces/{one}")
    wire.post("configmaps", config_map("b"))
    wire.post("deployments", deployment("b"))
    wire.patch("configmaps/a", {"data": {"k": "2"}})
    wire.apply("configmaps/c", config_map("c"))
    wire.delete("namespaces/{one}")
    wire.post("namespaces", {"metadata": {"name": wire.one}})


@case("an old version is refused")
def conflicts(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    wire.put("configmaps/a", {**made, "data": {"k": "2"}})
    wire.put("configmaps/a", {**made, "data": {"k": "3"}})
    wire.put("configmaps/a", made)
    version = made["metadata"]["resourceVersion"]
    wire.patch("configmaps/a", {"metadata": {"resourceVersion": version}, "data": {"k": "4"}})
    wire.patch("configmaps/a", {"metadata": {"resourceVersion": version}, "data": {"k": "4"}}, "strategic")
    wire.apply("configmaps/a", with_metadata(config_map(k="4"), resourceVersion=version), force=True)
    wire.put("configmaps/a", with_metadata(config_map(k="5"), resourceVersion="x"))
    wire.put("configmaps/a", with_metadata(config_map(k="5"), resourceVersion="0"))
    wire.patch("configmaps/a", {"metadata": {"resourceVersion": None}, "data": {"k": "6"}})
    test = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    wire.patch("configmaps/a", test, "json")


@case("an update without a version is accepted by some kinds")
def unconditional(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.put("configmaps/a", config_map(k="2"))
    wire.post("leases", lease(holderIdentity="x"))
    wire.put("leases/a", lease(holderIdentity="y"))
    wire.post("services", service())
    wire.put("services/a", service(sessionAffinity="ClientIP"))
    wire.post("deployments", deployment())
    wire.put("deployments/a", deployment(replicas=2))
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.put("widgets/a", widget(wire.group, size=2))
    wire.post("poddisruptionbudgets", {"metadata": {"name": "a"}, "spec": {"minAvailable": 1}})
    wire.put("poddisruptionbudgets/a", {"metadata": {"name": "a"}, "spec": {"minAvailable": 2}})


@case("an update with a UID does not create an object")
def update_of_deleted(wire: Wire) -> None:
    uid = "11111111-2222-3333-4444-555555555555"
    wire.put("leases/a", with_metadata(lease(), uid=uid))
    wire.put("leases/a", with_metadata(lease(), uid=uid, resourceVersion="5"))
    wire.put("leases/a", with_metadata(lease(), uid=uid), dryRun="All")
    for plural in ("roles", "clusterroles", "rolebindings", "clusterrolebindings", "endpoints", "events", "services"):
        wire.put(f"{plural}/a", {"metadata": {"name": "a", "uid": uid}})
    wire.put("limitranges/a", {"metadata": {"name": "a", "uid": uid}, "spec": {"limits": []}})
    wire.put("/apis/node.k8s.io/v1/runtimeclasses/a", {"metadata": {"name": "a", "uid": uid}, "handler": "h"})
    wire.get("leases/a")


@case("an update creates an object of some kinds only")
def update_of_missing(wire: Wire) -> None:
    wire.put("configmaps/a", config_map())
    wire.put("leases/a", lease(holderIdentity="x"))
    wire.put("leases/b", with_metadata(lease("b"), resourceVersion="5"))
    wire.put("deployments/a", deployment())
    wire.put("roles/a", {"metadata": {"name": "a"}, "rules": []})
    wire.put("secrets/a", with_metadata({"metadata": {"name": "a"}}, uid="11111111-2222-3333-4444-555555555555"))
    wire.put("poddisruptionbudgets/a", {"metadata": {"name": "a"}, "spec": {"minAvailable": 1}})
    wire.put("events/a", {"metadata": {"name": "a"}, "involvedObject": {"namespace": wire.one}})
    wire.define(definition(wire.group))
    wire.put("widgets/a", widget(wire.group))
    for kind in ("json", "merge", "strategic"):
        wire.patch("configmaps/missing", [] if kind == "json" else {}, kind)
    wire.patch("widgets/missing", {})


@case("an update that changes nothing keeps the version, and no event is sent")
def nothing_changed(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    wire.put("configmaps/a", made)
    wire.put("configmaps/a", config_map())
    wire.patch("configmaps/a", {"data": {"k": "1"}})
    wire.patch("configmaps/a", {})
    wire.patch("configmaps/a", {"data": {"k": "1"}}, "strategic", fieldManager="other")
    wire.patch("configmaps/a", [], "json")
    wire.put("configmaps/a", config_map(k="2"))
    wire.watch("configmaps", 1, resourceVersion=made["metadata"]["resourceVersion"])
    wire.post("deployments", deployment(replicas=1))
    wire.put("deployments/a", deployment(replicas=1))
    wire.patch("deployments/a", {"spec": {"replicas": 1}})
    wire.patch("deployments/a/status", {"status": {}})


@case("the main path ignores the status, and the status path the rest")
def separate_status(wire: Wire) -> None:
    made = wire.post("deployments", {**deployment(replicas=1), "status": {"replicas": 5}})
    wire.put("deployments/a", {**made, "status": {"replicas": 6}})
    changed = {**made, "spec": {**made["spec"], "replicas": 9}, "status": {"replicas": 1, "readyReplicas": 1}}
    changed["metadata"] = {**made["metadata"], "labels": {"a": "b"}, "annotations": {"a": "b"}, "finalizers": HELD}
    wire.put("deployments/a/status", changed)
    wire.get("deployments/a/status")
    wire.patch("deployments/a/status", {"metadata": {"labels": {"c": "d"}}})
    wire.post("pods", {**pod(), "status": {"phase": "Running"}})
    wire.patch("pods/a/status", {"status": {"phase": "Running"}, "metadata": {"labels": {"e": "f"}}})
    wire.put("pods/a/status", {**pod(), "status": {"phase": "Failed"}})
    wire.patch("namespaces/{one}/status", {"status": {"phase": "Terminating"}})


@case("the last finalizer ends a deleted object")
def last_finalizer(wire: Wire) -> None:
    made = wire.post("configmaps", with_metadata(config_map(), finalizers=[*HELD, "example.com/b"]))
    wire.delete("configmaps/a")
    wire.get("configmaps/a")
    wire.patch("configmaps/a", {"metadata": {"finalizers": HELD}})
    wire.put("configmaps/a", config_map(k="3"))
    wire.get("configmaps/a")
    wire.watch("configmaps", 3, resourceVersion=made["metadata"]["resourceVersion"])


@case("some fields never change")
def immutable_fields(wire: Wire) -> None:
    wire.post("configmaps", {**config_map(), "immutable": True})
    wire.patch("configmaps/a", {"data": {"k": "2"}})
    wire.patch("configmaps/a", {"immutable": False})
    wire.patch("configmaps/a", {"metadata": {"labels": {"a": "b"}}})
    wire.post("secrets", {"metadata": {"name": "a"}, "stringData": {"k": "v"}, "immutable": True})
    wire.patch("secrets/a", {"data": {"k": "dg=="}})
    wire.patch("secrets/a", {"data": {"k": "eA=="}})
    wire.patch("secrets/a", {"type": "Other"})
    wire.post("deployments", deployment())
    wire.patch(
        "deployments/a",
        {"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {"metadata": {"labels": {"x": "y"}}}}},
    )
    wire.post("jobs", job())
    wire.patch("jobs/a", {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}})
    wire.patch("jobs/a", {"spec": {"completions": 3}})
    wire.post("statefulsets", workload("StatefulSet", serviceName="s"))
    wire.patch("statefulsets/a", {"spec": {"serviceName": "t"}})
    wire.post("pods", pod())
    wire.patch("pods/a", {"spec": {"containers": [{"name": "main", "image": "example.com/app:2"}]}}, "strategic")
    wire.patch("pods/a", {"spec": {"nodeName": "n"}})
    wire.patch("pods/a", {"spec": {"restartPolicy": "Never"}})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
    wire.post("rolebindings", {"metadata": {"name": "a"}, "roleRef": reference})
    wire.patch("rolebindings/a", {"roleRef": {"name": "s"}})
    wire.post("services", service())
    wire.patch("services/a", {"spec": {"clusterIP": "10.0.0.77", "clusterIPs": ["10.0.0.77"]}})
    wire.post("leases", lease(holderIdentity="x", leaseTransitions=3))
    wire.patch("leases/a", {"spec": {"leaseTransitions": 1}})


@case("an object without finalizers is deleted at once")
def deletions(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    wire.delete("configmaps/a")
    wire.delete("configmaps/a")
    wire.watch("configmaps", 1, resourceVersion=made["metadata"]["resourceVersion"])
    wire.post("secrets", {"metadata": {"name": "a"}})
    wire.delete("secrets/a")
    wire.post("services", service())
    wire.delete("services/a")
    wire.post("serviceaccounts", {"metadata": {"name": "a"}})
    wire.delete("serviceaccounts/a")
    wire.post("deployments", deployment())
    wire.delete("deployments/a")
    wire.post("leases", lease())
    wire.delete("leases/a")
    wire.post("roles", {"metadata": {"name": "a"}, "rules": []})
    wire.delete("roles/a")
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.delete("widgets/a")


@case("finalizers hold a deleted object")
def held(wire: Wire) -> None:
    wire.post("deployments", with_metadata(deployment(), finalizers=HELD))
    wire.delete("deployments/a")
    wire.delete("deployments/a")
    wire.delete("deployments/a", gracePeriodSeconds=0)
    wire.patch("deployments/a", {"metadata": {"finalizers": None}})
    wire.get("deployments/a")
    wire.define(definition(wire.group))
    wire.post("widgets", with_metadata(widget(wire.group), finalizers=HELD))
    wire.delete("widgets/a")
    wire.patch("widgets/a", {"metadata": {"finalizers": None}})
    wire.get("widgets/a")


@case("a pod on a node has a grace period")
def grace(wire: Wire) -> None:
    wire.post("pods", pod("free"))
    wire.delete("pods/free")
    wire.get("pods/free")
    for name in ("a", "b", "c"):
        wire.post("pods", pod(name, nodeName="n", terminationGracePeriodSeconds=20))
    wire.delete("pods/a")
    wire.get("pods/a")
    wire.delete("pods/a", gracePeriodSeconds=50)
    wire.delete("pods/a", gracePeriodSeconds=20)
    wire.delete("pods/a", gracePeriodSeconds=5)
    wire.delete("pods/a", gracePeriodSeconds=0)
    wire.get("pods/a")
    wire.delete("pods/b", gracePeriodSeconds=-5)
    wire.delete("pods/b", {"gracePeriodSeconds": 0})
    wire.patch("pods/c/status", {"status": {"phase": "Succeeded"}})
    wire.delete("pods/c")
    wire.get("pods/c")


@case("a deletion has preconditions")
def preconditions(wire: Wire) -> None:
    made = wire.post("configmaps", config_map())
    changed = wire.put("configmaps/a", config_map(k="2"))
    wire.delete("configmaps/a", {"preconditions": {"uid": "11111111-2222-3333-4444-555555555555"}})
    wire.delete("configmaps/a", {"preconditions": {"resourceVersion": made["metadata"]["resourceVersion"]}})
    both = {"uid": made["metadata"]["uid"], "resourceVersion": changed["metadata"]["resourceVersion"]}
    wire.delete("configmaps/a", {"preconditions": both})
    wire.delete("configmaps/a", {"preconditions": both})


@case("the propagation policy becomes a finalizer")
def propagation(wire: Wire) -> None:
    for name, policy in (("o", "Orphan"), ("f", "Foreground"), ("b", "Background")):
        wire.post("deployments", deployment(name))
        wire.delete(f"deployments/{name}", propagationPolicy=policy)
        wire.get(f"deployments/{name}")
        wire.delete(f"deployments/{name}", {"propagationPolicy": "Background"})
        wire.get(f"deployments/{name}")
    wire.post("jobs", job())
    wire.delete("jobs/a")
    wire.get("jobs/a")
    wire.post("jobs", job("b"))
    wire.delete("jobs/b", {"orphanDependents": False})
    wire.post("configmaps", with_metadata(config_map(), finalizers=["orphan"]))
    wire.delete("configmaps/a")
    wire.delete("configmaps/a", {"propagationPolicy": "Foreground"})


@case("delete options in the body")
def delete_options(wire: Wire) -> None:
    for body in (
        "[]",
        "{",
        "null",
        {"kind": "DeleteOptions", "apiVersion": "v1"},
        {"kind": "Other", "apiVersion": "v1"},
        {"unknown": 1},
    ):
        wire.post("configmaps", config_map())
        wire.delete("configmaps/a", body)
    wire.delete("configmaps/a", {"propagationPolicy": "Wrong"})
    wire.delete("configmaps/a", {"propagationPolicy": "Orphan", "orphanDependents": True})


@case("a collection is deleted object by object")
def collections(wire: Wire) -> None:
    for name in ("a", "b", "c"):
        wire.post("configmaps", with_metadata(config_map(name), labels={"n": name}))
    wire.post("configmaps", with_metadata(config_map("held"), finalizers=HELD, labels={"n": "held"}))
    wire.delete("configmaps", labelSelector="n=a")
    wire.delete("configmaps", fieldSelector="metadata.name=b")
    wire.delete("configmaps", labelSelector="n in (")
    wire.delete("configmaps")
    wire.get("configmaps")
    wire.delete("configmaps")
    for name in ("a", "b"):
        wire.post("deployments", deployment(name))
    wire.delete("deployments", propagationPolicy="Foreground")
    wire.post("pods", pod())
    wire.post("pods", pod("b", nodeName="n"))
    wire.delete("pods")
    wire.delete("pods", gracePeriodSeconds=0)
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.delete("widgets")
    wire.delete("services")
    wire.post("secrets", {"metadata": {"name": "s"}})
    wire.delete("secrets", {"preconditions": {"uid": "x"}})


@case("some namespaces cannot be deleted")
def protected_namespaces(wire: Wire) -> None:
    for name in ("default", "kube-system", "kube-public"):
        wire.delete(f"namespaces/{name}")
    wire.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/missing.example.com")
