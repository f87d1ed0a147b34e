"""The Go structs of schemas: how their fields are read and written, determined once for each schema."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from kubecore.testing._schemas.go_fields import GoField, fields_of
from kubecore.testing._schemas.openapi import OpenApiType

__all__ = ["Field", "Place", "Struct", "go_place", "is_plain_map", "kept_type", "path_of", "struct_of"]

_PLAIN: Final = GoField()
_PARSED: Final = ("byte", "date-time", "quantity")
_KEPT: Final = {"boolean": bool, "int-or-string": str, "number": float, "string": str}


class Field(NamedTuple):
    """A field of a Go struct.

    Attributes:
        struct: The name of the struct in messages.
        name: The name of the field in JSON.
        schema: The type of its values.
        go: How it is written.
        kept: The Python type whose values are right, and are read without a change; None if there is none.
        is_omitted: Whether an empty value is omitted.
    """

    struct: str
    name: str
    schema: OpenApiType
    go: GoField
    kept: type | None
    is_omitted: bool


class Struct(NamedTuple):
    """A Go struct.

    Attributes:
        fields: The fields by their names.
        always: The fields that are written even if they are missing, in their order.
    """

    fields: Mapping[str, Field]
    always: tuple[Field, ...]


Place: TypeAlias = "tuple[Place, Field | str | int] | None"
"""A place in a body, which is only shown in messages: the outer place, and a field, a key of a map or an index."""


@functools.cache
def struct_of(schema: OpenApiType) -> Struct:
    """Return the Go struct of a schema."""
    known = fields_of(schema.name)
    name = schema.name.rpartition(".")[2]
    fields = {key: _field(name, key, inner, known.get(key, _PLAIN)) for key, inner in schema.fields.items()}
    always = (fields[key] for key, go in known.items() if key in fields and (go.is_always or go.is_struct))
    return Struct(fields, tuple(always))


def _field(struct: str, name: str, schema: OpenApiType, go: GoField) -> Field:
    return Field(struct, name, schema, go, kept_type(schema), _is_omitted(schema, go))


def kept_type(schema: OpenApiType) -> type | None:
    """Return the Python type whose values have the type of a place, and are read without a change, or None."""
    return _KEPT.get(schema.scalar) if schema.kind == "scalar" and schema.format not in _PARSED else None


def _is_omitted(schema: OpenApiType, field: GoField) -> bool:
    """Return whether empty values of a field are omitted."""
    if field.is_always or field.is_struct:
        return False
    if schema.kind == "list" or is_plain_map(schema):
        return True
    if schema.kind == "map":
        return field.is_omitted_struct
    is_struct = schema.format in ("quantity", "date-time") or schema.scalar == "int-or-string"
    return schema.kind == "scalar" and not field.is_pointer and not is_struct


def is_plain_map(schema: OpenApiType) -> bool:
    """Return whether a schema is that of a Go map."""
    return schema.kind == "map" and schema.values is not None and not schema.fields


def path_of(place: Place) -> str:
    """Return a place as faults of fields show it, such as `spec.containers[0].name`."""
    steps = [
        f"[{step}]" if isinstance(step, int) else f".{step.name if isinstance(step, Field) else step}"
        for step in _steps(place)
    ]
    return "".join(reversed(steps)).removeprefix(".")


def go_place(place: Place) -> str:
    """Return a place as Go shows it: the last struct, and the names of all fields on the way."""
    fields = [step for step in _steps(place) if isinstance(step, Field)]
    names = [f"{field.go.embedded}.{field.name}" if field.go.embedded else field.name for field in fields]
    return ".".join([*(field.struct for field in fields[:1]), *reversed(names)])


def _steps(place: Place) -> Iterator[Field | str | int]:
    """Yield the steps of a place, the last one first."""
    while place is not None:
        place, step = place
        yield step
