"""Cases of discovery, versions and health."""

from __future__ import annotations

from tests.conformance.bodies import definition
from tests.conformance.cases import case
from tests.conformance.wire import Wire

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@case("health and the root paths")
def health(wire: Wire) -> None:
    for path in ("/readyz", "/livez", "/healthz"):
        wire.get(path)


@case("resources of the groups that the server has")
def groups(wire: Wire) -> None:
    for path in (
        "/api/v1",
        "/apis/apps/v1",
        "/apis/batch/v1",
        "/apis/rbac.authorization.k8s.io/v1",
        "/apis/autoscaling/v2",
        "/apis/policy/v1",
    ):
        wire.get(path)
    for path in (
        "/apis/coordination.k8s.io/v1",
        "/apis/networking.k8s.io/v1",
        "/apis/discovery.k8s.io/v1",
        "/apis/apiextensions.k8s.io/v1",
        "/apis/authorization.k8s.io/v1",
        "/apis/storage.k8s.io/v1",
    ):
        wire.get(path)
    wire.get("/apis/apps")
    wire.get("/apis/autoscaling")
    wire.get("/apis/missing.example.com")
    wire.get("/apis/apps/v9")


@case("discovery of custom resources")
def customs(wire: Wire) -> None:
    made = definition(
        wire.group,
        subresources={
            "status": {},
            "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.ready"},
        },
    )
    made["spec"]["names"] |= {"shortNames": ["wd", "wdg"], "categories": ["gadgets"]}
    wire.define(made)
    wire.wait(2)
    wire.get(f"/apis/{wire.group}")
    wire.get(f"/apis/{wire.group}/v1")
    wire.get(f"/apis/{wire.group}/v2")


@case("the core group in aggregated discovery, and paths that are not served")
def aggregated(wire: Wire) -> None:
    wire.send("GET", "/api", headers={"Accept": AGGREGATED})
    wire.send("GET", "/api", headers={"Accept": f"{AGGREGATED},application/json"})
    wire.define(definition(wire.group))
    wire.wait(2)
    wire.get(f"/apis/{wire.group}/v1/others")
    wire.get(f"/apis/{wire.group}/v1/namespaces/{{one}}/others/a")
    wire.post(f"/apis/{wire.group}/v1/widgets", {})
    wire.get("widgets/a/other")
    wire.post("widgets/a/status", {})
    wire.get("/other")
    wire.send("DELETE", "/version")
    wire.post("/apis/apps/v1", {})
