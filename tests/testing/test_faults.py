"""Faults in front of a server: the clients' real retries and errors follow from them."""

from __future__ import annotations

import dataclasses

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, rest
from kubecore.testing import FakeCluster
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.route import route
from kubecore.testing.gate import ServerGate
from kubecore.testing.recording import shown
from kubecore.testing.responses import Response
from kubecore.testing.transport import Transports
from tests.testing.scripted import CONFIG_MAP, found, reply


@pytest.fixture
def gate() -> ServerGate:
    return ServerGate(found)


@pytest.fixture
def config(gate: ServerGate) -> rest.Config:
    return rest.Config(host="https://fake.test", transport=Transports(gate))


def read(config: rest.Config, timeout: float | None = None) -> core_v1.ConfigMap:
    with Clientset(config) as clientset:
        return clientset.core_v1.config_maps("d").get("a", timeout=timeout)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/namespaces/d/pods/a", "get pods d/a"),
        ("GET", "/api/v1/pods", "list pods"),
        ("POST", "/apis/apps/v1/namespaces/d/deployments", "create deployments.apps d"),
        ("PUT", "/apis/apps/v1/namespaces/d/deployments/a/scale", "update deployments.apps/scale d/a"),
        ("DELETE", "/api/v1/namespaces/d/pods", "deletecollection pods d"),
        ("DELETE", "/api/v1/namespaces/d", "delete namespaces d"),
        ("PUT", "/api/v1/namespaces/d/finalize", "update namespaces/finalize d"),
        ("GET", "/version", "get /version"),
    ],
)
def test_requests_are_described_by_their_path(method: str, path: str, expected: str) -> None:
    received = Received(method=method, path=path)
    route(received)
    assert shown(received) == expected


def test_calls_are_recorded_with_their_status(gate: ServerGate, config: rest.Config) -> None:
    read(config)
    (call,) = gate.calls.of(verb="get", kind="configmaps")
    assert (call.number, call.status, call.namespace, call.name) == (1, 200, "d", "a")
    assert list(gate.calls.writes()) == []
    assert repr(gate.calls) == "Calls:\n  get configmaps d/a"


def test_a_failure_applies_as_often_as_stated(gate: ServerGate, config: rest.Config) -> None:
    fault = gate.faults.fail("get", core_v1.ConfigMap, times=1)
    with pytest.raises(errors.ConflictError, match='Operation cannot be fulfilled on configmaps "a"'):
        read(config)
    assert read(config).metadata.name == "a"
    assert fault.count == 1


def test_a_removed_fault_has_no_effect(gate: ServerGate, config: rest.Config) -> None:
    gate.faults.fail("*", "*").remove()
    assert read(config).metadata.name == "a"


def test_throttled_requests_are_retried(gate: ServerGate, config: rest.Config) -> None:
    fault = gate.faults.throttle(retry_after=0, times=2)
    assert read(config).metadata.name == "a"
    assert fault.count == 2
    assert [call.status for call in gate.calls] == [429, 429, 200]


def test_throttling_has_the_form_of_priority_and_fairness(gate: ServerGate, config: rest.Config) -> None:
    gate.faults.throttle("get", core_v1.ConfigMap, retry_after=7, times=None)
    impatient = rest.Config(host=config.host, transport=config.transport, max_retries=0)
    with pytest.raises(errors.TooManyRequestsError, match="Too many requests, please try again later") as caught:
        read(impatient)
    assert errors.suggests_client_delay(caught.value) == 7
    plan = Response.throttled(7).plan(Received(method="GET", path="/api/v1/pods"))
    assert plan.reply is not None
    assert plan.reply.content == b"Too many requests, please try again later.\n"
    headers = dict(plan.reply.headers)
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert {"x-kubernetes-pf-flowschema-uid", "x-kubernetes-pf-prioritylevel-uid"} < set(headers)


def test_denied_requests_get_the_words_of_rbac(gate: ServerGate, config: rest.Config) -> None:
    gate.faults.deny("get", "configmaps", user="jane")
    text = 'configmaps "a" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace'
    with pytest.raises(errors.ForbiddenError, match=text):
        read(config)


def test_other_kinds_verbs_and_subresources_are_not_affected(gate: ServerGate, config: rest.Config) -> None:
    gate.faults.fail("get", core_v1.Secret)
    gate.faults.fail("list", core_v1.ConfigMap)
    gate.faults.fail("get", "configmaps/status")
    assert read(config).metadata.name == "a"


