"""All checks of a definition, in the order of the server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._schemas.definitions.causes import (
    SUBDOMAIN,
    SUBDOMAIN_TEXT,
    invalid_value,
    label_faults,
    label_invalid,
    required,
    unsupported,
)
from kubecore.testing._schemas.definitions.conversion import check_conversion
from kubecore.testing._schemas.definitions.default_values import check_default_values
from kubecore.testing._schemas.definitions.keywords import NOT_SUPPORTED, check_keywords
from kubecore.testing._schemas.definitions.parts import check_columns, check_selectable, check_subresources
from kubecore.testing._schemas.definitions.structure import check_structure
from kubecore.testing._schemas.json_values import is_list, is_map, items_at, map_at
from kubecore.testing._server.failures import Cause, NotSimulatedError

__all__ = ["check_definition"]

_APPROVED: Final = "api-approved.kubernetes.io"
_SEE: Final = "see https://github.com/kubernetes/enhancements/pull/1111"
_MIXED: Final = "may have mixed case, but should otherwise match: "
_AT_ROOT: Final = frozenset({"description", "type", "title", "properties", "required", "x-kubernetes-validations"})
"""The keywords at the root of a schema with a status."""

_AT_ROOT_TOO: Final = frozenset({"x-kubernetes-preserve-unknown-fields"})
_MISSING: Final = (
    "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a "
    "storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions"
)


def check_definition(definition: dict[str, Any], old: dict[str, Any] | None = None) -> Iterator[Cause]:
    """Yield the faults of a definition.

    Args:
        definition: The definition, with its defaults.
        old: The stored definition, for an update.

    Raises:
        NotSimulatedError: A fault that the server describes in a way that is not simulated.
    """
    spec, metadata = map_at(definition, "spec"), map_at(definition, "metadata")
    names, versions = map_at(spec, "names"), items_at(spec, "versions")
    group, name = spec.get("group", ""), metadata.get("name", "")
    if old is None and name != f"{names.get('plural', '')}.{group}":
        yield invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    yield from _check_group(group)
    yield from _check_scope(spec.get("scope", ""))
    if spec.get("preserveUnknownFields") and '"default"' in _in_order(versions):
        text = "must be false in order to use defaults in the schema"
        yield invalid_value("spec.preserveUnknownFields", True, text)
    yield from _check_versions(spec, versions)
    yield from _check_names(names)
    yield from _check_parts(versions[0] if versions else {}, _Shared(versions), "spec.{}", is_shared=True)
    if "conversion" in spec:
        strategy = spec["conversion"].get("strategy")
        if spec.get("preserveUnknownFields") and strategy == "Webhook":
            text = "must be None if spec.preserveUnknownFields is true"
            yield invalid_value("spec.conversion.strategy", strategy, text)
        yield from check_conversion(spec["conversion"])
    yield from _check_stored(definition, versions)
    if old is not None:
        yield from _check_immutable(spec, map_at(old, "spec"))
    yield from _check_approval(group, map_at(metadata, "annotations"))
    if spec.get("preserveUnknownFields"):
        text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        yield invalid_value("spec.preserveUnknownFields", True, text)


def _check_group(group: str) -> Iterator[Cause]:
    if not group:
        yield required("spec.group")
    elif SUBDOMAIN.fullmatch(group) is None:
        yield invalid_value("spec.group", group, SUBDOMAIN_TEXT)
    elif "." not in group:
        yield invalid_value("spec.group", group, "should be a domain with at least one dot")


def _check_scope(scope: str) -> Iterator[Cause]:
    if not scope:
        yield required("spec.scope")
    elif scope not in ("Cluster", "Namespaced"):
        yield unsupported("spec.scope", scope, ("Cluster", "Namespaced"))


class _Shared:
    """The parts that are the same in all versions: the server names them without a version.

    Args:
        versions: The versions.
    """

    def __init__(self, versions: list[dict[str, Any]]) -> None:
        parts = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
        first = versions[0] if versions else {}
        self.parts: Final = frozenset(
            part for part in parts if all(version.get(part) == first.get(part) for version in versions)
        )

    def has(self, part: str) -> bool:
        """Return whether a part is the same in all versions."""
        return part in self.parts


def _check_versions(spec: dict[str, Any], versions: list[dict[str, Any]]) -> Iterator[Cause]:
    shared = _Shared(versions)
    for position, version in enumerate(versions):
        path = f"spec.versions[{position}]"
        yield from label_invalid(f"{path}.name", version.get("name", ""))
        yield from _check_deprecation(version, f"{path}.deprecationWarning")
        if map_at(version, "schema").get("openAPIV3Schema") is None:
            yield required(f"{path}.schema.openAPIV3Schema")
        yield from _check_parts(version, shared, f"{path}.{{}}", is_shared=False)
    names = [version.get("name", "") for version in versions]
    if len(set(names)) < len(names):
        yield _versions_fault(spec, shared, "must contain unique version names")
    if sum(1 for version in versions if version.get("storage")) != 1:
        yield _versions_fault(spec, shared, "must have exactly one version marked as storage version")
    if names and names[0]:
        yield from label_invalid("spec.version", names[0])


def _versions_fault(spec: dict[str, Any], shared: _Shared, text: str) -> Cause:
    """Return the cause for a list of versions, which the server shows in the form of its Go type."""
    versions = spec.get("versions")
    if versions and len(shared.parts) < 4:
        raise NotSimulatedError(f"spec.versions: {text}: the message of the server is not simulated")
    shown = versions and [
        {
            "Name": version.get("name", ""),
            "Served": version.get("served", False),
            "Storage": version.get("storage", False),
            "Deprecated": version.get("deprecated", False),
            "DeprecationWarning": version.get("deprecationWarning"),
            **dict.fromkeys(("Schema", "Subresources", "AdditionalPrinterColumns", "SelectableFields")),
        }
        for version in versions
    ]
    return Cause("FieldValueInvalid", f"Invalid value: {_in_order(shown)}: {text}", "spec.versions")


def _in_order(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _check_deprecation(version: dict[str, Any], path: str) -> Iterator[Cause]:
    text = version.get("deprecationWarning")
    if text is None:
        return
    if not version.get("deprecated"):
        yield invalid_value(path, text, "can only be set for deprecated versions")
    if len(text) > 256:
        yield invalid_value(path, text, "must be <= 256 characters long")
    if not text:
        yield invalid_value(path, text, "must not be an empty string")
    for position, sign in enumerate(text):
        if not sign.isprintable():
            fault = f"must only contain printable UTF-8 characters; non-printable character found at index {position}"
            yield invalid_value(path, text, fault)
            break


def _check_names(names: dict[str, Any]) -> Iterator[Cause]:
    for name, prefix in (("plural", ""), ("singular", ""), ("kind", _MIXED), ("listKind", _MIXED)):
        path, found = f"spec.names.{name}", names.get(name) or ""
        if found:
            yield from label_invalid(path, found, prefix)
        else:
            yield required(path)
    yield from _check_list(names, "shortNames")
    kind = names.get("kind")
    if kind and kind == names.get("listKind"):
        yield invalid_value("spec.names.listKind", kind, "kind and listKind may not be the same")
    yield from _check_list(names, "categories")


def _check_list(names: dict[str, Any], name: str) -> Iterator[Cause]:
    for position, each in enumerate(items_at(names, name)):
        faults = list(label_faults(each))
        if faults:
            yield invalid_value(f"spec.names.{name}[{position}]", each, ",".join(faults))


def _check_parts(version: Mapping[str, Any], shared: _Shared, form: str, *, is_shared: bool) -> Iterator[Cause]:
    """Yield the faults of those parts of a version that are, or are not, the same in all versions."""
    schema = map_at({**version}, "schema").get("openAPIV3Schema")
    subresources = map_at({**version}, "subresources")
    if schema is not None and shared.has("schema") is is_shared:
        path = form.format("validation" if is_shared else "schema") + ".openAPIV3Schema"
        yield from _check_schema(schema, path, has_status=subresources.get("status") is not None)
    if shared.has("subresources") is is_shared:
        yield from check_subresources(subresources, form.format("subresources"))
    if shared.has("additionalPrinterColumns") is is_shared:
        columns = version.get("additionalPrinterColumns") or ()
        yield from check_columns(columns, form.format("additionalPrinterColumns"))
    if shared.has("selectableFields") is is_shared:
        fields = version.get("selectableFields") or ()
        if fields and _has_unknown(schema):
            raise NotSimulatedError("fields of a schema with an unsupported keyword are not simulated")
        yield from check_selectable(fields, schema, form.format("selectableFields"))


def _check_schema(schema: dict[str, Any], path: str, *, has_status: bool) -> Iterator[Cause]:
    if schema.get("default") is not None:
        raise NotSimulatedError("a schema with a default at the root is not simulated; run with --kube=real")
    causes: list[Cause] = []
    if has_status:
        causes += _check_root(schema, path)
    if '"$schema"' in _in_order(schema):
        raise NotSimulatedError("the keyword $schema is not simulated; run with --kube=real")
    if not _has_unknown(schema):
        causes += check_structure(schema, path)
    causes += check_keywords(schema, path)
    yield from causes
    if not causes:
        yield from check_default_values(schema, path)


def _check_root(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind and kind != "object":
        text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        yield invalid_value(f"{path}.type", kind, text)
    others = [name for name, value in schema.items() if value not in (None, False, [], {}, "") and name not in _AT_ROOT]
    if kind == "object" and set(others) - _AT_ROOT_TOO:
        raise NotSimulatedError(f"the keyword {others[0]} at the root of a schema with a status is not simulated")


def _has_unknown(schema: Any) -> bool:
    """Return whether a keyword that the server doesn't support is used anywhere."""
    waiting: list[Any] = [schema]
    while waiting:
        each: Any = waiting.pop()
        if is_list(each):
            waiting += each
        elif is_map(each):
            if any(name in each for name in NOT_SUPPORTED) or is_list(each.get("items")):
                return True
            waiting += map_at(each, "properties").values()
            waiting += [each.get(name) for name in ("items", "additionalProperties", "not", "allOf", "anyOf", "oneOf")]
    return False


