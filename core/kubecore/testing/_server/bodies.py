"""Bodies of requests: from bytes to the object that the server understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from kubecore.testing._patching.go_values import json_type
from kubecore.testing._rules import validation
from kubecore.testing._rules.storing import EMPTY_LISTS
from kubecore.testing._schemas import checking, decoding
from kubecore.testing._schemas.json_values import is_map, map_at
from kubecore.testing._schemas.openapi import OpenApiType
from kubecore.testing._schemas.structural import StructuralType
from kubecore.testing._schemas.validation import objects
from kubecore.testing._schemas.validation.numbers import fit_floats
from kubecore.testing._schemas.validation.replicas import check_replicas
from kubecore.testing._server.body_text import EMPTY, UnreadableError, read_configuration, read_value
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause, RequestError, invalid
from kubecore.testing._server.options import bad_request
from kubecore.testing._server.resources import Resource

__all__ = [
    "Body",
    "checked",
    "configuration",
    "decoded_json",
    "understood",
    "unknown_kind",
]

_MOST_SHOWN: Final = 30

_CHECKED_ELSEWHERE: Final = frozenset({"CustomResourceDefinition"})
"""Built-in kinds whose rules are checked elsewhere."""


class Body(NamedTuple):
    """An object as the server understands it.

    Attributes:
        object: The object.
        warnings: Texts for headers `Warning`.
    """

    object: dict[str, Any]
    warnings: tuple[str, ...] = ()


def decoded_json(received: Received, resource: Resource) -> dict[str, Any]:
    """Return the object in the body of a create or an update.

    Raises:
        RequestError: It is not an object in JSON.
        NotSimulatedError: It is in another format.
    """
    try:
        value = read_value(received, is_custom=resource.is_custom)
    except UnreadableError as error:
        raise _unrecognized(resource, str(error), error.content) from None
    if value is None and not resource.is_custom:
        return {}
    if value is None:
        raise _unrecognized(resource, "Object 'Kind' is missing in 'null'", received.content)
    if resource.is_custom and not value.get("kind"):
        text = received.content.decode("utf-8", "replace")
        raise _unrecognized(resource, f"Object 'Kind' is missing in '{text}'", received.content)
    return value


def unknown_kind(kind: str, api_version: str) -> str:
    """Return the problem of a kind that the server does not have in a version."""
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/runtime/scheme.go:111"'


def _unrecognized(resource: Resource, problem: str, content: bytes) -> RequestError:
    # Bodies that do not look like objects are shown as hexadecimal numbers.
    start = content[:_MOST_SHOWN]
    shown = start.decode("utf-8", "replace") if start.startswith(b"{") or start == EMPTY else start.hex()
    shown += " ..." if len(content) > _MOST_SHOWN else ""
    return bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {problem} ({shown})")


def configuration(content: bytes, resource: Resource) -> dict[str, Any]:
    """Return an applied configuration.

    Raises:
        RequestError: 400, it can't be read, or is of another kind.
    """
    found: Any = read_configuration(content)
    if not is_map(found):
        text = f"json: cannot unmarshal {json_type(found)} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding patch: error unmarshaling JSON: while decoding JSON: {text}")
    version, kind = found.get("apiVersion"), found.get("kind")
    if (version, kind) != (resource.api_version, resource.kind):
        version, kind = (each if isinstance(each, str) else "" for each in (version, kind))
        raise bad_request(f"invalid object type: {version if '/' in version else '/' + version}, Kind={kind}")
    return found


def understood(
    value: dict[str, Any], resource: Resource, validation: str, faults: Sequence[str] = (), *, is_merged: bool = False
) -> Body:
    """Return a decoded body as the server understands it: with its kind, without unknown fields.

    Args:
        value: The decoded body.
        resource: The resource of the request.
        validation: `Strict` refuses unknown fields, `Warn` reports them, `Ignore` drops them.
        faults: The faults of the patch that made the object.
        is_merged: Whether the object is the result of a strategic merge patch.

    Raises:
        RequestError: It is of another kind, a value has a wrong type, or fields are unknown and this is an error.
    """
    if resource.is_custom:
        _check_version(value, resource, validation)
    body = _custom(value, resource) if resource.is_custom else _built_in(value, resource, is_merged=is_merged)
    body = Body(body.object, (*faults, *body.warnings))
    if not body.warnings:
        return body
    if validation == "Strict":
        raise checking.strict_error(resource.kind, resource.version, body.warnings)
    return body if validation == "Warn" else Body(body.object)


def _built_in(value: dict[str, Any], resource: Resource, *, is_merged: bool) -> Body:
    kind, api_version = value.get("kind") or resource.kind, value.get("apiVersion") or resource.api_version
    version = str(api_version).rpartition("/")[2]
    if (kind, api_version) != (resource.kind, resource.api_version):
        if str(api_version).rpartition("/")[0] != resource.group or (kind == resource.kind and resource.group):
            raise _other_version(str(api_version), resource)
        problem = _other_kind(value, resource, str(kind)) or unknown_kind(kind, api_version)
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {resource.kind}: {problem}')
    try:
        found = checking.read(value, resource.open_api, is_merged=is_merged)
    except checking.WrongTypeError as error:
        raise checking.type_error(resource.kind, resource.version, error) from None
    document: dict[str, Any] = {"kind": resource.kind, "apiVersion": resource.api_version, **found.object}
    for path in EMPTY_LISTS.get(resource.kind, ()):
        *parents, name = path.split(".")
        sent, kept = value, document
        for parent in parents:
            sent, kept = map_at(sent, parent), map_at(kept, parent)
        if sent.get(name) == []:
            kept[name] = []
    found_metadata: dict[str, Any] = document.setdefault("metadata", {})
    if map_at(value, "metadata").get("managedFields") == []:
        found_metadata["managedFields"] = []  # An empty list resets the managers.
    if resource.kind == "CustomResourceDefinition" and map_at(value, "spec").get("versions") == []:
        map_at(document, "spec")["versions"] = []  # The server shows it in a message.
    return Body(document, tuple(found.faults))


def _other_kind(value: dict[str, Any], resource: Resource, kind: str) -> str:
    """Return why an object of another kind of the same group and version is refused, "" if there is no such kind."""
    schema = resource.open_api.other_kind(kind) if kind != resource.kind else None
    if schema is None or value.get("apiVersion", resource.api_version) != resource.api_version:
        return ""
    try:
        checking.read(value, schema)
    except checking.WrongTypeError as error:  # The server reads it before it looks at the kind.
        return str(error)
    package = resource.open_api.name.split(".")[-3]
    return f"converting ({resource.version}.{kind}) to ({package}.{resource.kind}): unknown conversion"


def _other_version(found: str, resource: Resource) -> RequestError:
    return bad_request(
        f"the API version in the data ({found}) does not match the expected API version ({resource.api_version})"
    )


def _custom(value: dict[str, Any], resource: Resource) -> Body:
    if not value.get("kind"):
        text = _compact(value)
        problem = f"Object 'Kind' is missing in '{text}'"
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {problem} ({text})")
    document = decoding.plain(value)
    metadata = _custom_metadata(value, resource)
    document["metadata"] = metadata.object
    if value["kind"] != resource.kind:  # It is refused after its metadata was checked, and no schema is used.
        return Body(document)
    unknown = objects.read(document, _schema(resource))
    repeated = [f'duplicate field "{path}"' for path in decoding.repeated_keys(value)]
    others = sorted(fault for fault in metadata.faults if not fault.startswith("duplicate"))
    return Body(document, (*repeated, *others, *(f'unknown field "{path}"' for path in unknown)))


def _custom_metadata(value: dict[str, Any], resource: Resource) -> checking.Decoded:
    schema, sent = resource.schema.fields["metadata"], value.get("metadata")
    if not isinstance(schema, OpenApiType):
        raise TypeError(f"the metadata of {resource.kind} has no type")
    try:
        found = checking.read_metadata(sent, schema)
    except checking.WrongTypeError as error:
        raise checking.type_error(resource.kind, resource.version, error) from None
    if is_map(sent) and sent.get("managedFields") == []:
        found.object["managedFields"] = []  # An empty list resets the managers.
    return found


def _check_version(value: dict[str, Any], resource: Resource, validation: str) -> None:
    """Refuse a custom object of another version, whose unknown fields are reported before."""
    found = value.get("apiVersion") or ""
    if not value.get("kind") or found == resource.api_version:
        return
    error = _other_version(found, resource)
    group, _, version = str(found).rpartition("/")
    if group == resource.group and value["kind"] == resource.kind and validation != "Ignore":
        schema = None if resource.definition is None else resource.definition.schemas.get(version)
        unknown = objects.read(decoding.plain(value), schema or {})
        error.warnings = tuple(f'unknown field "{path}"' for path in unknown)
        if error.warnings and validation == "Strict":
            raise checking.strict_error(resource.kind, version, error.warnings)
    raise error


def _schema(resource: Resource) -> Mapping[str, Any]:
    if not isinstance(resource.schema, StructuralType):
        raise TypeError(f"{resource.kind} is not a custom kind")
    return resource.schema.document


def _compact(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def checked(
    document: dict[str, Any],
    resource: Resource,
    old: dict[str, Any] | None,
    causes: Sequence[Cause],
    part: str = "",
) -> list[str]:
    """Check an object beyond its types: a custom resource by its schema. Rules of built-in kinds are checked before.

    Args:
        document: The object.
        resource: Its resource.
        old: The stored object, for an update.
        causes: The faults that are known.
        part: `status` to check an update of the subresource; "" for the whole object.

    Returns:
        Descriptions of the rules that were not checked.

    Raises:
        RequestError: 422, it is invalid.
    """
    kind = document.get("kind", resource.kind)
    has_schema = resource.is_custom and kind == resource.kind
    verdict = objects.check(document, _schema(resource), old, part=part) if has_schema else objects.Verdict()
    found = [*_kind_causes(kind, resource), *causes, *_replica_causes(document, resource, part), *verdict.causes]
    if old is None and kind != resource.kind:
        found = found[:1]
    elif old is None or not resource.is_custom:
        found = list(dict.fromkeys(found))  # Only updates of custom objects repeat equal causes.
    if found:
        raise invalid(resource.storage[0], kind, document["metadata"].get("name", ""), found)  # Events have no group.
    if not resource.is_custom:
        is_known = resource.kind in _CHECKED_ELSEWHERE or validation.has_rules(
            resource.group, resource.kind, subresource=part
        )
        return [] if is_known else ["values of the kind are checked by their types only"]
    fit_floats(document)
    return [f"{path or 'the object'}: {text}" for path, text in verdict.unsure]


def _kind_causes(kind: str, resource: Resource) -> list[Cause]:
    text = f'Invalid value: "{kind}": must be {resource.kind}'
    return [] if kind == resource.kind else [Cause("FieldValueInvalid", text, "kind")]


def _replica_causes(document: dict[str, Any], resource: Resource, part: str) -> list[Cause]:
    scale = resource.subresources.get("scale")
    if scale is None or scale.scale_paths is None:
        return []
    return list(check_replicas(document, scale.scale_paths.status if part else scale.scale_paths.replicas))
