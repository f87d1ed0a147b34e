"""Fields of Services that depend on the type: which a write adds, keeps or drops, and invalid cluster IPs. No I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._schemas.json_values import is_map, items_at
from kubecore.testing._server.failures import Cause

__all__ = ["address_causes", "completed", "needs_address", "needs_health_port", "needs_node_ports"]

NONE: Final = "None"
"""The cluster IP of a headless Service."""

_FAMILIES: Final = ("IPv4", "IPv6")
_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")


def needs_address(spec: dict[str, Any]) -> bool:
    """Return whether a Service has cluster IPs: `None` is one."""
    return spec.get("type") != "ExternalName"


def _has_node_ports(spec: dict[str, Any]) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def needs_node_ports(spec: dict[str, Any]) -> bool:
    """Return whether the server allocates a node port for each port."""
    return spec.get("type") == "NodePort" or (_is_balanced(spec) and spec.get("allocateLoadBalancerNodePorts", True))


def needs_health_port(spec: dict[str, Any]) -> bool:
    """Return whether the server allocates a port for health checks."""
    return _is_balanced(spec) and spec.get("externalTrafficPolicy") == "Local"


def _is_balanced(spec: dict[str, Any]) -> bool:
    return spec.get("type") == "LoadBalancer"


def _is_external(spec: dict[str, Any]) -> bool:
    return _has_node_ports(spec) or (needs_address(spec) and bool(spec.get("externalIPs")))


_DEPENDENT: Final = (
    (needs_address, ("clusterIP", "clusterIPs")),
    (needs_address, ("ipFamilies", "ipFamilyPolicy")),
    (needs_address, ("internalTrafficPolicy",)),
    (needs_health_port, ("healthCheckNodePort",)),
    (_is_balanced, ("allocateLoadBalancerNodePorts",)),
    (_is_balanced, ("loadBalancerClass",)),
    (_is_external, ("externalTrafficPolicy",)),
)
"""Fields that Services of some types have. An update that changes the type drops them, unless it changes them, too."""


def completed(spec: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    """Return the spec of a written Service before addresses and ports are allocated.

    Args:
        spec: The spec with its defaults; it is not changed.
        old: The stored spec, for an update.
    """
    made = dict(spec)
    if old is not None:
        _keep(made, old)
    _set_addresses(made, old)
    if old is not None:
        _drop(made, old)
    if needs_address(made):
        _set_families(made)
    return made


def _keep(made: dict[str, Any], old: dict[str, Any]) -> None:
    """Set allocated values that an update omits."""
    if needs_address(made) and needs_address(old):
        if not made.get("clusterIP") and old.get("clusterIP"):
            made["clusterIP"] = old["clusterIP"]
            made["clusterIPs"] = made.get("clusterIPs") or old.get("clusterIPs", [])
        for name in ("ipFamilies", "ipFamilyPolicy"):
            if not made.get(name) and old.get(name):
                made[name] = old[name]
    if needs_node_ports(made) and needs_node_ports(old):
        made["ports"] = _with_kept_ports(items_at(made, "ports"), items_at(old, "ports"))
    if needs_health_port(made) and needs_health_port(old) and not made.get("healthCheckNodePort"):
        made["healthCheckNodePort"] = old.get("healthCheckNodePort", 0)


def _with_kept_ports(ports: Sequence[Any], old: Sequence[Any]) -> list[Any]:
    """Return ports with the node ports of stored ports of the same names."""
    before = {port.get("name", ""): port.get("nodePort", 0) for port in old}
    used = {port.get("nodePort", 0) for port in ports} & set(before.values())
    made: list[Any] = []
    for port in ports:
        kept = before.get(port.get("name", ""), 0)
        if not port.get("nodePort") and kept and kept not in used:
            used.add(kept)
            port = {**port, "nodePort": kept}
        made.append(port)
    return made


def _set_addresses(made: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Set the list of cluster IPs from the single one, if only that was written."""
    address, addresses = made.get("clusterIP", ""), items_at(made, "clusterIPs")
    if old is None:
        if address and not addresses:
            made["clusterIPs"] = [address]
        return
    if address and not addresses:
        made["clusterIPs"] = [address]
        return
    if address == old.get("clusterIP", "") or addresses != items_at(old, "clusterIPs"):
        return
    if address:
        made["clusterIPs"] = [address, *addresses[1:]]
    else:
        made.pop("clusterIPs", None)