def test_a_write_whose_response_is_lost_has_taken_effect(gate: ServerGate, config: rest.Config) -> None:
    gate.faults.lose_response("create", core_v1.ConfigMap, times=1)
    with Clientset(config) as clientset, pytest.raises(errors.ReadError):
        clientset.core_v1.config_maps("d").create(core_v1.ConfigMap.from_dict(CONFIG_MAP))
    assert [call.status for call in gate.calls.writes()] == [200]


def test_a_broken_body_and_a_page_are_errors(gate: ServerGate, config: rest.Config) -> None:
    config.max_retries = 0
    gate.faults.break_off("get", core_v1.ConfigMap, after_bytes=3, times=1)
    with pytest.raises(errors.ReadError):
        read(config)
    gate.faults.garble("get", core_v1.ConfigMap, times=1)
    with pytest.raises(errors.DecodeError):
        read(config)


def test_a_hanging_request_ends_at_its_timeout(gate: ServerGate, config: rest.Config) -> None:
    gate.faults.hang("get", core_v1.ConfigMap)
    with pytest.raises(errors.DeadlineError):
        read(config, timeout=0.05)


def test_a_server_that_is_down_refuses_connections(gate: ServerGate, config: rest.Config) -> None:
    config.max_retries = 0
    with gate.faults.down() as fault, pytest.raises(errors.ConnectError):
        read(config)
    assert fault.count == 1
    assert len(gate.calls) == 0
    assert read(config).metadata.name == "a"


def test_a_rule_may_use_a_client_of_the_same_server(gate: ServerGate, config: rest.Config) -> None:
    @gate.faults.on("create", core_v1.ConfigMap)
    def respond(received: Received) -> Response:
        return Response.json(read(config).to_dict(), code=201)

    with Clientset(config) as clientset:
        made = clientset.core_v1.config_maps("d").create(core_v1.ConfigMap.from_dict(CONFIG_MAP))
    assert made.metadata.name == "a"
    assert respond.count == 1
    assert [call.verb for call in gate.calls] == ["create", "get"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_faults_apply_to_asynchronous_clients(gate: ServerGate, config: rest.Config, backend: str) -> None:
    fault = gate.faults.fail("get", core_v1.ConfigMap, "ServiceUnavailable", retry_after=0, times=1)

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            assert (await clientset.core_v1.config_maps("d").get("a")).metadata.name == "a"

    anyio.run(main, backend=backend)
    assert fault.count == 1


def test_requests_that_are_not_simulated_are_raised_again_at_the_end() -> None:
    def refuse(received: Received) -> Reply:
        if received.resource == "configmaps":
            raise NotSimulatedError("not simulated")
        return reply({})

    gate = ServerGate(refuse)
    with pytest.raises(NotSimulatedError):
        read(rest.Config(host="https://fake.test", transport=Transports(gate)))
    with pytest.raises(NotSimulatedError):
        gate.check()


def test_mistakes_in_rules_are_reported_when_they_are_made(gate: ServerGate) -> None:
    with pytest.raises(ValueError, match="unknown verb 'put'"):
        gate.faults.fail("put", core_v1.ConfigMap)
    with pytest.raises(ValueError, match=r"unknown subresource 'statuss'; did you mean status\?$"):
        gate.faults.fail("get", "pods/statuss")
    with pytest.raises(ValueError, match=r"unknown subresource 'Log'"):
        gate.faults.fail("get", core_v1.Pod, subresource="Log")
    with pytest.raises(ValueError, match="unknown reason 'Nope'"):
        gate.faults.fail("get", core_v1.ConfigMap, "Nope")
    with pytest.raises(ValueError, match="times is 0"):
        gate.faults.fail("get", core_v1.ConfigMap, times=0)


def test_the_text_of_a_request_contains_no_secrets(gate: ServerGate, config: rest.Config) -> None:
    config.bearer_token = "secret-token"
    read(config)
    (call,) = gate.calls
    assert call.headers["authorization"] == "Bearer secret-token"
    assert "secret-token" not in repr(call) + repr(gate.calls)


@pytest.mark.parametrize("in_place", [True, False])
def test_a_request_that_a_function_changes_goes_to_its_new_path(in_place: bool) -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        for name in ("a", "b"):
            config_maps.create({"metadata": {"name": name}})

        @cluster.on("get", core_v1.ConfigMap, name="a")
        def change(received: Received) -> Received:
            changed = received if in_place else dataclasses.replace(received)
            changed.path = changed.path.removesuffix("a") + "b"
            return changed

        assert config_maps.get("a").metadata.name == "b"
        assert change.count == 1
