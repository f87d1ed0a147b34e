"""The text of bodies: the order of keys, which transcripts do not show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.conformance.backends import Backend, FakeServer
from tests.conformance.bodies import definition
from tests.conformance.exchange import Exchange
from tests.conformance.normal import CUSTOM_GROUP
from tests.conformance.wire import Wire

_VARYING: Final = re.compile(r'"(?:[0-9a-f]{8}-[-0-9a-f]{27}|20\d\d-\d\d-\d\dT[^"]*|\d+)"')
_MAP: Final = {"z": "1", "A": "2", "a": "3"}
_SORTED: Final = '{"A":"2","a":"3","z":"1"}'
_SCHEMA: Final = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.thorough)])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """Requests to the fake server and to the real one."""
    server: Backend = FakeServer() if request.param == "fake" else request.getfixturevalue("bare_cluster")
    yield Wire(server)


def text(value: Any) -> str:
    """Return a part of a body as the server wrote it: decoded objects keep the order of their keys."""
    return json.dumps(value, separators=(",", ":"))


def last(wire: Wire) -> str:
    """Return the body of the last response as the server wrote it, without values that differ in each run."""
    found: Exchange = wire.exchanges[-1]
    written = text(found.body)
    for name, shown in wire.names.items():
        written = written.replace(name, shown)
    return _VARYING.sub('"..."', written)


def _head(wire: Wire) -> dict[str, str]:
    return {"kind": "Widget", "apiVersion": f"{wire.group}/v1"}


def test_maps_of_built_in_kinds_are_sorted(wire: Wire) -> None:
    metadata = {"name": "a", "labels": _MAP, "annotations": _MAP}
    made = wire.post("configmaps", {"metadata": metadata, "data": _MAP})
    found = [made["metadata"]["labels"], made["metadata"]["annotations"], made["data"]]
    assert [text(each) for each in found] == [_SORTED] * 3
    made = wire.patch("configmaps/a", {"data": {"b": "4", "B": "5"}})
    assert text(made["data"]) == '{"A":"2","B":"5","a":"3","b":"4","z":"1"}'
    assert text(wire.get("configmaps")["items"][0]["data"]) == text(made["data"])
    for data in ({"z": "1", "y": "2"}, {"y": "2", "z": "1"}):
        made = wire.put("configmaps/a", {"metadata": {"name": "a"}, "data": data})
        assert text(made["data"]) == '{"y":"2","z":"1"}'
    configuration = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"x": "1", "a": "2"}}
    assert text(wire.apply("configmaps/a", configuration)["data"]) == '{"a":"2","x":"1","y":"2","z":"1"}'


def test_maps_to_which_the_server_adds_entries_are_sorted(wire: Wire) -> None:
    made = wire.post("secrets", {"metadata": {"name": "a"}, "data": {"z": "YQ=="}, "stringData": {"b": "a"}})
    assert text(made["data"]) == '{"b":"YQ==","z":"YQ=="}'
    amounts = {"limits": {"memory": "1Gi", "cpu": "1"}, "requests": {"memory": "1Gi"}}
    spec = {"containers": [{"name": "c", "image": "i", "resources": amounts}], "nodeSelector": _MAP}
    made = wire.post("pods", {"metadata": {"name": "a", "labels": {"z": "1"}}, "spec": spec})
    resources = made["spec"]["containers"][0]["resources"]
    assert (
        text([resources["limits"], resources["requests"]]) == '[{"cpu":"1","memory":"1Gi"},{"cpu":"1","memory":"1Gi"}]'
    )
    assert text(made["spec"]["nodeSelector"]) == _SORTED
    wire.post("pods/a/binding", {"metadata": {"name": "a", "labels": {"b": "2"}}, "target": {"name": "n"}})
    assert text(wire.get("pods/a")["metadata"]["labels"]) == '{"b":"2","z":"1"}'
    template = {"metadata": {"labels": _MAP}, "spec": {**spec, "restartPolicy": "Never"}}
    made = wire.post("jobs", {"metadata": {"name": "a"}, "spec": {"template": template}})
    for labels in (made["metadata"]["labels"], made["spec"]["template"]["metadata"]["labels"]):
        assert list(labels) == sorted(labels)
        assert len(labels) == len(_MAP) + 4


def test_all_keys_of_custom_objects_are_sorted(wire: Wire) -> None:
    wire.define(definition(wire.group, {**_SCHEMA, "properties": {"spec": {**_SCHEMA, "default": {}}}}))
    wire.post(
        "widgets", {**_head(wire), "spec": {"z": [{"b": 1, "a": 2}], "Y": {}}, "Upper": 1, "metadata": {"name": "a"}}
    )
    managed = (
        '"fieldsType":"FieldsV1","fieldsV1":{"f:Upper":{},"f:spec":{".":{},"f:Y":{},"f:z":{}}},"manager":"conformance"'
    )
    metadata = (
        '"metadata":{"creationTimestamp":"...","generation":1,"managedFields":[{'
        f'"apiVersion":"{CUSTOM_GROUP}/v1",{managed},"operation":"Update","time":"..."}}],'
        '"name":"a","namespace":"one","resourceVersion":"...","uid":"..."}'
    )
    kind = f'"apiVersion":"{CUSTOM_GROUP}/v1","kind":"Widget"'
    shown = f'{{"Upper":1,{kind},{metadata},"spec":{{"Y":{{}},"z":[{{"a":2,"b":1}}]}}}}'
    assert last(wire) == shown
    wire.get("widgets/a")
    assert last(wire) == shown
    wire.get("widgets")
    assert last(wire) == (
        f'{{"apiVersion":"{CUSTOM_GROUP}/v1","items":[{shown}],"kind":"WidgetList",'
        '"metadata":{"continue":"","resourceVersion":"..."}}'
    )
    wire.watch("widgets", 1, resourceVersion="0")
    assert last(wire) == f'[{{"type":"ADDED","object":{shown}}}]'


def test_an_update_without_a_change_keeps_the_version_of_a_custom_object(wire: Wire) -> None:
    """The server recognises it, though `apiVersion` is not the first key."""
    wire.define(definition(wire.group, {**_SCHEMA, "properties": {"spec": _SCHEMA}}))
    made = wire.post("widgets", {**_head(wire), "Upper": 1, "metadata": {"name": "a"}})
    assert wire.put("widgets/a", made)["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
