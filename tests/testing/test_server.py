"""The server in memory: one request to one reply."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from kubecore.testing._rules.facts import load_discovery
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import NotSimulatedError
from tests.testing.direct import DirectClient

DEFAULT = "/api/v1/namespaces/default"
MAPS = f"{DEFAULT}/configmaps"


class Client(DirectClient):
    """Sends requests to a server without controllers."""

    def __init__(self) -> None:
        super().__init__(controllers=False)

    def create(self, name: str, **fields: Any) -> Any:
        return self.send("POST", MAPS, {"metadata": {"name": name}, **fields})

    def watch(self, query: str) -> Any:
        return self.reply("GET", f"{MAPS}?watch=1&{query}").stream


def events(stream: Any) -> list[tuple[str, str]]:
    found = [json.loads(chunk) for chunk in stream.take()]
    return [(one["type"], one["object"].get("metadata", {}).get("name", "")) for one in found]


@pytest.fixture
def client() -> Client:
    return Client()


def test_create_sets_metadata_and_managed_fields(client: Client) -> None:
    made = client.create("a", data={"k": "1"})
    assert made["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert made["metadata"]["managedFields"][0]["manager"] == "test"
    assert client.send("GET", f"{MAPS}/a") == made


def test_second_create_fails_with_already_exists(client: Client) -> None:
    client.create("a")
    failed = client.create("a")
    assert (failed["code"], failed["reason"]) == (409, "AlreadyExists")


def test_update_with_an_old_version_fails_with_conflict(client: Client) -> None:
    made = client.create("a")
    assert client.send("PUT", f"{MAPS}/a", {**made, "data": {"k": "2"}})["data"] == {"k": "2"}
    assert client.send("PUT", f"{MAPS}/a", made)["reason"] == "Conflict"


def test_update_without_a_change_writes_nothing(client: Client) -> None:
    made = client.create("a", data={"k": "1"})
    client.now += datetime.timedelta(seconds=5)
    assert client.send("PUT", f"{MAPS}/a", made) == made
    assert str(client.server.store.revision) == made["metadata"]["resourceVersion"]


def test_dry_run_stores_nothing(client: Client) -> None:
    before = client.server.store.revision
    assert client.reply("POST", f"{MAPS}?dryRun=All", {"metadata": {"name": "a"}}).code == 201
    assert client.server.store.revision == before
    assert client.reply("GET", f"{MAPS}/a").code == 404


def test_strict_validation_refuses_unknown_fields(client: Client) -> None:
    body = {"metadata": {"name": "a", "x": 1}, "foo": 1}
    failed = client.send("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert failed["message"].endswith('strict decoding error: unknown field "metadata.x", unknown field "foo"')
    warned = client.reply("POST", MAPS, body)
    assert ("warning", '299 - "unknown field \\"foo\\""') in warned.headers


def test_finalizers_keep_an_object_until_the_last_is_removed(client: Client) -> None:
    client.send("POST", MAPS, {"metadata": {"name": "a", "finalizers": ["x.io/a"]}})
    held = client.send("DELETE", f"{MAPS}/a")
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert client.create("a")["message"].startswith("object is being deleted: ")
    held["metadata"]["finalizers"] = []
    assert client.reply("PUT", f"{MAPS}/a", held).code == 200
    assert client.reply("GET", f"{MAPS}/a").code == 404


def test_pages_of_a_list_are_of_one_version(client: Client) -> None:
    for name in "abc":
        client.create(name)
    first = client.send("GET", f"{MAPS}?limit=2")
    client.create("b2")
    rest = client.send("GET", f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert first["metadata"]["remainingItemCount"] == 1
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_continue_after_a_compaction_expires_with_a_new_token(client: Client) -> None:
    for name in "abc":
        client.create(name)
    token = client.send("GET", f"{MAPS}?limit=1")["metadata"]["continue"]
    client.create("d")
    client.server.store.compact()
    failed = client.send("GET", f"{MAPS}?limit=1&continue={token}")
    assert failed["reason"] == "Expired"
    rest = client.send("GET", f"{MAPS}?continue={failed['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in rest["items"]] == ["b", "c", "d"]


def test_watch_from_a_version_yields_deletions_in_between(client: Client) -> None:
    client.create("a")
    version = client.send("GET", MAPS)["metadata"]["resourceVersion"]
    client.send("DELETE", f"{MAPS}/a")
    assert events(client.watch(f"resourceVersion={version}")) == [("DELETED", "a")]


def test_watch_with_a_selector_adds_and_deletes_by_labels(client: Client) -> None:
    stream = client.watch("labelSelector=x%3D1")
    made = client.create("a")
    made["metadata"]["labels"] = {"x": "1"}
    made = client.send("PUT", f"{MAPS}/a", made)
    made["metadata"]["labels"] = {"x": "2"}
    client.send("PUT", f"{MAPS}/a", made)
    assert events(stream) == [("ADDED", "a"), ("DELETED", "a")]


def test_watch_from_a_compacted_version_ends_with_an_error_event(client: Client) -> None:
    client.create("a")
    version = client.server.store.revision
    client.create("b")
    client.server.store.compact()
    stream = client.watch(f"resourceVersion={version}")
    assert json.loads(stream.take()[0])["object"]["code"] == 410
    assert stream.is_ended


def test_watch_ends_after_its_time_limit_with_a_bookmark(client: Client) -> None:
    stream = client.watch("timeoutSeconds=30&allowWatchBookmarks=true")
    client.now += datetime.timedelta(seconds=31)
    client.server.advance()
    assert events(stream) == [("BOOKMARK", "")]
    assert stream.is_ended


def test_status_and_desired_state_change_by_their_own_paths(client: Client) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = client.send("POST", path, {"metadata": {"name": "d"}, "spec": spec, "status": {"replicas": 3}})
    assert made.get("status", {}) == {}
    made["status"] = {"replicas": 2}
    made["spec"]["replicas"] = 7
    changed = client.send("PUT", f"{path}/d/status", made)
    assert changed["status"] == {"replicas": 2}
    assert changed["spec"]["replicas"] == 1
    changed["spec"]["replicas"] = 7
    assert client.send("PUT", f"{path}/d", changed)["metadata"]["generation"] == 2


def test_terminating_namespace_refuses_new_objects(client: Client) -> None:
    client.send("POST", "/api/v1/namespaces", {"metadata": {"name": "x"}})
    left = client.send("DELETE", "/api/v1/namespaces/x")
    assert left["status"] == {"phase": "Terminating"}
    refused = client.send("POST", MAPS.replace("default", "x"), {"metadata": {"name": "a"}})
    assert refused["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_a_group_of_another_server_is_not_simulated(client: Client) -> None:
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    spec = {"group": "other.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10}
    body = {"metadata": {"name": "v1.other.example.com"}, "spec": spec}
    service = {"service": {"name": "other", "namespace": "default"}}
    with pytest.raises(NotSimulatedError, match=r"APIService v1\.other\.example\.com"):
        client.send("POST", path, {**body, "spec": {**spec, **service}})
    assert client.send("POST", path, body)["spec"]["group"] == "other.example.com"
    with pytest.raises(NotSimulatedError, match="another server"):
        client.send(
            "PATCH", f"{path}/v1.other.example.com", {"spec": service}, content_type="application/merge-patch+json"
        )


def test_groups_have_the_order_of_the_real_server(client: Client) -> None:
    names = [group["name"] for group in client.send("GET", "/apis")["groups"]]
    known = [name for name in load_discovery("1.37").groups if name in names]
    assert names == known
    assert names[:3] == ["apiregistration.k8s.io", "apps", "events.k8s.io"]
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    found = client.send("GET", "/apis", accept=aggregated)["items"]
    assert [group["metadata"]["name"] for group in found] == names


def test_bodies_with_repeated_keys_have_plain_objects(client: Client) -> None:
    headers = {"user-agent": "test/1"}
    body = b'{"metadata":{"name":"r"},"revision":1,"data":{"a":[{"b":1,"b":2}]}}'
    path = "/apis/apps/v1/namespaces/default/controllerrevisions"
    received = Received(method="POST", path=path, query=[], headers=headers, content=body)
    assert json.loads(client.server.respond(received).content)["data"] == {"a": [{"b": 2}]}


def test_a_json_patch_with_repeated_keys_is_not_simulated(client: Client) -> None:
    client.create("a", data={"k": "1"})
    headers = {"content-type": "application/json-patch+json"}
    body = b'[{"op":"add","path":"/data","value":{"k":"1","k":"2"}}]'
    received = Received(method="PATCH", path=f"{MAPS}/a", query=[], headers=headers, content=body)
    with pytest.raises(NotSimulatedError, match=r'duplicate field "\[0\]\.value\.k"'):
        client.server.respond(received)


def test_an_event_of_the_other_group_is_read_but_not_applied(client: Client) -> None:
    old, new = (f"{prefix}/namespaces/default/events" for prefix in ("/api/v1", "/apis/events.k8s.io/v1"))
    client.send("POST", old, {"metadata": {"name": "a"}, "involvedObject": {"namespace": "default"}, "message": "seen"})
    assert client.send("GET", f"{new}/a")["note"] == "seen"
    body = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "a"}, "note": "seen again"}
    with pytest.raises(NotSimulatedError, match="an event of the other API group"):
        client.send("PATCH", f"{new}/a?fieldManager=m", body, content_type="application/apply-patch+yaml")


AUTOSCALERS = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
AUTOSCALER = {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}}


@pytest.mark.parametrize("query", ["", "?watch=1", "?watch=1&resourceVersion=1"])
def test_every_object_of_another_version_is_refused(client: Client, query: str) -> None:
    query = query.replace("Version=1", f"Version={client.server.store.revision}")
    for version, name in (("v1", "a"), ("v2", "b")):
        assert (
            client.reply("POST", AUTOSCALERS.format(version), {"metadata": {"name": name}, "spec": AUTOSCALER}).code
            == 201
        )
    with pytest.raises(NotSimulatedError, match="was written as autoscaling/v2"):
        reply = client.reply("GET", AUTOSCALERS.format("v1") + query)
        assert reply.stream is not None
        reply.stream.take()


@pytest.mark.parametrize("annotation", ["metrics", "behavior", "conditions", "current-metrics"])
def test_annotations_of_old_autoscalers_with_newer_fields_are_not_simulated(client: Client, annotation: str) -> None:
    notes = {f"autoscaling.alpha.kubernetes.io/{annotation}": "[]"}
    with pytest.raises(NotSimulatedError, match="use autoscaling/v2"):
        client.send(
            "POST", AUTOSCALERS.format("v1"), {"metadata": {"name": "a", "annotations": notes}, "spec": AUTOSCALER}
        )


HARD = [
    ({"pods": "1"}, {"Pod"}),
    ({"requests.cpu": "1"}, {"Pod"}),
    ({"example.com/gpu": "1"}, {"Pod"}),
    ({"configmaps": "1"}, {"ConfigMap"}),
    ({"count/configmaps": "1"}, {"ConfigMap"}),
    ({"count/leases.coordination.k8s.io": "1"}, {"Lease"}),
    ({"requests.storage": "1Gi"}, {"PersistentVolumeClaim"}),
    ({"services.nodeports": "1"}, set[str]()),
]


def unapplied(client: Client, text: str) -> set[str]:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    pod = {"spec": {"containers": [{"name": "c", "image": "i"}]}}
    core, leases = "/api/v1", "/apis/coordination.k8s.io/v1"
    for prefix, plural, fields in (
        (core, "pods", pod),
        (core, "configmaps", {}),
        (core, "persistentvolumeclaims", {"spec": claim}),
        (leases, "leases", {}),
    ):
        for namespace in ("default", "kube-public"):
            path = f"{prefix}/namespaces/{namespace}/{plural}"
            assert client.reply("POST", path, {"metadata": {"name": "a"}, **fields}).code == 201
    found = [each for each in client.server.unsure if text in each[2]]
    assert all("/namespaces/default/" in path for _, path, _ in found)
    return {kind for kind, _, _ in found}


@pytest.mark.parametrize(("hard", "kinds"), HARD)
def test_an_object_that_a_quota_counts_is_unsure(client: Client, hard: dict[str, str], kinds: set[str]) -> None:
    client.send("POST", f"{DEFAULT}/resourcequotas", {"metadata": {"name": "small"}, "spec": {"hard": hard}})
    assert unapplied(client, "the ResourceQuota small of the namespace is not applied") == kinds


@pytest.mark.parametrize(
    ("kind", "kinds"), [("Container", {"Pod"}), ("Pod", {"Pod"}), ("PersistentVolumeClaim", {"PersistentVolumeClaim"})]
)
def test_an_object_that_a_limit_range_limits_is_unsure(client: Client, kind: str, kinds: set[str]) -> None:
    limits = [{"type": kind, "max": {"storage" if kind == "PersistentVolumeClaim" else "cpu": "1Gi"}}]
    client.send("POST", f"{DEFAULT}/limitranges", {"metadata": {"name": "small"}, "spec": {"limits": limits}})
    assert unapplied(client, "the LimitRange small of the namespace is not applied") == kinds
