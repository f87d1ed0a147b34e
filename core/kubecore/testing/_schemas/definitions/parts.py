"""Checks of the parts of a version next to its schema: subresources, columns and selectable fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kubecore.testing._schemas.definitions.causes import duplicate, invalid_value, required
from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._schemas.shapes import Schema, part_of
from kubecore.testing._server.failures import Cause

__all__ = ["check_columns", "check_selectable", "check_subresources"]

_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SELECTABLE: Final = frozenset({"string", "boolean", "integer"})
_NOT_SELECTABLE: Final = (
    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
)


def check_subresources(subresources: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """Yield the faults of `subresources`."""
    scale = subresources.get("scale")
    if not is_map(scale):
        return
    for name, roots in (
        ("specReplicasPath", (".spec",)),
        ("statusReplicasPath", (".status",)),
        ("labelSelectorPath", (".spec", ".status")),
    ):
        yield from _check_place(scale.get(name) or "", roots, f"{path}.scale.{name}")


def _check_place(place: str, roots: Sequence[str], path: str) -> Iterator[Cause]:
    if not place:
        if len(roots) == 1:
            yield required(path)
    elif not place.startswith("."):
        yield invalid_value(path, place, "must be a simple json path starting with .")
    elif not place.startswith(tuple(f"{root}." for root in roots)):
        either = "either " if len(roots) > 1 else ""
        yield invalid_value(path, place, f"should be a json path under {either}{' or '.join(roots)}")


def check_columns(columns: Sequence[Mapping[str, Any]], path: str) -> Iterator[Cause]:
    """Yield the faults of `additionalPrinterColumns`."""
    types, formats = (f"must be one of {','.join(allowed)}" for allowed in (_TYPES, _FORMATS))
    for position, column in enumerate(columns):
        where = f"{path}[{position}]"
        kind, form, place = (column.get(name) or "" for name in ("type", "format", "jsonPath"))
        if not column.get("name"):
            yield required(f"{where}.name")
        if not kind:
            yield required(f"{where}.type", types)
        elif kind not in _TYPES:
            yield invalid_value(f"{where}.type", kind, types)
        if form and form not in _FORMATS:
            yield invalid_value(f"{where}.format", form, formats)
        if not place:
            yield required(f"{where}.JSONPath")
        elif not place.startswith("."):
            yield invalid_value(f"{where}.JSONPath", place, "must be a simple json path starting with .")


def check_selectable(fields: Sequence[Mapping[str, Any]], schema: Schema | None, path: str) -> Iterator[Cause]:
    """Yield the faults of `selectableFields`."""
    known: set[str] = set()
    for position, field in enumerate(fields):
        place, where = field.get("jsonPath") or "", f"{path}[{position}].jsonPath"
        if not place:
            yield required(where)
        elif place in known:
            yield duplicate(where, place)
        elif fault := _selectable_fault(place, schema):
            yield invalid_value(where, place, fault)
        known.add(place)


def _selectable_fault(place: str, schema: Schema | None) -> str:
    if not place.startswith("."):
        first = place.replace("[", ".").partition(".")[0]
        return f"is an invalid path: expected [ or . but got: {first}"
    if place.endswith("."):
        return "is an invalid path: unexpected end of JSON path"
    if "[" in place:
        return "is an invalid path: array notation is not allowed"
    found: Schema | None = schema
    for name in place[1:].split("."):
        _, found = part_of(found, name)
        if found is None:
            return "is an invalid path: does not refer to a valid field"
    return "" if found is not None and found.get("type") in _SELECTABLE else _NOT_SELECTABLE
