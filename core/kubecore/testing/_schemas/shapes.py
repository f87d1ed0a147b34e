"""Parts of structural schemas, with types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubecore.testing._schemas.json_values import is_map

__all__ = ["Schema", "items_of", "part_of", "properties_of"]

Schema = Mapping[str, Any]


def properties_of(schema: Schema) -> Mapping[str, Schema]:
    """Return the schemas of the properties of a schema."""
    found: Mapping[str, Schema] | None = schema.get("properties")
    return found or {}


def items_of(schema: Schema | None) -> Schema | None:
    """Return the schema of the items of a list, or None if nothing is known about them."""
    items = None if schema is None else schema.get("items")
    return items if is_map(items) else None


def part_of(schema: Schema | None, name: str) -> tuple[bool, Schema | None]:
    """Return whether a schema of an object knows a field, and the schema of the field if it has one."""
    if schema is None:
        return False, None
    properties = properties_of(schema)
    if name in properties:
        return True, properties[name]
    others = schema.get("additionalProperties")
    if is_map(others):
        return True, others
    return others is True, None
