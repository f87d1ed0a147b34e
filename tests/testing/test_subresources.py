"""Subresources of the fake server that no transcript of a real one shows: they need a controller, a node or a fault."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from kubecore.testing import FakeCluster, NotSimulatedError
from kubecore.testing._server.exchange import Received, Reply
from tests.testing.direct import DirectClient

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
TOKEN = "/api/v1/namespaces/default/serviceaccounts/default/token"
REVIEWS = "/apis/authentication.k8s.io/v1"
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Client(DirectClient):
    """Sends requests to a server with controllers."""

    def __init__(self) -> None:
        super().__init__(controllers=True)

    def patch(self, target: str, body: Any) -> Any:
        return self.send("PATCH", target, body, content_type="application/merge-patch+json")

    def pod(self, name: str = "web", *, ready: str = "", owner: Any = None, **spec: Any) -> Any:
        metadata = {"name": name, "labels": {"app": "web"}, **({"ownerReferences": [owner]} if owner else {})}
        containers = [{"name": "main", "image": "x:1"}]
        made = self.send(
            "POST", PODS, {"metadata": metadata, "spec": {"containers": containers, "nodeName": "n", **spec}}
        )
        if ready:
            conditions = [{"type": "Ready", "status": ready}]
            made = self.patch(f"{PODS}/{name}/status", {"status": {"phase": "Running", "conditions": conditions}})
        return made

    def budget(self, **spec: Any) -> None:
        selector = {"matchLabels": {"app": "web"}}
        self.send("POST", BUDGETS, {"metadata": {"name": "web"}, "spec": {"selector": selector, **spec}})

    def status(self) -> Any:
        return self.send("GET", f"{BUDGETS}/web")["status"]

    def replica_set(self, replicas: int) -> Any:
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        made = self.send("POST", SETS, {"metadata": {"name": "web"}, "spec": spec})
        found = {key: made["metadata"][key] for key in ("name", "uid")}
        return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True, **found}


@pytest.fixture
def client() -> Client:
    return Client()


def test_a_budget_counts_healthy_pods(client: Client) -> None:
    client.budget(minAvailable=1)
    assert client.status()["disruptionsAllowed"] == 0
    for name in "abc":
        client.pod(name, ready="True")
    status = client.status()
    assert (status["disruptionsAllowed"], status["currentHealthy"]) == (2, 3)
    assert (status["desiredHealthy"], status["expectedPods"], status["observedGeneration"]) == (1, 3, 1)
    condition = status["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "DisruptionAllowed",
        "True",
        "SufficientPods",
    )
    client.patch(f"{BUDGETS}/web", {"spec": {"minAvailable": 3}})
    status = client.status()
    assert (status["disruptionsAllowed"], status["observedGeneration"]) == (0, 2)
    assert status["conditions"][0]["reason"] == "InsufficientPods"


@pytest.mark.parametrize(
    ("spec", "allowed", "desired"),
    [
        ({"minAvailable": "50%"}, 1, 2),
        ({"maxUnavailable": 1}, 1, 2),
        ({"maxUnavailable": "50%"}, 2, 1),
        ({"maxUnavailable": "10%"}, 1, 2),
        ({"minAvailable": "100%"}, 0, 3),
        ({"maxUnavailable": 5}, 3, 0),
    ],
)
def test_a_budget_counts_the_replicas_of_controllers(
    client: Client, spec: dict[str, Any], allowed: int, desired: int
) -> None:
    owner = client.replica_set(3)
    for name in "abc":
        client.pod(name, ready="True", owner=owner)
    client.budget(**spec)
    status = client.status()
    assert (status["disruptionsAllowed"], status["desiredHealthy"], status["expectedPods"]) == (allowed, desired, 3)


def test_a_share_of_pods_without_a_controller_allows_nothing(client: Client) -> None:
    client.pod(ready="True")
    client.budget(maxUnavailable=1)
    status = client.status()
    assert (status["disruptionsAllowed"], status["currentHealthy"], status["expectedPods"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (("batch/v1", "Job"), "jobs.batch does not implement the scale subresource"),
        (("example.com/v1", "Widget"), 'no matches for kind "Widget" in version "example.com/v1"'),
    ],
)
def test_a_budget_needs_controllers_with_replicas(client: Client, kind: tuple[str, str], message: str) -> None:
    template = {"spec": {"containers": [{"name": "main", "image": "x:1"}], "restartPolicy": "Never"}}
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    made = client.send("POST", jobs, {"metadata": {"name": "web"}, "spec": {"template": template}})
    owner = {"apiVersion": kind[0], "kind": kind[1], "name": "web", "uid": made["metadata"]["uid"], "controller": True}
    client.pod(ready="True", owner=owner)
    client.budget(maxUnavailable=1)
    status = client.status()
    assert "observedGeneration" not in status
    condition = {key: value for key, value in status["conditions"][0].items() if key != "lastTransitionTime"}
    assert condition == {"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": message}
    eviction = client.reply("POST", f"{PODS}/web/eviction", {"metadata": {"name": "web"}})
    assert eviction.code == 429
    assert ("retry-after", "10") in eviction.headers


def test_evictions_use_up_a_budget(client: Client) -> None:
    for name in "abc":
        client.pod(name, ready="True")
    client.budget(minAvailable=2)
    codes = [
        client.reply("POST", f"{PODS}/{name}/eviction", {"metadata": {"name": name}}).code for name in ("a", "b", "a")
    ]
    assert codes == [201, 429, 201]  # A pod that is being deleted no longer counts.
    status = client.status()
    assert (status["disruptionsAllowed"], status["currentHealthy"]) == (0, 2)
    assert "disruptedPods" not in status
    client.now += datetime.timedelta(seconds=31)
    client.server.advance()
    assert client.reply("GET", f"{PODS}/a").code == 404


def test_a_token_is_known_until_it_expires(client: Client) -> None:
    token = client.send("POST", TOKEN, {"spec": {"expirationSeconds": 600}})["status"]["token"]
    header, claims, signature = token.split(".")
    assert header
    assert claims
    assert not signature
    review = client.send("POST", f"{REVIEWS}/tokenreviews", {"spec": {"token": token}})
    assert review["status"]["authenticated"]
    user = client.send("POST", f"{REVIEWS}/selfsubjectreviews", {}, authorization=f"Bearer {token}")
    assert user["status"]["userInfo"]["username"] == "system:serviceaccount:default:default"
    client.now += datetime.timedelta(seconds=600)
    review = client.send("POST", f"{REVIEWS}/tokenreviews", {"spec": {"token": token}})
    assert review["status"] == {"user": {}, "error": "[invalid bearer token, service account token has expired]"}


def test_a_client_without_credentials_is_the_administrator(client: Client) -> None:
    user = client.send("POST", f"{REVIEWS}/selfsubjectreviews", {})["status"]["userInfo"]
    assert user == {"username": "admin", "groups": ["system:masters", "system:authenticated"]}
    rules = client.send(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}
    )
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in rules["status"]["resourceRules"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [f"{PODS}/missing/{part}" for part in ("exec", "attach", "portforward", "proxy", "proxy/x")]
    + ["/api/v1/nodes/n/proxy/x", "/api/v1/namespaces/default/services/a:80/proxy"],
)
def test_streams_are_refused(client: Client, method: str, path: str) -> None:
    with pytest.raises(NotSimulatedError, match="is not simulated"):
        client.reply(method, path)


def _log(client: Client, query: str = "") -> Reply:
    return client.reply("GET", f"{PODS}/web/log{query}")


def test_a_log_is_the_text_that_a_test_sets(client: Client) -> None:
    client.pod()
    client.server.logs.set("default", "web", "main", "one\ntwo\nthree\n")
    reply = _log(client)
    assert (reply.code, reply.headers, reply.content) == (200, [("content-type", "text/plain")], b"one\ntwo\nthree\n")
    assert _log(client, "?tailLines=2").content == b"two\nthree\n"
    assert _log(client, "?tailLines=0").content == b""
    assert _log(client, "?tailLines=9").content == b"one\ntwo\nthree\n"
    assert _log(client, "?limitBytes=5").content == b"one\nt"
    assert _log(client, "?previous=true").code == 400


def test_lines_of_a_log_have_the_time_at_which_they_were_set(client: Client) -> None:
    client.pod()
    client.server.logs.set("default", "web", "", "one\n")
    client.now += datetime.timedelta(seconds=60)
    client.server.logs.set("default", "web", "", "one\ntwo\n")
    assert _log(client, "?timestamps=true").content == (
        b"2026-01-01T00:00:00.000000000Z one\n2026-01-01T00:01:00.000000000Z two\n"
    )
    assert _log(client, "?sinceSeconds=30").content == b"two\n"
    assert _log(client, "?sinceTime=2026-01-01T00:00:30Z").content == b"two\n"
    assert _log(client, "?sinceSeconds=60").content == b"one\ntwo\n"


def test_a_followed_log_grows_until_the_pod_ends(client: Client) -> None:
    client.pod(ready="True")
    client.server.logs.set("default", "web", "", "one\n")
    stream = _log(client, "?follow=true").stream
    assert stream is not None
    assert stream.take() == [b"one\n"]
    woken: list[str] = []
    stream.notify(lambda: woken.append("line"))
    client.server.logs.set("default", "web", "", "one\ntwo\n")
    assert woken == ["line"]
    assert stream.take() == [b"two\n"]
    assert not stream.is_ended
    stream.notify(lambda: woken.append("end"))
    client.patch(f"{PODS}/web/status", {"status": {"phase": "Succeeded"}})
    assert woken == ["line", "end"]
    assert stream.is_ended
    assert _log(client, "?follow=true").content == b"one\ntwo\n"


def test_a_followed_log_ends_at_its_limit(client: Client) -> None:
    client.pod(ready="True")
    client.server.logs.set("default", "web", "", "one\n")
    stream = _log(client, "?follow=true&limitBytes=6").stream
    assert stream is not None
    client.server.logs.set("default", "web", "", "one\ntwo\n")
    assert stream.take() == [b"one\n", b"tw"]
    assert stream.is_ended


def test_a_container_without_a_log_waits(client: Client) -> None:
    client.pod()
    assert _log(client).code == 404
    client.send("POST", "/api/v1/nodes", {"metadata": {"name": "n"}})
    body = json.loads(_log(client).content)
    assert (body["code"], body["message"]) == (
        400,
        'container "main" in pod "web" is waiting to start: ContainerCreating',
    )


def _may(cluster: FakeCluster, **attributes: str) -> bool:
    reply = cluster._server.respond(
        Received(method="POST", path=ACCESS, content=json.dumps({"spec": {"resourceAttributes": attributes}}).encode())
    )
    return bool(json.loads(reply.content)["status"]["allowed"])


def test_reviews_of_access_know_the_requests_that_a_test_denies() -> None:
    with FakeCluster() as cluster:
        assert _may(cluster, verb="get", resource="pods", namespace="default")
        fault = cluster.deny("get", "Pod", namespace="default")
        assert not _may(cluster, verb="get", resource="pods", namespace="default")
        assert _may(cluster, verb="list", resource="pods", namespace="default")
        assert _may(cluster, verb="get", resource="pods", namespace="other")
        assert _may(cluster, verb="get", resource="pods", group="metrics.k8s.io", namespace="default")
        fault.remove()
        assert _may(cluster, verb="get", resource="pods", namespace="default")


def test_a_review_of_many_rights_is_not_simulated_while_some_are_denied() -> None:
    cluster = FakeCluster()
    cluster.deny("get", "Pod")
    with pytest.raises(NotSimulatedError, match="is not simulated while requests are denied"):
        _may(cluster, verb="*", resource="pods")
