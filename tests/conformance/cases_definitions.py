"""Cases of CustomResourceDefinitions: invalid ones, their changes, and their end."""

from __future__ import annotations

import copy
from typing import Any, Final

from tests.conformance.bodies import definition, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire

PATH: Final = "customresourcedefinitions"


def _try(wire: Wire, made: dict[str, Any]) -> None:
    wire.post(PATH, made, dryRun="All")


def _try_spec(wire: Wire, **spec: Any) -> None:
    made = definition(wire.group)
    _try(wire, {**made, "spec": {**made["spec"], **spec}})


def _try_names(wire: Wire, **names: Any) -> None:
    _try_spec(wire, names={**definition(wire.group)["spec"]["names"], **names})


def _try_schema(wire: Wire, schema: dict[str, Any], **version: Any) -> None:
    _try(wire, definition(wire.group, schema, **version))


def _try_field(wire: Wire, schema: dict[str, Any]) -> None:
    _try_schema(wire, {"type": "object", "properties": {"f": schema}})


@case("names of definitions are checked")
def names(wire: Wire) -> None:
    made = definition(wire.group)
    _try_spec(wire, group="Example")
    _try_spec(wire, group="example")
    protected = {**made, "metadata": {"name": "widgets.x.k8s.io"}, "spec": {**made["spec"], "group": "x.k8s.io"}}
    _try(wire, protected)
    for text in ("bad", "unapproved, for a test", "https://example.com/x"):
        _try(wire, with_metadata(protected, annotations={"api-approved.kubernetes.io": text}))
    for name in ("plural", "singular", "kind", "listKind"):
        _try_names(wire, **{name: "a b"})
    _try_names(wire, plural="")
    _try_names(wire, listKind="Widget")
    _try_names(wire, shortNames=["A", "b b", "ok"], categories=["A"])
    _try_names(wire, shortNames=["x" * 64], kind="K" * 64)
    _try_spec(wire, scope="")
    _try(wire, {key: value for key, value in made.items() if key != "spec"})
    _try(wire, {**made, "metadata": {}})
    _try(wire, with_metadata(made, name="Bad_Name", labels={"!": "x"}))
    _try_spec(wire, preserveUnknownFields=True)


@case("conversions of definitions are checked")
def conversions(wire: Wire) -> None:
    service = {"name": "a", "namespace": "b"}

    def webhook(reviews: Any, **client: Any) -> None:
        found = {"conversionReviewVersions": reviews, "clientConfig": client}
        _try_spec(wire, conversion={"strategy": "Webhook", "webhook": found})

    _try_spec(wire, conversion={})
    _try_spec(wire, conversion={"strategy": "Other"})
    _try_spec(wire, conversion={"strategy": "Webhook"})
    _try_spec(wire, conversion={"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"]}})
    none = {"conversionReviewVersions": ["v1"], "clientConfig": {"service": service}}
    _try_spec(wire, conversion={"strategy": "None", "webhook": none})
    webhook(["v1"], url="https://a.b", service=service)
    webhook(["v1"], url="http://a.b")
    webhook(["v1"], url="https://u@a.b/?x=1#f")
    webhook(["v1"], url="https://")
    webhook(["v1"], url="https://a.b/c")
    webhook([], service=service)
    webhook(["v9"], service=service)
    webhook(["v1", "v1", "V"], service=service)
    webhook(["v1"], service={"name": "", "namespace": "", "path": "x", "port": 0})
    webhook(["v1"], service={**service, "path": "//x", "port": 70000})
    webhook(["v1"], service={**service, "path": "/X_y/"})
    webhook(["v1"], service=service)


