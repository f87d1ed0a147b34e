"""What docs/crds.md says is sent of an object."""

from __future__ import annotations

from typing import Any, Final

from tests.server.structural.words import EMBEDDED, OPEN, Json

__all__ = ["named_by_branches", "sent", "whole"]

ANY: Final = "*"


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
        if key in needed or key not in parts or not _is_dropped(item, parts[key], key, schema)
    }


def _is_dropped(item: Any, schema: Json, name: str, parent: Json) -> bool:
    """Whether null, or an empty list or map, is not sent: not where a default, or the parent, tells it from none."""
    named = named_by_branches(parent)
    is_counted = "minProperties" in parent or not {name, ANY}.isdisjoint(named)
    if item is None:
        return not (schema.get("nullable") and ("default" in schema or is_counted))
    return _is_left_out(item, schema) and (not is_counted or _is_class(schema))


def named_by_branches(schema: Json) -> set[str]:
    """Return the properties that what only validates an object requires; `ANY` where it counts them."""
    branches = [branch for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key, ())]
    branches += [schema["not"]] if "not" in schema else []
    named = {name for branch in branches for name in (*branch.get("required", ()), *named_by_branches(branch))}
    return named | ({ANY} if any("minProperties" in branch for branch in branches) else set())


def _is_class(schema: Json) -> bool:
    """Whether an object is one of a class: a map has all its fields as they are."""
    if schema.get(OPEN) or not (schema.get(EMBEDDED) or "properties" in schema):
        return False
    return not any(set('"\\\n') & set(name) for name in schema.get("properties", ()))


def _is_left_out(item: Any, schema: Json) -> bool:
    """Whether an empty list or map, or what equals an object's zero value, is not sent."""
    if item not in ([], {}) or schema.get("type") not in ("array", "object"):
        return False
    if _is_class(schema):
        return schema.get("default") == {} and not schema.get("nullable")
    said = {OPEN, EMBEDDED, "properties"} & schema.keys() or schema.get("additionalProperties")
    if schema["type"] == "object" and not said:
        return False  # A marker.
    return not {"default", "minItems", "minProperties", "nullable"} & _with_single_branch(schema).keys()


def _with_single_branch(schema: Json) -> Json:
    """Return a schema with what its only allOf says."""
    only = schema.get("allOf", ())
    return {**only[0], **schema} if len(only) == 1 and "properties" not in schema else schema
