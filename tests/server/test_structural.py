"""Random structural schemas, installed, and random objects of them: what the typed client reads, it writes back whole.

The API server is the judge: a schema or an object that it refuses is no example, and most must be taken.
"""

from __future__ import annotations

import importlib
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kubecore import kubeconfig
from tests.cluster import Cluster
from tests.kgen.documents import generated
from tests.kgen.manifests import of
from tests.server.definitions import definition

Json = dict[str, Any]

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OPEN = {"x-kubernetes-preserve-unknown-fields": True}
NAMES = [
    "a",
    "from",
    "import",
    "-",
    "$ref",
    "x-y",
    "fooBar",
    "FooBar",
    "1st",
    "größe",
    "int",
    "to_dict",
    "xY",
    "x_y",
    "XY",
    "kind",
    "items",
]
NULLABLE = {"nullable": True}
BATCH = 4

LEAVES: st.SearchStrategy[Json] = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "enum": ["", "a", "b-c"]},
        {"type": "string", "format": "byte"},
        {"type": "string", "format": "date-time"},
        {"type": "string", **NULLABLE},
        {"type": "string", "default": "x"},
        {"type": "integer"},
        {"type": "integer", "format": "int32", "enum": [1, 2]},
        {"type": "integer", "anyOf": [{"minimum": 0}, {"maximum": 5}]},
        {"type": "number"},
        {"type": "boolean", "default": True},
        {"x-kubernetes-int-or-string": True},
        OPEN,
        {"type": "object"},
        {"type": "object", **OPEN},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "properties": {"a": {"type": "string"}}, **OPEN},
    ]
)


@st.composite
def objects_with(draw: st.DrawFn, inner: st.SearchStrategy[Json]) -> Json:
    own = draw(st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=4))
    schema: Json = {"type": "object", "properties": own}
    form = draw(st.sampled_from(["plain", "plain", "required", "oneOf", "default"]))
    first = next(iter(own))
    if form == "required":
        schema["required"] = [first]
    elif form == "oneOf":
        schema["oneOf"] = [{"required": [first]}, {"not": {"required": [first]}}]
    elif form == "default":
        schema["default"] = {}
    return schema


def deeper(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    lists = st.builds(
        lambda items, more: {"type": "array", "items": items, **more},
        inner,
        st.sampled_from([{}, {}, {"default": []}, {"minItems": 0}]),
    )
    maps = st.builds(
        lambda item, more: {"type": "object", "additionalProperties": item, **more},
        inner,
        st.sampled_from([{}, {}, {"default": {}}, {"minProperties": 0}]),
    )
    return lists | maps | objects_with(inner)


SCHEMAS = objects_with(st.recursive(LEAVES, deeper, max_leaves=4))
ANYTHING = st.sampled_from([1, "a", 1.5, [], {}, [None, {"b": True}], {"c": {"d": []}}])


def values(schema: Json) -> st.SearchStrategy[Any]:
    """Return objects that a schema allows, for the most part; lists and maps may be empty."""
    found = _values(schema)
    return st.none() | found if schema.get("nullable") else found


def _values(schema: Json) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        parts = {key: values(value) for key, value in schema["properties"].items()}
        needed = {key: parts.pop(key) for key in schema.get("required", ())}
        return st.fixed_dictionaries(needed, optional=parts)
    if schema.get("x-kubernetes-int-or-string"):
        return st.sampled_from([0, 80, "", "80%"])
    match schema.get("type"):
        case "array":
            return st.lists(values(schema["items"]), max_size=2)
        case "object":
            more = schema.get("additionalProperties")
            if schema == {"type": "object"}:
                return st.just({})
            item = values(more) if isinstance(more, dict) else ANYTHING
            return st.dictionaries(st.sampled_from(["k", "x-y", "é"]), item, max_size=2)
        case "string":
            texts = {"byte": ["", "aGVsbG8="], "date-time": ["2026-01-02T03:04:05Z"]}
            return st.sampled_from(texts.get(schema.get("format", ""), ["", "text", "ü"]))
        case "integer":
            return st.integers(-(2**53), 2**53)
        case "number":
            return st.sampled_from([0, 1, 0.5, -2.5, 1e21])
        case "boolean":
            return st.booleans()
        case _:
            return ANYTHING


def sent(value: Any, schema: Json) -> Any:
    """Return what docs/crds.md says is sent of a value: no null in a field, and no empty list or map of most schemas."""
    if isinstance(value, list) and "items" in schema:
        return [sent(item, schema["items"]) for item in value]
    if not isinstance(value, dict) or (schema.get("x-kubernetes-preserve-unknown-fields")):
        return value
    if "properties" not in schema:
        more = schema.get("additionalProperties")
        return {key: sent(item, more) for key, item in value.items()} if isinstance(more, dict) else value
    parts = schema["properties"]
    kept = {key: sent(item, parts[key]) for key, item in value.items()}
    return {
        key: item
        for key, item in kept.items()
        if key in schema.get("required", ()) or not (item is None or _is_left_out(item, parts[key]))
    }


def _is_left_out(item: Any, schema: Json) -> bool:
    if item not in ([], {}) or schema.get("type") not in ("array", "object"):
        return False
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        return schema.get("default") == {}
    if schema == {"type": "object"}:
        return False  # A marker.
    return not {"default", "minItems", "minProperties", "nullable"} & schema.keys()


def install(cluster: Cluster, manifest: Json) -> bool:
    """Whether the server takes a CRD; it is established then."""
    if cluster.raw("POST", CRDS, manifest)[0] != 201:
        return False
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = cluster.raw("GET", f"{CRDS}/{manifest['metadata']['name']}")[1]
        conditions = found.get("status", {}).get("conditions") or []
        if any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
            return True
        time.sleep(0.05)
    raise AssertionError("a CRD was not established")


def imported(manifests: list[Json], folder: Path, package: str) -> Any:
    for path, source in generated(of(*manifests), package, quickly=True).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source, encoding="utf-8")
    importlib.invalidate_caches()
    return importlib.import_module(package)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("structural_")]:
        del sys.modules[name]


