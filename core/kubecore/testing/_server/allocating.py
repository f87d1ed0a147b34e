"""Addresses and node ports of Services: they are allocated by writes, and free again when no Service has them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from kubecore.testing._rules import checks, services
from kubecore.testing._rules.storing import as_stored
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause, RequestError, invalid
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State

__all__ = ["allocated"]

_SERVICES: Final = ("", "services")
_NETWORK: Final = ipaddress.ip_network("10.0.0.0/16")
_NODE_PORTS: Final = range(30000, 32768)
_TAKEN: Final = "provided port is already allocated"
_DRY_RUN_ADDRESS: Final = "10.0.0.0"

NodePort = tuple[str, int]
"""Protocol and number of a node port."""


class _Port(msgspec.Struct):
    nodePort: int = 0  # noqa: N815 - A field of the API.
    protocol: str = "TCP"


class _Spec(msgspec.Struct):
    clusterIPs: tuple[str, ...] = ()  # noqa: N815
    ports: tuple[_Port, ...] = ()
    healthCheckNodePort: int = 0  # noqa: N815


class _Service(msgspec.Struct):
    spec: _Spec = msgspec.field(default_factory=_Spec)


_DECODER: Final = msgspec.json.Decoder(_Service)


def allocated(
    state: State, resource: Resource, document: dict[str, Any], live: dict[str, Any] | None, *, is_dry_run: bool
) -> dict[str, Any]:
    """Return a written object as it is stored: a Service gets its addresses and ports.

    Args:
        state: The state.
        resource: The resource.
        document: The object with its managed fields; it is not changed.
        live: The stored object, for an update.
        is_dry_run: Whether nothing is allocated: the values are placeholders.

    Raises:
        RequestError: 422, an address or a port is invalid or used.
    """
    if resource.is_custom:
        return document
    document = as_stored(document, live, resource.facts, state.timestamp())
    if resource.storage != _SERVICES:
        return document
    old = None if live is None else map_at(live, "spec")
    spec = services.completed(map_at(document, "spec"), old)
    causes = list(services.address_causes(spec, old))
    if causes:
        raise _refused(resource, document, causes)
    own = (document["metadata"].get("namespace", ""), document["metadata"].get("name", ""))
    pool = _Pool(state, own, is_dry_run=is_dry_run)
    made = {**document, "spec": spec}
    causes = list(_addresses(spec, pool)) or list(_ports(spec, pool, is_update=old is not None))
    if causes:
        raise _refused(resource, document, causes)
    _health_port(spec, pool)
    return made


def _refused(resource: Resource, document: dict[str, Any], causes: Sequence[Cause]) -> RequestError:
    return invalid(resource.group, resource.kind, document["metadata"].get("name", ""), causes)


class _Pool:
    """The addresses and ports of the other Services.

    Args:
        state: The state.
        own: Namespace and name of the Service that is written.
        is_dry_run: Whether placeholders are allocated.
    """

    def __init__(self, state: State, own: tuple[str, str], *, is_dry_run: bool) -> None:
        self._chance = state.chance
        self.is_dry_run = is_dry_run
        self._placeholder = _NODE_PORTS[-1] + 1
        self.addresses = {str(_NETWORK[1])}
        self.ports: set[NodePort] = set()
        for key, record in state.store.collection(_SERVICES).items():
            if key != own:
                self._use(_DECODER.decode(record.content).spec)

    def _use(self, spec: _Spec) -> None:
        self.addresses.update(spec.clusterIPs)
        self.ports.update((port.protocol, port.nodePort) for port in spec.ports if port.nodePort)
        if spec.healthCheckNodePort:
            self.ports.add(("TCP", spec.healthCheckNodePort))

    def new_address(self) -> str:
        """Return a free address."""
        if self.is_dry_run:
            return _DRY_RUN_ADDRESS
        while True:
            found = str(_NETWORK[self._chance.randrange(2, _NETWORK.num_addresses - 1)])
            if found not in self.addresses:
                return found

    def new_port(self, protocol: str = "TCP") -> int:
        """Return a free node port; it is used from then on."""
        if self.is_dry_run:
            self._placeholder += 1
            return self._placeholder
        while True:
            found = self._chance.choice(_NODE_PORTS)
            if all(other != found for _, other in self.ports):
                self.ports.add((protocol, found))
                return found


def _addresses(spec: dict[str, Any], pool: _Pool) -> list[Cause]:
    if not services.needs_address(spec) or spec.get("clusterIP") == services.NONE:
        return []
    if not spec.get("clusterIP"):
        spec["clusterIP"] = pool.new_address()
        spec["clusterIPs"] = [spec["clusterIP"]]
        return []
    addresses = items_at(spec, "clusterIPs")
    for address in addresses:
        text = ""
        if ipaddress.ip_address(address) not in _NETWORK:
            text = "the provided network does not match the current range"
        elif address in pool.addresses:
            text = "provided IP is already allocated"
        if text:
            return [checks.invalid("spec.clusterIPs", addresses, f"failed to allocate IP {address}: {text}")]
    return []


def _ports(spec: dict[str, Any], pool: _Pool, *, is_update: bool) -> list[Cause]:
    """Check and allocate the node ports; ports with the same number and different protocols share one."""
    if not (services.needs_node_ports(spec) or spec.get("type") == "LoadBalancer"):
        return []
    ports = [dict(port) for port in items_at(spec, "ports")]
    written: set[NodePort] = set()
    for index, port in enumerate(ports):
        place = port.get("protocol", "TCP"), port.get("nodePort") or 0
        if not place[1]:
            continue
        if place in written and is_update:
            raise RequestError(500, "", f"duplicate nodePort: {{{place[0]} {place[1]}}}")
        if place[1] not in _NODE_PORTS and not (pool.is_dry_run and not is_update):
            text = "provided port is not in the valid range. The range of valid ports is 30000-32767"
        elif place in written or place in pool.ports:
            text = _TAKEN
        else:
            written.add(place)
            continue
        return [checks.invalid(f"spec.ports[{index}].nodePort", place[1], text)]
    pool.ports |= written
    if services.needs_node_ports(spec):
        _allocate_ports(ports, pool)
    if "ports" in spec:
        spec["ports"] = ports
    return []


def _allocate_ports(ports: list[dict[str, Any]], pool: _Pool) -> None:
    shared = {port.get("port"): (port.get("protocol"), port["nodePort"]) for port in ports if port.get("nodePort")}
    for port in ports:
        if port.get("nodePort"):
            continue
        number, protocol = port.get("port"), port.get("protocol", "TCP")
        other = shared.get(number)
        if other is not None and (other[0] == protocol or (protocol, other[1]) not in pool.ports):
            port["nodePort"] = other[1]
            pool.ports.add((protocol, other[1]))
        else:
            port["nodePort"] = pool.new_port(protocol)
        shared[number] = protocol, port["nodePort"]


def _health_port(spec: dict[str, Any], pool: _Pool) -> None:
    if not services.needs_health_port(spec):
        return
    wanted = spec.get("healthCheckNodePort")
    if not wanted:
        spec["healthCheckNodePort"] = pool.new_port()
        return
    text = ""
    if wanted not in _NODE_PORTS:
        text = "provided port is not in the valid range. The range of valid ports is 30000-32767"
    elif ("TCP", wanted) in pool.ports:
        text = _TAKEN
    if text:
        text = f"failed to allocate requested HealthCheck NodePort {wanted}: {text}"
        details = {"causes": [{"message": text}]}
        raise RequestError(500, "InternalError", f"Internal error occurred: {text}", details=details)
