"""Rules of Endpoints and of EndpointSlices. No I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document, Rules, always
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_TYPES: Final = ("FQDN", "IPv4", "IPv6")


def _endpoints(new: Document) -> Iterator[Cause]:
    for index, subset in enumerate(items_at(new, "subsets")):
        field, ports = f"subsets[{index}]", items_at(subset, "ports")
        if not items_at(subset, "addresses") and not items_at(subset, "notReadyAddresses"):
            yield checks.required(field, "must specify `addresses` or `notReadyAddresses`")
        for name in ("addresses", "notReadyAddresses"):
            for at, address in enumerate(items_at(subset, name)):
                yield from _address(f"{field}.{name}[{at}]", address)
        for at, port in enumerate(ports):
            yield from _port(f"{field}.ports[{at}]", port, is_named=len(ports) > 1)


def _address(field: str, address: Document) -> Iterator[Cause]:
    text = address.get("ip", "")
    yield from checks.ip_address(f"{field}.ip", text)
    if address.get("hostname"):
        yield from checks.name(f"{field}.hostname", address["hostname"], "label")
    if address.get("nodeName") is not None:
        yield from checks.name(f"{field}.nodeName", address["nodeName"], "subdomain")
    yield from _special(f"{field}.ip", text)


def _special(field: str, text: str) -> Iterator[Cause]:
    """Yield the faults of an address that no pod can have."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        yield checks.invalid(field, text, "must be a valid IP address")
    else:
        yield from checks.pod_address(field, text)


def _port(field: str, port: Document, *, is_named: bool) -> Iterator[Cause]:
    if port.get("name"):
        yield from checks.name(f"{field}.name", port["name"], "label")
    elif is_named:
        yield checks.required(f"{field}.name")
    yield from checks.port_number(f"{field}.port", port.get("port", 0))
    yield from checks.chosen(f"{field}.protocol", port.get("protocol"), checks.PROTOCOLS, is_required=True)
    if port.get("appProtocol") is not None:
        yield from checks.key(f"{field}.appProtocol", port["appProtocol"])


def _slice(new: Document) -> Iterator[Cause]:
    kind = new.get("addressType", "")
    yield from _slice_ports(items_at(new, "ports"))
    for index, endpoint in enumerate(items_at(new, "endpoints")):
        yield from _endpoint(f"endpoints[{index}]", endpoint, kind)
    yield from checks.chosen("addressType", kind, _TYPES, is_required=True)


def _endpoint(field: str, endpoint: Document, kind: str) -> Iterator[Cause]:
    addresses = items_at(endpoint, "addresses")
    if not addresses:
        yield checks.required(f"{field}.addresses")
    for index, address in enumerate(addresses):
        yield from _slice_address(f"{field}.addresses[{index}]", address, kind)
    if endpoint.get("nodeName") is not None:
        yield from checks.name(f"{field}.nodeName", endpoint["nodeName"], "subdomain")
    if endpoint.get("hostname") is not None:
        yield from checks.name(f"{field}.hostname", endpoint["hostname"], "label")
    names: set[str] = set()
    for index, zone in enumerate(items_at(map_at(endpoint, "hints"), "forZones")):
        name, place = zone.get("name", ""), f"{field}.hints.forZones[{index}].name"
        if name in names:
            yield checks.duplicate(place, name)
        names.add(name)
        yield from checks.label_value(place, name)


def _slice_address(field: str, address: str, kind: str) -> Iterator[Cause]:
    if kind == "FQDN":
        yield from checks.required_name(field, address.removesuffix("."), "subdomain")
        return
    if kind not in _TYPES:
        return
    faults = list(checks.ip_address(field, address))
    yield from faults
    if faults:
        return
    if f"IPv{ipaddress.ip_address(address).version}" != kind:
        yield checks.invalid(field, address, f"must be an {kind} address")
    yield from checks.pod_address(field, address)


def _slice_ports(ports: list[Document]) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        field, name = f"ports[{index}]", port.get("name") or ""
        if name:
            yield from checks.name(f"{field}.name", name, "label")
        if name in names:
            yield checks.duplicate(f"{field}.name", name)
        names.add(name)
        protocol = port.get("protocol")
        if protocol is None:
            yield checks.required(f"{field}.protocol")
        else:
            yield from checks.chosen(f"{field}.protocol", protocol, checks.PROTOCOLS)
        if port.get("appProtocol") is not None:
            yield from checks.key(f"{field}.appProtocol", port["appProtocol"])


def _changed_slice(old: Document, new: Document) -> Iterator[Cause]:
    yield from _slice(new)
    yield from checks.immutable("addressType", old.get("addressType"), new.get("addressType"))


RULES: Final[Mapping[str, Rules]] = {
    "EndpointSlice": Rules(create=_slice, update=_changed_slice, is_complete=False),
    "Endpoints": always(_endpoints, is_complete=False),
}
