"""Draws custom resources: structural schemas of every form, and objects that they allow, for the most part.

The API server is the judge: what it refuses is no example. `sent` says what docs/crds.md says is sent of an object.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

__all__ = ["Drawn", "Version", "drawn", "whole"]

Json = dict[str, Any]

OPEN: Final = "x-kubernetes-preserve-unknown-fields"
EMBEDDED: Final = "x-kubernetes-embedded-resource"
INT_OR_STRING: Final = "x-kubernetes-int-or-string"

# Names that are keywords, builtins, words of models, or differ in a capital or a dash only; the last ones name no field.
NAMES: Final = (
    *("a", "b", "from", "import", "None", "class", "self", "int", "list", "str", "type", "to_dict", "replace", "zero"),
    *("x-y", "xY", "x_y", "XY", "fooBar", "FooBar", "foobar", "foo-bar", "-", "_", "__init__", "1st", "größe", "$ref"),
    *("kind", "items", "metadata", "apiVersion", "spec", "msgspec", "JSON", "Literal", "httpURLs", "a.b", "a/b", "a b"),
    *('a"b', "a\\b"),
)
KEYS: Final = ("k", "x-y", "é", "a.b/c", "$x", "")
TEXTS: Final = ("", "text", "ü", "a\nb", '"\\', "\u2028", "😀", "true", "1")
ANYTHING: Final = st.sampled_from(
    [1, "a", 1.5, True, [], {}, [None, {"b": True}], {"c": {"d": []}}, {"e": None}, 2**53 + 1, -1e-7, [[]]]
)
SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "byte": ("aGVsbG8=", "+/+/"),
    "date": ("2026-01-02",),
    "date-time": ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00"),
    "duration": ("5s", "1h30m"),
    "email": ("a@example.com",),
    "hostname": ("a.example.com",),
    "ipv4": ("10.0.0.1",),
    "uri": ("https://example.com/a?b=c",),
    "uuid": ("0f8fad5b-d9cb-469f-a165-70867728950e",),
    "password": ("secret",),
    "made-up": ("anything",),
}
"""Texts of each format of strings."""


# What is not drawn, because it is known and waits to be mended. Each is one function, to be taken away then.


def is_null_over_default(schema: Json) -> bool:
    """Whether null would be drawn for a field with a default: it is read as None, which is not sent."""
    return schema.get("nullable") is True and "default" in schema


def is_counted_where_empty(parent: Json, name: str) -> bool:
    """Whether a parent counts an empty list or map as there, which is left out: by a branch's `required`, or by number."""
    return "minProperties" in parent or name in _named_by_branches(parent)


def _named_by_branches(schema: Json) -> set[str]:
    branches = [branch for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key, ())]
    branches += [schema["not"]] if "not" in schema else []
    named = {name for branch in branches for name in (*branch.get("required", ()), *_named_by_branches(branch))}
    return named | ({"*"} if any("minProperties" in branch for branch in branches) else set())


# Schemas.


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


@st.composite
def schemas(draw: st.DrawFn, depth: int) -> Json:
    """Draw a schema; `depth` is how many levels there may be below it."""
    forms = [leaves(), leaves(), leaves()]
    if depth > 0:
        forms += [objects(depth), objects(depth), embedded(depth), arrays(depth), keyed(depth), maps(depth)]
    schema = draw(st.one_of(forms))
    if draw(st.integers(0, 5)) == 0:
        schema["nullable"] = True
    schema |= draw(branches(schema))
    if draw(st.integers(0, 4)) == 0:
        empty: Json = {"array": [], "object": {}}
        is_good = not {"required", "minItems", "minProperties", EMBEDDED} & schema.keys()
        plain = schema.get("type") in empty and is_good and draw(st.booleans())
        schema["default"] = empty[schema["type"]] if plain else draw(values(schema))
    return schema


