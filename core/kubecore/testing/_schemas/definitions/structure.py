"""Structural rules of schemas: every place has a type, and the branches of logic only restrict values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.definitions.causes import forbidden, invalid_value, required
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._schemas.shapes import Schema, properties_of
from kubecore.testing._server.failures import Cause, NotSimulatedError

__all__ = ["branches_of", "check_structure"]

EMBEDDED: Final = "x-kubernetes-embedded-resource"
EITHER: Final = "x-kubernetes-int-or-string"
OPEN: Final = "x-kubernetes-preserve-unknown-fields"
_OF_FIELD: Final = "must not be empty for specified object fields"
_OF_ITEM: Final = "must not be empty for specified array items"
_EMPTY: Final = frozenset({"description", "title", "type", "x-kubernetes-list-map-keys", "x-kubernetes-validations"})
_FALSE: Final = frozenset({"nullable", EMBEDDED, EITHER, OPEN})
_UNDEFINED: Final = frozenset({"additionalProperties", "default", "x-kubernetes-list-type", "x-kubernetes-map-type"})
_EITHER_TYPES: Final = ({"type": "integer"}, {"type": "string"})


def branches_of(schema: Schema, path: str) -> Iterator[tuple[Schema, str]]:
    """Yield the schemas of `allOf`, `anyOf`, `oneOf` and `not` with their paths."""
    for name in ("allOf", "anyOf", "oneOf"):
        for position, each in enumerate(schema.get(name) or ()):
            yield each, f"{path}.{name}[{position}]"
    if is_map(schema.get("not")):
        yield schema["not"], f"{path}.not"


def check_structure(schema: Schema, path: str) -> Iterator[Cause]:
    """Yield the faults in the structure of the schema of a version."""
    yield from _check_type(schema, path, "must not be empty at the root")
    if schema.get("type") and schema["type"] != "object":
        yield invalid_value(f"{path}.type", schema["type"], "must be object at the root")
    if schema.get("nullable"):
        yield forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    if schema.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if schema.get(EMBEDDED):
        yield from _check_embedded(schema, path)
    yield from _check_head(schema, path, is_root=True)
    yield from _check_below(schema, path)


def _check_type(schema: Schema, path: str, text: str) -> Iterator[Cause]:
    if not schema.get("type") and not schema.get(EITHER) and not schema.get(OPEN):
        yield required(f"{path}.type", text)
    if schema.get("type") == "array" and schema.get("items") is None:
        yield required(f"{path}.items", "must be specified")


def _check_place(schema: Schema, path: str, text: str) -> Iterator[Cause]:
    yield from _check_type(schema, path, text)
    if schema.get(EMBEDDED):
        yield from _check_embedded(schema, path)
    yield from _check_below(schema, path)


def _check_below(schema: Schema, path: str) -> Iterator[Cause]:
    yield from _check_logic(schema, path)
    for name, part in properties_of(schema).items():
        yield from _check_place(part, f"{path}.properties[{name}]", _OF_FIELD)
    others, items = schema.get("additionalProperties"), schema.get("items")
    if is_map(others):
        yield from _check_place(others, f"{path}.additionalProperties", _OF_FIELD)
    if is_map(items):
        yield from _check_place(items, f"{path}.items", _OF_ITEM)


def _check_embedded(schema: Schema, path: str) -> Iterator[Cause]:
    if schema.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set")
    if not schema.get("properties") and not schema.get(OPEN):
        text = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        yield required(f"{path}.properties", text)
    if schema.get("type") != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        yield invalid_value(f"{path}.type", schema.get("type", ""), text)
    yield from _check_head(schema, path, is_root=False)


def _check_head(schema: Schema, path: str, *, is_root: bool) -> Iterator[Cause]:
    """Yield the faults of the schemas of `apiVersion`, `kind` and `metadata` of whole objects."""
    properties = properties_of(schema)
    for name, kind in (("apiVersion", "string"), ("kind", "string"), ("metadata", "object")):
        part, where = properties.get(name), f"{path}.properties[{name}]"
        if part is None:
            continue
        if part.get("type") != kind:
            yield invalid_value(f"{where}.type", part.get("type", ""), f"must be {kind}")
        elif is_root and part.get("default") is not None:
            yield forbidden(f"{where}.default", f"must not be set in top-level {name}")
        elif is_root and name == "metadata":
            yield from _check_metadata(part, where)


def _check_metadata(schema: Schema, path: str) -> Iterator[Cause]:
    properties = properties_of(schema)
    if set(schema) - {"type", "properties"} or set(properties) - {"name", "generateName"}:
        text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield forbidden(path, text)
        return
    for name, part in properties.items():
        if part.get("default") is not None:
            yield forbidden(f"{path}.properties[{name}].default", "must not be set in top-level metadata")


def _check_logic(schema: Schema, path: str) -> Iterator[Cause]:
    free = set(_either_types(schema, path)) if schema.get(EITHER) else set[str]()
    for each, where in branches_of(schema, path):
        if "metadata" in properties_of(each):
            raise NotSimulatedError("a schema with logic for metadata is not simulated; run with --kube=real")
        if where not in free:
            yield from _check_branch(each, where)


def _either_types(schema: Schema, path: str) -> Iterator[str]:
    """Yield the paths of branches that may name a type: `anyOf` of integer and string, itself or first in `allOf`."""
    if tuple(schema.get("anyOf") or ()) == _EITHER_TYPES:
        yield from (f"{path}.anyOf[{position}]" for position in (0, 1))
    for position, each in enumerate(schema.get("allOf") or ()):
        if tuple(each.get("anyOf") or ()) == _EITHER_TYPES:
            yield f"{path}.allOf[{position}]"


def _check_branch(schema: Schema, path: str) -> Iterator[Cause]:
    for name in sorted(schema):
        value: Any = schema[name]
        if name in _EMPTY and value:
            yield forbidden(f"{path}.{name}", "must be empty to be structural")
        elif name in _FALSE and value:
            yield forbidden(f"{path}.{name}", "must be false to be structural")
        elif name in _UNDEFINED and value is not None:
            yield forbidden(f"{path}.{name}", "must be undefined to be structural")
    for each, where in branches_of(schema, path):
        yield from _check_branch(each, where)
    for name, part in properties_of(schema).items():
        yield from _check_branch(part, f"{path}.properties[{name}]")
    if is_map(schema.get("items")):
        yield from _check_branch(schema["items"], f"{path}.items")
