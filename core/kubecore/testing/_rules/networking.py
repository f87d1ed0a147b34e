"""Rules of Ingresses and of their classes. No I/O."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document, Rules, always
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_IN_PATHS: Final = ("//", "/./", "/../", "%2f", "%2F")
_AT_THE_END: Final = ("/..", "/.")
_WILDCARD: Final = re.compile(r"\*(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+")
_WILDCARD_TEXT: Final = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    r"regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def _ingress(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    rules, backend = items_at(spec, "rules"), spec.get("defaultBackend")
    if not rules and backend is None:
        yield checks.invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if is_map(backend):
        yield from _backend("spec.defaultBackend", backend)
    for index, rule in enumerate(rules):
        yield from _rule(f"spec.rules[{index}]", rule)
    for index, tls in enumerate(items_at(spec, "tls")):
        yield from _tls(f"spec.tls[{index}]", tls)
    if spec.get("ingressClassName") is not None:
        yield from checks.name("spec.ingressClassName", spec["ingressClassName"], "subdomain")


def _tls(field: str, tls: Document) -> Iterator[Cause]:
    for index, host in enumerate(items_at(tls, "hosts")):
        yield from _host(f"{field}.hosts[{index}]", host)
    if tls.get("secretName"):
        yield from checks.name(f"{field}.secretName", tls["secretName"], "subdomain")


def _host(field: str, host: str) -> Iterator[Cause]:
    if "*" not in host:
        yield from checks.name(field, host, "subdomain")
        return
    if len(host) > 253:
        yield checks.invalid(field, host, "must be no more than 253 characters")
    if not _WILDCARD.fullmatch(host):
        yield checks.invalid(field, host, _WILDCARD_TEXT)


def _rule(field: str, rule: Document) -> Iterator[Cause]:
    host = rule.get("host", "")
    if host:
        if _is_address(host):
            yield checks.invalid(f"{field}.host", host, "must be a DNS name, not an IP address")
        yield from _host(f"{field}.host", host)
    http = rule.get("http")
    if not is_map(http):
        return
    paths = items_at(http, "paths")
    if not paths:
        yield checks.required(f"{field}.http.paths")
    for index, path in enumerate(paths):
        yield from _path(f"{field}.http.paths[{index}]", path)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _path(field: str, found: Document) -> Iterator[Cause]:
    kind, path = found.get("pathType"), found.get("path", "")
    if kind is None:
        yield checks.required(f"{field}.pathType", "pathType must be specified")
        return
    if kind in ("Exact", "Prefix"):
        yield from _absolute(f"{field}.path", path)
        for part in _IN_PATHS:
            if part in path:
                yield checks.invalid(f"{field}.path", path, f"must not contain '{part}'")
        for end in _AT_THE_END:
            if path.endswith(end):
                yield checks.invalid(f"{field}.path", path, f"cannot end with '{end}'")
    elif kind == "ImplementationSpecific":
        if path:
            yield from _absolute(f"{field}.path", path)
    else:
        yield checks.unsupported(f"{field}.pathType", kind, _PATH_TYPES)
    yield from _backend(f"{field}.backend", map_at(found, "backend"))


def _absolute(field: str, path: str) -> Iterator[Cause]:
    if not path.startswith("/"):
        yield checks.invalid(field, path, "must be an absolute path")


def _backend(field: str, backend: Document) -> Iterator[Cause]:
    resource, service = backend.get("resource"), backend.get("service")
    if is_map(resource) and is_map(service):
        yield checks.invalid(field, "", "cannot set both resource and service backends")
    elif is_map(resource):
        yield from _reference(f"{field}.resource", resource)
    elif is_map(service):
        yield from _service(field, service)
    else:
        yield checks.invalid(field, "", "resource or service backend is required")


def _service(field: str, service: Document) -> Iterator[Cause]:
    name, port = service.get("name", ""), map_at(service, "port")
    yield from checks.required_name(f"{field}.service.name", name, "label")
    if port.get("name") and port.get("number"):
        yield checks.invalid(field, "", "cannot set both port name & port number")
    elif port.get("name"):
        yield from checks.port_name(f"{field}.service.port.name", port["name"])
    elif port.get("number"):
        yield from checks.port_number(f"{field}.service.port.number", port["number"])
    else:
        yield checks.required(field, "port name or number is required")


def _reference(field: str, found: Document) -> Iterator[Cause]:
    """Yield the faults of a reference to an object of any kind."""
    if found.get("apiGroup") is not None:
        yield from checks.name(f"{field}.apiGroup", found["apiGroup"], "subdomain")
    for part in ("kind", "name"):
        yield from checks.required_name(f"{field}.{part}", found.get(part, ""), "path")


def _class(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    yield from _controller("spec.controller", spec.get("controller", ""))
    found, field = spec.get("parameters"), "spec.parameters"
    if not is_map(found):
        return
    yield from _reference(field, found)
    scope, namespace = found.get("scope"), found.get("namespace")
    if scope is None:
        yield checks.required(f"{field}.scope")
    elif scope == "Namespace":
        if namespace is None:
            yield checks.required(f"{field}.namespace", "`parameters.scope` is set to 'Namespace'")
        else:
            yield from checks.name(f"{field}.namespace", namespace, "label")
    elif scope != "Cluster":
        yield checks.unsupported(f"{field}.scope", scope, ("Cluster", "Namespace"))
    elif namespace is not None:
        yield checks.forbidden(f"{field}.namespace", "`parameters.scope` is set to 'Cluster'")


def _controller(field: str, value: str) -> Iterator[Cause]:
    if not value:
        yield checks.required(field)
        return
    if len(value) > 250:
        yield checks.too_long(field, 250)
    faults = list(checks.domain_path(field, value))
    yield from faults or checks.name(field, value.partition("/")[0], "subdomain")


def _changed_class(old: Document, new: Document) -> Iterator[Cause]:
    before, after = map_at(old, "spec").get("controller"), map_at(new, "spec").get("controller")
    yield from _class(new)
    yield from checks.immutable("spec.controller", before, after)


RULES: Final[Mapping[str, Rules]] = {
    "Ingress": always(_ingress),
    "IngressClass": Rules(create=_class, update=_changed_class, is_complete=False),
}
