"""Warnings about the fields of built-in kinds that have no effect. No I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from kubecore.testing._rules.services import NONE
from kubecore.testing._schemas.json_values import items_at

__all__ = ["of_service"]


def of_service(spec: dict[str, Any]) -> Iterator[str]:
    """Yield the warnings about a Service that is valid.

    Args:
        spec: Its `spec`, with defaults.
    """
    kind, addresses = spec.get("type"), items_at(spec, "externalIPs")
    is_headless = spec.get("clusterIP") == NONE
    if is_headless and spec.get("loadBalancerIP"):
        yield "spec.loadBalancerIP is ignored for headless services"
    if is_headless and addresses:
        yield "spec.externalIPs is ignored for headless services"
    if is_headless and spec.get("sessionAffinity") == "ClientIP":
        yield "spec.SessionAffinity is ignored for headless services"
    for index, address in enumerate(addresses):
        yield from _not_canonical(f"spec.externalIPs[{index}]", address)
    if addresses and kind == "ExternalName":
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    elif addresses and not is_headless:
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    if spec.get("externalName") and kind != "ExternalName":
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'


def _not_canonical(field: str, address: str) -> Iterator[str]:
    found = ipaddress.ip_address(address)
    if found.version == 6 and str(found) != address:
        yield f'{field}: IPv6 address "{address}" should be in RFC 5952 canonical format ("{found}")'