@case("versions of definitions are checked")
def versions(wire: Wire) -> None:
    first = definition(wire.group)["spec"]["versions"][0]
    _try_spec(wire, versions=[first, {**first, "name": "v2"}])
    _try_spec(wire, versions=[{**first, "storage": False}, {**first, "name": "v2", "storage": False}])
    _try_spec(wire, versions=[{**first, "served": False}])
    for name in ("name", "served", "storage", "schema"):
        _try_spec(wire, versions=[{key: value for key, value in first.items() if key != name}])
    for name in ("", "-v", "v" * 64):
        _try_spec(wire, versions=[{**first, "name": name}])
    _try_spec(wire, versions=[{**first, "deprecationWarning": "x"}])
    for text in ("x", "", "x" * 257, "x\ny"):
        _try_spec(wire, versions=[{**first, "deprecated": True, "deprecationWarning": text}])
    column = {"name": "A", "type": "string", "jsonPath": ".spec.x"}
    for change in (
        {"name": ""},
        {"type": "other"},
        {"type": ""},
        {"format": "other"},
        {"jsonPath": "spec"},
        {"jsonPath": ""},
        {"jsonPath": ".spec["},
    ):
        _try_spec(wire, versions=[{**first, "additionalPrinterColumns": [{**column, **change}]}])
    scale = {"specReplicasPath": ".spec.a", "statusReplicasPath": ".status.b"}
    for part in (
        {},
        {"specReplicasPath": ".spec.a"},
        {"specReplicasPath": ".status.a", "statusReplicasPath": ".spec.b"},
        {**scale, "specReplicasPath": "spec.a"},
        {**scale, "specReplicasPath": ".spec"},
        {**scale, "labelSelectorPath": ".other"},
        {**scale, "labelSelectorPath": ".spec.a"},
    ):
        _try_spec(wire, versions=[{**first, "subresources": {"scale": part}}])
    other = {**first, "name": "v2", "storage": False}
    _try_spec(wire, versions=[{**first, "subresources": {"scale": {}}}, {**other, "name": "V2"}])
    _try_spec(wire, versions=[first, {**other, "schema": {"openAPIV3Schema": {"type": "object", "items": {}}}}])


