"""Random structural schemas and random objects for them, most of which break some rules."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

__all__ = ["draw_object", "draw_schema"]

_Json = dict[str, Any]

_OPEN: Final = "x-kubernetes-preserve-unknown-fields"
_NAMES: Final = ("a", "b", "from", "x-y", "size", "kind", "é")
_TEXTS: Final = ("", "a", "b", "abc", "ü", "a\nb", '"\\', "<&>", "\u2028", "😀", "2026-01-02", "10.0.0.1", "P", "aGk=")
_NUMBERS: Final = (0, 1, 3, -3, 80, 2**31, 2**53 + 1, 0.5, -2.5, 1.0, 1e18, 1e21, 3e300, -(2**70), 1e-7, 1e39, 100000.5)
_FORMATS: Final = (
    *("date", "date-time", "duration", "ipv4", "ipv6", "cidr", "uuid", "byte", "password", "made-up", "mac", "int32"),
    *(
        "k8s-short-name",
        "hexcolor",
        "ssn",
        "isbn",
        "bsonobjectid",
        "hostname",
        "rgbcolor",
        "creditcard",
        "k8s-long-name",
    ),
)
_SHAPES: Final = (
    *("2026-01-02T03:04:05Z", "2026-13-02", "1h30m", "5 days", "::1", "10.0.0.0/8", "fe80::/129", "01.2.3.4", "#fff"),
    *("0f8fad5b-d9cb-469f-a165-70867728950e", "00:11:22:33:44:55", "078-05-1120", "0321751043", "4111111111111111"),
    *("507f1f77bcf86cd799439011", "example.com", "-bad-", "rgb(1, 2,255)", "2016-12-31T23:59:60Z", "2026-02-30", "a.b"),
)


def draw_schema(draw: Random, depth: int = 3) -> _Json:
    """Draw a schema.

    Args:
        draw: The source of randomness.
        depth: The most levels below the schema.
    """
    forms = ["text", "text", "integer", "number", "boolean", "port", "open"]
    if depth > 0:
        forms += ["object", "object", "object", "array", "array", "map", "keyed", "set", "embedded"]
    schema = _drawn(draw, draw.choice(forms), depth)
    if draw.random() < 0.15:
        schema["nullable"] = True
    if draw.random() < 0.25 and "x-kubernetes-int-or-string" not in schema:
        schema |= _branches(draw, schema)
    if draw.random() < 0.2:
        default = _default(draw, schema)
        if default is not None:
            schema["default"] = default
    return schema


def _drawn(draw: Random, form: str, depth: int) -> _Json:
    match form:
        case "text":
            rules: list[_Json] = [{}, {"enum": ["a", "b", "<&>"]}, {"maxLength": 1}, {"minLength": 2}]
            rules += [{"pattern": r"^[a-c]+$"}, {"pattern": r"\d"}, {"format": draw.choice(_FORMATS)}]
            return {"type": "string", **draw.choice(rules), **draw.choice(rules[-1:] + [{}] * 3)}
        case "integer" | "number":
            rules = [{}, {"minimum": 2}, {"maximum": 3, "exclusiveMaximum": True}, {"multipleOf": 3}, {"enum": [1, 3]}]
            rules += [{"minimum": 0, "exclusiveMinimum": True, "maximum": 10}]
            rules += [{"format": each} for each in ("int32", "int64", "float", "double")]
            if form == "number":
                rules += [{"multipleOf": 0.5}, {"maximum": 1.5}, {"enum": [0.5, 1]}]
            return {"type": form, **draw.choice(rules), **draw.choice(rules)}
        case "port":
            both = [{"type": "integer"}, {"type": "string"}]
            more: list[_Json] = [{}, {"anyOf": both}, {"allOf": [{"anyOf": both}, {"maximum": 2}]}, {"enum": ["P", 1]}]
            return {"x-kubernetes-int-or-string": True, **draw.choice(more)}
        case "open":
            return draw.choice([{_OPEN: True}, {"type": "object", _OPEN: True}, {"type": "object"}])
        case "object" | "embedded":
            schema = _object(draw, depth)
            if form == "embedded":
                schema["x-kubernetes-embedded-resource"] = True
                schema["properties"].pop("kind", None)
                schema.setdefault(_OPEN, True)
            return schema
        case "array":
            more = [{}, {"minItems": 2}, {"maxItems": 1}]
            return {"type": "array", "items": draw_schema(draw, depth - 1), **draw.choice(more)}
        case "set":
            return {"type": "array", "items": {"type": draw.choice(["string", "integer", "number"])}} | {
                "x-kubernetes-list-type": "set"
            }
        case "keyed":
            return _keyed(draw, depth)
        case "map":
            more = [{}, {"minProperties": 1}, {"maxProperties": 1}]
            values = draw.choice([True, draw_schema(draw, depth - 1), draw_schema(draw, depth - 1)])
            return {"type": "object", "additionalProperties": values, **draw.choice(more)}
        case _:
            return {"type": form}


def _object(draw: Random, depth: int) -> _Json:
    names = draw.sample(_NAMES, draw.randint(1, 4))
    schema: _Json = {"type": "object", "properties": {name: draw_schema(draw, depth - 1) for name in names}}
    if "kind" in names:
        schema["properties"]["kind"] = {"type": "string"}
    if draw.random() < 0.5:
        schema["required"] = draw.sample(names, draw.randint(1, len(names)))
    more: list[_Json] = [{}] * 4 + [{_OPEN: True}, {"minProperties": 2}, {"maxProperties": 1}]
    return schema | draw.choice(more)


def _keyed(draw: Random, depth: int) -> _Json:
    keys = draw.choice([["key"], ["key", "port"]])
    items = _object(draw, depth)
    items["properties"] |= {"key": {"type": "string"}, "port": {"type": "integer", "default": 1}}
    items["required"] = keys[:1]
    for name in ("default", "nullable"):
        items.pop(name, None)
    return {"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys}


def _branches(draw: Random, schema: _Json) -> _Json:
    rules: list[_Json] = [{}]
    match schema.get("type"):
        case "string":
            rules += [{"maxLength": 1}, {"pattern": "a"}, {"enum": ["a", "c"]}, {"minLength": 1}]
        case "integer" | "number":
            rules += [{"minimum": 1}, {"maximum": 2}, {"multipleOf": 2}, {"enum": [3]}]
        case "array":
            rules += [{"maxItems": 1}, {"minItems": 1}]
        case "object":
            rules += [{"maxProperties": 1}, {"minProperties": 1}]
    for name, part in (schema.get("properties") or {}).items():
        if name not in ("kind", "metadata"):
            rules += [{"required": [name]}]
            if part.get("type") == "string":
                rules += [{"properties": {name: {"maxLength": 1}}}]
    form = draw.choice(["allOf", "anyOf", "oneOf", "not"])
    if form == "not":
        return {"not": draw.choice(rules[1:] or [{"enum": [1]}])}
    return {form: [draw.choice(rules) for _ in range(draw.randint(1, 3))]}


def _default(draw: Random, schema: _Json) -> Any:
    match schema.get("type"):
        case "string":
            return draw.choice(["a", "ab"])
        case "integer":
            return draw.choice([1, 3])
        case "boolean":
            return True
        case "object":
            return {}
        case _:
            return None


def draw_object(draw: Random, schema: _Json) -> _Json:
    """Draw an object with a `spec` and sometimes a `status`.

    Args:
        draw: The source of randomness.
        schema: The schema of whole objects.
    """
    found: _Json = {}
    for name, part in schema["properties"].items():
        if draw.random() < 0.95:
            found[name] = draw_value(draw, part)
    if draw.random() < 0.1:
        found["other"] = {"a": 1}
    return found


def draw_value(draw: Random, schema: Any) -> Any:
    """Draw a value, which is of a random type in one of ten places.

    Args:
        draw: The source of randomness.
        schema: The schema, or `true`.
    """
    if not isinstance(schema, dict) or draw.random() < 0.06:
        return _anything(draw)
    if draw.random() < 0.05:
        return None
    if schema.get("x-kubernetes-int-or-string"):
        return draw.choice([0, 1, 80, "", "P", "80%", 1.5])
    match schema.get("type"):
        case "string":
            return draw.choice(schema.get("enum") or (_SHAPES if "format" in schema else _TEXTS) + ("a", "abc"))
        case "integer" | "number":
            return draw.choice((*_NUMBERS, 2, 4, 6))
        case "boolean":
            return draw.random() < 0.5
        case "array":
            found = [draw_value(draw, schema["items"]) for _ in range(draw.randint(0, 3))]
            return found + copy.deepcopy(found[:1]) if draw.random() < 0.3 else found
        case "object":
            return _map(draw, schema)
        case _:
            return _anything(draw)


def _map(draw: Random, schema: _Json) -> _Json:
    found: _Json = {}
    required = schema.get("required") or ()
    for name, part in (schema.get("properties") or {}).items():
        if draw.random() < (0.9 if name in required else 0.6):
            found[name] = draw_value(draw, part)
    if "additionalProperties" in schema:
        for name in draw.sample(["k", "x-y", "é", "a.b/c", ""], draw.randint(0, 2)):
            found[name] = draw_value(draw, schema["additionalProperties"])
    if draw.random() < 0.15:
        found["unknown"] = _anything(draw)
    if schema.get("x-kubernetes-embedded-resource") and draw.random() < 0.9:
        found |= {"apiVersion": draw.choice(["v1", "a/b", "a/b/c", ""]), "kind": draw.choice(["Pod", "", "x y", "A-b"])}
        if draw.random() < 0.3:
            found["metadata"] = draw.choice([{}, {"name": "x", "labels": {"a": "b"}}, {"other": 1, "namespace": "y"}])
    return found


def _anything(draw: Random) -> Any:
    values: tuple[Any, ...] = (
        *_NUMBERS[:6],
        *_TEXTS[:4],
        True,
        [],
        {},
        [None, {"b": True}],
        {"c": {"d": []}},
        [[{"x": 1}]],
        0.5,
    )
    return copy.deepcopy(draw.choice(values))
