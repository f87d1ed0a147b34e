"""The rules of the containers of pods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules import checks
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause
from kubecore.testing._server.metadata_rules import key_faults

__all__ = ["PULL_POLICIES", "containers", "security"]

Document = dict[str, Any]

PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_ENV_SOURCES: Final = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ENV_TEXT: Final = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
)
_FIELDS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_FIELD_KEY: Final = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")
_RESOURCES: Final = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_STANDARD: Final = ("cpu", "memory", "ephemeral-storage")
_ID_TEXT: Final = "must be between 0 and 2147483647, inclusive"
_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_VARIABLE_TEXT: Final = (
    "a valid environment variable name must consist only of printable ASCII characters other than '='"
)
_HEADER_TEXT: Final = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    "validation is '[-A-Za-z0-9]+')"
)
_RESTART: Final = ("Always", "Never", "OnFailure")
_INIT_TEXT: Final = "may not be set for init containers without restartPolicy=Always"
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")


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
    yield from _lifecycle(f"{field}.lifecycle", container)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if is_map(probe):
            yield from _probe(f"{field}.{name}", probe, is_once=name != "readinessProbe")


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
    if not name:
        yield checks.required(f"{field}.name")
    else:
        yield from _label(f"{field}.name", name)
    if not image:
        yield checks.required(f"{field}.image")
    elif image != image.strip():
        yield checks.invalid(f"{field}.image", image, "must not have leading or trailing whitespace")
    policy = container.get("terminationMessagePolicy")
    if not policy:
        yield checks.required(f"{field}.terminationMessagePolicy")
    elif policy not in _MESSAGE_POLICIES:
        yield checks.unsupported(f"{field}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    yield from _ports(f"{field}.ports", items_at(container, "ports"), host_ports)
    for index, variable in enumerate(items_at(container, "env")):
        yield from _variable(f"{field}.env[{index}]", variable)
    yield from _variables_from(f"{field}.envFrom", items_at(container, "envFrom"))
    yield from _mounts(f"{field}.volumeMounts", items_at(container, "volumeMounts"), names)
    for index, device in enumerate(items_at(container, "volumeDevices")):
        yield from _device(f"{field}.volumeDevices[{index}]", device, names)
    yield from checks.chosen(f"{field}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    yield from _restart(field, container)
    for item in items_at(container, "resizePolicy"):
        if not item.get("resourceName"):
            yield checks.required(f"{field}.resizePolicy")
    yield from _resources(f"{field}.resources", map_at(container, "resources"))
    yield from security(f"{field}.securityContext", map_at(container, "securityContext"))


def _restart(field: str, container: Document) -> Iterator[Cause]:
    policy, rules = container.get("restartPolicy"), items_at(container, "restartPolicyRules")
    if policy is not None and policy not in _RESTART:
        yield checks.unsupported(f"{field}.restartPolicy", policy, _RESTART)
    if rules and policy is None:
        yield checks.required(f"{field}.restartPolicy", "must specify restartPolicy when restart rules are used")
    for index, rule in enumerate(rules):
        if ".initContainers[" in field:
            break  # The server checks them only in the other containers.
        place = f"{field}.restartPolicyRules[{index}]"
        yield from checks.chosen(f"{place}.action", rule.get("action"), ("Restart", "RestartAllContainers"))
        if rule.get("exitCodes") is None:
            yield checks.required(f"{place}.exitCodes", "must be specified")


def _label(field: str, value: str) -> Iterator[Cause]:
    yield from checks.name(field, value, "label")


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


def _variable(field: str, variable: Document) -> Iterator[Cause]:
    name = variable.get("name", "")
    if not name:
        yield checks.required(f"{field}.name")
    elif "=" in name or not name.isprintable():
        yield checks.invalid(f"{field}.name", name, _VARIABLE_TEXT)

    source = variable.get("valueFrom")
    if not is_map(source):
        return
    present = [one for one in _ENV_SOURCES if source.get(one) is not None]
    place = f"{field}.valueFrom"
    for one in present:
        yield from _source(f"{place}.{one}", one, source[one])
    if not present:
        yield checks.invalid(place, "", _ENV_TEXT)
    elif variable.get("value"):
        yield checks.invalid(place, "", "may not be specified when `value` is not empty")
    elif len(present) > 1:
        yield checks.invalid(place, "", "may not have more than one field specified at a time")


def _source(field: str, name: str, source: Document) -> Iterator[Cause]:
    if name == "fieldRef":
        yield from _field_reference(field, source)
    elif name == "resourceFieldRef":
        yield from _resource_reference(field, source)
    elif name == "fileKeyRef":
        for one in ("key", "volumeName", "path"):
            if not source.get(one):
                yield checks.required(f"{field}.{one}")
    else:
        yield from checks.name(f"{field}.name", source.get("name", ""), "subdomain")
        key = source.get("key", "")
        if not key:
            yield checks.required(f"{field}.key")
        elif len(key) > 253:
            yield checks.invalid(f"{field}.key", key, "must be no more than 253 bytes")
        elif not _KEY.fullmatch(key):
            yield checks.invalid(f"{field}.key", key, _KEY_TEXT)


def _field_reference(field: str, source: Document) -> Iterator[Cause]:
    path = source.get("fieldPath", "")
    if not source.get("apiVersion"):
        yield checks.required(f"{field}.apiVersion")
    elif not path:
        yield checks.required(f"{field}.fieldPath")
    elif source["apiVersion"] != "v1":
        text = f"error converting fieldPath: unsupported pod version: {source['apiVersion']}"
        yield checks.invalid(f"{field}.fieldPath", path, text)
    elif not _FIELD_KEY.fullmatch(path) and path not in _FIELDS:
        yield checks.invalid(
            f"{field}.fieldPath", path, f"error converting fieldPath: field label not supported: {path}"
        )


def _resource_reference(field: str, source: Document) -> Iterator[Cause]:
    resource = source.get("resource", "")
    if not resource:
        yield checks.required(f"{field}.resource")
    elif resource not in _RESOURCES and "hugepages-" not in resource:
        yield checks.unsupported(f"{field}.resource", resource, _RESOURCES)


def _variables_from(field: str, sources: list[Any]) -> Iterator[Cause]:
    for index, source in enumerate(sources):
        place = f"{field}[{index}]"
        present = [one for one in ("configMapRef", "secretRef") if source.get(one) is not None]
        for one in present:
            name = source[one].get("name", "")
            if not name:
                yield checks.required(f"{place}.{one}.name")
            else:
                yield from checks.name(f"{place}.{one}.name", name, "subdomain")
        if not present:
            yield checks.invalid(field, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(present) > 1:
            yield checks.invalid(field, "", "may not have more than one field specified at a time")


def _mounts(field: str, mounts: list[Any], names: set[str]) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, mount in enumerate(mounts):
        place, path = f"{field}[{index}]", mount.get("mountPath", "")
        if not mount.get("name"):
            yield checks.required(f"{place}.name")
        if mount.get("name", "") not in names:
            yield Cause("FieldValueNotFound", f"Not found: {checks.shown(mount.get('name', ''))}", f"{place}.name")
        if not path:
            yield checks.required(f"{place}.mountPath")
        if path in seen:
            yield checks.invalid(f"{place}.mountPath", path, "must be unique")
        seen.add(path)
        for one in ("subPath", "subPathExpr"):
            if mount.get(one):
                yield from _below(f"{place}.{one}", mount[one])
        if mount.get("subPath") and mount.get("subPathExpr"):
            text = "subPathExpr and subPath are mutually exclusive"
            yield checks.invalid(f"{place}.subPathExpr", mount["subPathExpr"], text)
        if mount.get("mountPropagation") not in (None, "None", "HostToContainer", "Bidirectional"):
            known = ("Bidirectional", "HostToContainer", "None")
            yield checks.unsupported(f"{field}.mountPropagation", mount["mountPropagation"], known)
        yield from _recursive(f"{field}.recursiveReadOnly", mount)


def _recursive(field: str, mount: Document) -> Iterator[Cause]:
    value = mount.get("recursiveReadOnly")
    if value is None or value == "Disabled":
        return
    if value in ("Enabled", "IfPossible"):
        if not mount.get("readOnly"):
            yield checks.forbidden(field, "may only be specified when readOnly is true")
        return
    yield checks.unsupported(field, value, ("Disabled", "Enabled", "IfPossible"))


def _below(field: str, path: str) -> Iterator[Cause]:
    if path.startswith("/"):
        yield checks.invalid(field, path, "must be a relative path")
    if ".." in path.split("/"):
        yield checks.invalid(field, path, "must not contain '..'")


def _device(field: str, device: Document, names: set[str]) -> Iterator[Cause]:
    if not device.get("name"):
        yield checks.required(f"{field}.name")
    if device.get("name", "") not in names:
        yield Cause("FieldValueNotFound", f"Not found: {checks.shown(device.get('name', ''))}", f"{field}.name")
    if not device.get("devicePath"):
        yield checks.required(f"{field}.devicePath")


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
        elif one == "sleep":
            yield from ()
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


def _lifecycle(field: str, container: Document) -> Iterator[Cause]:
    lifecycle = map_at(container, "lifecycle")
    for name in ("postStart", "preStop"):
        if lifecycle.get(name) is not None:
            yield from _handlers(f"{field}.{name}", lifecycle[name])


def _probe(field: str, probe: Document, *, is_once: bool) -> Iterator[Cause]:
    yield from _handlers(field, probe)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        yield from checks.at_least(f"{field}.{name}", probe.get(name), 0)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and not is_once:
        yield checks.invalid(f"{field}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")
    elif grace is not None and grace <= 0:
        yield checks.invalid(f"{field}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    if is_once and probe.get("successThreshold", 1) != 1:
        yield checks.invalid(f"{field}.successThreshold", probe["successThreshold"], "must be 1")


def _resources(field: str, resources: Document) -> Iterator[Cause]:
    limits, requests = map_at(resources, "limits"), map_at(resources, "requests")
    for place, amounts in ((f"{field}.limits", limits), (f"{field}.requests", requests)):
        for name, value in sorted(amounts.items()):
            yield from _resource_name(place, name)
            yield from checks.amount(f"{place}[{name}]", value)
    for index, claim in enumerate(items_at(resources, "claims")):
        if not claim.get("name"):
            yield checks.required(f"{field}.claims[{index}]")
    for name, value in sorted(requests.items()):
        if name in limits and quantity.parse(value) > quantity.parse(limits[name]):
            text = f"must be less than or equal to {name} limit of {limits[name]}"
            yield checks.invalid(f"{field}.requests", value, text)


def _resource_name(field: str, name: str) -> Iterator[Cause]:
    for text in key_faults(name):
        yield checks.invalid(field, name, text)
    if "/" not in name and name not in _STANDARD and not name.startswith("hugepages-"):
        yield checks.invalid(field, name, "must be a standard resource type or fully qualified")
        yield checks.invalid(field, name, "must be a standard resource for containers")


def security(field: str, context: Document) -> Iterator[Cause]:
    """Yield the faults of the security context of a container or of a pod."""
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        value = context.get(name)
        if value is not None and not 0 <= value <= 2147483647:
            yield checks.invalid(f"{field}.{name}", value, _ID_TEXT)
    for name in ("seccompProfile", "appArmorProfile"):
        if is_map(context.get(name)):
            yield from _profile(f"{field}.{name}", context[name], name)
    mount = context.get("procMount")
    if mount is not None and mount not in ("Default", "Unmasked"):
        yield checks.unsupported(f"{field}.procMount", mount, ("Default", "Unmasked"))
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield checks.invalid(field, context, text)


def _profile(field: str, profile: Document, name: str) -> Iterator[Cause]:
    kind = profile.get("type", "")
    if not kind:
        text = f"type is required when {name} is set"
        yield checks.required(f"{field}.type", text)
    elif kind not in ("Localhost", "RuntimeDefault", "Unconfined"):
        yield checks.unsupported(f"{field}.type", kind, ("Localhost", "RuntimeDefault", "Unconfined"))
