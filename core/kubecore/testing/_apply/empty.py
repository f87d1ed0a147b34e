"""The object that the API server compares a new object with: its Go type without content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubecore.testing._schemas.schema_type import SchemaType
from kubecore.testing._schemas.structural import StructuralType

__all__ = ["empty_object", "is_go_type"]

# Facts that the documents omit: fields that are written as null, and required fields that are not.
_NULL: dict[str, tuple[str, ...]] = {
    "ClusterRole": ("rules",),
    "EndpointSlice": ("endpoints", "ports"),
    "Event": ("eventTime", "firstTimestamp", "lastTimestamp", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"),
    "HorizontalPodAutoscaler": ("status.currentMetrics",),
    "PodCertificateRequest": ("spec.pkixPublicKey", "spec.proofOfPossession"),
    "ResourceClaim": ("spec.devices.requests",),
    "ResourceClaimTemplate": ("spec.spec.devices.requests",),
    "Role": ("rules",),
    "Workload": ("spec.podGroupTemplates",),
}
_OMITTED: dict[str, tuple[str, ...]] = {
    "IPAddress": ("spec.parentRef",),
    "LeaseCandidate": ("spec.strategy",),
    "TokenReview": ("spec.token",),
    "ValidatingAdmissionPolicyBinding": ("spec.policyName", "spec.validationActions"),
}

_kept: dict[int, tuple[SchemaType, dict[str, Any]]] = {}
_KEPT = 256


def is_go_type(schema: SchemaType) -> bool:
    """Whether the objects are of a Go type, as those of all built-in kinds are.

    The document of such a type has a default for the metadata, which a custom resource definition can't have.
    """
    if isinstance(schema, StructuralType):
        return False
    metadata = schema.fields.get("metadata")
    return metadata is not None and metadata.default == {}


def empty_object(schema: SchemaType) -> dict[str, Any]:
    """Return the content of the Go type before any field is set; {} for a custom resource. Do not change it."""
    found = _kept.get(id(schema))
    if found is not None:
        return found[1]
    made = _corrected(schema, _empty(schema)) if is_go_type(schema) else {}
    if len(_kept) >= _KEPT:
        _kept.clear()
    _kept[id(schema)] = (schema, made)
    return made


def _empty(schema: SchemaType) -> dict[str, Any]:
    made: dict[str, Any] = {}
    required = schema.required
    for name, known in schema.fields.items():
        default = known.default
        if default == {}:
            # Structs are always written. Go types can't contain themselves as structs.
            made[name] = _empty(known)
        elif name in required or (default is not None and not default):
            # Fields that are always written have the zero value of their type as default.
            made[name] = default
    return made


def _corrected(schema: SchemaType, made: dict[str, Any]) -> dict[str, Any]:
    for known in schema.document.get("x-kubernetes-group-version-kind", ()):
        for path in _NULL.get(known["kind"], ()):
            parent, fields, name = _place(schema, made, path)
            if name in fields:
                parent.setdefault(name, None)
        for path in _OMITTED.get(known["kind"], ()):
            parent, _, name = _place(schema, made, path)
            parent.pop(name, None)
    return made


def _place(schema: SchemaType, made: dict[str, Any], path: str) -> tuple[dict[str, Any], Mapping[str, SchemaType], str]:
    """Return the map that contains a field, the fields of its type, and the name of the field."""
    *names, last = path.split(".")
    for name in names:
        if name not in schema.fields or not isinstance(made.get(name), dict):
            return {}, {}, last
        schema, made = schema.fields[name], made[name]
    return made, schema.fields, last
