"""Removal of the fields that the schema of a custom resource does not know, and of nulls that it does not allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.shapes import Schema, items_of, part_of

__all__ = ["OPEN", "prune", "prune_nulls"]

OPEN: Final = "x-kubernetes-preserve-unknown-fields"
EMBEDDED: Final = "x-kubernetes-embedded-resource"
_HEAD: Final = frozenset({"apiVersion", "kind", "metadata"})


def prune(value: Any, schema: Schema) -> list[str]:
    """Remove the unknown fields of an object in place, and return their sorted paths.

    `apiVersion`, `kind` and `metadata` of the object are kept.

    Args:
        value: The object.
        schema: The schema of the whole object.
    """
    return sorted(_pruned(value, {**schema, EMBEDDED: True}, ""))


def _pruned(value: Any, schema: Schema | None, path: str, *, keeps: bool = False) -> Iterator[str]:
    keeps = keeps or bool(schema and schema.get(OPEN))
    if is_list(value):
        items = items_of(schema)
        if items is None:
            yield from () if keeps else _emptied(value, path)
            return
        for position, each in enumerate(value):
            yield from _pruned(each, items, f"{path}[{position}]", keeps=keeps)
    elif is_map(value):
        yield from _pruned_map(value, schema, path, keeps=keeps)


def _pruned_map(value: dict[str, Any], schema: Schema | None, path: str, *, keeps: bool) -> Iterator[str]:
    is_whole = schema is not None and schema.get(EMBEDDED) is True
    for name in list(value):
        if is_whole and name in _HEAD:
            continue
        below = f"{path}.{name}" if path else name
        is_known, part = part_of(schema, name)
        if is_known:
            yield from _pruned(value[name], part, below)
        elif not keeps:
            del value[name]
            if path or name not in _HEAD:
                yield below


def _emptied(value: list[Any], path: str) -> Iterator[str]:
    """Remove all fields of the objects in a list without a schema, however deep they are."""
    waiting: list[tuple[str, Any]] = [(path, value)]
    while waiting:
        where, each = waiting.pop()
        if is_list(each):
            waiting += [(f"{where}[{position}]", one) for position, one in enumerate(each)]
        elif is_map(each):
            yield from (f"{where}.{name}" for name in each)
            each.clear()


def prune_nulls(value: Any, schema: Schema | None) -> None:
    """Remove, in place, nulls of fields that are not nullable and have no default."""
    if schema is None:
        return
    if is_map(value):
        for name in list(value):
            _, part = part_of(schema, name)
            if value[name] is None and part is not None and not part.get("nullable") and part.get("default") is None:
                del value[name]
            else:
                prune_nulls(value[name], part)
    elif is_list(value):
        for each in value:
            prune_nulls(each, items_of(schema))
