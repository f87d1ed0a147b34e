"""OpenAPI documents of the fake API server, and its objects in place of tables."""

from __future__ import annotations

from typing import Any

import pytest

from kubecore.testing._server.failures import NotSimulatedError
from tests.conformance.bodies import definition
from tests.testing.test_custom_kinds import DEFINITIONS, GROUP
from tests.testing.test_server import Client

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
def client() -> Client:
    made = Client()
    made.send("POST", DEFINITIONS, definition(GROUP))
    return made


def document(client: Client, place: str) -> Any:
    url = client.send("GET", "/openapi/v3")["paths"][place]["serverRelativeURL"]
    return client.send("GET", url)


def test_document_of_a_custom_kind_contains_its_schema(client: Client) -> None:
    found = document(client, f"apis/{GROUP}/v1")
    schema = found["components"]["schemas"]["com.example.v1.Widget"]
    assert schema["properties"]["spec"]["properties"]["mode"]["enum"] == ["slow", "fast"]
    assert schema["x-kubernetes-group-version-kind"] == [{"group": GROUP, "version": "v1", "kind": "Widget"}]
    patch = found["paths"][f"/apis/{GROUP}/v1/namespaces/{{namespace}}/widgets/{{name}}"]["patch"]
    assert "fieldValidation" in [each["name"] for each in patch["parameters"]]


@pytest.mark.parametrize("place", ["api/v1", "apis/apps/v1", f"apis/{GROUP}/v1"])
def test_document_contains_all_schemas_that_it_refers_to(client: Client, place: str) -> None:
    found = document(client, place)
    schemas, waiting = found["components"]["schemas"], [found]
    while waiting:
        each = waiting.pop()
        reference = each.get("$ref") if isinstance(each, dict) else None
        assert reference is None or reference.rpartition("/")[2] in schemas or reference.endswith(".Patch")
        waiting += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()


def test_document_of_an_unknown_group_is_not_simulated(client: Client) -> None:
    with pytest.raises(NotSimulatedError):
        client.send("GET", "/openapi/v3/apis/missing.example.com/v1")


def test_objects_replace_the_table_of_a_built_in_kind_if_they_are_accepted(client: Client) -> None:
    found = client.send("GET", "/api/v1/nodes", accept=f"{TABLE},application/json")
    assert found["kind"] == "NodeList"
    assert "the real server sends a table" in [text for _, _, text in client.server.unsure]
