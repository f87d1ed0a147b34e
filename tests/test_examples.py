"""The programs of examples/, run as users run them, against the real server."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any

import anyio
import httpx
import pytest
import yaml

from tests.cluster import NODE, Cluster, Nodes
from tests.cluster.nodes import until
from tests.conftest import running
from tests.ready import wait_until

pytestmark = pytest.mark.thorough  # The examples only use the public API, which other tests call on every Python.

EXAMPLES = Path(__file__).parents[1] / "examples"
EXAMPLE = EXAMPLES / "in_cluster.py"

# The kubelet mounts the service account in a fixed folder that a test cannot write, so the program gets another one.
START = """
import runpy, sys
from pathlib import Path
from kubecore._config import incluster
incluster.SERVICE_ACCOUNT = Path(sys.argv[2])
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def service_account(cluster: Cluster, folder: Path, *, bound: bool) -> None:
    """Write the files of a service account as the kubelet does."""
    name = f"example-{uuid.uuid4().hex[:8]}"
    base = "/api/v1/namespaces/default/serviceaccounts"
    assert cluster.raw("POST", base, {"metadata": {"name": name}})[0] == 201
    token = cluster.raw("POST", f"{base}/{name}/token", {"apiVersion": "authentication.k8s.io/v1", "spec": {}})[1]
    if bound:
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
        }
        path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
        assert cluster.raw("POST", path, binding)[0] == 201
    (folder / "token").write_text(token["status"]["token"] + "\n")
    (folder / "ca.crt").write_bytes(cluster.ca_file.read_bytes())