@case("selectable fields of definitions are checked")
def selectable_fields(wire: Wire) -> None:
    fields = {
        **{kind: {"type": kind} for kind in ("string", "integer", "boolean", "number")},
        "array": {"type": "array", "items": {"type": "string"}},
        "object": {"type": "object", "properties": {"x": {"type": "string"}}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    for path in (
        *(f".spec.{name}" for name in fields),
        ".spec.array[0]",
        ".spec.object.x",
        ".spec.map.k",
        ".spec.missing",
        "spec.string",
        "",
        ".",
        ".metadata.name",
        ".spec.string.",
        ".spec['string']",
    ):
        _try_schema(wire, copy.deepcopy(schema), selectableFields=[{"jsonPath": path}])
    _try_schema(wire, schema, selectableFields=[{"jsonPath": ".spec.string"}] * 3)


TEXT: Final[dict[str, Any]] = {"type": "string"}
EITHER: Final = "x-kubernetes-int-or-string"
EMBEDDED: Final = "x-kubernetes-embedded-resource"
KEYS: Final = "x-kubernetes-list-map-keys"
LIST: Final = "x-kubernetes-list-type"
MAP: Final = "x-kubernetes-map-type"
OPEN: Final = "x-kubernetes-preserve-unknown-fields"


@case("schemas are structural")
def structure(wire: Wire) -> None:
    whole = {
        "type": "object",
        EMBEDDED: True,
        "properties": {"metadata": {"type": "object"}, "apiVersion": {"type": "integer"}},
    }
    tried: list[dict[str, Any]] = [
        {"nullable": True},
        {EITHER: True},
        {EITHER: True, "anyOf": [{"type": "integer"}, TEXT]},
        {EITHER: True, "allOf": [{"anyOf": [{"type": "integer"}, TEXT]}, {"pattern": "x"}]},
        {EITHER: True, "anyOf": [TEXT, {"type": "integer"}]},
        {OPEN: True},
        {"type": "object", OPEN: False},
        {"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT},
        {"type": "object", "properties": {"a": TEXT}, "additionalProperties": True},
        {"type": "object", "additionalProperties": {}},
        {"type": "array", "items": {}},
        {"type": "array", "items": [TEXT]},
        {"type": "array", "items": TEXT, "uniqueItems": True},
        *({"type": "string", name: {"a": TEXT}} for name in ("definitions", "patternProperties")),
        {"type": "string", "dependencies": {"a": ["b"]}},
        {"type": "string", "additionalItems": False},
        {"type": "string", "id": "x"},
        {"type": "string", "title": "x", "description": "y", "example": "z"},
        {"type": "object", "anyOf": [{"type": "object"}]},
        {"type": "string", "allOf": [{"default": "x"}]},
        {"type": "string", "not": {"nullable": True}},
        {"type": "string", "oneOf": [{"description": "x", "title": "y"}]},
        {"type": "object", "anyOf": [{"properties": {"x": {"minimum": 1}}}]},
        {"type": "object", "additionalProperties": TEXT, "anyOf": [{"additionalProperties": {"minimum": 1}}]},
        {"type": "integer", "not": {"allOf": [{"anyOf": [TEXT]}]}},
        {"type": "object", EMBEDDED: True},
        {"type": "string", EMBEDDED: True},
        {"type": "object", EMBEDDED: True, "additionalProperties": TEXT},
        whole,
        {"type": "null"},
    ]
    for schema in tried:
        _try_field(wire, schema)


@case("the root of a schema has its own rules")
def roots(wire: Wire) -> None:
    metadata: list[dict[str, Any]] = [
        {"type": "string"},
        {"type": "object", "required": ["name"]},
        {"type": "object", "default": {}},
        {"type": "object", "properties": {"name": {"type": "string", "pattern": "x"}}},
        {"type": "object", "properties": {"name": {"type": "string", "default": "x"}}},
    ]
    for part in metadata:
        _try_schema(wire, {"type": "object", "properties": {"metadata": part}})
    for part in ({"type": "integer"}, {"type": "string", "default": "x"}, {"type": "string", "enum": ["x"]}):
        _try_schema(wire, {"type": "object", "properties": {"kind": part}})
    tried: list[dict[str, Any]] = [
        {},
        {"type": "string"},
        {"type": "object", OPEN: True},
        {"type": "object", "nullable": True},
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "allOf": [{"required": ["spec"]}]},
    ]
    for schema in tried:
        _try_schema(wire, schema, subresources={})


@case("types of lists and maps in schemas are checked")
def list_types(wire: Wire) -> None:
    item = {
        "type": "object",
        "properties": {
            "a": TEXT,
            "default": {"type": "string", "default": "x"},
            "object": {"type": "object"},
            "nullable": {"type": "string", "nullable": True},
        },
    }

    def listed(items: dict[str, Any], kind: str, *keys: str) -> None:
        _try_field(wire, {"type": "array", "items": items, LIST: kind, **({KEYS: list(keys)} if keys else {})})

    listed(TEXT, "other")
    listed({"type": "object"}, "set")
    listed({"type": "object", MAP: "atomic"}, "set")
    listed({**TEXT, "nullable": True}, "set")
    listed(item, "map")
    listed(item, "map", "a")
    listed({**item, "required": ["a"]}, "map", "a")
    listed({**item, "required": ["a"]}, "map", "a", "a")
    listed({**item, "required": ["a"], "nullable": True}, "map", "a")
    listed({**item, "required": ["a"], "default": {}}, "map", "a")
    listed(item, "map", "default")
    for key in ("missing", "object", "nullable"):
        listed({**item, "required": [key]}, "map", key)
    listed(TEXT, "map", "a")
    listed(item, "atomic", "a")
    _try_field(wire, {"type": "object", LIST: "set"})
    _try_field(wire, {"type": "object", MAP: "other"})
    _try_field(wire, {"type": "string", MAP: "atomic"})
    _try_field(wire, {"type": "array", "items": item, KEYS: ["a"]})


@case("defaults, patterns, formats and rules in schemas are checked")
def values(wire: Wire) -> None:
    tried: list[dict[str, Any]] = [
        {"type": "object", "default": {"y": 1}, "properties": {"x": {"type": "integer"}}},
        {"type": "object", "default": {}, "required": ["x"], "properties": {"x": {"type": "integer", "default": 1}}},
        {"type": "object", "default": {"a": 1}, "additionalProperties": TEXT},
        {"type": "string", "default": None},
        {"type": "string", "default": "b", "enum": ["a"]},
        {"type": "string", "default": "b", "pattern": "^a$"},
        {"type": "string", "default": "x", "format": "date-time"},
        {"type": "integer", "default": 1, "minimum": 3},
        {"type": "integer", "default": 1.0},
        {"type": "array", "items": {"type": "string", "default": 3}},
        {"type": "object", EMBEDDED: True, OPEN: True, "default": {"kind": "X"}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"additionalProperties": {"type": "x"}}}}},
        {"type": "string", "pattern": "[a"},
        {"type": "string", "pattern": "(?=a)"},
        {"type": "string", "format": "other"},
        {"type": "integer", "format": "date"},
        {"type": "number", "format": "double"},
        {"type": "string", "x-kubernetes-validations": [{"rule": ""}]},
        {"type": "string", "x-kubernetes-validations": [{"rule": "true", "message": "a\nb"}]},
        {"type": "string", "x-kubernetes-validations": [{"rule": "true", "reason": "x"}]},
        {"type": "string", "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".x"}]},
    ]
    for schema in tried:
        _try_field(wire, schema)


