"""The code of the documentation runs."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kubecore
import kubecore.manifests
from kubeclient import Clientset
from kubeclient.models import core_v1
from kubecore import rest
from tests.cluster import Cluster, Nodes
from tests.server import targets
from tests.server.backend import backend

ROOT = Path(__file__).parents[1]


def blocks(file: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / file).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def run(code: str, cluster: Cluster) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(("number", "said"), [(0, 'deployments.apps "nope" not found'), (1, "ADDED default")])
def test_the_readmes_code_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("README.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, 'kube_requests_total{code="200",group="",resource="namespaces",verb="list"} 1.0'),
        (1, '"http.response.status_code": 200'),
    ],
)
def test_the_recipes_for_metrics_and_traces_run(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/observability.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            0,
            'there is default\nconfigmaps "nope": creation did not come within 0.5 s; last seen: there is no such object',
        ),
        (1, "ProgressDeadlineExceeded 1"),
        (2, "['True']"),
    ],
)
def test_the_code_for_waiting_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/waiting.md")[number], cluster)


@pytest.fixture(scope="session")
def streams(cluster: Cluster) -> str:
    """A namespace for pods that run: other pages count those of `default`."""
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


def test_the_code_about_port_forward_runs(cluster: Cluster, nodes: Nodes, streams: str) -> None:
    nodes.running_pod(streams, "forwarded-by-docs")
    with targets.target(targets.echo) as port:
        code = blocks("docs/port-forward.md")[0].replace('"web"', '"forwarded-by-docs"').replace("8080", str(port))
        assert run(in_streams(code), cluster) == "b'hello'\nb'hello again'\n"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "{'sky': 'blue'} {'app': 'paint', 'example.com/owner': 'ann'}\nthe sky is not red\n"),
        (
            1,
            (
                "spec.replica is no field of DeploymentSpec; did you mean replicas? "
                "(a patch.ApplyPatch is sent without a look at its fields)\n"
                ".spec.replicas belongs to deploy\n5\n5\n"
            ),
        ),
        (2, "{'n': '42'}\nNone\n"),
    ],
)
def test_the_ways_to_write_run(number: int, said: str, cluster: Cluster) -> None:
    assert run(blocks("docs/apply.md")[number], cluster) == said


def test_the_page_on_reading_runs_from_top_to_bottom(cluster: Cluster) -> None:
    assert cluster.raw("POST", "/api/v1/namespaces", {"metadata": {"name": "reading"}})[0] == 201
    said = run("\n".join(blocks("docs/reading.md")).replace('"default"', '"reading"'), cluster)
    for line in (
        "pod web-2",
        "row db Pending None",
        "one {'app': 'db', 'tier': 'back'}",
        "pages 3",
        "labels ['db', 'web', 'web']",
        "metadata back",
        "metadata web-1 True",
        "chosen ['web-1']",
        "unplaced 2",
        "canonical app!=db,tier in (back,front)",
        "matched here ['web-1', 'web-2']",
        "async web-1",
        "3 in the table",
    ):
        assert line in said.splitlines(), said
    assert "\nNAME    READY   STATUS    RESTARTS   AGE\n" in said


@pytest.mark.parametrize(("number", "said"), [(0, "ADDED default"), (1, "'default'")])
def test_the_code_about_watches_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/watch.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "'ReplicaSet (apps/v1)'"),
        (1, "ConfigMap {'text': 'bye'}\n1\n"),
        (2, "'kube-system'"),
        (3, "1 of 2 objects were not applied:\n  ConfigMap dynamic-docs/motd: "),
        (4, "ok\nTrue\n"),
    ],
)
def test_the_page_on_kinds_at_run_time_runs(number: int, said: str, cluster: Cluster) -> None:
    found = blocks("docs/dynamic.md")
    assert len(found) == 5
    assert said in run(found[number], cluster)


def migrations() -> list[str]:
    """Return the calls of the migration tables' right-hand columns."""
    rows = re.findall(r"^\| .* \| (.*) \|$", (ROOT / "docs/migration.md").read_text("utf-8"), re.MULTILINE)
    return [
        call for row in rows for call in re.findall(r"`((?:with )?(?:clientset|kubecore|manifests|pod)\b[^`]*)`", row)
    ]


@pytest.mark.parametrize("call", dict.fromkeys(migrations()))
def test_what_the_migration_tables_name_is_there(call: str) -> None:
    """Every call has its method, and the method takes what is given."""
    text = call.removeprefix("with ").removesuffix(" as events: ...").removeprefix("clientset = ")
    names = {name: getattr(kubecore, name, None) for name in ("kubeconfig", "errors", "manifests", "rest")}
    scope = {**names, "kubecore": kubecore, "Clientset": Clientset, "core_v1": core_v1, "pod": core_v1.Pod.zero()}
    expression = ast.parse(text, mode="eval").body
    with Clientset(rest.Config(host="http://127.0.0.1:1")) as clientset:
        scope["clientset"] = clientset
        if not isinstance(expression, ast.Call):
            eval(text, scope)  # noqa: S307 - our own words
            return
        method = eval(ast.unparse(last(expression).func), scope)  # noqa: S307
        arguments = [ast.unparse(one) for one in last(expression).args]
        inspect.signature(method).bind(*arguments, **{str(one.arg): None for one in last(expression).keywords})


def last(call: ast.Call) -> ast.Call:
    """Return the last call that can be looked at without a server: what discovery finds, only a server knows."""
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return inner if isinstance(inner, ast.Call) and "dynamic" in ast.unparse(inner) else call


def test_the_readme_has_no_code_that_is_not_run() -> None:
    assert len(blocks("README.md")) == 2


def test_links_of_the_documentation_lead_somewhere() -> None:
    for file in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8")):
            if "://" not in target:
                assert (file.parent / target).exists(), f"{file.name}: {target}"
