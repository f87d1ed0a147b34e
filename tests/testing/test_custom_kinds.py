"""Custom kinds in the fake API server: they are served after their definition, and checked by its schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubecore.testing._server.failures import NotSimulatedError
from tests.conformance.bodies import definition, widget
from tests.testing.test_server import Client

GROUP = "example.com"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DEFINITION = f"{DEFINITIONS}/widgets.{GROUP}"
WIDGETS = f"/apis/{GROUP}/v1/namespaces/default/widgets"


@pytest.fixture
def client() -> Client:
    made = Client()
    made.send("POST", DEFINITIONS, definition(GROUP))
    return made


def patch(client: Client, target: str, body: Any) -> Any:
    return client.send("PATCH", target, body, **{"content-type": "application/merge-patch+json"})


def test_kind_is_served_only_after_its_definition() -> None:
    client = Client()
    assert client.reply("GET", WIDGETS).code == 404
    client.send("POST", DEFINITIONS, definition(GROUP))
    assert client.send("GET", WIDGETS)["kind"] == "WidgetList"


def test_definition_gets_accepted_names_after_its_creation(client: Client) -> None:
    status = client.send("GET", DEFINITION)["status"]
    assert status["acceptedNames"]["kind"] == "Widget"
    assert [(each["type"], each["status"]) for each in status["conditions"]] == [
        ("NamesAccepted", "True"),
        ("Established", "True"),
    ]
    assert status["storedVersions"] == ["v1"]


def test_dry_run_serves_nothing() -> None:
    client = Client()
    assert client.reply("POST", f"{DEFINITIONS}?dryRun=All", definition(GROUP)).code == 201
    assert client.reply("GET", WIDGETS).code == 404


def test_defaults_are_set_and_unknown_fields_removed(client: Client) -> None:
    assert client.send("POST", WIDGETS, widget(GROUP, other=1))["spec"] == {"mode": "slow"}


def test_strict_validation_refuses_unknown_fields(client: Client) -> None:
    refused = client.send("POST", f"{WIDGETS}?fieldValidation=Strict", widget(GROUP, other=1))
    assert refused["code"] == 400
    assert 'unknown field "spec.other"' in refused["message"]


def test_invalid_objects_are_refused_in_creates_and_patches(client: Client) -> None:
    refused = client.send("POST", WIDGETS, widget(GROUP, mode="other"))
    assert [cause["field"] for cause in refused["details"]["causes"]] == ["spec.mode"]
    client.send("POST", WIDGETS, widget(GROUP))
    assert patch(client, f"{WIDGETS}/a", {"spec": {"size": "x"}})["code"] == 422
    assert patch(client, f"{WIDGETS}/a/status", {"status": {"ready": "x"}})["code"] == 422


def test_changed_schema_is_used_from_the_next_request(client: Client) -> None:
    changed = definition(GROUP)
    spec = changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["size"]["maximum"] = 5
    patch(client, DEFINITION, {"spec": changed["spec"]})
    assert client.send("POST", WIDGETS, widget(GROUP, size=9))["code"] == 422


def test_objects_are_deleted_with_their_definition(client: Client) -> None:
    client.send("POST", WIDGETS, widget(GROUP))
    stream = client.reply("GET", f"{WIDGETS}?watch=1").stream
    assert client.send("DELETE", DEFINITION)["status"]["conditions"][-1]["type"] == "Terminating"
    assert client.reply("GET", WIDGETS).code == client.reply("GET", DEFINITION).code == 404
    assert stream is not None
    assert b'"DELETED"' in b"".join(stream.take())


def test_held_object_keeps_its_definition(client: Client) -> None:
    client.send("POST", WIDGETS, {**widget(GROUP), "metadata": {"name": "a", "finalizers": ["example.com/hold"]}})
    client.send("DELETE", DEFINITION)
    assert client.send("GET", f"{WIDGETS}/a")["metadata"]["deletionTimestamp"]
    assert "definition is terminating" in client.send("POST", WIDGETS, widget(GROUP, "b"))["message"]
    patch(client, f"{WIDGETS}/a", {"metadata": {"finalizers": None}})
    assert client.reply("GET", DEFINITION).code == 404


def test_rules_are_noted_as_unchecked() -> None:
    client = Client()
    rule = {"x-kubernetes-validations": [{"rule": "self.x > 1"}], "x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", **rule}
    client.send("POST", DEFINITIONS, definition(GROUP, {"type": "object", "properties": {"spec": spec}}))
    client.send("POST", WIDGETS, widget(GROUP, x=1))
    assert [(kind, "self.x > 1" in text) for kind, _, text in client.server.unsure] == [("Widget", True)]


def test_patch_that_changes_the_version_is_refused(client: Client) -> None:
    client.send("POST", WIDGETS, widget(GROUP))
    refused = patch(client, f"{WIDGETS}/a", {"apiVersion": "v1"})
    assert (refused["code"], refused["details"]["causes"][0]["field"]) == (422, "apiVersion")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"spec": {}}},
        {"type": "object", "properties": {"spec": {"type": "array"}}},
        {"type": "object", "properties": {"spec": {"type": "integer", "default": "x"}}},
        {"type": "object", "properties": {"spec": {"type": "string", "pattern": "("}}},
        {
            "type": "object",
            "properties": {
                "spec": {"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}},
            },
        },
        {"type": "string"},
    ],
)
def test_definition_with_an_invalid_schema_is_refused(schema: Any) -> None:
    refused = Client().reply("POST", DEFINITIONS, definition(GROUP, schema))
    assert refused.code == 422
    assert b"spec.validation.openAPIV3Schema" in refused.content


def test_message_with_go_values_is_not_simulated() -> None:
    schema = {"type": "object", "allOf": [{"required": ["spec"]}]}
    with pytest.raises(NotSimulatedError, match="the keyword allOf"):
        Client().send("POST", DEFINITIONS, definition(GROUP, schema))


def test_definition_keeps_the_versions_that_were_stored(client: Client) -> None:
    version = definition(GROUP)["spec"]["versions"][0]
    versions = [{**version, "storage": False}, {**version, "name": "v2"}]
    changed = patch(client, DEFINITION, {"spec": {"versions": versions}})
    assert changed["status"]["storedVersions"] == ["v1", "v2"]
    assert patch(client, DEFINITION, {"spec": {"versions": versions[1:]}})["code"] == 422


def test_watch_ends_when_the_definition_changes(client: Client) -> None:
    stream = client.reply("GET", f"{WIDGETS}?watch=1").stream
    assert stream is not None
    patch(client, DEFINITION, {"metadata": {"labels": {"a": "b"}}})
    assert not stream.is_ended
    patch(client, DEFINITION, {"spec": {"names": {"categories": ["all"]}}})
    assert stream.is_ended


def two_versions(**spec: Any) -> dict[str, Any]:
    made = definition(GROUP)
    made["spec"]["versions"].append({**made["spec"]["versions"][0], "name": "v2", "storage": False})
    made["spec"] |= spec
    return made


def test_object_is_read_and_watched_in_another_version() -> None:
    client, other = Client(), WIDGETS.replace("/v1/", "/v2/")
    client.send("POST", DEFINITIONS, two_versions())
    client.send("POST", other, {**widget(GROUP, size=1), "apiVersion": f"{GROUP}/v2"})
    assert client.send("GET", f"{WIDGETS}/a")["apiVersion"] == f"{GROUP}/v1"
    assert client.send("GET", other)["items"][0]["apiVersion"] == f"{GROUP}/v2"
    stream = client.reply("GET", f"{other}?watch=1").stream
    assert stream is not None
    assert f'"apiVersion":"{GROUP}/v2"'.encode() in stream.take()[0]


def test_webhook_conversion_is_not_simulated() -> None:
    client, webhook = Client(), {"clientConfig": {"url": "https://a.b"}, "conversionReviewVersions": ["v1"]}
    client.send("POST", DEFINITIONS, two_versions(conversion={"strategy": "Webhook", "webhook": webhook}))
    client.send("POST", WIDGETS, widget(GROUP))
    assert client.send("GET", f"{WIDGETS}/a")["apiVersion"] == f"{GROUP}/v1"
    with pytest.raises(NotSimulatedError, match="from v1 to v2 by a webhook"):
        client.send("GET", f"{WIDGETS.replace('/v1/', '/v2/')}/a")


def test_watch_sends_the_columns_of_a_table_once(client: Client) -> None:
    for name in "ab":
        client.send("POST", WIDGETS, widget(GROUP, name))
    stream = client.reply("GET", f"{WIDGETS}?watch=1", accept="application/json;as=Table;v=v1;g=meta.k8s.io").stream
    assert stream is not None
    tables = [json.loads(line)["object"] for line in stream.take()]
    assert [column["name"] for column in tables[0]["columnDefinitions"]] == ["Name", "Age"]
    assert tables[1]["columnDefinitions"] is None
    assert [row["cells"] for table in tables for row in table["rows"]] == [["a", "0s"], ["b", "0s"]]


def test_table_of_a_built_in_kind_is_not_simulated(client: Client) -> None:
    with pytest.raises(NotSimulatedError, match="as a table"):
        client.send("GET", "/api/v1/nodes", accept="application/json;as=Table;v=v1;g=meta.k8s.io")


@pytest.mark.parametrize(
    ("plural", "spec"),
    [
        ("pods", {"containers": [{"name": "c", "image": "i"}], "initContainers": [{"name": "d", "image": "i"}]}),
        ("services", {"type": "NodePort", "ports": [{"port": 80}]}),
    ],
)
def test_tables_with_unmeasured_cells_are_not_simulated(client: Client, plural: str, spec: Any) -> None:
    path = f"/api/v1/namespaces/default/{plural}"
    assert client.reply("POST", path, {"metadata": {"name": "a"}, "spec": spec}).code == 201
    with pytest.raises(NotSimulatedError, match="as a table"):
        client.send("GET", path, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
