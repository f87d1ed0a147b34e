"""A model sends the fields that it read. It adds none, and loses none that the API server would store."""

from __future__ import annotations

import importlib
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from kgen.errors import Problems
from kgen.ir import Api
from kgen.load import load, openapi_v2
from kgen.resolve import resolve
from kgen.shapes import is_array, is_object
from kubecore.codec import decode
from kubecore.model.model import Model
from tests.kgen.documents import generated
from tests.kgen.drawn_values import KNOWN, META, SCALARS, has_values, is_empty_struct, members, target
from tests.kgen.manifests import SPECS, of
from tests.server.structural import drawn

_GVK = "x-kubernetes-group-version-kind"


def stored(found: Any, schema: Any) -> Any:
    """Return a value as the API server stores it, after Go has decoded and encoded it.

    Empty lists and maps, null, and zero values of fields that are not pointers are absent. Documents of Go types list
    such a zero value as the default.
    """
    name = target(schema)
    if name in SCALARS:
        return str(found) if name.endswith("Quantity") and found is not None else found
    if name:
        return stored(found, KNOWN[name])
    if is_object(found) and "properties" in schema:
        needed = frozenset(schema.get("required", ()))
        own = schema["properties"]
        made = {key: stored(item, own[key]) for key, item in found.items() if key in own}
        is_kind = _GVK in schema and {"apiVersion", "kind"} <= own.keys()
        return {
            key: item
            for key, item in made.items()
            if not is_absent(item, own[key], key in needed, schema) and not (is_kind and key in ("apiVersion", "kind"))
        }
    if is_object(found) and has_values(schema):
        return {key: stored(item, schema["additionalProperties"]) for key, item in found.items()}
    if is_array(found) and "items" in schema:
        return [stored(item, schema["items"]) for item in found]
    return found


def is_absent(item: Any, schema: Any, is_needed: bool, owner: Any) -> bool:
    if item is None:
        return True
    whole = KNOWN.get(target(schema), schema)
    if (item == [] and whole.get("type") == "array") or (item == {} and has_values(whole)):
        return True
    if is_needed and "default" in schema and item == schema["default"] and type(item) is type(schema["default"]):
        return True
    if item == {} and target(schema) == META + "FieldsV1":
        return True
    if item == "" and owner is KNOWN[META + "ObjectMeta"]:
        return True
    is_struct = "properties" in whole or is_empty_struct(target(schema))
    return item == {} and is_struct and (schema.get("default") == {} or target(schema).startswith(META))


def added(sent: Any, raw: Any, schema: Any, path: str = "$") -> Iterator[str]:
    """Yield the paths of sent fields that were not read, except `apiVersion` and `kind`, which a kind always sends."""
    schema = KNOWN.get(target(schema), schema)
    if is_object(sent) and is_object(raw):
        for key, item in sent.items():
            if key in raw:
                part = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
                yield from added(item, raw[key], part if is_object(part) else {}, f"{path}.{key}")
            elif not (_GVK in schema and key in ("apiVersion", "kind")):
                yield f"{path}.{key}"
    elif is_array(sent) and is_array(raw):
        for index, (item, other) in enumerate(zip(sent, raw, strict=True)):
            yield from added(item, other, schema.get("items", {}), f"{path}[{index}]")


def without_defaults(schema: Any) -> Any:
    """Return a schema in the form of OpenAPI v2: without defaults, and with references outside of `allOf`."""
    if is_array(schema):
        return [without_defaults(part) for part in schema]
    if not is_object(schema):
        return schema
    parts = schema.get("allOf")
    if is_array(parts) and len(parts) == 1:
        return {"$ref": f"#/definitions/{target(schema)}"}
    if isinstance(schema.get("$ref"), str):
        return {"$ref": f"#/definitions/{target(schema)}"}
    return {key: without_defaults(part) for key, part in schema.items() if key != "default" or is_object(part)}


def in_v2() -> Api:
    definitions = {
        name: {
            **without_defaults({key: part for key, part in schema.items() if key != "properties"}),
            **(
                {
                    "properties": {
                        key: {k: p for k, p in without_defaults(part).items() if k != "default"}
                        for key, part in schema["properties"].items()
                    }
                }
                if "properties" in schema
                else {}
            ),
        }
        for name, schema in KNOWN.items()
    }
    document = {"swagger": "2.0", "info": {"title": "", "version": ""}, "paths": {}, "definitions": definitions}
    return resolve(openapi_v2.convert(document, "swagger.json"), {}, Problems())


