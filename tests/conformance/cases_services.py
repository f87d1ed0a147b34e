"""Cases of Services: their addresses, ports and types."""

from __future__ import annotations

from typing import Any

from tests.conformance.cases import case
from tests.conformance.wire import Wire

PORTS: list[dict[str, Any]] = [{"port": 80}]


def _make(wire: Wire, name: str, /, **spec: Any) -> Any:
    return wire.post("services", {"metadata": {"name": name}, "spec": spec})


@case("addresses, ports and families depend on the type")
def types(wire: Wire) -> None:
    _make(wire, "node", ports=PORTS, type="NodePort")
    _make(wire, "balanced", ports=PORTS, type="LoadBalancer")
    _make(wire, "local", ports=PORTS, type="LoadBalancer", externalTrafficPolicy="Local")
    _make(wire, "plain", ports=PORTS, type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    _make(wire, "external", type="ExternalName", externalName="example.com")
    _make(wire, "headless", ports=PORTS, clusterIP="None", selector={"a": "b"})
    _make(wire, "free", clusterIP="None")
    wire.post("services", {"metadata": {"name": "dry"}, "spec": {"ports": PORTS, "type": "NodePort"}}, dryRun="All")
    both = [{"name": "a", "port": 80}, {"name": "b", "port": 80, "protocol": "UDP"}]
    found = _make(wire, "both", ports=both, type="NodePort")
    numbers = {port["nodePort"] for port in found["spec"]["ports"]}
    _make(wire, f"ports-{len(numbers)}", ports=PORTS)


@case("an address or a port is used once, and free when its Service is deleted")
def allocations(wire: Wire) -> None:
    _make(wire, "a", ports=PORTS, clusterIP="10.0.0.5")
    _make(wire, "b", ports=PORTS, clusterIP="10.0.0.5")
    wire.delete("services/a")
    _make(wire, "b", ports=PORTS, clusterIP="10.0.0.5")
    _make(wire, "c", ports=PORTS, clusterIP="11.0.0.5")
    _make(wire, "c", ports=PORTS, clusterIP="x")
    _make(wire, "c", ports=PORTS, clusterIP="10.0.0.6", clusterIPs=["10.0.0.7"])
    _make(wire, "c", ports=PORTS, clusterIPs=["10.0.0.7"])
    _make(wire, "d", ports=[{"port": 80, "nodePort": 30005}], type="NodePort")
    _make(wire, "e", ports=[{"port": 80, "nodePort": 30005}], type="NodePort")
    _make(wire, "e", ports=[{"port": 80, "nodePort": 80}], type="NodePort")
    _make(wire, "e", ports=PORTS, healthCheckNodePort=30006, externalTrafficPolicy="Local", type="LoadBalancer")
    _make(wire, "f", ports=PORTS, healthCheckNodePort=30006, externalTrafficPolicy="Local", type="LoadBalancer")
    _make(wire, "g", ports=PORTS, clusterIP="None", type="NodePort")
    _make(wire, "g", type="ExternalName", externalName="example.com", clusterIP="10.0.0.8")


@case("a cluster with IPv4 has single-stack Services, and headless ones of both families")
def families(wire: Wire) -> None:
    _make(wire, "a", ports=PORTS, ipFamilyPolicy="PreferDualStack")
    _make(wire, "b", ports=PORTS, ipFamilyPolicy="RequireDualStack")
    _make(wire, "b", ports=PORTS, ipFamilies=["IPv6"])
    _make(wire, "b", ports=PORTS, ipFamilies=["IPv4", "IPv6"])
    _make(wire, "c", ports=PORTS, clusterIP="None", ipFamilyPolicy="PreferDualStack")
    _make(wire, "d", ports=PORTS, clusterIP="None", ipFamilyPolicy="SingleStack")
    _make(wire, "e", ports=PORTS, clusterIP="None", ipFamilies=["IPv6"])
    _make(wire, "f", ports=PORTS, clusterIP="None", selector={"a": "b"}, ipFamilies=["IPv6"])


@case("an update keeps allocated values, and drops those that the new type does not have")
def updates(wire: Wire) -> None:
    def change(**spec: Any) -> None:
        wire.patch("services/a", {"spec": spec})

    _make(wire, "a", ports=PORTS)
    change(clusterIP="10.0.0.9")
    change(clusterIP=None)
    change(type="NodePort")
    change(ports=[{"port": 80, "nodePort": 30007}])
    change(ports=[{"port": 90}])
    change(type="ClusterIP")
    change(type="LoadBalancer", externalTrafficPolicy="Local")
    change(healthCheckNodePort=None)
    change(externalTrafficPolicy="Cluster")
    change(type="ExternalName", externalName="example.com")
    change(type="ClusterIP")
    change(ipFamilies=["IPv6"])
    change(clusterIP="None")
    change(ipFamilyPolicy="PreferDualStack")
    replaced: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {"ports": PORTS}}
    wire.put("services/a", replaced)
    wire.put("services/a", {**replaced, "spec": {"type": "ExternalName", "externalName": "example.com"}})
    wire.put("services/a", replaced)


