"""Prepared histories of applies and updates, each of which shows one rule. Their results are recorded from Go."""

from __future__ import annotations

from typing import Any

from tests.testing.document_types import components

__all__ = ["CASES", "THING", "THING_SCHEMAS"]

Json = dict[str, Any]
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
TEXT: Json = {"type": "string"}
TEXTS: Json = {"type": "object", "additionalProperties": TEXT}


def _list(items: Json, list_type: str, *keys: str) -> Json:
    found: Json = {"type": "array", "items": items, "x-kubernetes-list-type": list_type}
    return {**found, "x-kubernetes-list-map-keys": list(keys)} if keys else found


def _map(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


SPEC = _map(
    n={"type": "integer"},
    s=TEXT,
    b={"type": "boolean"},
    f={"type": "number"},
    set=_list(TEXT, "set"),
    nums=_list({"type": "number"}, "set"),
    list={"type": "array", "items": TEXT},
    ports=_list(
        _map(port={"type": "integer"}, protocol={"type": "string", "default": "TCP"}, name=TEXT),
        "map",
        "port",
        "protocol",
    ),
    named=_list(_map(name=TEXT, v=TEXT, m=TEXTS), "map", "name"),
    atom={**_map(x=TEXT, y=TEXT), "x-kubernetes-map-type": "atomic"},
    maps={"type": "object", "additionalProperties": _map(x=TEXT)},
    any={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
)
THING_SCHEMAS: Json = {
    "Thing": {
        **_map(
            apiVersion=TEXT,
            kind=TEXT,
            metadata={"$ref": f"#/components/schemas/{META}.ObjectMeta"},
            spec=SPEC,
        ),
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
    },
    **{name: found for name, found in components("v1").items() if name.startswith(META)},
}
NAMES: Json = {"Group": "example.com", "Version": "v1", "Kind": "Thing"}
THING: Json = {"kind": NAMES, "schemas": THING_SCHEMAS}
DEDUCED: Json = {"kind": NAMES, "deduced": True}
CONFIG_MAP: Json = {"kind": {"Group": "", "Version": "v1", "Kind": "ConfigMap"}, "typed": True}
DEPLOYMENT: Json = {"kind": {"Group": "apps", "Version": "v1", "Kind": "Deployment"}, "typed": True}


def _thing(metadata: Json | None = None, **spec: Any) -> Json:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a", **(metadata or {})},
        "spec": spec,
    }


def _apply(document: Json, manager: str = "m", **options: Any) -> Json:
    return {"op": "apply", "manager": manager, "object": document, **options}


def _update(document: Json, manager: str = "m", **options: Any) -> Json:
    kept = {**document, "metadata": {"uid": "u", **document["metadata"]}}
    return {"op": "update", "manager": manager, "object": kept, **options}


def _config_map(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def _deployment(replicas: int, **labels: str) -> Json:
    containers = [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def _owned(manager: str, fields: Json, **others: Any) -> Json:
    found = {"manager": manager, "operation": "Update", "apiVersion": "example.com/v1", "fieldsType": "FieldsV1"}
    return {**found, "fieldsV1": fields, **others}


_NAMED = [{"name": "a", "v": "1"}, {"name": "b"}, {"name": "c"}]

CASES: list[tuple[Json, list[Json]]] = [
    # More than 10 managers of updates: the oldest become one.
    (CONFIG_MAP, [_update(_config_map(**{f"k{n}": "1" for n in range(i + 1)}), f"m{i}", advance=1) for i in range(14)]),
    (CONFIG_MAP, [_update(_config_map(**{f"k{n}": "1" for n in range(i + 1)}), f"m{13 - i}") for i in range(14)]),
    # An object without managers.
    (
        CONFIG_MAP,
        [
            _update({**_config_map(a="1"), "metadata": {"name": "a", "managedFields": [{}]}}),
            _update(_config_map(a="2")),
            _apply(_config_map(b="1"), advance=1),
            _apply(_config_map(a="3")),
        ],
    ),
    # Conflicts with updates and applies, of several managers and subresources.
    (
        DEPLOYMENT,
        [
            _update(_deployment(1, x="1"), "creator"),
            _update(_deployment(2, x="1"), "scaler", subresource="scale"),
            _apply(_deployment(3, x="1"), "one"),
            _apply(_deployment(2, x="1"), "one"),
            _apply(_deployment(3, x="2"), "two"),
            _apply(_deployment(3, x="2"), "two", force=True, advance=1),
            _apply(_deployment(3, y="2"), "two", force=True, advance=1),
        ],
    ),
    # The order of merged lists.
    (
        THING,
        [
            _update(_thing(named=[{"name": name} for name in "abcdef"], set=["a", "b", "c", "d"])),
            _apply(_thing(named=[{"name": name} for name in "eaxc"], set=["d", "x", "b"])),
            _apply(_thing(named=[{"name": name} for name in "cye"], set=["b", "d"])),
        ],
    ),
    # Nothing changes, the order changes, the owner changes.
    (
        THING,
        [
            _apply(_thing(set=["a", "b"], n=1)),
            _apply(_thing(set=["a", "b"], n=1), advance=1),
            _apply(_thing(set=["b", "a"], n=1), advance=1),
            _apply(_thing(n=1), "n", advance=1),
            _apply(_thing(set=["b", "a"]), advance=1),
            _apply(_thing(), "n"),
        ],
    ),
    # Duplicates that an update stored.
    (
        THING,
        [
            _update(_thing(named=[{"name": "a"}, {"name": "a", "v": "1"}, {"name": "b"}])),
            _update(_thing(named=[{"name": "a"}, {"name": "a", "v": "2"}, {"name": "b"}]), "n"),
            _update(_thing(named=[{"name": "a"}, {"name": "b"}, {"name": "b"}]), "o"),
            _apply(_thing(named=[{"name": "a", "v": "9"}, {"name": "c"}]), "p"),
            _apply(_thing(named=[{"name": "b"}], nums=[1, 1]), "p"),
        ],
    ),
    # Keys with defaults, and characters that are escaped.
    (
        THING,
        [
            _apply(_thing(ports=[{"port": 1}, {"port": 1, "protocol": "UDP"}], set=["<&>\u2028é\x01\b", 'b"c', "a"])),
            _apply(_thing(ports=[{"port": 1, "protocol": "TCP", "name": "x"}]), "n"),
            _apply(_thing(ports=[{"protocol": "TCP"}, {"protocol": "TCP"}])),
            _update(_thing(nums=[2, 10, 1.5, -1], set=["b", "a", 'a"', "B"]), "n"),
        ],
    ),
    # Empty and null values.
    (
        THING,
        [
            _apply(_thing(any={}, maps={}, named=[], set=None, atom=None)),
            _apply(_thing(any={"a": 1}, maps={"x": {}, "y": {"x": "1"}}, atom={"x": "1"}), "n"),
            _apply(_thing(maps={"y": None}, atom={}, any={"a": None}), "n"),
            _update(_thing(maps=None, named=None, s=None), "o"),
            _apply(_thing(maps={}), "n", force=True),
        ],
    ),
    # Maps, lists and scalars take turns in a value of any type.
    (
        THING,
        [
            _apply(_thing(any={"a": [1, {"b": 2}], "c": {"d": {}}})),
            _apply(_thing(any={"a": {"z": 1}, "c": 3}), "n"),
            _apply(_thing(any={"a": {"z": 1}, "c": 3}), "n", force=True),
            _update(_thing(any={"a": 1, "c": {"x": 1}, "t": True}), "o"),
            _update(_thing(any={"a": {"y": 1}, "c": [1], "t": 1}), "p"),
            _update(_thing(any={"a": [{"y": 1}], "c": {}, "t": 1.0}), "m"),
        ],
    ),
    (
        DEDUCED,
        [
            _apply(_thing(a=[1, 2], b={"c": 1, "d": {}})),
            _apply(_thing(a=[1], b={"d": 2}), "n"),
            _apply(_thing(b={"c": 1})),
            _update(_thing(b={"c": {"e": 1}}), "n"),
        ],
    ),
    # Managed fields that a client sends.
    (
        THING,
        [
            _update(_thing(n=1)),
            _update(
                _thing(
                    {"managedFields": [_owned("x", {"f:spec": {"f:ports": {'k:{ "protocol":"U", "port":2}': {}}}})]},
                    n=1,
                ),
                "n",
            ),
            _update(_thing({"managedFields": []}, n=2), "n"),
            _update(_thing({"managedFields": [{"manager": "x"}]}, n=3), "n"),
            _update(
                _thing({"managedFields": [_owned("x", {"f:spec": {"f:atom": {"f:x": {}}}})]}, atom={"x": "1"}), "n"
            ),
            _update(
                _thing({"managedFields": [_owned("y", {"f:spec": {"f:atom": {}}})]}, atom={"x": "1"}, s="1"),
                "n",
                subresource="status",
            ),
            _update(_thing({"managedFields": [{}]}, s="2"), "n"),
            _apply(_thing(s="2"), "n"),
        ],
    ),
    # Fields that a request can't write.
    (
        THING,
        [
            _update(_thing(n=1, named=_NAMED), "m", reset=[["spec"]]),
            _update(_thing({"labels": {"x": "1"}}, n=2), "n", reset=[["spec", "n"]]),
            _apply(_thing({"labels": {"x": "1"}}, n=3), "o", reset=[["metadata", "labels"]], force=True),
            _apply(_thing({"labels": {"x": "2"}}, n=4), "p", reset=[["spec"]]),
        ],
    ),
    # Fields inside of removed ones that other managers own.
    (
        THING,
        [
            _apply(_thing(maps={"x": {"x": "1"}}, named=_NAMED)),
            _apply(_thing(named=[{"name": "a", "v": "1"}]), "n"),
            _update(
                _thing(maps={"x": {"x": "2"}}, named=[{"name": "a", "v": "2"}, {"name": "b", "m": {"k": "1"}}]), "o"
            ),
            _apply(_thing(), advance=1),
            _apply(_thing(), "n", advance=1),
        ],
    ),
    # Invalid configurations.
    (
        THING,
        [
            _apply(_thing(zz=1)),
            _apply(_thing(n="x", s=1, b="x", atom=3, list={})),
            _apply(_thing(named=[{"v": "1"}])),
            _apply(_thing(named=[{"name": "a"}, {"name": "a"}])),
            _apply(_thing(set=["a", "a"])),
            _apply(_thing({"managedFields": []})),
            _apply({**_thing(), "apiVersion": "example.com/v2"}),
        ],
    ),
]
