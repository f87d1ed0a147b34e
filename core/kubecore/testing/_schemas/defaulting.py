"""Defaults of custom resources, as the schema of a CRD sets them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.shapes import items_of, part_of, properties_of

__all__ = ["default"]


def default(value: Any, schema: Mapping[str, Any] | None) -> None:
    """Set the defaults of fields that are missing, in place. A null that is not allowed is replaced, too.

    Args:
        value: The object, or a part of it.
        schema: The schema of the value, or None if nothing is known about it.
    """
    if schema is None:
        return
    if is_map(value):
        properties = properties_of(schema)
        for name, own in properties.items():
            if own.get("default") is not None and (name not in value or _is_wrong_null(value[name], own)):
                value[name] = _copy(own["default"])
        for name in value:
            _, part = part_of(schema, name)
            if name not in properties and _is_wrong_null(value[name], part):
                value[name] = _copy(None if part is None else part.get("default"))
            default(value[name], part)
    elif is_list(value):
        items = items_of(schema)
        for position, each in enumerate(value):
            if is_map(items) and _is_wrong_null(each, items):
                value[position] = _copy(items.get("default"))
            default(value[position], items)


def _is_wrong_null(value: Any, schema: Mapping[str, Any] | None) -> bool:
    return value is None and schema is not None and not schema.get("nullable")


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))
