"""The pod and the port of a forwarded connection follow kubectl's rules; without a server."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.typed.core.v1.pod import PODS
from kubeclient.typed.core.v1.service import SERVICES
from kubecore import errors, rest
from kubecore.calls.call import Call
from kubecore.streams.port_forward.targets import Found, PodTarget, ServiceTarget, as_port
from tests.kubecore.loopback import loopback, response_bytes

POD_PATH = "/api/v1/namespaces/ns/pods/{}/portforward"


def port(number: int, name: str = "", protocol: str = "TCP") -> dict[str, Any]:
    return {"containerPort": number, "name": name, "protocol": protocol}


def pod(name: str = "web-1", *, phase: str = "Running", ready: str | None = "2026-01-01T00:00:00Z", **more: Any) -> Any:
    conditions = [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": ready}]
    spec = {
        "nodeName": more.pop("node", "n"),
        "containers": [{"name": "c", "ports": [port(8080, "http"), port(53, "dns", "UDP"), port(53, "dns")]}],
        "initContainers": [
            {"name": "init", "ports": [port(1, "setup")]},
            {"name": "sidecar", "restartPolicy": "Always", "ports": [port(9090, "metrics"), port(5, "syslog", "UDP")]},
        ],
    }
    restarts = [{"name": "c", "restartCount": more.pop("restarts", 0)}]
    status = {"phase": phase, "conditions": conditions, "containerStatuses": restarts}
    return {"metadata": {"name": name, **more}, "spec": spec, "status": status}


def service(*ports: dict[str, Any], **spec: Any) -> Any:
    return {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web", "a": "b"}, "ports": list(ports), **spec}}


def drive(target: Any, wanted: int | str, *answers: Any) -> tuple[Found, list[Call[Any]]]:
    """Respond to the steps' calls from a script; return the found target and the calls."""
    steps = target.find(wanted)
    left, value = list(answers), None
    asked: list[Call[Any]] = []
    while True:
        try:
            call = steps.send(value)
        except StopIteration as end:
            return end.value, asked
        asked.append(call)
        value = call.parse(200, {"content-type": "application/json"}, json.dumps(left.pop(0)).encode())


def of_service(wanted: int | str, found: Any, *pods: Any) -> tuple[str, int]:
    target = ServiceTarget(SERVICES, "ns", "web")
    result, asked = drive(target, wanted, found, {"kind": "PodList", "items": list(pods)})
    assert [call.path for call in asked] == ["/api/v1/namespaces/ns/services/web", "/api/v1/namespaces/ns/pods"]
    assert dict(asked[1].query)["labelSelector"] in ("app=web,a=b", "a=b,app=web")
    again, asked = drive(target, wanted)
    assert (again, asked) == (result, [])  # The target keeps the pod.
    return result.call.path, result.port


@pytest.mark.parametrize("wanted", [8080, "8080"])
def test_a_port_number_needs_no_request_for_the_pod(wanted: int | str) -> None:
    found, asked = drive(PodTarget(PODS, "ns", "web"), wanted)
    assert (found.call.path, found.port, asked) == (POD_PATH.format("web"), 8080, [])


@pytest.mark.parametrize(("name", "number"), [("http", 8080), ("metrics", 9090), ("dns", 53)])
def test_a_name_is_that_of_a_port_of_a_container_or_sidecar(name: str, number: int) -> None:
    target = PodTarget(PODS, "ns", "web")
    found, asked = drive(target, name, pod())
    assert (found.port, [call.path for call in asked]) == (number, ["/api/v1/namespaces/ns/pods/web"])
    assert drive(target, name)[1] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", "the pod 'web-1' has no port 'nope'; it has http, dns, dns, metrics, syslog"),
        ("setup", "has no port 'setup'"),
        ("syslog", "is UDP, which can't be forwarded"),
    ],
)
def test_a_name_that_is_not_a_port_is_an_error(name: str, message: str) -> None:
    with pytest.raises(errors.PortForwardError, match=message):
        drive(PodTarget(PODS, "ns", "web"), name, pod())


@pytest.mark.parametrize("wrong", [0, -1, 65536, "", "0", "99999999999", True, None, 1.5, b"http"])
def test_an_invalid_port_is_refused_before_a_request_is_sent(wrong: Any) -> None:
    with pytest.raises(errors.InvalidRequestError, match="is neither a number from 1 to 65535 nor a port's name"):
        as_port(wrong)
    config = rest.Config(host="http://127.0.0.1:1", max_retries=0)
    with Clientset(config) as made:
        for ports in (made.core_v1.pods("ns").port_forward("p"), made.core_v1.services("ns").port_forward("s")):
            with pytest.raises(errors.InvalidRequestError):
                ports.connect(wrong)


@pytest.mark.parametrize(
    ("wanted", "ports", "number"),
    [
        (80, [{"port": 80, "targetPort": 8080}], 8080),
        (80, [{"port": 80}], 80),
        (80, [{"port": 80, "targetPort": 0}], 80),
        ("web", [{"port": 81, "name": "other"}, {"port": 80, "name": "web", "targetPort": 8081}], 8081),
        (80, [{"port": 80, "targetPort": "http"}], 8080),
        ("80", [{"port": 80, "targetPort": "metrics"}], 9090),
        (53, [{"port": 53, "protocol": "UDP", "targetPort": 1}, {"port": 53, "protocol": "TCP", "targetPort": 2}], 2),
    ],
)
def test_the_port_of_a_service_is_translated(wanted: int | str, ports: list[Any], number: int) -> None:
    assert of_service(wanted, service(*ports), pod()) == (POD_PATH.format("web-1"), number)


