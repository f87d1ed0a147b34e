"""Bodies that are nested too deeply are refused at the same level by each Python, and those below it are handled."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore.testing._schemas.levels import MOST_LEVELS, check_text, check_value
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import NotSimulatedError
from tests.testing.direct import DirectClient

MAPS = "/api/v1/namespaces/default/configmaps"
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "boxes.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"plural": "boxes", "singular": "box", "kind": "Box"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
BOXES = "/apis/example.com/v1/namespaces/default/boxes"
WRITES = [
    ("POST", "", "application/json"),
    ("POST", "", "application/yaml"),
    ("PUT", "/a", "application/json"),
    ("PATCH", "/a", "application/merge-patch+json"),
    ("PATCH", "/a", "application/strategic-merge-patch+json"),
    ("PATCH", "/a?fieldManager=test&force=true", "application/apply-patch+yaml"),
    ("DELETE", "/a", "application/json"),
]
CASES = [
    (collection, *write)
    for collection in (MAPS, BOXES)
    for write in WRITES
    if not (collection == BOXES and "strategic" in write[2])  # Custom resources have no such patches.
]


@pytest.fixture
def client() -> DirectClient:
    client = DirectClient(controllers=False)
    client.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)
    client.send("POST", MAPS, {"metadata": {"name": "a"}})
    client.send("POST", BOXES, {"apiVersion": "example.com/v1", "kind": "Box", "metadata": {"name": "a"}})
    return client


def nested(levels: int, brackets: str) -> str:
    opening = {"[": "[", "{": '{"a": '}[brackets[0]]
    return opening * (levels - 1) + brackets + brackets[1] * (levels - 1)


def write(client: DirectClient, method: str, target: str, kind: str, content: str) -> int:
    path, _, query = target.partition("?")
    headers = {"content-type": kind}
    received = Received(method=method, path=path, query=parse_qsl(query), headers=headers, content=content.encode())
    return client.server.respond(received).code


def body(collection: str, method: str, value: str) -> str:
    kind = {MAPS: '"apiVersion": "v1", "kind": "ConfigMap"', BOXES: '"apiVersion": "example.com/v1", "kind": "Box"'}
    name = "b" if method == "POST" else "a"
    return f'{{{kind[collection]}, "metadata": {{"name": "{name}"}}, "other": {value}}}'


@pytest.mark.parametrize("levels", [MOST_LEVELS, 1_000, 100_000])
@pytest.mark.parametrize(("collection", "method", "target", "kind"), CASES)
def test_bodies_of_many_levels_are_not_simulated(
    client: DirectClient, collection: str, method: str, target: str, kind: str, levels: int
) -> None:
    text = body(collection, method, nested(levels, "{}"))
    with pytest.raises(NotSimulatedError, match="nested deeper than 100 levels is not simulated"):
        write(client, method, f"{collection}{target}", kind, text)
    assert client.send("GET", f"{collection}/a")["metadata"]["name"] == "a"


@pytest.mark.parametrize("brackets", ["[]", "{}"])
@pytest.mark.parametrize(("collection", "method", "target", "kind"), CASES)
def test_bodies_of_the_most_levels_are_handled(
    client: DirectClient, collection: str, method: str, target: str, kind: str, brackets: str
) -> None:
    text = body(collection, method, nested(MOST_LEVELS - 1, brackets))
    if method == "DELETE":
        text = text.replace("ConfigMap", "DeleteOptions").replace('"kind": "Box"', '"kind": "DeleteOptions"')
    if method == "PUT":
        version = client.send("GET", f"{collection}/a")["metadata"]["resourceVersion"]
        text = text.replace('"name": "a"', f'"name": "a", "resourceVersion": "{version}"')
    code = write(client, method, f"{collection}{target}", kind, text)
    if (collection, kind) == (MAPS, "application/apply-patch+yaml"):
        assert code == 500  # An unknown field.
    else:
        assert code == (201 if method == "POST" else 200)


def test_yaml_of_many_levels_is_not_simulated(client: DirectClient) -> None:
    lines = [f"{' ' * level}a:" for level in range(1, 2 * MOST_LEVELS)]
    text = "\n".join(["apiVersion: v1", "kind: ConfigMap", "other:", *lines])
    with pytest.raises(NotSimulatedError, match="not simulated"):
        write(client, "POST", MAPS, "application/yaml", text)


@pytest.mark.parametrize("collection", [MAPS, BOXES])
def test_copies_of_a_document_into_itself_are_not_simulated(client: DirectClient, collection: str) -> None:
    copies = [{"op": "copy", "from": "/metadata", "path": "/metadata/a"} for _ in range(2 * MOST_LEVELS)]
    with pytest.raises(NotSimulatedError, match="nested deeper"):
        write(client, "PATCH", f"{collection}/a", "application/json-patch+json", json.dumps(copies))


def test_added_levels_are_not_simulated(client: DirectClient) -> None:
    adds = [{"op": "add", "path": "/metadata" + "/a" * level, "value": {}} for level in range(1, 2 * MOST_LEVELS)]
    with pytest.raises(NotSimulatedError, match="nested deeper"):
        write(client, "PATCH", f"{BOXES}/a", "application/json-patch+json", json.dumps(adds))


VALUES = st.recursive(
    st.none() | st.text('[]{}"\\a'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[{"'), inner, max_size=3),
)


@given(VALUES, st.integers(MOST_LEVELS - 3, MOST_LEVELS + 1))
def test_the_text_and_the_value_are_refused_at_the_same_level(inner: Any, outer: int) -> None:
    value = inner
    for level in range(outer):
        value = [value] if level % 2 else {"[": value}
    assert is_refused(check_text, json.dumps(value).encode()) == is_refused(check_value, value)


def is_refused(check: Any, value: Any) -> bool:
    try:
        check(value)
    except NotSimulatedError:
        return True
    return False
