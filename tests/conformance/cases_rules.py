"""Cases of built-in kinds that are refused: values that are invalid, and fields that never change."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.bodies import config_map
from tests.conformance.cases import case
from tests.conformance.wire import Wire

_PORTS: Final[list[dict[str, Any]]] = [{"port": 80}]
_NAMED: Final[list[dict[str, Any]]] = [{"name": "a", "port": 80}, {"name": "a", "port": 81}]
_RBAC: Final = "rbac.authorization.k8s.io"
_CLAIM: Final[dict[str, Any]] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
_TARGET: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}


def _make(wire: Wire, plural: str, /, **fields: Any) -> Any:
    return wire.post(plural, {"metadata": {"name": "a"}, **fields})


@case("data of Secrets is base64, and some types need keys")
def secrets(wire: Wire) -> None:
    _make(wire, "secrets", data={"k": "not base64"})
    _make(wire, "secrets", data={"bad key": "aGk="})
    _make(wire, "secrets", type="kubernetes.io/tls", data={"tls.crt": "aGk="})
    _make(wire, "secrets", type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": "x"})
    _make(wire, "secrets", type="kubernetes.io/basic-auth")
    _make(wire, "secrets", type="kubernetes.io/service-account-token")
    _make(wire, "secrets", stringData={"k": "v"}, immutable=True)
    wire.patch("secrets/a", {"stringData": {"k": "w"}})
    wire.patch("secrets/a", {"immutable": False})
    wire.patch("secrets/a", {"type": "Other"})
    wire.patch("secrets/a", {"metadata": {"labels": {"a": "b"}}})


@case("an immutable ConfigMap keeps its data")
def config_maps(wire: Wire) -> None:
    wire.post("configmaps", {**config_map(), "immutable": True})
    wire.patch("configmaps/a", {"data": {"k": "2"}})
    wire.patch("configmaps/a", {"binaryData": {"b": "aGk="}})
    wire.patch("configmaps/a", {"immutable": None, "data": None})
    wire.patch("configmaps/a", {"metadata": {"labels": {"a": "b"}}})
    wire.post("configmaps", {"metadata": {"name": "b"}, "data": {"bad key": "1"}})
    wire.post("configmaps", {"metadata": {"name": "b"}, "data": {"k": "1"}, "binaryData": {"k": "aGk="}})


@case("ports of Services are named, and not repeated")
def services(wire: Wire) -> None:
    _make(wire, "services", spec={})
    _make(wire, "services", spec={"ports": [{"port": 80}, {"port": 81}]})
    _make(wire, "services", spec={"ports": _NAMED})
    _make(wire, "services", spec={"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]})
    _make(wire, "services", spec={"ports": [{"name": "A", "port": 0, "protocol": "x", "targetPort": "a b"}]})
    _make(wire, "services", spec={"ports": _PORTS, "type": "Other"})
    _make(wire, "services", spec={"ports": _PORTS, "sessionAffinity": "Other"})
    _make(wire, "services", spec={"ports": _PORTS, "loadBalancerClass": "example.com/a"})
    _make(wire, "services", spec={"ports": _PORTS, "externalTrafficPolicy": "Local"})
    _make(wire, "services", spec={"ports": [{"port": 80, "nodePort": 30010}]})
    _make(wire, "services", spec={"type": "ExternalName"})
    _make(wire, "services", spec={"type": "ExternalName", "externalName": "Bad_Name"})
    _make(wire, "services", spec={"ports": _PORTS, "externalIPs": ["x", "127.0.0.1"]})
    _make(wire, "services", spec={"ports": _PORTS, "type": "LoadBalancer", "loadBalancerClass": "example.com/a"})
    wire.patch("services/a", {"spec": {"loadBalancerClass": "example.com/b"}})
    wire.patch("services/a", {"spec": {"ports": []}})


@case("a binding keeps its role")
def bindings(wire: Wire) -> None:
    role = {"apiGroup": _RBAC, "kind": "Role", "name": "a"}
    user = {"kind": "User", "name": "jane"}
    _make(wire, "rolebindings", roleRef={"kind": "Other", "name": ""})
    _make(wire, "rolebindings", roleRef=role, subjects=[{"kind": "Other", "name": "a"}, {"kind": "User", "name": ""}])
    _make(wire, "rolebindings", roleRef={"kind": "Role", "name": "a"}, subjects=[user])
    wire.patch("rolebindings/a", {"roleRef": {"name": "b"}})
    wire.patch("rolebindings/a", {"subjects": []})
    _make(wire, "roles", rules=[{"verbs": [], "resources": ["pods"]}, {"nonResourceURLs": ["/x"], "verbs": ["get"]}])
    rule = {"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["pods"], "apiGroups": [""]}
    wire.post("clusterroles", {"metadata": {"name": wire.one}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "a"}
    wire.post("clusterrolebindings", {"metadata": {"name": wire.one}, "roleRef": role, "subjects": [subject]})


@case("the spec of a claim is fixed")
def claims(wire: Wire) -> None:
    _make(wire, "persistentvolumeclaims", spec={})
    _make(wire, "persistentvolumeclaims", spec={**_CLAIM, "accessModes": ["Other"], "volumeMode": "Other"})
    both = ["ReadWriteOncePod", "ReadWriteOnce"]
    _make(wire, "persistentvolumeclaims", spec={**_CLAIM, "accessModes": both})
    source = {"kind": "PersistentVolumeClaim", "name": "b"}
    wire.post("persistentvolumeclaims", {"metadata": {"name": "b"}, "spec": {**_CLAIM, "dataSource": source}})
    wire.post("persistentvolumeclaims", {"metadata": {"name": "c"}, "spec": {**_CLAIM, "dataSourceRef": source}})
    _make(wire, "persistentvolumeclaims", spec=_CLAIM)
    wire.patch("persistentvolumeclaims/a", {"spec": {"volumeName": "v"}})
    wire.patch("persistentvolumeclaims/a", {"spec": {"volumeMode": "Block"}})
    wire.patch("persistentvolumeclaims/a", {"spec": {"accessModes": ["ReadWriteMany"]}})
    wire.patch("persistentvolumeclaims/a", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}})
    bound = {"status": {"phase": "Bound", "capacity": {"storage": "2Gi"}}}
    wire.patch("persistentvolumeclaims/a/status", bound)
    wire.patch("persistentvolumeclaims/a", {"spec": {"resources": {"requests": {"storage": "1Gi"}}}})
    wire.patch("persistentvolumeclaims/a", {"spec": {"volumeName": "w"}})


@case("paths of an Ingress have types and backends")
def ingresses(wire: Wire) -> None:
    service = {"service": {"name": "a", "port": {"number": 80}}}

    def make(path: dict[str, Any], host: str = "example.com") -> None:
        _make(wire, "ingresses", spec={"rules": [{"host": host, "http": {"paths": [path]}}]})

    _make(wire, "ingresses", spec={})
    make({"backend": service})
    make({"pathType": "Prefix", "path": "x", "backend": service})
    make({"pathType": "Other", "path": "/x", "backend": service})
    make({"pathType": "Exact", "path": "/a//b/..", "backend": service})
    make({"pathType": "ImplementationSpecific", "path": "x", "backend": {}})
    make({"pathType": "Exact", "path": "/", "backend": {"service": {"name": "a", "port": {"name": "b", "number": 1}}}})
    make({"pathType": "Exact", "path": "/", "backend": service}, "1.2.3.4")
    make({"pathType": "Exact", "path": "/", "backend": service}, "*.*.com")
    make({"pathType": "Exact", "path": "/", "backend": service}, "*.example.com")


@case("peers and ports of a NetworkPolicy")
def network_policies(wire: Wire) -> None:
    def make(**rule: Any) -> None:
        _make(wire, "networkpolicies", spec={"podSelector": {}, "ingress": [rule]})

    make(**{"from": [{}]})
    make(**{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8", "10.0.0.0/8"]}}]})
    make(**{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]})
    make(ports=[{"port": "web", "endPort": 90}, {"endPort": 90}, {"port": 90, "endPort": 80, "protocol": "x"}])
    _make(wire, "networkpolicies", spec={"podSelector": {"matchLabels": {"bad key": "a"}}, "policyTypes": ["Other"]})


@case("an autoscaler has a target and bounds, a budget one bound")
def scaling(wire: Wire) -> None:
    def scaler(**spec: Any) -> None:
        _make(wire, "horizontalpodautoscalers", spec={"scaleTargetRef": _TARGET, **spec})

    scaler(minReplicas=3, maxReplicas=2)
    scaler(minReplicas=0, maxReplicas=2)
    scaler()
    scaler(maxReplicas=2, scaleTargetRef={})
    scaler(
        maxReplicas=2, metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]
    )
    scaler(maxReplicas=2, metrics=[{"type": "Other"}, {}])
    _make(wire, "poddisruptionbudgets", spec={"minAvailable": 1, "maxUnavailable": 1})
    _make(wire, "poddisruptionbudgets", spec={"minAvailable": "x"})
    _make(wire, "poddisruptionbudgets", spec={"maxUnavailable": "101%"})
    _make(wire, "poddisruptionbudgets", spec={"maxUnavailable": -1})
    _make(wire, "poddisruptionbudgets", spec={"maxUnavailable": 1})
    wire.patch("poddisruptionbudgets/a", {"spec": {"minAvailable": 1}})


@case("numbers of a Lease, and finalizers of a namespace")
def others(wire: Wire) -> None:
    _make(wire, "leases", spec={"leaseDurationSeconds": 0, "leaseTransitions": -1})
    _make(wire, "leases", spec={"holderIdentity": "", "leaseDurationSeconds": 10})
    wire.patch("leases/a", {"spec": {"leaseDurationSeconds": -1}})
    wire.post("namespaces", {"metadata": {"name": f"{wire.one}-b"}, "spec": {"finalizers": ["Bad"]}})
    wire.post("namespaces", {"metadata": {"name": "a.b"}})
    parameters = {"kind": "A", "name": "a", "scope": "Other"}
    wire.post(
        "/apis/networking.k8s.io/v1/ingressclasses",
        {"metadata": {"name": wire.one}, "spec": {"controller": "a", "parameters": parameters}},
    )
