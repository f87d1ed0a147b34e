"""Hypothesis strategies for structural schemas."""

from __future__ import annotations

import copy
from typing import Final

from hypothesis import strategies as st

from tests.server.structural.values import SHAPES, values
from tests.server.structural.words import EMBEDDED, INT_OR_STRING, OPEN, QUANTITY, Json

__all__ = ["objects", "schemas"]

# Names that are keywords, builtins, words of models and modules, or differ in a capital, a dash or the form of a letter
# only; the last ones name no field.
NAMES: Final = (
    *("a", "b", "from", "import", "None", "class", "self", "int", "list", "str", "type", "to_dict", "replace", "zero"),
    *("x-y", "xY", "x_y", "XY", "fooBar", "FooBar", "foobar", "foo-bar", "-", "_", "__init__", "1st", "größe", "$ref"),
    *("kind", "items", "metadata", "apiVersion", "spec", "msgspec", "JSON", "Literal", "httpURLs", "a.b", "a/b", "a b"),
    *("core_v1", "meta_v1", "builtins", "Time", "from_", "other_fields", "otherFields", "__slots__", "__class__", "_a"),
    *(
        "api_version",
        "api-version",
        "A",
        "aa",
        "fi",
        "\ufb01",
        "\U0001d41a",
        "\u00b5",
        "\u03bc",
        "e\u0301",
        "\u00e9",
        "match",
    ),
    *('a"b', "a\\b", "a\nb"),
)


@st.composite
def leaves(draw: st.DrawFn) -> Json:
    """Draw the schema of a single value, of anything, or of an object that is open."""
    kind = draw(st.sampled_from(["string", "string", "format", "integer", "number", "boolean", "port", "any", "open"]))
    schema: Json
    if kind == "string":
        more: list[Json] = [{}, {"enum": ["", "a", "b-c"]}, {"maxLength": 50}, {"pattern": "^[^#]*$"}, {"minLength": 0}]
        schema = {"type": "string", **draw(st.sampled_from(more))}
    elif kind == "format":
        schema = {"type": "string", "format": draw(st.sampled_from(sorted(SHAPES)))}
    elif kind == "integer":
        more = [{}, {"format": "int32", "enum": [1, 2]}, {"format": "int64"}, {"minimum": -9}, {"multipleOf": 3}]
        schema = {"type": "integer", **draw(st.sampled_from(more))}
    elif kind == "number":
        more = [{}, {"format": "double"}, {"minimum": -9, "exclusiveMinimum": True}]
        schema = {"type": "number", **draw(st.sampled_from(more))}
    elif kind == "boolean":
        schema = {"type": "boolean"}
    elif kind == "port":
        both = [{"type": "integer"}, {"type": "string"}]
        forms: list[Json] = [{}, {"anyOf": both}, {"allOf": [{"anyOf": both}, {"maxLength": 9}]}, {"pattern": "^.*$"}]
        schema = {INT_OR_STRING: True, **draw(st.sampled_from(forms))}
    elif kind == "any":
        schema = {OPEN: True}
    else:
        forms = [{OPEN: True}, {"additionalProperties": True}, {"additionalProperties": {OPEN: True}}, {}]
        schema = {"type": "object", **draw(st.sampled_from(forms))}
    return schema


TEXT: Final = {"type": "string"}
COPIES: Final[tuple[Json, ...]] = (
    {
        "type": "object",
        "properties": {
            "matchLabels": {"type": "object", "additionalProperties": TEXT},
            "matchExpressions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "properties": {"key": TEXT, "operator": TEXT, "values": {"type": "array", "items": TEXT}},
                },
            },
        },
    },
    {
        "type": "object",
        "required": ["key"],
        "properties": {"key": TEXT, "name": {**TEXT, "default": ""}, "optional": {"type": "boolean"}},
    },
    {
        "type": "object",
        "properties": {
            name: {"type": "object", "additionalProperties": {INT_OR_STRING: True, "pattern": QUANTITY}}
            for name in ("limits", "requests")
        },
    },
    {
        "type": "object",
        "required": ["type", "status", "reason", "message", "lastTransitionTime"],
        "properties": {
            **dict.fromkeys(("type", "status", "reason", "message"), TEXT),
            "lastTransitionTime": {"type": "string", "format": "date-time"},
            "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
        },
    },
)
"""Schemas that equal types of Kubernetes: labels, keys of secrets, resources and conditions."""


@st.composite
def schemas(draw: st.DrawFn, depth: int) -> Json:
    """Draw a schema; `depth` is the maximum number of levels below it."""
    forms = [leaves(), leaves(), leaves()]
    if depth > 0:
        forms += [objects(depth), objects(depth), embedded(depth), arrays(depth), keyed(depth), maps(depth)]
        forms += [st.sampled_from(COPIES).map(copy.deepcopy)]
    schema = draw(st.one_of(forms))
    if draw(st.integers(0, 5)) == 0:
        schema["nullable"] = True
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    schema |= draw(branches(schema))
    if draw(st.integers(0, 4)) == 0:
        empty: Json = {"array": [], "object": {}}
        is_good = not {"required", "minItems", "minProperties", EMBEDDED} & schema.keys()
        plain = schema.get("type") in empty and is_good and draw(st.booleans())
        schema["default"] = empty[schema["type"]] if plain else draw(values(schema))
    return schema


def _one(*parts: Json) -> st.SearchStrategy[Json]:
    return st.sampled_from(parts)


