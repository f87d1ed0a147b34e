"""The proxy of pods, services and nodes on the real API server, to a backend of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from kubecore import errors
from kubecore.calls.proxy import ProxyMethod
from tests.cluster import Cluster, Nodes
from tests.cluster.nodes import until
from tests.server.backend import backend

Drive = Callable[[Any], None]


@pytest.fixture(scope="module", name="backend")
def the_backend() -> Iterator[tuple[str, int]]:
    with backend() as place:
        yield place


@pytest.fixture
def pod(nodes: Nodes, namespace: str, backend: tuple[str, int]) -> str:
    return nodes.running_pod(namespace, address=backend[0])


def test_every_method_reaches_a_pod(drive: Drive, namespace: str, pod: str, backend: tuple[str, int]) -> None:
    """The API server decodes and re-encodes the path: `%2F` becomes a slash."""

    async def scenario(clientset: Any) -> None:
        for method in get_args(ProxyMethod):
            body = None if method in ("GET", "HEAD") else b"\x00\xff"
            got = await clientset.core_v1.pods(namespace).proxy(
                pod, method, "a b/c%2Fd", port=backend[1], query={"x": "1&2"}, headers={"X-Said": "yes"}, body=body
            )
            said = f"{method} /a%20b/c/d?x=1%262 yes None ".encode() + (body or b"")
            assert (got.status, got.content) == (200, b"" if method == "HEAD" else said)

    drive(scenario)


def test_the_origin_of_a_response(drive: Drive, namespace: str, pod: str, backend: tuple[str, int]) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        for status in (404, 409, 503):
            assert (await pods.proxy(pod, path=f"{status}/x", port=backend[1])).status == status
        moved = await pods.proxy(pod, path="302", port=backend[1])
        assert (moved.status, moved.headers["location"]) == (
            302,
            f"/api/v1/namespaces/{namespace}/pods/{pod}:{backend[1]}/proxy/elsewhere",
        )
        with pytest.raises(errors.NotFoundError, match='pods "nope" not found'):
            await pods.proxy("nope")
        with pytest.raises(errors.ServiceUnavailableError, match="error trying to reach service"):
            await pods.proxy(pod, port=1)

    drive(scenario)


def test_a_service_is_reached_by_its_port(
    drive: Drive, namespace: str, pod: str, cluster: Cluster, backend: tuple[str, int]
) -> None:
    service = {
        "metadata": {"name": "web"},
        "spec": {"ports": [{"name": "http", "port": 80}, {"name": "a--b", "port": 81}]},
    }
    assert cluster.raw("POST", f"/api/v1/namespaces/{namespace}/services", service)[0] == 201
    endpoint = {"addresses": [backend[0]], "targetRef": {"kind": "Pod", "name": pod, "namespace": namespace}}
    endpoints = {
        "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [endpoint],
        "ports": [{"name": "http", "port": backend[1]}, {"name": "a--b", "port": backend[1]}],
    }
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    assert cluster.raw("POST", path, endpoints)[0] == 201
    place = f"/api/v1/namespaces/{namespace}/services/web:http/proxy/"
    until(lambda: cluster.raw("GET", place)[0] == 200)  # The server sees the change a moment later.

    async def scenario(clientset: Any) -> None:
        for port in ("http", 80, "a--b"):
            got = await clientset.core_v1.services(namespace).proxy("web", path="x", port=port)
            assert (got.status, got.text) == (200, "GET /x None None ")

    drive(scenario)


def test_a_node_is_reached(drive: Drive, nodes: Nodes, backend: tuple[str, int]) -> None:
    nodes.add("other", backend[0])

    async def scenario(clientset: Any) -> None:
        got = await clientset.core_v1.nodes().proxy("other", path="healthz", port=backend[1])
        assert (got.status, got.text) == (200, "GET /healthz None None ")

    drive(scenario)
