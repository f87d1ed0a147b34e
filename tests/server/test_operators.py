"""The server accepts example objects of cert-manager and prometheus-operator, and no field is lost."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kgen.errors import Problems
from kgen.load import openapi_v2
from kgen.resolve import Builtins, resolve
from kgen.spec import ApiSpec
from kubeclient import Clientset
from kubecore import errors, rest
from kubecore.calls import path
from kubecore.calls.resource import Resource
from kubecore.codec import decode, yaml
from kubecore.codec.encode import encode
from tests.conftest import ROOT
from tests.kgen.documents import generated
from tests.kgen.manifests import kubernetes
from tests.server.customs import Place, manifests, places

EXAMPLES = {
    f"{example['kind']}-{example['metadata']['name']}": example
    for file in ("cert_manager", "prometheus_operator")
    for example in yaml.load_all((ROOT / "tests" / "operators" / f"{file}.yaml").read_bytes())
}
# If a schema has one of these keys, the server distinguishes an empty list or map from a missing one.
KEEPS = {"default", "nullable", "minItems", "minProperties"}

pytestmark = [pytest.mark.shared, pytest.mark.thorough]  # The result depends on the server alone.


@pytest.fixture(scope="module")
def schemas() -> dict[str, dict[str, Any]]:
    """The schemas in the CRDs, by `apiVersion kind`."""
    return {
        f"{crd['spec']['group']}/{version['name']} {crd['spec']['names']['kind']}": version["schema"]["openAPIV3Schema"]
        for crd in manifests()
        for version in crd["spec"]["versions"]
    }


@pytest.fixture(scope="module")
def known(installed: rest.Config, made: Any) -> dict[str, Place]:
    """The clients by `apiVersion kind`."""
    with made.Clientset(installed) as clientset:
        return places(clientset)


def in_json(model: Any) -> Any:
    return msgspec.json.decode(encode(model))


def filled(schema: dict[str, Any], text: str, *, emptied: bool) -> Any:
    """Return a value with every property of a schema, without regard to validation rules.

    Each list and map has one item. With `emptied`, those that differ from absent ones when empty have no items.
    """
    if "properties" in schema:
        found = {name: filled(inner, text, emptied=emptied) for name, inner in schema["properties"].items()}
        return found if found.get("metadata") != {} else {**found, "metadata": {"name": "one"}}
    bare = emptied and bool(KEEPS & schema.keys())
    if "additionalProperties" in schema:
        return {} if bare else {"key": filled(schema["additionalProperties"], text, emptied=emptied)}
    if "items" in schema:
        return [] if bare else [filled(schema["items"], text, emptied=emptied)]
    if schema.get("format") in ("date-time", "byte"):
        return {"date-time": "2026-01-02T03:04:05Z", "byte": "aGVsbG8="}[schema["format"]]
    return {"integer": 0, "boolean": False, "number": 0.5, "object": {}}.get(schema.get("type", ""), text)


def url(resource: Resource[Any, Any], namespace: str, name: str) -> str:
    """Return the path of an object, to read its raw JSON."""
    scope = namespace if resource.namespaced else ""
    return path.object_path(
        path.collection_path(path.api_prefix(resource.group, resource.version), scope, resource.plural), name
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_an_operator_round_trips_unchanged(
    name: str,
    drive: Callable[..., None],
    made: Any,
    known: dict[str, Place],
    namespace: str,
) -> None:
    example = EXAMPLES[name]
    example = {**example, "metadata": {**example["metadata"], "name": f"{example['metadata']['name']}-{namespace}"}}
    kind = f"{example['apiVersion']} {example['kind']}"
    place = known[kind]
    written = place.resource.kind.from_dict(example)
    assert in_json(written) == example

    async def scenario(clientset: Any) -> None:
        objects = place.of(clientset, namespace)
        created = await objects.create(written, field_validation="Strict")
        name, version = created.metadata.name, created.metadata.resource_version
        raw = msgspec.json.decode(await clientset.rest_client.get_bytes(url(place.resource, namespace, name)))
        assert in_json(created) == raw
        found = await objects.get(name)
        assert in_json(found) == raw
        assert (await objects.update(found)).metadata.resource_version == version
        # Needs `force`: if the server added defaults to an atomic list, the manager that created the object owns them.
        applied = await objects.apply(written, field_manager="tests", field_validation="Strict", force=True)
        assert in_json(applied)["spec"] == raw["spec"]

    drive(scenario, made)


def test_examples_are_sent_as_they_are_with_models_from_openapi_v2(
    installed: rest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = {example["apiVersion"].partition("/")[0] for example in EXAMPLES.values()}
    with Clientset(installed) as clientset:
        published = msgspec.json.decode(clientset.rest_client.get_bytes("/openapi/v2"))
    documents = openapi_v2.convert(published, "swagger.json").documents
    own = ApiSpec(tuple(document for document in documents if document.group in groups))
    api = resolve(own, {}, Problems(), Builtins("kubeclient", kubernetes()))
    for name, source in generated(api, "operatorsofv2", quickly=True).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        known: dict[str, Any] = {}
        for module in api.modules:
            made = importlib.import_module(f"operatorsofv2.models.{module.name}")
            for kind in (getattr(made, model.name) for model in module.models if model.is_kind):
                known[f"{kind.zero().api_version} {kind.__name__}"] = kind
        for example in EXAMPLES.values():
            kind = known[f"{example['apiVersion']} {example['kind']}"]
            assert kind.from_dict(example).to_dict() == example
            assert in_json(decode.decode(msgspec.json.encode(example), kind)) == example
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "operatorsofv2"]:
            del sys.modules[name]


@pytest.mark.parametrize("text", ["text", ""])
@pytest.mark.parametrize("emptied", [False, True])
def test_every_field_of_every_kind_is_kept(
    text: str, emptied: bool, known: dict[str, Place], schemas: dict[str, dict[str, Any]]
) -> None:
    for kind in sorted({f"{example['apiVersion']} {example['kind']}" for example in EXAMPLES.values()}):
        whole = filled(schemas[kind], text, emptied=emptied)
        whole["apiVersion"], whole["kind"] = kind.split(" ")
        assert in_json(known[kind].resource.kind.from_dict(whole)) == whole, kind


@pytest.mark.parametrize("verb", ["update", "modify"])
def test_a_change_of_another_field_changes_nothing_else(
    verb: str, drive: Callable[..., None], made: Any, known: dict[str, Place], namespace: str
) -> None:
    """The object is created from a mapping, because the server stores empty values and numeric quantities unchanged."""
    place = known["monitoring.coreos.com/v1 Prometheus"]
    proxy = {"name": "proxy", "resources": {}, "args": [], "env": [{"name": "EMPTY", "value": ""}], "command": ["run"]}
    spec = {
        "secrets": [],
        "externalLabels": {},
        "ruleSelector": {"matchLabels": {}},
        "containers": [proxy],
        "storage": {"emptyDir": {"sizeLimit": 1073741824}},
        "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
    }
    defaults = {"portName": "web", "scrapeInterval": "30s", "evaluationInterval": "30s", "shards": 1}

    def label(found: Any) -> None:
        found.metadata.labels["step"] = "changed"

    async def scenario(clientset: Any) -> None:
        async def stored() -> Any:
            return msgspec.json.decode(await clientset.rest_client.get_bytes(url(place.resource, namespace, "one")))

        objects = place.of(clientset, namespace)
        await objects.create({"metadata": {"name": "one"}, "spec": spec}, field_validation="Strict")
        assert {key: value for key, value in (await stored())["spec"].items() if key not in defaults} == spec
        before = await stored()
        found = await objects.get("one")
        assert in_json(found) == before
        assert [in_json(item) for item in (await objects.list()).items] == [before]
        if verb == "modify":
            await objects.modify("one", label)
        else:
            label(found)
            await objects.update(found)
        after = await stored()
        assert after["metadata"]["labels"] == {"step": "changed"}
        assert after["spec"] == before["spec"]

    drive(scenario, made)


def test_an_explicit_empty_list_is_sent_even_if_the_server_refuses_it(
    drive: Callable[..., None], made: Any, known: dict[str, Place], namespace: str
) -> None:
    place = known["monitoring.coreos.com/v1 Probe"]
    probe = {"metadata": {"name": "one"}, "spec": {"prober": {"url": "prober:80"}, "params": []}}
    written = place.resource.kind.from_dict(probe)

    async def scenario(clientset: Any) -> None:
        with pytest.raises(errors.InvalidError, match=r"spec\.params"):
            await place.of(clientset, namespace).create(written)
        written.spec.params = None
        assert (await place.of(clientset, namespace).create(written)).spec.params is None

    drive(scenario, made)