@st.composite
def objects(draw: st.DrawFn, depth: int) -> Json:
    """Draw the schema of an object with properties."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    own = {name: draw(schemas(depth - 1)) for name in names}
    more = draw(_one(*[{}] * 6, {OPEN: True}, {"minProperties": 1}, {"x-kubernetes-map-type": "atomic"}))
    schema: Json = {"type": "object", "properties": own, **more}
    if draw(st.booleans()):
        schema["required"] = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        if draw(st.booleans()):
            # controller-gen generates a required field with a default in this form.
            plain: Json = {
                "string": ["", "a"],
                "integer": [0, 3],
                "boolean": [False, True],
                "array": [[]],
                "number": [0, 0.5],
            }
            for name in schema["required"]:
                if (
                    not {"enum", "format", "minItems", "multipleOf"} & own[name].keys()
                    and own[name].get("type") in plain
                ):
                    own[name].setdefault("default", draw(st.sampled_from(plain[own[name]["type"]])))
    if draw(st.integers(0, 9)) == 0:
        schema["x-kubernetes-validations"] = [{"rule": "true || self == self", "message": "never"}]
    return schema


@st.composite
def embedded(draw: st.DrawFn, depth: int) -> Json:
    """Draw the schema of an embedded object."""
    own = draw(objects(depth))
    own["properties"] = {
        name: value for name, value in own["properties"].items() if name not in ("apiVersion", "kind", "metadata")
    }
    own["required"] = [name for name in own.get("required", ()) if name in own["properties"]]
    if draw(st.booleans()):
        own["properties"] |= draw(
            st.sampled_from([{"metadata": {"type": "object"}}, {"kind": {"type": "string", "enum": ["Pod"]}}])
        )
    form = draw(st.sampled_from(["typed", "typed", "open", "both"]))
    if form == "open" or not own["properties"]:
        own = {"type": "object", OPEN: True}
    elif form == "both":
        own[OPEN] = True
    return {**own, EMBEDDED: True}


@st.composite
def arrays(draw: st.DrawFn, depth: int) -> Json:
    """Draw the schema of a list, also of lists, and of a set."""
    more = draw(
        _one({}, {}, {}, {"minItems": 0}, {"minItems": 1}, {"maxItems": 9}, {"x-kubernetes-list-type": "atomic"})
    )
    if draw(st.integers(0, 4)) == 0:
        items: Json = {"type": draw(st.sampled_from(["string", "integer", "boolean"]))}
        more = {"x-kubernetes-list-type": "set", "maxItems": 9}
    else:
        items = draw(schemas(depth - 1))
    return {"type": "array", "items": items, **more}


@st.composite
def keyed(draw: st.DrawFn, depth: int) -> Json:
    """Draw the schema of a list whose items have keys."""
    items = draw(objects(depth))
    keys = draw(st.sampled_from([["key"], ["key", "port"], ["port"]]))
    scalars: Json = {"key": {"type": "string"}, "port": {"type": "integer", "default": 1}}
    items["properties"] |= {name: scalars[name] for name in keys}
    items["required"] = [*items.get("required", ()), *(name for name in keys if name == "key")] or None
    items = {key: value for key, value in items.items() if value is not None}
    return {"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys}


@st.composite
def maps(draw: st.DrawFn, depth: int) -> Json:
    """Draw the schema of a map."""
    item = draw(schemas(depth - 1))
    more = draw(_one({}, {}, {}, {"minProperties": 0}, {"maxProperties": 9}, {"x-kubernetes-map-type": "granular"}))
    return {"type": "object", "additionalProperties": item, **more}


@st.composite
def branches(draw: st.DrawFn, schema: Json) -> Json:
    """Draw the validation part of a schema: usually empty, otherwise allOf, anyOf, oneOf or not."""
    if INT_OR_STRING in schema or draw(st.integers(0, 3)) > 0:
        return {}
    good, never = validations(schema), _never(schema)
    form = draw(st.sampled_from(["allOf", "anyOf", "oneOf", "not"]))
    if form == "not":
        return {"not": never}
    if form == "oneOf":
        first = draw(good)
        return {"oneOf": draw(st.sampled_from([[first, {"not": first}], [first, never], [{"not": never}]]))}
    return {form: draw(st.lists(good, min_size=1, max_size=2))}


def validations(schema: Json) -> st.SearchStrategy[Json]:
    """Return validations that most values of a schema pass."""
    found: list[Json] = [{}]
    match schema.get("type"):
        case "string":
            found += [{"maxLength": 99}, {"pattern": "^[^#]*$"}, {"minLength": 0}]
        case "integer" | "number":
            found += [{"minimum": -(2.0**70)}, {"maximum": 9}]
        case "array":
            found += [{"minItems": 0}, {"maxItems": 9}]
        case "object":
            found += [{"maxProperties": 9}, {"minProperties": 0}]
    for name, part in schema.get("properties", {}).items():
        found += [{"required": [name]}]
        if part.get("type") == "string":
            found += [{"properties": {name: {"maxLength": 99}}}]
        if part.get("type") == "array":
            found += [{"properties": {name: {"maxItems": 9}}}]
    return st.sampled_from(found)


def _never(schema: Json) -> Json:
    """Return a validation that no drawn value passes."""
    kinds: Json = {"string": {"minLength": 99}, "array": {"minItems": 99}, "object": {"minProperties": 99}}
    found: Json = kinds.get(schema.get("type", ""), {"enum": ["never"]})
    return found
