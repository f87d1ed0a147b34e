"""The programs of the guides on logs, exec and port-forward run, with pods on the node of a real server."""

from __future__ import annotations

import socket
import subprocess
import sys

import httpx
import pytest
import yaml

from kubeclient import Clientset
from kubecore import kubeconfig
from kubecore.testing.machine.processes import free_port
from tests.cluster import Cluster, Nodes
from tests.pages.guides import blocks, run
from tests.pages.programs import ROOT
from tests.server import targets
from tests.server.backend import backend

pytestmark = pytest.mark.thorough  # These tests check the text of the pages.


@pytest.fixture(scope="session")
def streams(cluster: Cluster) -> str:
    """A namespace for running pods, because other pages count the pods in `default`."""
    assert cluster.raw("POST", "/api/v1/namespaces", {"metadata": {"name": "streams"}})[0] == 201
    return "streams"


def in_streams(code: str) -> str:
    return code.replace('"default"', '"streams"')


def test_the_code_about_logs_runs(cluster: Cluster, nodes: Nodes, streams: str) -> None:
    nodes.running_pod(streams, "web")
    nodes.log(streams, "web", "begun", "ready")
    said = run(in_streams(blocks("docs/logs.md")[0]), cluster)
    assert said.startswith("b'ready\\n'\n20")
    assert said.endswith("begun\nready\n")


def test_the_code_about_the_proxy_runs(cluster: Cluster, nodes: Nodes, streams: str) -> None:
    with backend() as (address, port):
        nodes.running_pod(streams, "api", address=address)
        code = blocks("docs/logs.md")[1].replace('"web"', '"api"').replace("8080", str(port))
        assert "POST /api/items?dry=true" in run(in_streams(code), cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "3 b'HELLO' b''\nthe command 'false' returned 1\n"),
        (1, "stdout b'one"),
        (1, "stderr b'bye\\n'\n"),
        (2, "5 bytes\n1 5 [app]\n"),
    ],
)
def test_the_code_about_exec_runs(number: int, said: str, cluster: Cluster, nodes: Nodes, exec_pod: str) -> None:
    assert said in run(in_streams(blocks("docs/exec.md")[number]).replace('"web"', f'"{exec_pod}"'), cluster)


@pytest.fixture(scope="session")
def exec_pod(nodes: Nodes, streams: str) -> str:
    return nodes.running_pod(streams, "exec")


def test_the_pod_of_the_pages_logs_echoes_and_responds_to_http(cluster: Cluster) -> None:
    """No image can run here. The server accepts the manifest, and its program runs as a process."""
    pod, service = yaml.safe_load_all((ROOT / "examples/web.yaml").read_text("utf-8"))
    for path, body in (("pods", pod), ("services", service)):
        query = "dryRun=All&fieldValidation=Strict"
        assert cluster.raw("POST", f"/api/v1/namespaces/default/{path}?{query}", body)[0] == 201
    container = pod["spec"]["containers"][0]
    assert (pod["metadata"]["name"], container["name"]) == ("web", "main")
    assert service["spec"]["selector"] == pod["metadata"]["labels"]
    assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"] == "http"
    assert container["ports"][0]["containerPort"] == 8080
    assert container["command"] == ["python", "-u", "-c"]

    port = free_port()
    program = container["args"][0].replace("8080", str(port))
    with subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert [process.stdout.readline(), process.stdout.readline()] == ["started\n", "ready\n"]
            with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as reader:
                connection.sendall(b"hello\n")
                assert reader.readline() == b"hello\n"
            got = httpx.post(f"http://127.0.0.1:{port}/api/items?dry=true", content=b"x")
            assert (got.status_code, got.text) == (200, "POST /api/items?dry=true HTTP/1.1")
        finally:
            process.kill()


def test_the_code_about_port_forward_runs(cluster: Cluster, nodes: Nodes, streams: str) -> None:
    nodes.running_pod(streams, "forwarded-by-docs", labels={"app": "forwarded"})
    with targets.target(targets.echo) as port:
        code = blocks("docs/port-forward.md")[0].replace('"web"', '"forwarded-by-docs"').replace("8080", str(port))
        assert run(in_streams(code), cluster) == "b'hello'\nb'hello again'\n"

        ports = [{"name": "http", "port": 80, "targetPort": port}]
        service = {
            "metadata": {"name": "forwarded-by-docs"},
            "spec": {"selector": {"app": "forwarded"}, "ports": ports},
        }
        assert cluster.raw("POST", f"/api/v1/namespaces/{streams}/services", service)[0] == 201
        code = blocks("docs/port-forward.md")[1].replace('"web"', '"forwarded-by-docs"')
        assert run(in_streams(code), cluster) == "b'hello'\n"


def test_the_code_about_services_and_names_of_ports_runs(cluster: Cluster, nodes: Nodes, streams: str) -> None:
    """The service of examples/web.yaml, in front of a port of this machine."""
    pod, service = yaml.safe_load_all((ROOT / "examples/web.yaml").read_text("utf-8"))
    nodes.running_pod(streams, "behind-a-service", labels={"app": "behind-a-service"})
    with targets.target(targets.echo) as port, Clientset(kubeconfig.load_config(cluster.kubeconfig)) as clientset:
        assert pod["spec"]["containers"][0]["ports"][0]["name"] == service["spec"]["ports"][0]["targetPort"]
        service["spec"]["ports"][0]["targetPort"] = port
        service["spec"]["selector"] = {"app": "behind-a-service"}
        service["metadata"]["name"] = "behind"
        clientset.core_v1.services(streams).create(service)
        code = blocks("docs/port-forward.md")[1].replace('"web"', '"behind"')
        assert run(in_streams(code), cluster) == "b'hello'\n"