def lines(cluster: Cluster, folder: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", START, str(EXAMPLE), str(folder)],
        env={**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(cluster.port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield from process.stdout
        finally:
            process.kill()


def test_the_in_cluster_example_counts_pods_and_reports_a_missing_pod(cluster: Cluster, tmp_path: Path) -> None:
    service_account(cluster, tmp_path, bound=True)
    said = lines(cluster, tmp_path)
    assert next(said).startswith("There are ")
    assert next(said) == "Pod example-xxxxx not found in default namespace\n"
    said.close()  # type: ignore[attr-defined]


def test_the_in_cluster_example_prints_the_message_of_a_forbidden_response(cluster: Cluster, tmp_path: Path) -> None:
    service_account(cluster, tmp_path, bound=False)
    said = lines(cluster, tmp_path)
    assert next(said).startswith("Error getting pod pods is forbidden: User ")
    said.close()  # type: ignore[attr-defined]


def test_the_in_cluster_example_fails_outside_of_a_cluster() -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("KUBERNETES_SERVICE_")}
    done = subprocess.run([sys.executable, str(EXAMPLE)], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: not in a cluster")


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
def test_the_in_cluster_example_reports_a_missing_credential_file(
    missing: str, cluster: Cluster, tmp_path: Path
) -> None:
    service_account(cluster, tmp_path, bound=True)
    (tmp_path / missing).unlink()
    first = next(lines(cluster, tmp_path))
    expected = "Traceback" if missing == "token" else "the cluster's CA can't be used"
    assert expected in first


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace for one test."""
    name = f"example-{uuid.uuid4().hex[:8]}"
    assert cluster.raw("POST", "/api/v1/namespaces", {"metadata": {"name": name}})[0] == 201
    yield name
    assert cluster.raw("DELETE", f"/api/v1/namespaces/{name}")[0] == 200


def command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]


def environment(kubeconfig: Path) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(kubeconfig)}


def run(kubeconfig: Path, name: str, *arguments: str, code: int = 0) -> str:
    """Run an example to its end and return its output."""
    done = subprocess.run(
        command(name, *arguments), env=environment(kubeconfig), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@contextmanager
def started(kubeconfig: Path, name: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Start an example that runs until it is killed."""
    with subprocess.Popen(
        command(name, *arguments),
        env=environment(kubeconfig),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["apply", "logs"])
def test_an_example_without_its_arguments_prints_its_usage(name: str) -> None:
    program = EXAMPLES / f"{name}.py"
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"usage: python examples/{name}.py ")


def test_every_example_is_tested_and_documents_how_to_run_it() -> None:
    programs = sorted(EXAMPLES.glob("*.py"))
    assert len(programs) >= 9
    tests = Path(__file__).read_text("utf-8")
    for program in programs:
        doc = ast.get_docstring(ast.parse(program.read_text("utf-8"))) or ""
        assert re.search(rf"examples[ /]{program.stem}\b", doc), program
        assert program.stem in tests, f"{program.name} has no test"


def test_logs_of_all_pods_of_a_selector_are_followed(cluster: Cluster, nodes: Nodes, namespace: str) -> None:
    for pod in ("a", "b"):
        nodes.running_pod(namespace, pod, labels={"app": "web"})
        nodes.log(namespace, pod, f"begun {pod}")
    with started(cluster.kubeconfig, "logs.py", namespace, "app=web") as (process, output):
        assert sorted([output.readline(), output.readline()]) == ["[a] begun a\n", "[b] begun b\n"]
        nodes.log(namespace, "b", "later")
        assert output.readline() == "[b] later\n"
        for pod in ("a", "b"):
            nodes.end_container(namespace, pod)
        assert process.wait(60) == 0


def test_a_command_runs_in_all_pods_of_a_selector(cluster: Cluster, nodes: Nodes, namespace: str) -> None:
    for pod in ("a", "b"):
        nodes.running_pod(namespace, pod, labels={"app": "web"})
    shown = run(cluster.kubeconfig, "run_command.py", namespace, "app=web", "--", "echo", "hello")
    assert shown == "a: exit code 0\nhello\nb: exit code 0\nhello\n"
    shown = run(cluster.kubeconfig, "run_command.py", namespace, "app=web", "--", "sh", "-c", "exit 3", code=1)
    assert shown == "a: exit code 3\nb: exit code 3\n"


def test_phases_of_pods_are_watched(cluster: Cluster, nodes: Nodes, namespace: str) -> None:
    nodes.running_pod(namespace, "first")
    with started(cluster.kubeconfig, "watch_pods.py", namespace) as (process, output):
        assert output.readline() == "1 pods\n"
        nodes.running_pod(namespace, "second")
        seen = [output.readline()]
        while not seen[-1].endswith("-> Running\n"):
            seen.append(output.readline())
        assert seen[0].startswith("second: absent -> ")
        assert cluster.raw("DELETE", f"/api/v1/namespaces/{namespace}/pods/first")[0] == 200
        seen = [output.readline()]
        while not seen[-1].endswith("-> deleted\n"):
            seen.append(output.readline())
        assert all(line.startswith("first: ") for line in seen)
        process.send_signal(signal.SIGINT)
        assert output.readline() == "ended\n"
        assert process.wait(60) == 0


def manifests(image: str) -> str:
    labels = {"app": "web"}
    container = {"name": "web", "image": image}
    # The cluster of the tests has no scheduler.
    template = {"metadata": {"labels": labels}, "spec": {"nodeName": NODE, "containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "motd"}, "data": {"image": image}}
    return yaml.safe_dump_all([deployment, config_map])


def test_a_file_is_applied_into_the_contexts_namespace(
    cluster: Cluster, nodes: Nodes, namespace: str, tmp_path: Path
) -> None:
    kubeconfig = cluster.write_kubeconfig(tmp_path / "config", namespace=namespace)
    file = tmp_path / "web.yaml"
    file.write_text(manifests("one"))
    lines = [f"ConfigMap {namespace}/motd", f"Deployment {namespace}/web"]
    assert run(kubeconfig, "apply.py", str(file)) == (
        f"{lines[0]} created\n{lines[1]} created\n{lines[1]} is rolled out\n"
    )
    assert run(kubeconfig, "apply.py", str(file)) == f"{lines[0]} unchanged\n{lines[1]} unchanged\n"
    file.write_text(manifests("two").replace("\ndata:", "\ndota:"))
    shown = run(kubeconfig, "apply.py", str(file), code=1)
    assert "1 of 2 objects were not applied" in shown
    assert f"{lines[1]} changed" in shown


def kubeconfig_with_a_dead_cluster(cluster: Cluster, file: Path) -> Path:
    """Add a context whose server refuses connections."""
    content = yaml.safe_load(cluster.write_kubeconfig(file).read_text())
    content["clusters"].append({"name": "dead", "cluster": {"server": "https://127.0.0.1:1"}})
    content["contexts"].append({"name": "dead", "context": {"cluster": "dead", "user": "admin"}})
    file.write_text(yaml.safe_dump(content))
    return file


def test_one_cluster_that_is_down_does_not_stop_the_others(cluster: Cluster, tmp_path: Path) -> None:
    kubeconfig = kubeconfig_with_a_dead_cluster(cluster, tmp_path / "config")
    alive, dead = run(kubeconfig, "fan_out.py").splitlines()
    assert alive.startswith("admin: v1.")
    assert alive.endswith(" pods")
    assert dead.startswith("dead: ")
    assert "Connection refused" in dead
    assert run(kubeconfig, "fan_out.py", "admin").count("\n") == 1


def test_namespaces_are_read_at_once(cluster: Cluster, nodes: Nodes, namespace: str) -> None:
    nodes.running_pod(namespace, "pod")
    lines = run(cluster.kubeconfig, "fan_out_async.py").splitlines()
    assert f"{namespace}: none" in lines
    assert "kube-node-lease: no pods" in lines


def test_the_operator_makes_config_maps_and_survives_failures(cluster: Cluster, namespace: str) -> None:
    crd = yaml.safe_load((EXAMPLES / "greetings.yaml").read_text())
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert cluster.raw("POST", crds, crd)[0] == 201
    try:
        greetings = f"/apis/example.com/v1/namespaces/{namespace}/greetings"
        until(lambda: cluster.raw("GET", greetings)[0] == 200)
        with started(cluster.kubeconfig, "operator_loop.py") as (_, output):
            good = {"metadata": {"name": "good"}, "spec": {"text": "hello"}}
            body: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Greeting", **good}
            assert cluster.raw("POST", greetings, body)[0] == 201
            assert output.readline() == f"{namespace}/good: hello\n"
            made = cluster.raw("GET", f"/api/v1/namespaces/{namespace}/configmaps/good")[1]
            assert made["data"] == {"text": "hello"}
            stored = cluster.raw("GET", f"{greetings}/good")[1]
            # The garbage collector needs a while to notice a new kind, so the test does not wait for the deletion.
            assert made["metadata"]["ownerReferences"] == [
                {
                    "apiVersion": "example.com/v1",
                    "kind": "Greeting",
                    "name": "good",
                    "uid": stored["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ]
            assert stored["status"] == {"configMap": "good"}

            quota = {"metadata": {"name": "full"}, "spec": {"hard": {"count/configmaps": "0"}}}
            quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
            assert cluster.raw("POST", quotas, quota)[0] == 201
            until(lambda: "hard" in cluster.raw("GET", f"{quotas}/full")[1].get("status", {}))
            body["metadata"] = {"name": "late"}
            assert cluster.raw("POST", greetings, body)[0] == 201
            line = output.readline()
            while not line.startswith(f"{namespace}/late: "):
                line = output.readline()
            assert "exceeded quota" in line
            assert "again in 0.2 s" in line
            assert cluster.raw("DELETE", f"{quotas}/full")[0] == 200
            while line != f"{namespace}/late: hello\n":
                line = output.readline()
                assert line, "the operator ended"
    finally:
        cluster.raw("DELETE", f"{crds}/greetings.example.com")


def test_the_copier_survives_a_killed_server_and_hands_over() -> None:
    with running(all_apis=False, controllers=True) as cluster:  # A separate one, since its server is killed.
        lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/config-map-copier"
        for name in ("blue", "green"):
            assert cluster.raw("POST", "/api/v1/namespaces", {"metadata": {"name": name}})[0] == 201
        source: dict[str, Any] = {
            "metadata": {
                "name": "settings",
                "labels": {"copier.example.com/copy": "true"},
                "annotations": {"copier.example.com/namespaces": "blue, green, missing"},
            },
            "data": {"color": "red"},
        }

        def change(namespace: str, patch: Any) -> bool:
            merge = "application/merge-patch+json"
            return cluster.raw("PATCH", config_map(namespace), patch, content_type=merge)[0] == 200

        def data(namespace: str) -> Any:
            return cluster.raw("GET", config_map(namespace))[1].get("data")

        def config_map(namespace: str) -> str:
            return f"/api/v1/namespaces/{namespace}/configmaps/settings"

        def are_copies(wanted: Any) -> bool:
            return [data("blue"), data("green")] == [wanted, wanted]

        def reasons() -> set[tuple[str, str]]:
            found = cluster.raw("GET", "/apis/events.k8s.io/v1/namespaces/default/events")[1]["items"]
            return {(one["regarding"]["kind"], one["reason"]) for one in found}

        assert cluster.raw("POST", "/api/v1/namespaces/default/configmaps", source)[0] == 201
        with started(cluster.kubeconfig, "config_map_copier.py", "default") as (first, output):
            assert output.readline() == "leads\n"
            wait_until(lambda: are_copies({"color": "red"}))
            cluster.kill_apiserver()
            cluster.start_apiserver()
            assert change("default", {"data": {"color": "blue"}})
            wait_until(lambda: are_copies({"color": "blue"}))
            assert change("green", {"data": {"color": "none"}})
            assert cluster.raw("DELETE", config_map("blue"))[0] == 200
            cluster.kill_apiserver()
            cluster.start_apiserver()
            wait_until(lambda: are_copies({"color": "blue"}))
            wait_until(lambda: {("ConfigMap", "Copied"), ("ConfigMap", "CopyFailed")} <= reasons())
            wait_until(lambda: ("Lease", "LeaderElection") in reasons())
            with started(cluster.kubeconfig, "config_map_copier.py", "default"):
                holder = cluster.raw("GET", lease)[1]["spec"]["holderIdentity"]
                first.send_signal(signal.SIGINT)
                assert first.wait() == 0
                wait_until(lambda: cluster.raw("GET", lease)[1]["spec"]["holderIdentity"] not in ("", holder))
                assert cluster.raw("DELETE", config_map("default"))[0] == 200
                wait_until(lambda: data("blue") is None)


@asynccontextmanager
async def web_client() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the web application, which runs in this process."""
    from examples import fastapi_app

    async with fastapi_app.lifespan(fastapi_app.app):
        transport = httpx.ASGITransport(fastapi_app.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            yield client


def test_the_web_application_creates_lists_and_streams(
    cluster: Cluster, nodes: Nodes, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fastapi")
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    nodes.running_pod(namespace, "web")
    nodes.log(namespace, "web", "one", "two")
    nodes.end_container(namespace, "web")

    async def main() -> None:
        async with web_client() as client:
            path = f"/namespaces/{namespace}/configmaps"
            body = {"metadata": {"name": "motd"}, "data": {"text": "hello"}}
            made = await client.post(path, json=body)
            assert made.status_code == 201, made.text
            assert made.json()["kind"] == "ConfigMap"
            assert made.json()["data"] == {"text": "hello"}
            assert "motd" in (await client.get(path)).json()
            again = await client.post(path, json=body)
            assert again.status_code == 409
            assert again.json() == {"detail": 'configmaps "motd" already exists'}
            wrong = await client.post(path, json={"metadata": {"name": 1}})
            assert wrong.status_code == 422, wrong.text
            log = await client.get(f"/namespaces/{namespace}/pods/web/logs")
            assert log.text == "one\ntwo\n"
            assert json.loads((await client.get("/openapi.json")).text)["openapi"].startswith("3.")

    anyio.run(main)


def test_the_command_line_prints_tables_scales_and_reports_errors(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    pytest.importorskip("typer")
    kubeconfig = cluster.write_kubeconfig(tmp_path / "config", namespace=namespace)
    file = tmp_path / "web.yaml"
    file.write_text(manifests("none").replace("replicas: 1", "replicas: 0"))
    run(kubeconfig, "apply.py", str(file))
    assert run(kubeconfig, "cli.py", "scale", "deploy/web", "2") == "deploy/web scaled to 2\n"
    header, line = run(kubeconfig, "cli.py", "get", "deployments").splitlines()
    assert header.split()[:2] == ["NAME", "READY"]
    assert line.split()[0] == "web"
    assert line.split()[1].endswith("/2")
    assert "kube-system" in run(kubeconfig, "cli.py", "--context", "admin", "get", "ns")
    shown = run(kubeconfig, "cli.py", "get", "deploymnets", code=1)
    assert shown.startswith("error: ")
    assert "did you mean" in shown
    assert "there is no context" in run(kubeconfig, "cli.py", "--context", "prod", "get", "pods", code=1)