def test_what_the_server_takes_is_read_and_written_back_whole(cluster: Cluster, folder: Path) -> None:
    config = kubeconfig.load_config(cluster.kubeconfig)
    numbers, counts = itertools.count(), Counter[str]()

    @settings(
        max_examples=5,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # Each try takes the server a second: what fails is shown as it is.
    )
    @given(st.lists(SCHEMAS, min_size=BATCH, max_size=BATCH), st.data())
    def tried(specs: list[Json], data: st.DataObject) -> None:
        number = next(numbers)
        every = [
            definition(f"n{number}.structural.example", spec, scope="Cluster", plural=f"kind{letter}s", short=letter)
            for letter, spec in zip("abcd", specs, strict=True)
        ]
        taken = [manifest for manifest in every if install(cluster, manifest)]
        counts["schemas"] += len(every)
        counts["schemas taken"] += len(taken)
        try:
            if taken:
                made = imported(taken, folder, f"structural_{number}")
                with made.Clientset(config) as clientset:
                    for manifest in taken:
                        round_trip(cluster, getattr(clientset, f"n{number}_v1"), manifest, data, counts)
        finally:
            for manifest in taken:
                cluster.raw("DELETE", f"{CRDS}/{manifest['metadata']['name']}")

    tried()
    assert counts["schemas taken"] * 2 >= counts["schemas"], counts
    assert counts["objects taken"] * 2 >= counts["objects"], counts


def round_trip(cluster: Cluster, group: Any, manifest: Json, data: st.DataObject, counts: Counter[str]) -> None:
    spec, names = manifest["spec"], manifest["spec"]["names"]
    whole = spec["versions"][0]["schema"]["openAPIV3Schema"]
    path = f"/apis/{spec['group']}/v1/{names['plural']}"
    typed = getattr(group, names["plural"])()
    for name in ("one", "two"):
        written = {"metadata": {"name": name}, "spec": data.draw(values(whole["properties"]["spec"]))}
        written = {"apiVersion": f"{spec['group']}/v1", "kind": names["kind"], **written}
        counts["objects"] += 1
        if cluster.raw("POST", path, written)[0] != 201:
            continue
        counts["objects taken"] += 1
        raw = cluster.raw("GET", f"{path}/{name}")[1]
        told = f"{json.dumps(whole)}\n{json.dumps(raw)}"
        wanted = sent({"spec": raw["spec"]}, whole)
        found = typed.get(name)
        assert sent({"spec": found.to_dict().get("spec")}, whole) == wanted, told
        assert found.to_dict().get("spec", {}) == wanted.get("spec", {}), told
        typed.update(found)
        after = cluster.raw("GET", f"{path}/{name}")[1]
        assert sent({"spec": after.get("spec")}, whole) == wanted, told
        if wanted == {"spec": raw["spec"]}:
            assert after["metadata"]["resourceVersion"] == raw["metadata"]["resourceVersion"], told
