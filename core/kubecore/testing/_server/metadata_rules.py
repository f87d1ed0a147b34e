"""Rules of metadata: names, labels, annotations, owners and finalizers that the server refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from kubecore.testing._server.failures import Cause, quoted
from kubecore.testing._server.resources import Resource

__all__ = [
    "causes_of",
    "has_domain",
    "has_free_finalizers",
    "key_faults",
    "name_causes",
    "name_faults",
    "owner_json",
    "value_faults",
]

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
_ANY_FINALIZER: Final = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "coordination.k8s.io",
        "node.k8s.io",
        "policy",
    }
)
"""Groups whose objects may have finalizers without a domain."""

_STANDARD_FINALIZERS: Final = ("kubernetes", *_COLLECTOR)
_OWNER_KEYS: Final = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
_RULES: Final = {
    "subdomain": (253, _SUBDOMAIN, _SUBDOMAIN_TEXT),
    "label": (63, _LABEL, _LABEL_TEXT),
    "label 1035": (63, _LABEL_1035, _LABEL_1035_TEXT),
}


def causes_of(resource: Resource, metadata: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield the faults of the metadata of an object, in the server's order."""
    yield from name_causes(resource, metadata.get("name", ""), metadata.get("generateName", ""))
    if metadata.get("generation", 0) < 0:
        text = f"Invalid value: {metadata['generation']}: must be greater than or equal to 0"
        yield Cause("FieldValueInvalid", text, "metadata.generation")
    for name, rule in _RULES_OF_FIELDS.items():
        if found := metadata.get(name):
            yield from rule(found)
    if not has_free_finalizers(resource):
        yield from _domain_causes(metadata.get("finalizers") or [])


def has_free_finalizers(resource: Resource) -> bool:
    """Return whether finalizers of a kind need no domain."""
    is_event = (resource.group, resource.resource) == ("", "events")
    return resource.is_custom or is_event or resource.group in _ANY_FINALIZER


def has_domain(finalizer: str) -> bool:
    """Return whether a finalizer has a domain, or is one of the server's."""
    return "/" in finalizer or finalizer in _STANDARD_FINALIZERS


def name_causes(resource: Resource, name: str, prefix: str = "") -> Iterator[Cause]:
    """Yield the faults of a name by the rule of its kind.

    Args:
        resource: The resource.
        name: The name.
        prefix: `generateName`, or "".
    """
    if not name:
        yield Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
        return
    faults = list(name_faults(name, resource.facts.name_rule))
    for text in faults:
        yield _invalid("metadata.name", name, text)
    if prefix and not faults:
        shown = f"{prefix[:-2]}a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        for text in name_faults(shown, resource.facts.name_rule):
            yield _invalid("metadata.generateName", prefix, text)


def _invalid(field: str, value: str, text: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {quoted(value)}: {text}", field)


def name_faults(name: str, rule: str) -> Iterator[str]:
    """Yield the faults of a name.

    Args:
        name: The name.
        rule: `path`, `subdomain`, `label` or `label 1035`.
    """
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
        yield f"must be no more than {longest} characters"
    if not pattern.fullmatch(name):
        yield "must not contain dots" if rule == "label" and _SUBDOMAIN.fullmatch(name) else text


def key_faults(key: str) -> Iterator[str]:
    """Yield the faults of the key of a label or an annotation, or of a finalizer."""
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
        for text in key_faults(key):
            yield _invalid("metadata.labels", key, text)
        for text in value_faults(value):
            yield _invalid("metadata.labels", value, text)


def value_faults(value: str) -> Iterator[str]:
    """Yield the faults of the value of a label."""
    if len(value.encode()) > 63:
        yield "must be no more than 63 bytes"
    if not _VALUE.fullmatch(value):
        yield _VALUE_TEXT


def _annotation_causes(annotations: Mapping[str, str]) -> Iterator[Cause]:
    for key in sorted(annotations):
        for text in key_faults(key.lower()):
            yield _invalid("metadata.annotations", key, text)
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _MOST_OF_ANNOTATIONS:
        text = f"Too long: may not be more than {_MOST_OF_ANNOTATIONS} bytes"
        yield Cause("FieldValueTooLong", text, "metadata.annotations")


def _owner_causes(owners: Sequence[Mapping[str, Any]]) -> Iterator[Cause]:
    field = "metadata.ownerReferences"
    controller = ""
    for at, owner in enumerate(owners):
        yield from _owner_faults(owner, f"{field}[{at}]")
        if not owner.get("controller"):
            continue
        name = f"{owner.get('kind')}/{owner.get('name')}"
        if controller:
            shown = f"[{','.join(owner_json(each) for each in owners)}]"
            text = 'Only one reference can have Controller set to true. Found "true" in references for'
            yield Cause("FieldValueInvalid", f"Invalid value: {shown}: {text} {controller} and {name}", field)
        controller = name


def _owner_faults(owner: Mapping[str, Any], place: str) -> Iterator[Cause]:
    version = owner.get("apiVersion") or ""
    if not version:
        yield Cause("FieldValueRequired", "Required value: must not be empty", f"{place}.apiVersion")
    elif version.count("/") > 1 or version.endswith("/"):
        yield _invalid(f"{place}.apiVersion", version, "must be <group>/<version> or <version>")
    for name in ("kind", "name", "uid"):
        if not owner.get(name):
            yield Cause("FieldValueRequired", "Required value: must not be empty", f"{place}.{name}")
    if (version, owner.get("kind")) == ("v1", "Event"):
        text = f"Invalid value: {owner_json(owner)}: /v1, Kind=Event is disallowed from being an owner"
        yield Cause("FieldValueInvalid", text, place)


def owner_json(owner: Mapping[str, Any]) -> str:
    """Return an owner as the server shows it."""
    return msgspec.json.encode({key: owner[key] for key in _OWNER_KEYS if key in owner}).decode()


def _finalizer_causes(finalizers: Sequence[str]) -> Iterator[Cause]:
    for name in finalizers:
        for text in key_faults(name):
            yield _invalid("metadata.finalizers", name, text)
    if all(name in finalizers for name in _COLLECTOR):
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        shown = "[" + ",".join(f'"{name}"' for name in finalizers) + "]"
        yield Cause("FieldValueInvalid", f"Invalid value: {shown}: {text}", "metadata.finalizers")


_RULES_OF_FIELDS: Final[Mapping[str, Callable[[Any], Iterator[Cause]]]] = {
    "labels": _label_causes,
    "annotations": _annotation_causes,
    "ownerReferences": _owner_causes,
    "finalizers": _finalizer_causes,
}


def _domain_causes(finalizers: Sequence[str]) -> Iterator[Cause]:
    for at, name in enumerate(finalizers):
        if not has_domain(name):
            text = "name is neither a standard finalizer name nor is it fully qualified"
            yield _invalid(f"metadata.finalizers[{at}]", name, text)
