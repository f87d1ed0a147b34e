"""Checks of lists that are sets, or whose items have keys: nothing is contained twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.shapes import Schema, items_of, properties_of
from kubecore.testing._schemas.validation.faults import invalid_value
from kubecore.testing._schemas.wording import compact, shown
from kubecore.testing._server.failures import Cause

__all__ = ["check_lists"]


def check_lists(value: Any, schema: Schema | None, path: str = "") -> Iterator[Cause]:
    """Yield the causes for items that a set or a list with keys contains twice.

    Args:
        value: The value.
        schema: The schema, or None if nothing is known about the value.
        path: The path of the value.
    """
    if schema is None:
        return
    if is_map(value):
        others, properties = schema.get("additionalProperties"), properties_of(schema)
        for name, each in value.items():
            if name in properties:
                yield from check_lists(each, properties[name], f"{path}.{name}" if path else name)
            elif is_map(others):
                yield from check_lists(each, others, f"{path}[{name}]")
    elif is_list(value):
        kind = schema.get("x-kubernetes-list-type")
        if kind == "set":
            yield from _doubled(value, value, path)
        elif kind == "map":
            yield from _check_keys(value, schema.get("x-kubernetes-list-map-keys") or (), path)
        items = items_of(schema)
        if is_map(items):
            for position, each in enumerate(value):
                yield from check_lists(each, items, f"{path}[{position}]")


def _check_keys(value: list[Any], names: Sequence[str], path: str) -> Iterator[Cause]:
    for position, each in enumerate(value):
        if each is not None and not is_map(each):
            text = "must be an object for an array of list-type map"
            yield invalid_value(f"{path}[{position}]", each, text)
            return
    keys = [{name: each[name] for name in names if name in each} if each else {} for each in value]
    yield from _doubled(keys, keys, path)


def _doubled(keys: list[Any], values: Sequence[Any], path: str) -> Iterator[Cause]:
    """Yield one cause for each key that is contained twice or more often, at its second place."""
    seen: dict[tuple[str, str], int] = {}
    for position, key in enumerate(keys):
        known = (type(key).__name__, compact(key))
        seen[known] = seen.get(known, 0) + 1
        if seen[known] == 2:
            yield Cause("FieldValueDuplicate", f"Duplicate value: {shown(values[position])}", f"{path}[{position}]")