@case("values that the server sets after the managed fields belong to no manager")
def unowned(wire: Wire) -> None:
    wire.post("roles", {"metadata": {"name": "a"}, "rules": []})
    wire.post("roles", {"metadata": {"name": "b"}, "rules": None})
    wire.post("endpointslices", {"metadata": {"name": "a"}, "addressType": "IPv4", "endpoints": [], "ports": []})
    wire.post("nodes", {"metadata": {"name": wire.one}, "spec": {"podCIDR": "1.2.3.0/24"}})
    wire.post("nodes", {"metadata": {"name": wire.two}, "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}})
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    wire.post("persistentvolumeclaims", {"metadata": {"name": "a", "finalizers": ["example.com/a"]}, "spec": claim})
    volume = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    wire.post("persistentvolumes", {"metadata": {"name": wire.one}, "spec": volume})
    wire.delete("persistentvolumes/{one}")


@case("warnings about fields of Services without effect")
def warnings(wire: Wire) -> None:
    _make(wire, "name", ports=PORTS, externalName="example.com")
    _make(wire, "headless", ports=PORTS, clusterIP="None", sessionAffinity="ClientIP")
    _make(wire, "headless-balanced", ports=PORTS, clusterIP="None", loadBalancerIP="1.2.3.4")
    _make(wire, "twice", ports=PORTS, externalIPs=["1.2.3.4", "1.2.3.4"])
    _make(wire, "zeros", ports=PORTS, externalIPs=["1.2.3.04"])
    _make(wire, "six", ports=PORTS, externalIPs=["2001:db8:0::1"])
    _make(
        wire,
        "balanced",
        ports=PORTS,
        type="LoadBalancer",
        loadBalancerIP="1.2.3.4",
        loadBalancerSourceRanges=["10.0.0.0/8"],
    )
    _make(wire, "external", type="ExternalName", externalName="example.com", ports=PORTS, externalIPs=["1.2.3.4"])
    same = [{"name": "a", "port": 80, "protocol": "TCP"}, {"name": "b", "port": 81, "targetPort": 80}]
    _make(wire, "ports", ports=same)
    wire.put("services/name", {"metadata": {"name": "name"}, "spec": {"ports": PORTS, "externalName": "example.com"}})
    wire.patch("services/name", {"metadata": {"labels": {"a": "b"}}}, "merge")
    wire.patch("services/name/status", {"status": {"loadBalancer": {}}}, "merge")
    spec = {"ports": PORTS, "externalName": "a.b", "clusterIP": "None", "externalIPs": ["1.2.3.4"]}
    spec |= {"loadBalancerIP": "1.2.3.4", "sessionAffinity": "ClientIP"}
    applied = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "applied"}, "spec": spec}
    wire.apply("services/applied", applied)
    wire.apply("services/applied", applied)
    wire.put("services/applied", applied)
