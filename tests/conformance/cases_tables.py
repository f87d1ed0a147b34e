"""Cases of tables of built-in kinds."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.bodies import CONTAINER, config_map, deployment, lease, pod, service
from tests.conformance.cases import case
from tests.conformance.wire import Wire

TABLE: Final = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}


def show(wire: Wire, path: str, **query: Any) -> None:
    """Read objects as a table."""
    wire.send("GET", path, headers=TABLE, query=query)


@case("tables of simple kinds")
def simple_tables(wire: Wire) -> None:
    wire.post("configmaps", config_map())
    wire.post("configmaps", {**config_map("b", k="1", z="2"), "binaryData": {"x": "dg=="}})
    wire.post("secrets", {"metadata": {"name": "a"}, "stringData": {"k": "v"}})
    wire.post("leases", lease())
    wire.post("leases", lease("b", holderIdentity="me"))
    for plural in ("configmaps", "secrets", "leases", "serviceaccounts"):
        show(wire, plural)
        show(wire, f"{plural}/a")
    show(wire, "configmaps", limit=1)
    show(wire, "configmaps", labelSelector="a=b")
    for part in ("Object", "None", "Metadata", "Other"):
        show(wire, "configmaps/a", includeObject=part)
    show(wire, "namespaces/{one}")
    wire.send("GET", "configmaps/a", headers={"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1beta1"})
    wire.send("POST", "configmaps", config_map("c"), headers=TABLE)
    wire.send("GET", "configmaps", headers=TABLE, query={"watch": "true", "timeoutSeconds": 1, "fieldSelector": "a=b"})


@case("tables of workloads and services")
def workload_tables(wire: Wire) -> None:
    wire.post("deployments", deployment(replicas=3))
    status = {"replicas": 2, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 1}
    wire.post("deployments", deployment("b"))
    wire.patch("deployments/a/status", {"status": status})
    show(wire, "deployments")
    wire.post("services", service(clusterIP="None"))
    wire.post("services", service("n", clusterIP="None", ports=[{"port": 1, "name": "a"}, {"port": 2, "name": "b"}]))
    wire.post("services", service("e", type="ExternalName", externalName="example.com", ports=[]))
    wire.post("services", service("x", clusterIP="None", externalIPs=["192.0.2.1"], selector=None))
    show(wire, "services")
    expressions = [
        {"key": "b", "operator": "In", "values": ["y", "x"]},
        {"key": "c", "operator": "NotIn", "values": ["q", "z"]},
        {"key": "a", "operator": "Exists"},
    ]
    template = {"metadata": {"labels": {"a": "1", "b": "x", "d": "1"}}, "spec": {"containers": [dict(CONTAINER)]}}
    selector = {"matchLabels": {"d": "1"}, "matchExpressions": expressions}
    wire.post("deployments", deployment("e", selector=selector, template=template))
    show(wire, "deployments/e")


@case("tables of pods")
def pod_tables(wire: Wire) -> None:
    two = [dict(CONTAINER), {**CONTAINER, "name": "other"}]
    wire.post("pods", pod())
    wire.post("pods", pod("b", containers=two, nodeName="n"))
    wire.post("pods", pod("c", nodeName="n"))
    wire.post("pods", pod("d", nodeName="n"))
    wire.post("pods", pod("e", readinessGates=[{"conditionType": "example.com/a"}]))
    ready: dict[str, Any] = {
        "name": "main",
        "ready": True,
        "restartCount": 0,
        "image": "i",
        "imageID": "",
        "state": {"running": {}},
    }
    waiting = {**ready, "name": "other", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    statuses: dict[str, dict[str, Any]] = {
        "b": {"phase": "Running", "podIP": "192.0.2.1", "containerStatuses": [ready, waiting]},
        "c": {"phase": "Running", "podIP": "192.0.2.2", "containerStatuses": [ready]},
        "d": {"phase": "Failed", "reason": "Evicted"},
    }
    for name, status in statuses.items():
        if "podIP" in status:
            status["podIPs"] = [{"ip": status["podIP"]}]
        wire.patch(f"pods/{name}/status", {"status": status})
    show(wire, "pods")
    done = {**ready, "ready": False, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
    wire.patch("pods/c/status", {"status": {"phase": "Succeeded", "containerStatuses": [done]}})
    wire.delete("pods/b")
    show(wire, "pods/c")
    show(wire, "pods/b")
