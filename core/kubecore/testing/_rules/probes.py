"""The rules of probes and of handlers of containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["lifecycle", "probe"]

_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_HEADER_TEXT: Final = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    "validation is '[-A-Za-z0-9]+')"
)


def _handlers(field: str, handler: Document) -> Iterator[Cause]:
    present = [one for one in _HANDLERS if handler.get(one) is not None]
    for index, one in enumerate(present):
        if index:
            yield checks.forbidden(f"{field}.{one}", "may not specify more than 1 handler type")
            continue
        source, place = handler[one], f"{field}.{one}"
        if one == "exec" and not source.get("command"):
            yield checks.required(f"{place}.command")
        elif one == "httpGet":
            yield from _http(place, source)
        elif one == "tcpSocket":
            yield from checks.hosted(f"{place}.port", _port(source))
        elif one == "grpc":
            yield from checks.port_number(f"{place}.port", source.get("port", 0))
    if not present:
        yield checks.required(field, "must specify a handler type")


def _port(source: Document) -> Any:
    value = source.get("port")
    return 0 if value is None else value


def _http(field: str, source: Document) -> Iterator[Cause]:
    if not source.get("path"):
        yield checks.required(f"{field}.path")
    yield from checks.hosted(f"{field}.port", _port(source))
    yield from checks.chosen(f"{field}.scheme", source.get("scheme"), ("HTTP", "HTTPS"))
    for header in items_at(source, "httpHeaders"):
        name = header.get("name", "")
        if not re.fullmatch(r"[-A-Za-z0-9]+", name):
            yield checks.invalid(f"{field}.httpHeaders", name, _HEADER_TEXT)


def lifecycle(field: str, container: Document) -> Iterator[Cause]:
    """Yield the faults of the handlers that run after the start of a container, and before its end."""
    found = map_at(container, "lifecycle")
    for name in ("postStart", "preStop"):
        if found.get(name) is not None:
            yield from _handlers(f"{field}.{name}", found[name])


def probe(field: str, found: Document, *, is_once: bool) -> Iterator[Cause]:
    """Yield the faults of a probe.

    Args:
        field: The path.
        found: The probe.
        is_once: Whether a single success is enough, as for all but readiness probes.
    """
    yield from _handlers(field, found)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        yield from checks.at_least(f"{field}.{name}", found.get(name), 0)
    grace = found.get("terminationGracePeriodSeconds")
    if grace is not None and not is_once:
        yield checks.invalid(f"{field}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")
    elif grace is not None and grace <= 0:
        yield checks.invalid(f"{field}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    if is_once and found.get("successThreshold", 1) != 1:
        yield checks.invalid(f"{field}.successThreshold", found["successThreshold"], "must be 1")
