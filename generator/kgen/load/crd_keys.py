"""Keys of a CRD that the API server does not know: it drops them, so a misspelt one changes the meaning of the CRD.

Keywords of schemas whose values are of a wrong type are reported as well: the server refuses such a CRD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kgen.errors import Problem, nearest
from kgen.load.reading import At, pointer
from kgen.shapes import is_array, is_object

__all__ = ["unknown_keys"]

MAX_REPORTED: Final = 20
"""Unknown keys of one CRD that are reported one by one."""

_COLUMN: Final = frozenset({"description", "format", "jsonPath", "name", "priority", "type"})
_NAMES: Final = frozenset({"categories", "kind", "listKind", "plural", "shortNames", "singular"})
_SCALE: Final = frozenset({"labelSelectorPath", "specReplicasPath", "statusReplicasPath"})
_SPEC: Final = frozenset({"conversion", "group", "names", "preserveUnknownFields", "scope", "versions"})
_TOP: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_VERSION: Final = frozenset(
    {
        *("additionalPrinterColumns", "deprecated", "deprecationWarning", "name", "schema", "selectableFields"),
        *("served", "storage", "subresources"),
    }
)

_SCHEMA: Final = frozenset(
    {
        *("$ref", "$schema", "additionalItems", "additionalProperties", "allOf", "anyOf", "default", "definitions"),
        *("dependencies", "description", "enum", "example", "exclusiveMaximum", "exclusiveMinimum", "externalDocs"),
        *("format", "id", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength"),
        *("minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties"),
        *("properties", "required", "title", "type", "uniqueItems"),
        *("x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys"),
        *("x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields"),
        "x-kubernetes-validations",
    }
)
_HARMLESS: Final = frozenset({"$comment", "$id", "deprecated", "examples", "readOnly", "writeOnly"})
"""Annotations of JSON Schema that the server drops and that mean nothing for the values."""

_ONE: Final = ("additionalItems", "additionalProperties", "items", "not")
_LISTS: Final = ("allOf", "anyOf", "items", "oneOf")
_MAPS: Final = ("definitions", "dependencies", "patternProperties", "properties")

_TYPES: Final[Mapping[str, type]] = {
    **dict.fromkeys(_MAPS, dict),
    **dict.fromkeys(("allOf", "anyOf", "enum", "oneOf", "required", "list-map-keys"), list),
    **dict.fromkeys(("description", "format", "pattern", "title"), str),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "nullable", "uniqueItems"), bool),
    **dict.fromkeys(("embedded-resource", "int-or-string", "preserve-unknown-fields"), bool),
}
"""Expected values of keywords. Kubernetes' own booleans stand here without their prefix."""
_EXPECTED: Final = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}


def unknown_keys(raw: Mapping[str, Any], at: At) -> list[Problem]:
    """Return a problem for each key of a CRD that the server does not know, with its place and the nearest known key.

    Keywords of schemas with a value of a wrong type are problems, too.

    Args:
        raw: The CRD.
        at: Its place.
    """
    problems = list(_wrong_values(raw, at))[:MAX_REPORTED]
    count = 0
    for where, key, known in _unknown(raw, at):
        count += 1
        if count <= MAX_REPORTED:
            near = nearest(key, known)
            hint = f"did you mean {near!r}?" if near else "the API server drops it; remove it, or correct the name"
            problems.append(Problem(f"unknown key {key[:100]!r}", pointer(where), hint))
    if count > MAX_REPORTED:
        problems.append(Problem(f"{count - MAX_REPORTED} more unknown keys", pointer(at), "the API server drops them"))
    return problems


def _unknown(raw: Mapping[str, Any], at: At) -> Iterator[tuple[At, str, frozenset[str]]]:
    yield from _level(raw, at, _TOP)
    spec, at_spec = raw.get("spec"), (*at, "spec")
    yield from _level(spec, at_spec, _SPEC)
    if not is_object(spec):
        return
    yield from _level(spec.get("names"), (*at_spec, "names"), _NAMES)
    versions = spec.get("versions")
    for index, version in enumerate(versions if is_array(versions) else ()):
        if is_object(version):
            yield from _of_version(version, (*at_spec, "versions", str(index)))


def _of_version(version: Mapping[str, Any], at: At) -> Iterator[tuple[At, str, frozenset[str]]]:
    yield from _level(version, at, _VERSION)
    validation, subresources = version.get("schema"), version.get("subresources")
    yield from _level(validation, (*at, "schema"), frozenset({"openAPIV3Schema"}))
    yield from _level(subresources, (*at, "subresources"), frozenset({"scale", "status"}))
    if is_object(subresources):
        yield from _level(subresources.get("scale"), (*at, "subresources", "scale"), _SCALE)
    for key, known in (("additionalPrinterColumns", _COLUMN), ("selectableFields", frozenset({"jsonPath"}))):
        entries = version.get(key)
        for index, entry in enumerate(entries if is_array(entries) else ()):
            yield from _level(entry, (*at, key, str(index)), known)
    if is_object(validation):
        yield from _of_schema(validation.get("openAPIV3Schema"), (*at, "schema", "openAPIV3Schema"))


def _level(value: object, at: At, known: frozenset[str]) -> Iterator[tuple[At, str, frozenset[str]]]:
    if is_object(value):
        yield from (((*at, key), key, known) for key in value if key not in known)


def _of_schema(schema: object, at: At) -> Iterator[tuple[At, str, frozenset[str]]]:
    for value, here in _schemas(schema, at):
        for key in value:
            # Other extensions than Kubernetes' own belong to other tools.
            foreign = key.lower().startswith("x-") and not key.lower().startswith("x-k")
            if key not in _SCHEMA and key not in _HARMLESS and not foreign:
                yield (*here, key), key, _SCHEMA


def _wrong_values(raw: Mapping[str, Any], at: At) -> Iterator[Problem]:
    spec = raw.get("spec")
    versions = spec.get("versions") if is_object(spec) else None
    for index, version in enumerate(versions if is_array(versions) else ()):
        validation = version.get("schema") if is_object(version) else None
        if not is_object(validation):
            continue
        here = (*at, "spec", "versions", str(index), "schema", "openAPIV3Schema")
        for schema, place in _schemas(validation.get("openAPIV3Schema"), here):
            for key, value in schema.items():
                kind = _TYPES.get(key.removeprefix("x-kubernetes-"))
                if kind is not None and value is not None and not isinstance(value, kind):
                    where = pointer((*place, key))
                    yield Problem(f"{key!r} must be {_EXPECTED[kind]}", where, "the API server refuses the CRD")


def _schemas(schema: object, at: At) -> Iterator[tuple[Mapping[str, Any], At]]:
    """Yield a schema and all schemas in it, each with its place."""
    stack: list[tuple[object, At]] = [(schema, at)]
    while stack:
        value, here = stack.pop()
        if not is_object(value):
            continue
        yield value, here
        stack += [(value[key], (*here, key)) for key in _ONE if is_object(value.get(key))]
        for key in _LISTS:
            entries = value.get(key)
            if is_array(entries):
                stack += [(entry, (*here, key, str(index))) for index, entry in enumerate(entries)]
        for key in _MAPS:
            entries = value.get(key)
            if is_object(entries):
                stack += [(entry, (*here, key, name)) for name, entry in entries.items()]
