"""The metadata of objects: fields that the server sets or keeps, and invalid values."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kubecore.testing._schemas.json_values import map_at
from kubecore.testing._server.failures import Cause, RequestError
from kubecore.testing._server.resources import Resource

__all__ = [
    "causes_of",
    "conflict",
    "generated_name",
    "kept",
    "name_causes",
    "new_uid",
    "precondition_failed",
    "prepared",
    "timestamp",
    "wanted_metadata",
]

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_PREFIX: Final = 58
_MOST_OF_ANNOTATIONS: Final = 262144
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_VALUE: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_COLLECTOR: Final = ("orphan", "foregroundDeletion")

_SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_NAME_PART_TEXT: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_TEXT: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_KEY_TEXT: Final = (
    "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. "
    "'example.com/MyName')"
)

_LABEL_1035: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_RULES: Final = {
    "subdomain": (253, _SUBDOMAIN, _SUBDOMAIN_TEXT),
    "label": (63, _LABEL, _LABEL_TEXT),
    "label 1035": (63, _LABEL_1035, _LABEL_1035_TEXT),
}


def timestamp(now: datetime) -> str:
    """Return a time as the server writes it, in whole seconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def new_uid(chance: random.Random) -> str:
    """Return a random uid."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def generated_name(prefix: str, chance: random.Random) -> str:
    """Return a name that begins with a prefix."""
    return prefix[:_LONGEST_PREFIX] + "".join(chance.choices(_ALPHABET, k=5))


def wanted_metadata(body: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the metadata of a body without null values."""
    found = map_at(body, "metadata")
    return {name: value for name, value in found.items() if value is not None}


def prepared(metadata: dict[str, Any], now: datetime, chance: random.Random) -> dict[str, Any]:
    """Return the metadata of a new object: fields that only the server sets replace those of the client."""
    dropped = ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "generation")
    found = {name: value for name, value in metadata.items() if name not in dropped}
    return {**found, "uid": new_uid(chance), "creationTimestamp": timestamp(now)}


def kept(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of an updated object: fields that only the server sets keep their values."""
    found = dict(new)
    for name in ("uid", "creationTimestamp"):
        if not found.get(name):
            found[name] = old[name]
    for name in ("generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName", "selfLink"):
        found.pop(name, None)
        if name in old:
            found[name] = old[name]
    return found


def causes_of(resource: Resource, metadata: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield the faults of the metadata of an object, in the server's order."""
    yield from name_causes(resource, metadata.get("name", ""))
    yield from _label_causes(metadata.get("labels") or {})
    yield from _annotation_causes(metadata.get("annotations") or {})
    yield from _owner_causes(metadata.get("ownerReferences") or [])
    yield from _finalizer_causes(metadata.get("finalizers") or [])


def name_causes(resource: Resource, name: str) -> Iterator[Cause]:
    """Yield the faults of a name by the rule of its kind."""
    if not name:
        yield Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
        return
    for text in _name_faults(name, resource.facts.name_rule):
        yield _invalid("metadata.name", name, text)


def _invalid(field: str, value: str, text: str) -> Cause:
    return Cause("FieldValueInvalid", f'Invalid value: "{value}": {text}', field)


def _name_faults(name: str, rule: str) -> Iterator[str]:
    if rule == "path":
        if name in (".", ".."):
            yield f"may not be '{name}'"
            return
        for char in "/%":
            if char in name:
                yield f"may not contain '{char}'"
        return
    longest, pattern, text = _RULES.get(rule, _RULES["subdomain"])
    if len(name) > longest:
        yield f"must be no more than {longest} bytes"
    if not pattern.fullmatch(name):
        yield text


def _key_faults(key: str) -> Iterator[str]:
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        yield _KEY_TEXT
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        if len(prefix) > 253:
            yield "prefix part must be no more than 253 bytes"
        if not _SUBDOMAIN.fullmatch(prefix):
            yield f"prefix part {_SUBDOMAIN_TEXT}"
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 bytes"
    if not _QUALIFIED.fullmatch(name):
        yield _NAME_PART_TEXT


def _label_causes(labels: Mapping[str, str]) -> Iterator[Cause]:
    for key, value in sorted(labels.items()):
        for text in _key_faults(key):
            yield _invalid("metadata.labels", key, text)
        if len(value) > 63:
            yield _invalid("metadata.labels", value, "must be no more than 63 bytes")
        if not _VALUE.fullmatch(value):
            yield _invalid("metadata.labels", value, _VALUE_TEXT)


def _annotation_causes(annotations: Mapping[str, str]) -> Iterator[Cause]:
    for key in sorted(annotations):
        for text in _key_faults(key.lower()):
            yield _invalid("metadata.annotations", key, text)
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _MOST_OF_ANNOTATIONS:
        text = f"Too long: may not be more than {_MOST_OF_ANNOTATIONS} bytes"
        yield Cause("FieldValueTooLong", text, "metadata.annotations")


def _owner_causes(owners: list[Mapping[str, Any]]) -> Iterator[Cause]:
    controller: str | None = None
    for owner in owners:
        field = "metadata.ownerReferences"
        version = owner.get("apiVersion", "")
        if not version.rpartition("/")[2]:
            yield _invalid(f"{field}.apiVersion", version, "version must not be empty")
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                yield _invalid(f"{field}.{name}", "", "must not be empty")
        if not owner.get("controller"):
            continue
        if controller is not None:
            text = (
                "Only one reference can have Controller set to true. "
                f'Found "true" in references for {controller} and {owner.get("kind")}/{owner.get("name")}'
            )
            yield Cause("FieldValueInvalid", f"Invalid value: {text}", field)
        controller = f"{owner.get('kind')}/{owner.get('name')}"


def _finalizer_causes(finalizers: list[str]) -> Iterator[Cause]:
    for name in finalizers:
        for text in _key_faults(name):
            yield _invalid("metadata.finalizers", name, text)
    if all(name in finalizers for name in _COLLECTOR):
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        shown = "[" + ",".join(f'"{name}"' for name in finalizers) + "]"
        yield Cause("FieldValueInvalid", f"Invalid value: {shown}: {text}", "metadata.finalizers")


def precondition_failed(resource: Resource, name: str, wanted: str, actual: str) -> RequestError:
    """Return the error of an update with the uid of another object."""
    text = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {actual}"
    return conflict(resource, name, text)


def conflict(resource: Resource, name: str, text: str) -> RequestError:
    """Return the error of a write that depends on another state of the object."""
    details = {"name": name, **({"group": resource.group} if resource.group else {}), "kind": resource.resource}
    message = f'Operation cannot be fulfilled on {resource.group_resource} "{name}": {text}'
    return RequestError(409, "Conflict", message, details=details)