def test_a_headless_service_has_the_ports_of_its_pods() -> None:
    found = service({"port": 80, "name": "web", "targetPort": 8080}, clusterIP="None")
    assert of_service("web", found, pod())[1] == 80


@pytest.mark.parametrize(
    ("found", "wanted", "pods", "message"),
    [
        (service({"port": 80}), 8080, [pod()], "the service has no port 8080; it has 80"),
        (service({"port": 80, "name": "web"}), "http", [pod()], r"has no port 'http'; it has web \(80\)"),
        (service(), 80, [pod()], "it has none"),
        (service({"port": 53, "protocol": "UDP"}), 53, [pod()], "is UDP, which can't be forwarded"),
        (service({"port": 80, "targetPort": "nope"}), 80, [pod()], "the pod 'web-1' has no port 'nope'"),
        (service({"port": 80}, selector={}), 80, [pod()], "no selector: no pod can be found"),
        (service({"port": 80}, selector=None, type="ExternalName"), 80, [pod()], "type ExternalName"),
        (service({"port": 80}), 80, [], r"no pod matches the service's selector (app=web,a=b|a=b,app=web)"),
        (
            service({"port": 80}),
            80,
            [pod(phase="Pending", ready=None)],
            "no pod of the service runs: 'web-1' is Pending",
        ),
        (service({"port": 80}), 80, [pod(phase="Succeeded", ready=None)], "'web-1' is Succeeded"),
    ],
)
def test_a_service_that_cannot_be_forwarded_raises_port_forward_error(
    found: Any, wanted: Any, pods: list[Any], message: str
) -> None:
    with pytest.raises(errors.PortForwardError, match=message):
        of_service(wanted, found, *pods)


BEST_FIRST = [
    pod("oldest-ready", ready="2025-01-01T00:00:00Z"),
    pod("few-restarts", restarts=1, creationTimestamp="2026-02-01T00:00:00Z"),
    pod("older", restarts=2, creationTimestamp="2024-02-01T00:00:00Z"),
    pod("newer", restarts=2, creationTimestamp="2026-02-01T00:00:00Z"),
    pod("going", ready="2024-01-01T00:00:00Z", deletionTimestamp="2026-02-01T00:00:00Z"),
    pod("not-ready", ready=None),
    pod("unknown", phase="Unknown"),
    pod("pending", phase="Pending"),
    pod("unassigned", phase="Running", node=""),
]


@pytest.mark.parametrize("pair", list(itertools.combinations(range(6), 2)))
def test_the_pod_is_the_one_that_kubectl_prefers(pair: tuple[int, int]) -> None:
    better, worse = (BEST_FIRST[place] for place in pair)
    wanted = POD_PATH.format(better["metadata"]["name"])
    found = service({"port": 80})
    assert of_service(80, found, better, worse)[0] == of_service(80, found, worse, better)[0] == wanted
    assert of_service(80, found, *BEST_FIRST[::-1])[0] == POD_PATH.format("oldest-ready")
    assert of_service(80, found, *BEST_FIRST[6:], better)[0] == wanted


def test_pods_and_services_have_ports_to_forward() -> None:
    with Clientset(rest.Config(host="http://127.0.0.1:1")) as made:
        core, apps = made.core_v1, made.apps_v1
        clients = [core.pods("x"), core.services("x"), core.nodes(), apps.deployments("x"), apps.replica_sets("x")]
    assert [hasattr(type(client), "port_forward") for client in clients] == [True, True, False, False, False]


def connected(config: rest.Config, kind: str, use: Callable[[Any], Any]) -> None:
    async def asynchronous() -> None:
        async with AsyncClientset(config) as made:
            await use(made).connect("http")

    if kind == "sync":
        with Clientset(config) as made:
            use(made).connect("http")
    else:
        anyio.run(asynchronous, backend=kind)


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_a_target_that_is_not_found_in_time_is_a_connect_timeout(kind: str) -> None:
    with loopback(b"", b"") as server:
        server_config = rest.Config(host=f"http://127.0.0.1:{server.port}")
        with pytest.raises(errors.ConnectTimeoutError, match=r"services/web: port 'http' was not found in time"):
            connected(server_config, kind, lambda made: made.core_v1.services("ns").port_forward("web", timeout=0))


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_a_service_that_does_not_exist_is_the_servers_error(kind: str) -> None:
    gone = response_bytes(
        b'{"kind":"Status","code":404,"reason":"NotFound","message":"gone","details":{"name":"web"}}',
        status="404 Not Found",
    )
    with loopback(gone) as server:
        server_config = rest.Config(host=f"http://127.0.0.1:{server.port}")
        with pytest.raises(errors.NotFoundError):
            connected(server_config, kind, lambda made: made.core_v1.services("ns").port_forward("web"))