def imported(api: Api, package: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for path, source in generated(api, package, quickly=True).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    importlib.invalidate_caches()
    return importlib.import_module(package)


def forget(package: str) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


def classes(api: Api, package: str) -> Iterator[tuple[str, type[Model]]]:
    for module in api.modules:
        found = importlib.import_module(f"{package}.models.{module.name}")
        for model in module.models:
            yield model.schema, getattr(found, model.name)


def check(name: str, cls: type[Model], seed: int) -> None:
    rng = random.Random(f"{name} {seed}")
    schema = KNOWN[name]
    raw = members(schema, rng, 3) if "properties" in schema else {}
    kind = {
        key: getattr(cls.zero(), attribute, None)
        for key, attribute in (("apiVersion", "api_version"), ("kind", "kind"))
    }
    raw |= {key: said for key, said in kind.items() if said and key in schema["properties"]} if _GVK in schema else {}
    data = json.dumps(named(raw, schema))
    for found in (cls.from_dict(json.loads(data)), decode.decode(data, cls)):
        sent = found.to_dict()
        assert stored(sent, schema) == stored(json.loads(data), schema), (name, seed, data)
        assert list(added(sent, json.loads(data), schema)) == [], (name, seed, data)
        assert msgspec.json.decode(decode.encode(found)) == sent


def named(raw: Any, schema: Any) -> Any:
    """Return a value with the `apiVersion` and `kind` of its schema, because a model refuses others."""
    schema = KNOWN.get(target(schema), schema)
    if is_object(raw):
        own = schema.get("properties", {})
        kinds = schema.get(_GVK, ())
        one = kinds[0] if len(kinds) == 1 and {"apiVersion", "kind"} <= own.keys() else None
        made = {}
        for key, item in raw.items():
            part = own.get(key) or schema.get("additionalProperties")
            made[key] = named(item, part) if is_object(part) else item
        if one is not None:
            version = f"{one['group']}/{one['version']}" if one["group"] else one["version"]
            made |= {key: said for key, said in (("apiVersion", version), ("kind", one["kind"])) if key in made}
        return made
    return [named(item, schema.get("items", {})) for item in raw] if is_array(raw) else raw


@pytest.mark.slow
def test_every_type_of_kubernetes_round_trips_unchanged() -> None:
    tried = 0
    for name, cls in classes(resolve(load(SPECS), {}, Problems()), "kubeclient"):
        for seed in range(6):
            check(name, cls, seed)
            tried += 1
    assert tried > 3000


@pytest.mark.thorough
def test_every_type_of_kubernetes_from_openapi_v2_round_trips_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = in_v2()
    try:
        imported(api, "kubetwo", tmp_path, monkeypatch)
        for name, cls in classes(api, "kubetwo"):
            for seed in range(3):
                check(name, cls, seed)
    finally:
        forget("kubetwo")


@pytest.mark.thorough
def test_objects_of_random_kinds_round_trip_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is involved, so this includes objects that a server would refuse."""
    kinds = drawn(24, 17)
    group = "drawn.example"
    api = of(*(kind.manifest(group, number) for number, kind in enumerate(kinds)))
    try:
        imported(api, "drawnkinds", tmp_path, monkeypatch)
        found = dict(classes(api, "drawnkinds"))
        tried = 0
        for number, kind in enumerate(kinds):
            said = kind.manifest(group, number)["spec"]["names"]["kind"]
            cls = found[f"example.drawn.{kind.served[0].name}.{said}"]
            for written in kind.objects:
                raw = {
                    "apiVersion": f"{group}/{kind.served[0].name}",
                    "kind": said,
                    "metadata": {"name": "a"},
                    **written,
                }
                text = json.dumps(raw, sort_keys=True)
                for model in (cls.from_dict(raw), decode.decode(text, cls)):
                    assert json.dumps(model.to_dict(), sort_keys=True) == text
                tried += 1
        assert tried == 48
    finally:
        forget("drawnkinds")
