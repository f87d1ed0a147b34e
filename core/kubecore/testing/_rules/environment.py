"""The rules of environment variables of containers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import is_map, items_at
from kubecore.testing._server.failures import Cause

__all__ = ["variables"]

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
_VARIABLE_TEXT: Final = (
    "a valid environment variable name must consist only of printable ASCII characters other than '='"
)


def variables(field: str, container: Document) -> Iterator[Cause]:
    """Yield the faults of the environment of a container."""
    for index, variable in enumerate(items_at(container, "env")):
        yield from _variable(f"{field}.env[{index}]", variable)
    yield from _variables_from(f"{field}.envFrom", items_at(container, "envFrom"))


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
        yield from checks.set_fields(field, source, "key", "volumeName", "path")
    else:
        yield from checks.name(f"{field}.name", source.get("name", ""), "subdomain")
        key = source.get("key", "")
        if not key:
            yield checks.required(f"{field}.key")
        else:
            yield from checks.config_key(f"{field}.key", key)


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
            yield from checks.required_name(f"{place}.{one}.name", source[one].get("name", ""), "subdomain")
        if not present:
            yield checks.invalid(field, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(present) > 1:
            yield checks.invalid(field, "", "may not have more than one field specified at a time")
