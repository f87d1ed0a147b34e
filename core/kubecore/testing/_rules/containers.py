"""The rules of the containers of pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules import checks
from kubecore.testing._rules.environment import variables
from kubecore.testing._rules.mounts import mounts
from kubecore.testing._rules.probes import lifecycle, probe
from kubecore.testing._rules.security import security
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["containers"]

_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
_RESTART: Final = ("Always", "Never", "OnFailure")
_INIT_TEXT: Final = "may not be set for init containers without restartPolicy=Always"


def containers(field: str, spec: Document, names: set[str], *, is_init: bool = False) -> Iterator[Cause]:
    """Yield the faults of the containers of a pod.

    Args:
        field: The path of the list.
        spec: The spec of the pod.
        names: The names of its valid volumes.
        is_init: Whether these are the containers that run first.
    """
    found = items_at(spec, "initContainers" if is_init else "containers")
    seen: set[str] = set()
    others = {each.get("name", "") for each in items_at(spec, "containers")} if is_init else set[str]()
    host_ports: set[str] = set()
    for index, container in enumerate(found):
        place = f"{field}[{index}]"
        yield from _container(place, container, names, host_ports)
        name = container.get("name", "")
        if name and (name in seen or name in others):
            yield checks.duplicate(f"{place}.name", name)
        seen.add(name)
        yield from (_init(place, container) if is_init else _main(place, container))


def _main(field: str, container: Document) -> Iterator[Cause]:
    yield from lifecycle(f"{field}.lifecycle", container)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if is_map(container.get(name)):
            yield from probe(f"{field}.{name}", container[name], is_once=name != "readinessProbe")


def _init(field: str, container: Document) -> Iterator[Cause]:
    policy = container.get("restartPolicy")
    if policy == "Always":
        yield from _main(field, container)
        return
    for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            yield checks.forbidden(f"{field}.{name}", _INIT_TEXT)


def _container(field: str, container: Document, names: set[str], host_ports: set[str]) -> Iterator[Cause]:
    name, image = container.get("name", ""), container.get("image", "")
    yield from checks.required_name(f"{field}.name", name, "label")
    if not image:
        yield checks.required(f"{field}.image")
    elif image != image.strip():
        yield checks.invalid(f"{field}.image", image, "must not have leading or trailing whitespace")
    policy = container.get("terminationMessagePolicy")
    yield from checks.chosen(f"{field}.terminationMessagePolicy", policy, _MESSAGE_POLICIES, is_required=True)
    yield from _ports(f"{field}.ports", items_at(container, "ports"), host_ports)
    yield from variables(field, container)
    yield from mounts(field, container, names)
    yield from checks.chosen(f"{field}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES)
    yield from _restart(field, container)
    for item in items_at(container, "resizePolicy"):
        if not item.get("resourceName"):
            yield checks.required(f"{field}.resizePolicy")
    yield from _resources(f"{field}.resources", map_at(container, "resources"))
    yield from security(f"{field}.securityContext", map_at(container, "securityContext"))


def _restart(field: str, container: Document) -> Iterator[Cause]:
    policy, rules = container.get("restartPolicy"), items_at(container, "restartPolicyRules")
    yield from checks.optional(f"{field}.restartPolicy", policy, _RESTART)
    if rules and policy is None:
        yield checks.required(f"{field}.restartPolicy", "must specify restartPolicy when restart rules are used")
    for index, rule in enumerate(rules):
        if ".initContainers[" in field:
            break  # The server checks them only in the other containers.
        place = f"{field}.restartPolicyRules[{index}]"
        yield from checks.chosen(f"{place}.action", rule.get("action"), ("Restart", "RestartAllContainers"))
        if rule.get("exitCodes") is None:
            yield checks.required(f"{place}.exitCodes", "must be specified")


def _ports(field: str, ports: list[Any], host_ports: set[str]) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        place = f"{field}[{index}]"
        name = port.get("name", "")
        if name:
            yield from checks.port_name(f"{place}.name", name)
            if name in seen:
                yield checks.duplicate(f"{place}.name", name)
            seen.add(name)
        if not port.get("containerPort"):
            yield checks.required(f"{place}.containerPort")
        else:
            yield from checks.port_number(f"{place}.containerPort", port["containerPort"])
        if port.get("hostPort"):
            yield from checks.port_number(f"{place}.hostPort", port["hostPort"])
        yield from checks.chosen(f"{place}.protocol", port.get("protocol"), checks.PROTOCOLS, is_required=True)
        if port.get("hostPort"):
            used = f"{port.get('protocol')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if used in host_ports:
                yield checks.duplicate(f"{place}.hostPort", used)
            host_ports.add(used)


def _resources(field: str, resources: Document) -> Iterator[Cause]:
    limits, requests = map_at(resources, "limits"), map_at(resources, "requests")
    for place, amounts in ((f"{field}.limits", limits), (f"{field}.requests", requests)):
        for name, value in sorted(amounts.items()):
            yield from checks.resource_name(place, name)
            yield from checks.amount(f"{place}[{name}]", value)
    for index, claim in enumerate(items_at(resources, "claims")):
        if not claim.get("name"):
            yield checks.required(f"{field}.claims[{index}]")
    for name, value in sorted(requests.items()):
        if name in limits and quantity.parse(value) > quantity.parse(limits[name]):
            text = f"must be less than or equal to {name} limit of {limits[name]}"
            yield checks.invalid(f"{field}.requests", value, text)