@st.composite
def objects(draw: st.DrawFn, depth: int) -> Json:
    """Draw the schema of an object with properties."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    own = {name: draw(schemas(depth - 1)) for name in names}
    more = draw(st.sampled_from([*[{}] * 6, {OPEN: True}, {"minProperties": 1}, {"x-kubernetes-map-type": "atomic"}]))
    schema: Json = {"type": "object", "properties": own, **more}
    if draw(st.booleans()):
        schema["required"] = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    if draw(st.integers(0, 9)) == 0:
        schema["x-kubernetes-validations"] = [{"rule": "true || self == self", "message": "never"}]
    return schema


@st.composite
def embedded(draw: st.DrawFn, depth: int) -> Json:
    """Draw the schema of a whole object inside of another."""
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
        st.sampled_from(
            [{}, {}, {}, {"minItems": 0}, {"minItems": 1}, {"maxItems": 9}, {"x-kubernetes-list-type": "atomic"}]
        )
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
    more = draw(
        st.sampled_from([{}, {}, {}, {"minProperties": 0}, {"maxProperties": 9}, {"x-kubernetes-map-type": "granular"}])
    )
    return {"type": "object", "additionalProperties": item, **more}


@st.composite
def branches(draw: st.DrawFn, schema: Json) -> Json:
    """Draw what only validates: nothing mostly, or allOf, anyOf, oneOf or not."""
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
    """Return validations of a schema's values that allow most of them."""
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
    """Return a validation that no value drawn passes."""
    kinds: Json = {"string": {"minLength": 99}, "array": {"minItems": 99}, "object": {"minProperties": 99}}
    found: Json = kinds.get(schema.get("type", ""), {"enum": ["never"]})
    return found


# Objects.


def values(schema: Json) -> st.SearchStrategy[Any]:
    """Return values that a schema allows, for the most part; lists and maps may be empty."""
    found = _values(schema)
    if schema.get("nullable") and not is_null_over_default(schema):
        return st.none() | found
    return found


def _values(schema: Json) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get(EMBEDDED):
        return _wholes(schema)
    if "properties" in schema:
        return _members(schema)
    if schema.get(INT_OR_STRING):
        return st.sampled_from([0, 80, -1, "", "80%", "80"])
    match schema.get("type"):
        case "array":
            return _lists(schema)
        case "object":
            more = schema.get("additionalProperties")
            if more is None and not schema.get(OPEN):
                return st.just({})
            item = values(more) if isinstance(more, dict) else ANYTHING
            return st.dictionaries(st.sampled_from(KEYS), item, max_size=2)
        case "string":
            return st.sampled_from(SHAPES.get(schema.get("format", ""), TEXTS))
        case "integer":
            return st.sampled_from([0, 1, 3, -3]) | st.integers(-(2**63), 2**63 - 1).map(lambda n: n - n % 3)
        case "number":
            return st.sampled_from([0, 1, 0.5, -2.5, 1e21, 100, 3])
        case "boolean":
            return st.booleans()
        case _:
            return ANYTHING


def _lists(schema: Json) -> st.SearchStrategy[Any]:
    kind, items = schema.get("x-kubernetes-list-type"), values(schema["items"])
    if kind == "set":
        return st.lists(items, max_size=2, unique=True)
    if kind == "map":
        keys = schema["x-kubernetes-list-map-keys"]
        return st.lists(items, max_size=2, unique_by=lambda item: repr([item.get(key, 1) for key in keys]))
    return st.lists(items, min_size=schema.get("minItems", 0), max_size=2)


def _members(schema: Json) -> st.SearchStrategy[Json]:
    parts = {name: _member(schema, name) for name in schema["properties"]}
    needed = {name: parts.pop(name) for name in schema.get("required", ())}
    found = st.fixed_dictionaries(needed, optional=parts)
    if schema.get(OPEN):
        others = st.dictionaries(st.sampled_from(["other", "é"]), ANYTHING, max_size=1)
        return st.builds(lambda own, more: {**more, **own}, found, others)
    return found


def _member(parent: Json, name: str) -> st.SearchStrategy[Any]:
    schema = parent["properties"][name]
    found = values(schema)
    is_counted = is_counted_where_empty(parent, name) or "*" in _named_by_branches(parent)
    if is_counted and name not in parent.get("required", ()):
        return found.filter(lambda item: not is_left_out(item, schema))
    return found


def _wholes(schema: Json) -> st.SearchStrategy[Json]:
    bare = {key: value for key, value in schema.items() if key != EMBEDDED}
    own = _values(bare)
    head = st.fixed_dictionaries(
        {"apiVersion": st.sampled_from(["v1", "example.com/v1"]), "kind": st.just("Pod")},
        optional={"metadata": st.sampled_from([{}, {"name": "x", "labels": {"a": "b"}}, {"namespace": "y"}])},
    )
    return st.builds(lambda own, head: {**own, **head}, own, head)


# Kinds.


