"""A patched object as the server shows it in errors: the patch decides on the order of the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.openapi import OpenApiType
from kubecore.testing._schemas.validation.embedded import METADATA
from kubecore.testing._server.resources import Resource

__all__ = ["patched_text"]


def patched_text(changed: dict[str, Any], patch_body: Any, resource: Resource) -> str:
    """Return the JSON text of a patched object.

    Args:
        changed: The object.
        patch_body: The merge patch or the JSON patch.
        resource: Its resource.
    """
    if resource.is_custom:
        return msgspec.json.encode(changed, order="deterministic").decode()
    touched = _touched(patch_body) if is_list(patch_body) else patch_body
    return msgspec.json.encode(_touched_order(changed, touched, resource.open_api)).decode()


def _touched(operations: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the objects that a JSON patch changes, as an object with their names."""
    found: dict[str, Any] = {}
    for operation in operations:
        inner = found
        for name in operation["path"].split("/")[1:-1]:
            inner = inner.setdefault(name, {})
    return found


def _touched_order(value: Any, touched: dict[str, Any], schema: OpenApiType | None) -> Any:
    """Return an object that was changed with its keys sorted."""
    if not is_map(value):
        return value
    found: dict[str, Any] = {}
    for key in sorted(value):
        field = None if schema is None else schema.fields.get(key)
        inner = touched.get(key)
        found[key] = _touched_order(value[key], inner, field) if is_map(inner) else _own_order(value[key], field)
    return found


def _own_order(value: Any, schema: OpenApiType | None) -> Any:
    """Return a value with its keys in the order in which the server writes those that no patch touched."""
    if schema is None or not is_map(value):
        return value
    if schema.values is not None and not schema.fields:
        return {key: value[key] for key in sorted(value)}
    if schema.name.endswith(".ObjectMeta"):
        return {key: _own_order(value[key], schema.fields.get(key)) for key in METADATA if key in value}
    return {key: _own_order(each, schema.fields.get(key)) for key, each in value.items()}
