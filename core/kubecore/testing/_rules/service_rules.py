"""Rules of Services, apart from those of their addresses. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks, services
from kubecore.testing._rules.validation import Document, Rules
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POLICIES: Final = ("Cluster", "Local")
_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
_ONLY_BALANCED: Final = "may only be used when `type` is 'LoadBalancer'"
_LONGEST_AFFINITY: Final = 86400


def _service(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    kind, ports = spec.get("type", ""), items_at(spec, "ports")
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != services.NONE:
        yield checks.required("spec.ports")
    if kind == "ExternalName":
        yield from _external_name(spec)
    yield from _ports(spec, ports)
    yield from checks.labels("spec.selector", map_at(spec, "selector"))
    yield from _affinity(spec)
    for index, address in enumerate(items_at(spec, "externalIPs")):
        yield from _external_address(f"spec.externalIPs[{index}]", address)
    yield from checks.chosen("spec.type", kind, _TYPES, is_required=True)
    yield from _repeated(ports)
    yield from _balanced(spec)
    yield from _policies(spec)


def _external_name(spec: Document) -> Iterator[Cause]:
    name = spec.get("externalName", "").removesuffix(".")
    yield from checks.required_name("spec.externalName", name, "subdomain")


def _ports(spec: Document, ports: list[Document]) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        name, number, target = port.get("name", ""), port.get("port", 0), port.get("targetPort", 0)
        if not name and len(ports) > 1:
            yield checks.required(f"{field}.name")
        elif name:
            yield from checks.name(f"{field}.name", name, "label")
            if name in names:
                yield checks.duplicate(f"{field}.name", name)
            names.add(name)
        yield from checks.port_number(f"{field}.port", number)
        yield from checks.chosen(f"{field}.protocol", port.get("protocol"), checks.PROTOCOLS, is_required=True)
        yield from checks.hosted(f"{field}.targetPort", target)
        if port.get("appProtocol") is not None:
            yield from checks.key(f"{field}.appProtocol", port["appProtocol"])
        if port.get("nodePort") and spec.get("type") in ("ClusterIP", "ExternalName"):
            yield checks.forbidden(f"{field}.nodePort", f"may not be used when `type` is '{spec['type']}'")


def _repeated(ports: list[Document]) -> Iterator[Cause]:
    """Yield the ports that have the node port, or number and protocol, of an earlier one."""
    nodes: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        node = port.get("protocol", ""), port.get("nodePort") or 0
        if node[1] and node in nodes:
            yield checks.duplicate(f"spec.ports[{index}].nodePort", node[1])
        nodes.add(node)
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        place = port.get("protocol", ""), port.get("port", 0)
        if place in seen:
            yield checks.duplicate(f"spec.ports[{index}]", _internal(*place))
        seen.add(place)


def _internal(protocol: str, number: int) -> Document:
    return {
        "Name": "",
        "Protocol": protocol,
        "AppProtocol": None,
        "Port": number,
        "TargetPort": 0,
        "NodePort": 0,
    }


def _affinity(spec: Document) -> Iterator[Cause]:
    kind = spec.get("sessionAffinity")
    yield from checks.chosen("spec.sessionAffinity", kind, ("ClientIP", "None"), is_required=True)
    field, config = "spec.sessionAffinityConfig", spec.get("sessionAffinityConfig")
    if kind == "ClientIP":
        seconds = map_at(map_at(spec, "sessionAffinityConfig"), "clientIP").get("timeoutSeconds")
        if seconds is None:
            yield checks.required(field, "when session affinity type is ClientIP")
        elif not 0 < seconds <= _LONGEST_AFFINITY:
            text = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
            yield checks.invalid(f"{field}.clientIP.timeoutSeconds", seconds, text)
    elif kind == "None" and config is not None:
        yield checks.forbidden(field, "must not be set when session affinity is None")


def _external_address(field: str, address: str) -> Iterator[Cause]:
    faults = list(checks.ip_address(field, address))
    yield from faults
    if not faults:
        yield from checks.pod_address(field, address)


def _balanced(spec: Document) -> Iterator[Cause]:
    is_balanced = spec.get("type") == "LoadBalancer"
    ranges, field = items_at(spec, "loadBalancerSourceRanges"), "spec.LoadBalancerSourceRanges"
    if ranges and not is_balanced:
        yield checks.forbidden(field, _ONLY_BALANCED)
    for index, each in enumerate(ranges):
        yield from checks.network(f"{field}[{index}]", each.strip())
    if spec.get("allocateLoadBalancerNodePorts") is not None and not is_balanced:
        yield checks.forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_BALANCED)
    name = spec.get("loadBalancerClass")
    if name is not None and not is_balanced:
        yield checks.forbidden("spec.loadBalancerClass", _ONLY_BALANCED)
    elif name is not None:
        yield from checks.key("spec.loadBalancerClass", name)


def _policies(spec: Document) -> Iterator[Cause]:
    kind, policy = spec.get("type"), spec.get("externalTrafficPolicy")
    is_external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(items_at(spec, "externalIPs")))
    if policy and not is_external:
        text = "may only be set for externally-accessible services"
        yield checks.invalid("spec.externalTrafficPolicy", policy, text)
    elif is_external and (policy or kind != "ClusterIP"):
        yield from checks.chosen("spec.externalTrafficPolicy", policy, _POLICIES, is_required=True)
    health = spec.get("healthCheckNodePort")
    if health and not services.needs_health_port(spec):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield checks.invalid("spec.healthCheckNodePort", health, text)
    internal, distribution = spec.get("internalTrafficPolicy"), spec.get("trafficDistribution")
    yield from checks.optional("spec.internalTrafficPolicy", internal, _POLICIES)
    yield from checks.optional("spec.trafficDistribution", distribution, _DISTRIBUTIONS)


def _changed(old: Document, new: Document) -> Iterator[Cause]:
    before, after = map_at(old, "spec"), map_at(new, "spec")
    both = [spec.get("healthCheckNodePort") for spec in (before, after)]
    if services.needs_health_port(before) and services.needs_health_port(after) and both[0] != both[1]:
        yield checks.forbidden("spec.healthCheckNodePort", "field is immutable")
    if before.get("type") == "LoadBalancer" == after.get("type"):
        field, value = "loadBalancerClass", after.get("loadBalancerClass")
        if before.get(field) != value:
            yield checks.invalid(f"spec.{field}", value, "may not change once set")
    yield from _service(new)


RULES: Final[Mapping[str, Rules]] = {"Service": Rules(create=_service, update=_changed)}
