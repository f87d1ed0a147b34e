"""Cases of CustomResourceDefinitions: pruning, defaults, validation, versions and subresources."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import definition, widget, with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire


def _define(wire: Wire, properties: dict[str, Any], **more: Any) -> None:
    spec = {"type": "object", "properties": properties, **more}
    wire.define(definition(wire.group, {"type": "object", "properties": {"spec": spec}}))


@case("a definition is established, and its objects are served")
def established(wire: Wire) -> None:
    wire.define(definition(wire.group))
    name = f"widgets.{wire.group}"
    wire.get(f"customresourcedefinitions/{name}")
    wire.post("customresourcedefinitions", definition(wire.group))
    wire.post("widgets", widget(wire.group, size=1))
    wire.get("widgets/a")
    wire.get("two:widgets")


@case("a definition is checked")
def invalid_definitions(wire: Wire) -> None:
    good = definition(wire.group)

    def changed(**spec: Any) -> dict[str, Any]:
        return {**good, "spec": {**good["spec"], **spec}}

    version = good["spec"]["versions"][0]
    wire.post("customresourcedefinitions", with_metadata(good, name="other"), dryRun="All")
    wire.post("customresourcedefinitions", changed(scope="Other"), dryRun="All")
    wire.post("customresourcedefinitions", changed(group=""), dryRun="All")
    wire.post("customresourcedefinitions", changed(names={"plural": "widgets"}), dryRun="All")
    wire.post("customresourcedefinitions", changed(names={**good["spec"]["names"], "kind": "lower case"}), dryRun="All")
    wire.post("customresourcedefinitions", changed(versions=[]), dryRun="All")
    wire.post("customresourcedefinitions", changed(versions=[{**version, "storage": False}]), dryRun="All")
    wire.post("customresourcedefinitions", changed(versions=[version, version]), dryRun="All")
    wire.post("customresourcedefinitions", changed(versions=[{**version, "name": "V1"}]), dryRun="All")
    wire.post(
        "customresourcedefinitions", changed(versions=[{"name": "v1", "served": True, "storage": True}]), dryRun="All"
    )
    schemas: list[dict[str, Any]] = [
        {"type": "string"},
        {"properties": {"spec": {"type": "object"}}},
        {"type": "object", "properties": {"spec": {}}},
        {"type": "object", "properties": {"spec": {"type": "array"}}},
        {"type": "object", "properties": {"spec": {"type": "other"}}},
        {"type": "object", "properties": {"spec": {"type": "string", "pattern": "("}}},
        {"type": "object", "properties": {"spec": {"type": "integer", "default": "x"}}},
        {
            "type": "object",
            "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}},
        },
        {"type": "object", "properties": {"spec": {"$ref": "#/x"}}},
        {"type": "object", "properties": {"spec": {"type": "object", "additionalProperties": False}}},
    ]
    for schema in schemas:
        wire.post("customresourcedefinitions", definition(wire.group, schema), dryRun="All")


@case("unknown fields are pruned unless the schema keeps them")
def pruning(wire: Wire) -> None:
    _define(
        wire,
        {
            "known": {"type": "object", "properties": {"x": {"type": "integer"}}},
            "free": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {"in": {"type": "object", "properties": {"x": {"type": "integer"}}}},
            },
            "map": {
                "type": "object",
                "additionalProperties": {"type": "object", "properties": {"x": {"type": "integer"}}},
            },
            "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}},
            "object": {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
    )
    embedded = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "unknown": 1}, "spec": {"y": 1}}
    spec = {
        "known": {"x": 1, "y": 2},
        "free": {"y": 2, "in": {"x": 1, "y": 2}},
        "map": {"k": {"x": 1, "y": 2}},
        "list": [{"x": 1, "y": 2}],
        "object": embedded,
        "more": 1,
    }
    wire.post("widgets", {**widget(wire.group), "spec": spec, "other": 1})
    wire.post("widgets", {**widget(wire.group, "b"), "spec": {"object": {"kind": "Pod"}}})


@case("defaults are set in writes and in reads")
def defaults(wire: Wire) -> None:
    inner = {
        "type": "object",
        "default": {},
        "properties": {
            "x": {"type": "integer", "default": 1},
            "y": {"type": "string", "nullable": True, "default": "d"},
            "z": {"type": "string", "default": "z"},
        },
    }
    _define(
        wire,
        {
            "inner": inner,
            "list": {
                "type": "array",
                "items": {"type": "object", "properties": {"x": {"type": "integer", "default": 5}}},
            },
            "map": {
                "type": "object",
                "additionalProperties": {"type": "object", "properties": {"x": {"type": "integer", "default": 6}}},
            },
        },
        default={},
    )
    wire.post("widgets", {"apiVersion": f"{wire.group}/v1", "kind": "Widget", "metadata": {"name": "a"}})
    wire.post("widgets", widget(wire.group, "b", inner={"y": None, "z": None}, list=[{}], map={"k": {}}))
    wire.patch("widgets/b", {"spec": {"inner": None}})
    wire.patch("widgets/b", {"spec": None})
    wire.apply("widgets/c", {"apiVersion": f"{wire.group}/v1", "kind": "Widget", "metadata": {"name": "c"}})


SCALARS: dict[str, Any] = {
    "integer": {"type": "integer", "minimum": 1, "maximum": 5},
    "exclusive": {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 5, "exclusiveMaximum": True},
    "number": {"type": "number", "multipleOf": 0.5},
    "text": {"type": "string", "minLength": 2, "maxLength": 4},
    "pattern": {"type": "string", "pattern": "^[a-c]+$"},
    "flag": {"type": "boolean"},
    "either": {"x-kubernetes-int-or-string": True},
    "mode": {"type": "string", "enum": ["a", "b"]},
    "nullable": {"type": "string", "nullable": True},
    "int32": {"type": "integer", "format": "int32"},
    "date": {"type": "string", "format": "date-time"},
    "byte": {"type": "string", "format": "byte"},
    "ip": {"type": "string", "format": "ipv4"},
    "uuid": {"type": "string", "format": "uuid"},
    "duration": {"type": "string", "format": "duration"},
    "email": {"type": "string", "format": "email"},
}


@case("scalars are checked")
def scalars(wire: Wire) -> None:
    _define(wire, SCALARS)
    values: dict[str, list[Any]] = {
        "integer": [0, 6, "1", 1.5, 1.0, True, None],
        "exclusive": [1, 5],
        "number": [0.7, "x", 1],
        "text": ["a", "abcde", 5, "äöü"],
        "pattern": ["d", "abc"],
        "flag": ["true", 1],
        "either": [1, "x", 1.5, True],
        "mode": ["c", 1],
        "nullable": [None, 1],
        "int32": [2147483648],
        "date": ["x", "2020-01-01T00:00:00Z"],
        "byte": ["!"],
        "ip": ["1.2.3", "::1"],
        "uuid": ["x"],
        "duration": ["1x", "5s"],
        "email": ["x"],
    }
    for field, tried in values.items():
        for value in tried:
            wire.post("widgets", widget(wire.group, **{field: value}), dryRun="All")
    wire.post("widgets", widget(wire.group, integer=9, text="a", mode="c", flag=1))


@case("maps and lists are checked")
def containers(wire: Wire) -> None:
    item = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "value": {"type": "integer"}},
    }
    _define(
        wire,
        {
            "list": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}},
            "unique": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "keyed": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": item,
            },
            "map": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 2,
                "additionalProperties": {"type": "integer"},
            },
            "object": {
                "type": "object",
                "required": ["a", "b"],
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            },
            "any": {
                "type": "object",
                "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
                "oneOf": [{"required": ["x"]}, {"required": ["y"]}],
            },
            "some": {
                "type": "object",
                "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
                "anyOf": [{"required": ["x"]}, {"required": ["y"]}],
            },
            "all": {"type": "integer", "allOf": [{"minimum": 2}, {"maximum": 3}], "not": {"enum": [3]}},
        },
        required=["object"],
    )
    full = {"a": "1", "b": "2"}
    tried: list[dict[str, Any]] = [
        {},
        {"object": {}},
        {"object": {"a": "1"}},
        {"object": "x"},
        {"object": full, "list": []},
        {"object": full, "list": ["a", "b", "c"]},
        {"object": full, "list": ["a", 1]},
        {"object": full, "list": {"a": 1}},
        {"object": full, "unique": ["a", "a"]},
        {"object": full, "keyed": [{"value": 1}]},
        {"object": full, "keyed": [{"name": "a"}, {"name": "a", "value": 2}]},
        {"object": full, "map": {}},
        {"object": full, "map": {"a": 1, "b": 2, "c": 3}},
        {"object": full, "map": {"a": "x", "b.c": "y"}},
        {"object": full, "any": {}},
        {"object": full, "any": {"x": 1, "y": 1}},
        {"object": full, "some": {}},
        {"object": full, "all": 1},
        {"object": full, "all": 3},
        {"object": full, "all": 2},
        {"object": None},
    ]
    for spec in tried:
        wire.post("widgets", {**widget(wire.group), "spec": spec}, dryRun="All")
    wire.post("widgets", {"apiVersion": f"{wire.group}/v1", "kind": "Widget", "metadata": {"name": "a"}}, dryRun="All")
    wire.post("widgets", {**widget(wire.group), "spec": "text"}, dryRun="All")
    wire.post("widgets", {**widget(wire.group), "spec": None}, dryRun="All")


@case("an unchanged invalid value is accepted in an update")
def ratcheting(wire: Wire) -> None:
    loose = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}}},
    }
    made = definition(wire.group, loose)
    wire.define(made)
    wire.post("widgets", widget(wire.group, x=9))
    name = f"customresourcedefinitions/widgets.{wire.group}"
    bound = [
        {
            "op": "add",
            "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/x/maximum",
            "value": 5,
        }
    ]
    wire.patch(name, bound, "json")
    wire.wait(2)
    wire.patch("widgets/a", {"spec": {"y": 1}})
    wire.patch("widgets/a", {"spec": {"x": 8}})
    wire.post("widgets", widget(wire.group, "b", x=9))


@case("CEL rules")
def rules(wire: Wire) -> None:
    rule = {"rule": "self.x <= self.y", "message": "x must not exceed y"}
    transition = {"rule": "self == oldSelf", "message": "fixed"}
    _define(
        wire,
        {
            "x": {"type": "integer"},
            "y": {"type": "integer"},
            "fixed": {"type": "string", "x-kubernetes-validations": [transition]},
        },
        **{"x-kubernetes-validations": [rule]},
    )
    wire.post("widgets", widget(wire.group, x=2, y=1))
    wire.post("widgets", widget(wire.group, x=1, y=1, fixed="a"))
    wire.patch("widgets/a", {"spec": {"fixed": "b"}})
    wire.patch("widgets/a", {"spec": {"x": 5}})


@case("several versions are converted by their name alone")
def versions(wire: Wire) -> None:
    made = definition(wire.group)
    first = made["spec"]["versions"][0]
    made["spec"]["versions"] = [
        first,
        {**first, "name": "v2", "storage": False},
        {**first, "name": "v3", "storage": False, "served": False},
    ]
    wire.define(made)
    wire.post("widgets", widget(wire.group, size=1))
    other = f"/apis/{wire.group}/v2/namespaces/{{one}}/widgets"
    wire.get(f"{other}/a")
    wire.get(other)
    wire.patch(f"{other}/a", {"spec": {"size": 2}})
    wire.get("widgets/a")
    wire.get(f"/apis/{wire.group}/v3/namespaces/{{one}}/widgets")
    wire.watch(other, 1)
    wire.apply(f"{other}/a", {**widget(wire.group, size=2), "apiVersion": f"{wire.group}/v2"})
    wire.apply("widgets/a", widget(wire.group, size=3))


@case("an object is completed in its stored version, and loses what another version lacks")
def versions_that_differ(wire: Wire) -> None:
    made = definition(wire.group)
    first = made["spec"]["versions"][0]

    def version(field: str, default: int, **more: Any) -> dict[str, Any]:
        fields = {field: {"type": "integer"}, f"{field}-default": {"type": "integer", "default": default}}
        schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
        return {**first, "schema": {"openAPIV3Schema": schema}, **more}

    made["spec"]["versions"] = [version("x", 1), version("y", 2, name="v2", storage=False)]
    wire.define(made)
    other = f"/apis/{wire.group}/v2/namespaces/{{one}}/widgets"
    wire.post("widgets", widget(wire.group, x=1, y=1))
    wire.get(f"{other}/a")
    wire.post(other, {**widget(wire.group, "b", y=1), "apiVersion": f"{wire.group}/v2"})
    wire.get("widgets/b")
    wire.get(other)
    wire.watch(other, 2)
    path = f"customresourcedefinitions/widgets.{wire.group}"
    swapped = [{"op": "replace", "path": f"/spec/versions/{n}/storage", "value": bool(n)} for n in (0, 1)]
    wire.patch(path, swapped, "json")
    wire.wait(2)
    wire.get("widgets/b")
    wire.get(f"{other}/b")


@case("status and scale of custom objects")
def subresources(wire: Wire) -> None:
    scale = {
        "specReplicasPath": ".spec.size",
        "statusReplicasPath": ".status.ready",
        "labelSelectorPath": ".status.selector",
    }
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
            "status": {"type": "object", "properties": {"ready": {"type": "integer"}, "selector": {"type": "string"}}},
        },
    }
    wire.define(definition(wire.group, schema, subresources={"status": {}, "scale": scale}))
    wire.post("widgets", {**widget(wire.group, size=2), "status": {"ready": 1}})
    wire.get("widgets/a/scale")
    wire.put("widgets/a/status", {**widget(wire.group, size=7), "status": {"ready": 1, "selector": "a=b"}})
    made = wire.get("widgets/a")
    wire.put("widgets/a/status", {**made, "spec": {"size": 7}, "status": {"ready": 1, "selector": "a=b"}})
    found = wire.get("widgets/a/scale")
    wire.put("widgets/a/scale", {**found, "spec": {"replicas": 5}})
    wire.patch("widgets/a/scale", {"spec": {"replicas": -1}})
    wire.patch("widgets/a/status", {"status": {"ready": "x"}})
    wire.post("widgets", widget(wire.group, "b"))
    wire.get("widgets/b/scale")
    wire.get("widgets/missing/scale")
    wire.get("widgets/b/other")


@case("tables have the columns of the definition")
def tables(wire: Wire) -> None:
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "description": "How large it is."},
        {"name": "Mode", "type": "string", "jsonPath": ".spec.mode", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    wire.define(definition(wire.group, additionalPrinterColumns=columns))
    wire.post("widgets", widget(wire.group, size=1))
    wire.post("widgets", widget(wire.group, "b"))
    table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    wire.send("GET", "widgets/a", headers=table)
    wire.send("GET", "widgets", headers=table, query={"includeObject": "None"})
    wire.send("GET", "widgets", headers=table, query={"includeObject": "Object"})


@case("cells are shown by the types of their columns")
def cells(wire: Wire) -> None:
    values = {
        "int": 3,
        "half": 1.5,
        "big": 1e22,
        "text": "text",
        "flag": True,
        "list": [1, "a", None, 2.5],
        "objects": [{"x": 1, "y": "q"}, {"x": 2}, {"x": 1, "y": "r"}],
        "object": {"b": 1, "a": [1, {"x": "<"}]},
        "none": None,
        "time": "1990-01-01T00:00:00Z",
        "empty": "",
        "future": "2199-01-01T00:00:00Z",
    }
    paths = (*values, "list[*]", "objects[*].x", "objects[?(@.x==1)].y", "missing")
    columns = [
        {"name": f"{path} {kind}", "type": kind, "jsonPath": f".spec.{path}"}
        for path in paths
        for kind in ("integer", "number", "string", "boolean", "date")
    ]
    spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec}}
    wire.define(definition(wire.group, schema, additionalPrinterColumns=columns))
    wire.post("widgets", {**widget(wire.group), "spec": values})
    table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    wire.send("GET", "widgets/a", headers=table, query={"includeObject": "None"})
    wire.send("GET", "widgets", headers=table, query={"includeObject": "Other"})
    wire.send("PATCH", "widgets/a", {}, headers={**table, "Content-Type": "application/merge-patch+json"})
    wire.send("GET", "widgets/missing", headers=table)


@case("a deleted definition is not served any more")
def deletion(wire: Wire) -> None:
    wire.define(definition(wire.group))
    wire.post("widgets", widget(wire.group))
    wire.delete(f"customresourcedefinitions/widgets.{wire.group}")
    wire.wait(8)
    wire.get(f"customresourcedefinitions/widgets.{wire.group}")
    wire.get("widgets")