def _drop(made: dict[str, Any], old: dict[str, Any]) -> None:
    for is_needed, names in _DEPENDENT:
        is_unneeded = is_needed(old) and not is_needed(made)
        if is_unneeded and all(made.get(name) == old.get(name) for name in names):
            for name in names:
                made.pop(name, None)
    if not _has_node_ports(old) or _has_node_ports(made):
        return
    ports = items_at(made, "ports")
    if [_node_port(port) for port in ports] == [_node_port(port) for port in items_at(old, "ports")]:
        made["ports"] = [{name: value for name, value in port.items() if name != "nodePort"} for port in ports]


def _node_port(port: Any) -> int:
    found: int = (port.get("nodePort") if is_map(port) else None) or 0
    return found


def _set_families(made: dict[str, Any]) -> None:
    """Set the families and their policy for a cluster whose Services have IPv4 addresses."""
    families = items_at(made, "ipFamilies")
    is_free = made.get("clusterIP") == NONE and not made.get("selector")
    if not made.get("ipFamilyPolicy"):
        made["ipFamilyPolicy"] = "RequireDualStack" if is_free and len(families) < 3 else "SingleStack"
    if not families:
        families = ["IPv4"]
    is_dual = made["ipFamilyPolicy"] != "SingleStack"
    if is_free and is_dual and len(families) == 1:
        families = [*families, *(family for family in _FAMILIES if family not in families)]
    made["ipFamilies"] = families


def address_causes(spec: dict[str, Any], old: dict[str, Any] | None) -> Iterator[Cause]:
    """Yield the faults of the cluster IPs and families of a Service, in the server's order.

    Args:
        spec: The spec, as `completed` returns it.
        old: The stored spec, for an update.
    """
    field = "spec.clusterIPs"
    address, addresses = spec.get("clusterIP", ""), items_at(spec, "clusterIPs")
    if not needs_address(spec):
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(name):
                yield checks.forbidden(f"spec.{name}", "may not be set for ExternalName services")
        return
    if addresses and not address:
        yield checks.invalid(field, addresses, "must be empty when `clusterIP` is not specified")
    elif address and addresses and addresses[0] != address:
        yield checks.invalid(field, addresses, "first value must match `clusterIP`")
    if old is not None and needs_address(old):
        before = items_at(old, "clusterIPs")
        if before and addresses[:1] != before[:1]:
            yield checks.invalid(f"{field}[0]", addresses, "may not change once set")
            return
    yield from _family_causes(spec)
    if len(addresses) > 1 and NONE in addresses:
        yield checks.invalid(field, addresses, "'None' must be the first and only value")
        return
    if len(addresses) > len({":" in each for each in addresses}):
        yield checks.invalid(field, addresses, "may specify no more than one IP for each IP family")
        return
    for index, each in enumerate(addresses):
        yield from _one_address_causes(spec, f"{field}[{index}]", index, each)


def _family_causes(spec: dict[str, Any]) -> Iterator[Cause]:
    families, policy = items_at(spec, "ipFamilies"), spec.get("ipFamilyPolicy")
    is_free = spec.get("clusterIP") == NONE and not spec.get("selector")
    for index, family in enumerate(families):
        if family in families[:index]:
            yield checks.duplicate(f"spec.ipFamilies[{index}]", family)
            return
    if policy not in _POLICIES:
        yield checks.unsupported("spec.ipFamilyPolicy", policy, _POLICIES)
    elif len(families) > 1 and policy == "SingleStack":
        text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"
        yield checks.invalid("spec.ipFamilyPolicy", policy, text)
        return
    elif policy == "RequireDualStack" and not is_free:
        yield checks.invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services")
    for index, family in enumerate(families):
        field = f"spec.ipFamilies[{index}]"
        if family not in _FAMILIES:
            yield checks.unsupported(field, family, _FAMILIES)
        elif family == "IPv6" and not is_free and spec.get("clusterIP", NONE) == NONE:
            yield checks.invalid(field, family, "not configured on this cluster")


def _one_address_causes(spec: dict[str, Any], field: str, index: int, address: str) -> Iterator[Cause]:
    if address == NONE:
        if _has_node_ports(spec):
            yield checks.invalid(field, NONE, f"may not be set to 'None' for {spec['type']} services")
        return
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        yield from checks.ip_address(field, address)
        return
    families = items_at(spec, "ipFamilies")
    if index < len(families) and families[index] in _FAMILIES and families[index] != f"IPv{version}":
        text = f"expected an {families[index]} value as indicated by `ipFamilies[{index}]`"
        yield checks.invalid(field, address, text)
