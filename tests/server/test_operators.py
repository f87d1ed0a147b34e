"""Objects as the documentation of cert-manager and of prometheus-operator shows them: accepted, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from kubecore import path, rest, yaml
from kubecore.encode import encode
from kubecore.resource import Resource
from tests.conftest import ROOT
from tests.server.customs import Place, manifests, places

EXAMPLES = {
    f"{example['kind']}-{example['metadata']['name']}": example
    for file in ("cert_manager", "prometheus_operator")
    for example in yaml.load_all((ROOT / "tests" / "operators" / f"{file}.yaml").read_bytes())
}
# What docs/crds.md says of lists and maps: where one of these stands, empty is not absent.
KEEPS = {"default", "nullable", "minItems", "minProperties"}

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def schemas() -> dict[str, dict[str, Any]]:
    """The schemas that the CRDs hold themselves, by `apiVersion kind`."""
    return {
        f"{crd['spec']['group']}/{version['name']} {crd['spec']['names']['kind']}": version["schema"]["openAPIV3Schema"]
        for crd in manifests()
        for version in crd["spec"]["versions"]
    }


@pytest.fixture(scope="module")
def known(installed: rest.Config, made: Any) -> dict[str, Place]:
    """Where the clients are."""
    with made.Clientset(installed) as clientset:
        return places(clientset)


def sent(value: Any, schema: dict[str, Any]) -> Any:
    """Leave out the empty lists and maps that docs/crds.md says are not sent, and nothing else."""
    if isinstance(value, list):
        return [sent(item, schema.get("items", {})) for item in value]
    properties, values = schema.get("properties"), schema.get("additionalProperties")
    if not isinstance(value, dict) or not (properties or values):
        return value
    if not properties:
        return {key: sent(item, values) for key, item in value.items()}
    inside = {key: (item, properties.get(key, {})) for key, item in value.items()}
    required = schema.get("required", ())
    return {key: sent(*pair) for key, pair in inside.items() if key in required or not is_left_out(*pair)}


def is_left_out(value: Any, schema: dict[str, Any]) -> bool:
    return value in ([], {}) and ("items" in schema or "additionalProperties" in schema) and not KEEPS & schema.keys()


def in_json(model: Any) -> Any:
    return msgspec.json.decode(encode(model))


def url(resource: Resource[Any], namespace: str, name: str) -> str:
    """The path of an object, to read what the server has as it is."""
    scope = namespace if resource.namespaced else ""
    return path.under(path.build(path.api_prefix(resource.group, resource.version), scope, resource.plural), name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_accepted_and_nothing_is_lost(
    name: str,
    drive: Callable[..., None],
    made: Any,
    known: dict[str, Place],
    schemas: dict[str, dict[str, Any]],
    namespace: str,
) -> None:
    example = EXAMPLES[name]
    example = {**example, "metadata": {**example["metadata"], "name": f"{example['metadata']['name']}-{namespace}"}}
    kind = f"{example['apiVersion']} {example['kind']}"
    place = known[kind]
    written = place.resource.kind.from_dict(example)
    assert in_json(written) == sent(example, schemas[kind])

    async def scenario(clientset: Any) -> None:
        objects = place.of(clientset, namespace)
        created = await objects.create(written, field_validation="Strict")
        name, version = created.metadata.name, created.metadata.resource_version
        raw = msgspec.json.decode(await clientset.rest_client.get_bytes(url(place.resource, namespace, name)))
        assert in_json(created) == raw
        found = await objects.get(name)
        assert in_json(found) == raw
        assert (await objects.update(found)).metadata.resource_version == version
        # By force: what the server has put into a list that is replaced as a whole belongs to who has created it.
        applied = await objects.apply(written, field_manager="tests", field_validation="Strict", force=True)
        assert in_json(applied)["spec"] == raw["spec"]

    drive(scenario, made)