@case("a definition changes in part")
def updates(wire: Wire) -> None:
    made = definition(wire.group)
    made["spec"]["versions"].append({**made["spec"]["versions"][0], "name": "v2", "storage": False})
    wire.define(made)
    path = f"{PATH}/widgets.{wire.group}"
    for name, value in (("scope", "Cluster"), ("group", "other.example.com")):
        wire.patch(path, {"spec": {name: value}})
    for name, value in (("kind", "Other"), ("plural", "others"), ("listKind", "Widget")):
        wire.patch(path, {"spec": {"names": {name: value}}})
    wire.patch(path, {"spec": {"names": {"listKind": "Widgets", "shortNames": ["wd"], "categories": ["all"]}}})
    wire.wait(2)
    wire.get(path)
    wire.patch(path, [{"op": "remove", "path": "/spec/versions/0"}], "json", dryRun="All")
    swapped = [{"op": "replace", "path": f"/spec/versions/{n}/storage", "value": bool(n)} for n in (0, 1)]
    wire.patch(path, swapped, "json")
    wire.patch(path, [{"op": "remove", "path": "/spec/versions/0"}], "json")
    wire.patch(f"{path}/status", {"status": {"storedVersions": ["v2"]}})
    wire.patch(path, [{"op": "remove", "path": "/spec/versions/0"}], "json")
    wire.patch(path, {"metadata": {"labels": {"a": "b"}}})
    wire.get(path)


@case("a definition with objects ends after them, and can be created again")
def deletion_with_objects(wire: Wire) -> None:
    wire.define(definition(wire.group))
    path = f"{PATH}/widgets.{wire.group}"
    wire.post("widgets", with_metadata(widget(wire.group), finalizers=["example.com/x"]))
    wire.post("widgets", widget(wire.group, "b"))
    wire.delete(path)
    wire.wait(8)
    wire.get(path)
    wire.get("widgets")
    wire.post("widgets", widget(wire.group, "c"))
    wire.patch("widgets/a", {"metadata": {"finalizers": None}})
    wire.wait(8)
    wire.get(path)
    wire.define(definition(wire.group))
    wire.get("widgets")


@case("requests for a deprecated version are warned about")
def deprecated_versions(wire: Wire) -> None:
    made = definition(wire.group)
    first = made["spec"]["versions"][0]
    made["spec"]["versions"] = [
        {**first, "deprecated": True},
        {**first, "name": "v2", "storage": False, "deprecated": True, "deprecationWarning": 'use v3 "now"'},
        {**first, "name": "v3", "storage": False},
    ]
    wire.define(made)
    for version in ("v1", "v2", "v3"):
        path = f"/apis/{wire.group}/{version}/namespaces/{{one}}/widgets"
        wire.get(path)
        wire.get(f"{path}/a")
        wire.post(path, {**widget(wire.group), "apiVersion": f"{wire.group}/{version}"})
        wire.delete(f"{path}/a")
    wire.watch("widgets", 1)


@case("a watch ends when the definition of its kind changes")
def watch_of_changed_kind(wire: Wire) -> None:
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    with wire.watching("widgets") as watching:
        watching.take(1)
        place = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/other"
        wire.patch(
            f"{PATH}/widgets.{wire.group}",
            [{"op": "add", "path": place, "value": {"type": "integer", "default": 7}}],
            "json",
        )
        wire.wait(3)
        wire.patch("widgets/a", {"metadata": {"labels": {"a": "b"}}})
        watching.take(1)
    wire.get("widgets")
