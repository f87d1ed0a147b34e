"""Rules of NetworkPolicies. No I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document, Rules, always
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_TYPES: Final = ("Ingress", "Egress")
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")


def _policy(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    yield from checks.label_selector("spec.podSelector", map_at(spec, "podSelector"))
    for name, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(items_at(spec, name)):
            yield from _rule(f"spec.{name}[{index}]", rule, peers)
    types = items_at(spec, "policyTypes")
    if len(types) > len(_TYPES):
        yield checks.invalid("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for index, kind in enumerate(types):
        yield from checks.chosen(f"spec.policyTypes[{index}]", kind, _TYPES)


def _rule(field: str, rule: Document, peers: str) -> Iterator[Cause]:
    for index, port in enumerate(items_at(rule, "ports")):
        yield from _port(f"{field}.ports[{index}]", port)
    for index, peer in enumerate(items_at(rule, peers)):
        yield from _peer(f"{field}.{peers}[{index}]", peer)


def _port(field: str, found: Document) -> Iterator[Cause]:
    yield from checks.chosen(f"{field}.protocol", found.get("protocol"), _PROTOCOLS)
    port, last = found.get("port"), found.get("endPort")
    if port is None:
        if last is not None:
            yield checks.invalid(f"{field}.endPort", last, "may not be specified when `port` is not specified")
        return
    if isinstance(port, str):
        if last is not None:
            yield checks.invalid(f"{field}.endPort", last, "may not be specified when `port` is non-numeric")
        yield from checks.port_name(f"{field}.port", port)
        return
    yield from checks.port_number(f"{field}.port", port)
    if last is not None:
        if last < port:
            yield checks.invalid(f"{field}.endPort", last, "must be greater than or equal to `port`")
        yield from checks.port_number(f"{field}.endPort", last)


def _peer(field: str, peer: Document) -> Iterator[Cause]:
    given = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if is_map(peer.get(name))]
    for name in given:
        check = _block if name == "ipBlock" else checks.label_selector
        yield from check(f"{field}.{name}", peer[name])
    if not given:
        yield checks.required(field, "must specify a peer")
    elif "ipBlock" in given and len(given) > 1:
        yield checks.forbidden(field, "may not specify both ipBlock and another peer")


def _block(field: str, block: Document) -> Iterator[Cause]:
    text = block.get("cidr", "")
    if not text:
        yield checks.required(f"{field}.cidr")
        return
    faults = list(checks.network(f"{field}.cidr", text))
    yield from faults
    for index, each in enumerate(() if faults else items_at(block, "except")):
        place = f"{field}.except[{index}]"
        problems = list(checks.network(place, each))
        yield from problems
        if not problems and not _is_strictly_within(_network(each), _network(text)):
            yield checks.invalid(place, each, "must be a strict subset of `cidr`")


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> Network:
    return ipaddress.ip_network(text, strict=False)


def _is_strictly_within(part: Network, whole: Network) -> bool:
    if isinstance(part, ipaddress.IPv4Network) and isinstance(whole, ipaddress.IPv4Network):
        return part.subnet_of(whole) and part != whole
    if isinstance(part, ipaddress.IPv6Network) and isinstance(whole, ipaddress.IPv6Network):
        return part.subnet_of(whole) and part != whole
    return False


RULES: Final[Mapping[str, Rules]] = {
    "NetworkPolicy": always(_policy),
}