@dataclass(frozen=True)
class Version:
    """A version of a kind: its name, whether it is served, and the schema of its objects."""

    name: str
    served: bool
    schema: Json


@dataclass(frozen=True)
class Drawn:
    """A kind: the versions, of which the first one is stored; objects are of the first version that is served."""

    scope: str
    versions: tuple[Version, ...]
    has_status: bool
    objects: tuple[Json, ...]

    @property
    def served(self) -> tuple[Version, ...]:
        """The versions that there are clients of."""
        return tuple(version for version in self.versions if version.served)

    def manifest(self, group: str, plural: str) -> Json:
        """Return the CustomResourceDefinition."""
        kind = plural[:-1].capitalize()
        more = {"subresources": {"status": {}}} if self.has_status else {}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "scope": self.scope,
                "names": {"plural": plural, "singular": plural[:-1], "kind": kind},
                "versions": [
                    {
                        "name": version.name,
                        "served": version.served,
                        "storage": version is self.versions[0],
                        "schema": {"openAPIV3Schema": version.schema},
                        **more,
                    }
                    for version in self.versions
                ],
            },
        }


@st.composite
def wholes(draw: st.DrawFn) -> Json:
    """Draw the schema of a kind."""
    own = {"spec": draw(objects(3)), "status": draw(objects(2))}
    if draw(st.booleans()):
        names = draw(st.sets(st.sampled_from(("a", "from", "data", "x-y", "xY")), max_size=2))
        own |= {name: draw(schemas(1)) for name in sorted(names)}
    if draw(st.integers(0, 4)) == 0:
        own["metadata"] = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 30}}}
    schema: Json = {"type": "object", "properties": own}
    if draw(st.booleans()):
        schema["required"] = ["spec"]
    return schema | draw(st.sampled_from([{}, {}, {}, {}, {OPEN: True}]))


@st.composite
def others(draw: st.DrawFn, schema: Json) -> Json:
    """Draw the schema of another version: the same, or with a property more or less."""
    schema = copy.deepcopy(schema)
    own = schema["properties"]["spec"]["properties"]
    how = draw(st.sampled_from(["same", "more", "less"]))
    if how == "more":
        own["another"] = draw(schemas(1))
    elif how == "less" and len(own) > 1:
        name = draw(st.sampled_from(sorted(own)))
        if name not in json_names(schema["properties"]["spec"]):
            del own[name]
    return schema


def json_names(schema: Json) -> set[str]:
    """Return the names that a schema speaks of beside its properties."""
    found = set(schema.get("required", ())) | _named_by_branches(schema)
    return found | set(schema.get("default", {}) or ()) | {name for b in _all_branches(schema) for name in b}


def _all_branches(schema: Json) -> list[Json]:
    return [branch.get("properties", {}) for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key, ())]


@st.composite
def kinds(draw: st.DrawFn) -> Drawn:
    """Draw a kind and objects of it."""
    schema = draw(wholes())
    versions = [Version("v1", True, schema)]
    more = draw(st.sampled_from(["", "", "two", "two", "unserved", "stored only"]))
    if more:
        versions.append(Version("v1beta1", more != "unserved", draw(others(schema))))
    if more == "stored only":
        versions.append(Version("v2alpha1", True, draw(others(schema))))
        versions[0] = Version("v1", False, versions[0].schema)
    first = next(version for version in versions if version.served)
    return Drawn(
        draw(st.sampled_from(["Namespaced", "Cluster"])),
        tuple(versions),
        draw(st.booleans()),
        tuple(draw(_objects(first.schema)) for _ in range(2)),
    )


def _objects(schema: Json) -> st.SearchStrategy[Json]:
    own = {name: part for name, part in schema["properties"].items() if name != "metadata"}
    return _members({**schema, "properties": own, "required": ["spec"]})


def drawn(n: int, seed: int) -> list[Drawn]:
    """Draw kinds: the same for the same seed."""
    found: list[Drawn] = []
    number = seed * 1_000_003
    while len(found) < n:
        found += _fresh(number)
        number += 1
    return found[:n]


def _fresh(seed: int) -> list[Drawn]:
    """Draw a few kinds. Of more, hypothesis would make variants, and its first one is always the simplest."""
    found: list[Drawn] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=9,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(kinds())
    def collect(kind: Drawn) -> None:
        found.append(kind)

    collect()
    return found[1:]


# What is sent.


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
    return not any(set('"\\') & set(name) for name in schema.get("properties", ()))


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
