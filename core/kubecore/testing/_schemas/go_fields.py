"""How the server's Go types write their fields: properties that OpenAPI documents do not have."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Final, NamedTuple

import msgspec

from kubecore.testing._schemas.openapi import OpenApiType

__all__ = ["GoField", "fields_of", "type_text"]


class GoField(NamedTuple):
    """How a field is written.

    Attributes:
        is_pointer: Whether it is a pointer to a scalar, so that a zero value is written.
        is_always: Whether it is written even if it is empty.
        is_struct: Whether it is a struct that is always written.
        is_omitted_struct: Whether it is a struct that is omitted if it is empty.
        type: The name of the Go type, or "" if the schema determines it.
        embedded: The names of the embedded structs that it is part of, joined by dots.
    """

    is_pointer: bool = False
    is_always: bool = False
    is_struct: bool = False
    is_omitted_struct: bool = False
    type: str = ""
    embedded: str = ""


_PLAIN: Final = GoField()
_NONE: Final[Mapping[str, GoField]] = {}
_SCALARS: Final = {"boolean": "bool", "number": "float64", "string": "string", "int-or-string": "intstr.IntOrString"}


@functools.cache
def _table() -> dict[str, dict[str, str]]:
    file = resources.files("kubecore.testing._schemas") / "go_fields.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, str]])


@functools.cache
def fields_of(name: str) -> Mapping[str, GoField]:
    """Return the fields of a schema that are not written as usual: a value that is omitted if it is empty.

    Args:
        name: The name of the schema.
    """
    found = _table().get(name)
    return _NONE if found is None else {key: _field(code) for key, code in found.items()}


def _field(code: str) -> GoField:
    before, _, embedded = code.partition("@")
    letters, _, named = before.partition(":")
    return GoField("p" in letters, "r" in letters, "v" in letters, "z" in letters, named, embedded)


def type_text(schema: OpenApiType, field: GoField = _PLAIN) -> str:
    """Return the name of the Go type of a place, as error messages have it."""
    if field.type:
        return field.type
    if schema.kind == "list":
        return f"[]{type_text(schema.items) if schema.items else ''}"
    if schema.kind == "map" and schema.values is not None:
        return f"map[string]{type_text(schema.values)}"
    if schema.kind != "scalar":
        return ".".join(schema.name.split(".")[-2:])
    if schema.scalar == "integer":
        return schema.format or "int64"
    if schema.format == "byte":
        return "[]uint8"
    return "resource.Quantity" if schema.format == "quantity" else _SCALARS[schema.scalar]
