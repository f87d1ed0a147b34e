"""Warnings about valid definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.definitions.structure import EITHER, branches_of
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._schemas.shapes import Schema, properties_of
from kubecore.testing._schemas.validation.formats import FORMATS

__all__ = ["warnings_of"]

_NUMBERS: Final = {"integer": ("int32", "int64"), "number": ("float", "double")}


def warnings_of(definition: dict[str, Any]) -> tuple[str, ...]:
    """Return the warnings with which the server accepts a definition, each once."""
    found: list[str] = []
    for version in items_at(map_at(definition, "spec"), "versions"):
        found += _warnings(map_at(map_at(version, "schema"), "openAPIV3Schema"))
    return tuple(dict.fromkeys(found))


def _warnings(schema: Schema) -> Iterator[str]:
    form, kind = schema.get("format", ""), schema.get("type", "")
    if form and not _is_known(form, kind, is_either=bool(schema.get(EITHER))):
        yield f'unrecognized format "{form}"'
    items = schema.get("items")
    if schema.get("x-kubernetes-list-type") == "set" and is_map(items) and items.get("type") in ("array", "object"):
        yield (
            f'x-kubernetes-list-type: set for items of type "{items["type"]}" is not supported by server-side apply or '
            "CEL validation rules"
        )
    below = [part for part, _ in branches_of(schema, "")] + list(properties_of(schema).values())
    below += [schema[name] for name in ("additionalProperties", "items") if is_map(schema.get(name))]
    for part in below:
        yield from _warnings(part)


def _is_known(form: str, kind: str, *, is_either: bool) -> bool:
    if kind in _NUMBERS:
        return form in _NUMBERS[kind]
    return (kind == "string" or is_either or not kind) and form.replace("-", "") in FORMATS
