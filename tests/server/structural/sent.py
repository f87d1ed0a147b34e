"""What docs/crds.md says is sent of an object."""

from __future__ import annotations

from typing import Any

from tests.server.structural.words import EMBEDDED, OPEN, Json

__all__ = ["is_left_out", "sent", "whole"]


def sent(value: Any, schema: Json) -> Any:
    """Return what docs/crds.md says is sent of a value: no null in a field, and no empty list or map of most schemas."""
    if isinstance(value, list) and "items" in schema:
        return [sent(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    if _is_class(schema):
        return _sent_fields(value, schema)
    more = schema.get("additionalProperties")
    return {key: sent(item, more) for key, item in value.items()} if isinstance(more, dict) else value


def whole(value: Json, schema: Json) -> Json:
    """Return what is sent of an object of a kind; what its schema does not name is sent if that is open."""
    own = {name: part for name, part in schema["properties"].items() if name != "metadata"}
    found = _sent_fields(value, {**schema, "properties": own})
    return {key: found.get(key, value[key]) for key in value if key in found or key not in own}


def _sent_fields(value: Json, schema: Json) -> Json:
    parts, needed = schema.get("properties", {}), schema.get("required", ())
    kept = {key: sent(item, parts.get(key, {})) for key, item in value.items()}
    return {
        key: item
        for key, item in kept.items()
        if key in needed or key not in parts or not (item is None or is_left_out(item, parts[key]))
    }


def _is_class(schema: Json) -> bool:
    """Whether an object is one of a class: a map has all its fields as they are."""
    if schema.get(OPEN) or not (schema.get(EMBEDDED) or "properties" in schema):
        return False
    return not any(set('"\\\n') & set(name) for name in schema.get("properties", ()))


def is_left_out(item: Any, schema: Json) -> bool:
    """Whether an empty list or map, or what equals an object's zero value, is not sent."""
    if item not in ([], {}) or schema.get("type") not in ("array", "object"):
        return False
    if _is_class(schema):
        return schema.get("default") == {}
    said = {OPEN, EMBEDDED, "properties"} & schema.keys() or schema.get("additionalProperties")
    if schema["type"] == "object" and not said:
        return False  # A marker.
    return not {"default", "minItems", "minProperties", "nullable"} & _with_single_branch(schema).keys()


def _with_single_branch(schema: Json) -> Json:
    """Return a schema with what its only allOf says."""
    only = schema.get("allOf", ())
    return {**only[0], **schema} if len(only) == 1 and "properties" not in schema else schema