def _check_stored(definition: dict[str, Any], versions: list[dict[str, Any]]) -> Iterator[Cause]:
    stored = items_at(map_at(definition, "status"), "storedVersions")
    path = "status.storedVersions"
    if not stored:
        yield Cause("FieldValueInvalid", "Invalid value: null: must have at least one stored version", path)
        return
    flagged = [version.get("name", "") for version in versions if version.get("storage")]
    names = {version.get("name", "") for version in versions}
    for position, each in enumerate(stored):
        if each not in names:
            yield invalid_value(f"{path}[{position}]", each, _MISSING.format(each))
    if flagged and (len(flagged) > 1 or flagged[0] not in stored):
        yield invalid_value(path, stored, f"must have the storage version {flagged[-1]}")


def _check_immutable(spec: dict[str, Any], old: dict[str, Any]) -> Iterator[Cause]:
    names, before = map_at(spec, "names"), map_at(old, "names")
    for path, new, was in (
        ("spec.group", spec.get("group"), old.get("group")),
        ("spec.scope", spec.get("scope"), old.get("scope")),
        ("spec.names.plural", names.get("plural"), before.get("plural")),
        ("spec.names.kind", names.get("kind"), before.get("kind")),
    ):
        if new != was:
            yield invalid_value(path, new or "", "field is immutable")


def _check_approval(group: str, annotations: dict[str, Any]) -> Iterator[Cause]:
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return
    path, found = f"metadata.annotations[{_APPROVED}]", annotations.get(_APPROVED, "")
    if not found:
        yield required(path, f'protected groups must have approval annotation "{_APPROVED}", {_SEE}')
    elif not found.startswith(("unapproved", "https://", "http://")):
        text = (
            f'protected groups must have approval annotation "{_APPROVED}" with either a URL or a reason starting with'
        )
        yield invalid_value(path, found, f'{text} "unapproved", {_SEE}')
