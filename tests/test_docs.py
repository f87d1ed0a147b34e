"""The code of the documentation runs."""

from __future__ import annotations

import ast
import inspect
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import kubecore
import kubecore.election
import kubecore.manifests
import kubecore.recorder
from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, authentication_v1, batch_v1, core_v1, meta_v1, networking_v1
from kubecore import errors, kubeconfig, quantity, rest
from kubecore.model import meta
from kubecore.testing.machine.processes import free_port
from tests.cluster import Cluster, Nodes
from tests.cluster.build import binaries
from tests.pages import programs
from tests.server import targets
from tests.server.backend import backend
from tools.site.links import anchors, links

pytestmark = pytest.mark.thorough  # These tests check the text of the pages.

ROOT = Path(__file__).parents[1]


def blocks(file: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / file).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def completed(code: str, cluster: Cluster) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )


def run(code: str, cluster: Cluster) -> str:
    done = completed(code, cluster)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(("number", "said"), [(0, 'deployments.apps "nope" not found'), (1, "ADDED default")])
def test_the_readmes_code_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("README.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "Warning CopyFailed 4 attempt 0: the quota is used up\n"),
        (0, "Normal Copied 1 copied to 3 namespaces\n"),
        (2, "the object of an event, a Pod, has no name\n"),
    ],
)
def test_the_page_on_events_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/events.md")[number], cluster)


def test_the_page_on_events_shows_a_wrong_argument(cluster: Cluster) -> None:
    done = completed(blocks("docs/events.md")[1], cluster)
    assert done.returncode == 0
    assert 'kubecore_events_dropped_total{controller="copier"} 1\n' in done.stdout
    assert done.stderr == (
        "an event can't be reported ('Seen'): an event is about a model, a mapping or a reference, not str\n"
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, 'kube_requests_total{code="200",group="",resource="namespaces",verb="list"} 1.0'),
        (1, 'workqueue_depth{controller="pods",name="pods",priority="normal"} 1.0'),
        (2, '"http.response.status_code": 200'),
    ],
)
def test_the_recipes_for_metrics_traces_and_writes_run(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/observability.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            0,
            'there is default\nconfigmaps "nope": creation did not come within 0.5 s; last seen: there is no such object',
        ),
        (1, "default ['default']\n"),
        (2, "ProgressDeadlineExceeded 1"),
        (3, "['True']"),
    ],
)
def test_the_code_for_waiting_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/waiting.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "default/web is done after 3 attempts\n"),
        (1, "default/web is done\ndefault/db is done\n"),
        (2, 'workqueue_depth{name="pods",controller="pods",priority="high"} 2\n'),
    ],
)
def test_the_code_about_work_queues_runs(number: int, said: str) -> None:
    code = blocks("docs/workqueue.md")[number]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


@pytest.mark.server
@pytest.mark.parametrize(
    ("number", "command", "said"),
    [
        *((number, ["-m", "pytest", "-q"], "1 passed") for number in range(5)),
        (5, ["-m", "pytest", "-q", "-p", "kubecore.testing.plugin"], "3 passed"),
        (6, [], "{'n': '1'}\n"),
        (7, ["-m", "pytest", "-q"], "1 passed"),
    ],
)
def test_the_code_about_tests_runs(number: int, command: list[str], said: str, tmp_path: Path) -> None:
    file = tmp_path / "test_program.py"
    file.write_text(blocks("docs/testing.md")[number], "utf-8")
    environ = {**os.environ, "KUBEBUILDER_ASSETS": str(binaries())}
    arguments = [sys.executable, *command, str(file)]
    done = subprocess.run(arguments, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert said in done.stdout


def test_the_code_about_performance_runs(cluster: Cluster) -> None:
    assert re.search(r"^\d+ pods\n\d+ pods of one app\n$", run(blocks("docs/performance.md")[0], cluster))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "leads: True transitions: "),
        (1, "first True\nsecond True\nleads: False\n"),
        (2, "{'mode': 'on'}\nDELETE /api/v1/namespaces/default/configmaps/leader-election was not sent: "),
    ],
)
def test_the_code_about_leader_election_runs(number: int, said: str, cluster: Cluster) -> None:
    assert run(blocks("docs/leader-election.md")[number], cluster).startswith(said)


@pytest.mark.parametrize(("number", "said"), [(0, "web\n"), (1, "'default'")])
def test_the_code_about_http_clients_runs(number: int, said: str, cluster: Cluster, tmp_path: Path) -> None:
    file = cluster.write_kubeconfig(tmp_path / "config", embed=False)
    code = blocks("docs/http.md")[number].replace("load_config()", f"load_config({str(file)!r})")
    assert said in run(code, cluster)


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


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "{'sky': 'blue'} {'app': 'paint', 'example.com/owner': 'ann'}\nthe sky is not red\n"),
        (
            1,
            (
                "spec.replica is not a field of DeploymentSpec; did you mean replicas? "
                "(a patch.ApplyPatch is sent without this check)\n"
                ".spec.replicas belongs to deploy\n5\n5\n"
            ),
        ),
        (2, "{'n': '42'}\nNone\n"),
    ],
)
def test_the_programs_of_the_page_on_writing_run(number: int, said: str, cluster: Cluster) -> None:
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
        (0, "1 {'color': 'blue'}\n['sky']\nNone\nsea {'color': 'green'}\nsea is gone\n"),
        (1, "Active True\ndefault True\n"),
        (2, 'kubecore_informer_objects{resource="namespaces",namespace="",selector=""} '),
    ],
)
def test_the_code_about_informers_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/informers.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "'ReplicaSet (apps/v1)'"),
        (1, "ConfigMap {'text': 'bye'}\n1\n"),
        (2, "kube-root-ca.crt"),
        (3, "'kube-system'"),
        (4, "True\n"),
        (5, "1 of 2 objects were not applied:\n  ConfigMap dynamic-docs/motd: "),
        (6, "ok\nTrue\n"),
    ],
)
def test_the_page_on_kinds_at_run_time_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/dynamic.md")[number], cluster)


MODULES = {
    "apps_v1": apps_v1,
    "batch_v1": batch_v1,
    "core_v1": core_v1,
    "meta": meta,
    "meta_v1": meta_v1,
    "networking_v1": networking_v1,
    "errors": errors,
    "kubeconfig": kubeconfig,
    "manifests": kubecore.manifests,
    "quantity": quantity,
    "rest": rest,
    "kubecore": kubecore,
    "Clientset": Clientset,
    "AsyncClientset": AsyncClientset,
}


def migrations() -> list[str]:
    """Return the calls of the migration tables' right-hand columns."""
    pages = sorted(
        page for page in (ROOT / "docs/coming-from").glob("*.md") if page.name != "go.md"
    )  # As in README.md.
    rows = [row for page in pages for row in re.findall(r"^\| .* \| (.*) \|$", page.read_text("utf-8"), re.MULTILINE)]
    names = "|".join((*MODULES, "clientset", "pod", "secret"))
    return [
        call
        for row in rows
        for call in re.findall(rf"`((?:(?:async )?with |await |except |clientset = )?(?:{names})\b(?!=)[^`]*)`", row)
    ]


@pytest.mark.parametrize("call", dict.fromkeys(migrations()))
def test_every_call_of_the_migration_tables_exists(call: str) -> None:
    """Every call names an existing method that accepts the given arguments."""
    text = re.sub(r"^(?:(?:async )?with|await|except|clientset =) ", "", call)
    text = re.sub(r"(?:: \.\.\.)$", "", re.sub(r" as \w+(?=$|:)", "", text))
    scope: dict[str, Any] = {**MODULES, "pod": core_v1.Pod.zero(), "secret": core_v1.Secret(data={"k": b"v"})}
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
    """Return the last call that can be checked without a server; only a server knows the result of discovery."""
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return inner if isinstance(inner, ast.Call) and "dynamic" in ast.unparse(inner) else call


def token_of_the_pages_account(cluster: Cluster, page: str) -> str:
    """Apply the manifests of a page that gives rights to the account `app`, and return a token of the account."""
    found = re.findall(r"^```yaml\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    with Clientset(kubeconfig.load(cluster.kubeconfig)) as clientset:
        for body in yaml.safe_load_all(found[0]):
            namespace = "default" if body["kind"] == "ServiceAccount" else ""
            clientset.dynamic.resource(body["kind"], namespace).create(body)
        accounts = clientset.core_v1.service_accounts("default")
        review = authentication_v1.TokenRequest(spec=authentication_v1.TokenRequestSpec(audiences=[]))
        return accounts.create_token("app", review).status.token or ""


def test_the_code_with_a_server_a_ca_and_a_token_runs_with_the_rights_of_the_page(
    cluster: Cluster, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(token_of_the_pages_account(cluster, "docs/connecting.md"))
    code = blocks("docs/connecting.md")[2].replace("https://10.0.0.1:6443", cluster.url)
    code = code.replace("/etc/app/token", str(token)).replace("/etc/app/ca.crt", str(cluster.ca_file))
    assert run(code, cluster).endswith(" pods\n")
    refused = completed(code.replace('pods("")', "namespaces()"), cluster)
    assert "ForbiddenError: namespaces is forbidden" in refused.stderr


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "Clientset('https://127.0.0.1:"),
        (1, "['admin'] current: admin\nadmin tests admin default\n"),
        (3, "True\nGET https://127.0.0.1:"),
        (3, "not done within 1e-06 s (timeout=)"),
        (4, 'pods is forbidden: User "ann" cannot list resource "pods"'),
        (5, "admin\n"),
    ],
)
def test_the_page_on_connecting_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/connecting.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "Pod web\nPodSpec(containers=[Container(name='main', image="),
        (0, "metadata:\n  labels:\n    app: web\n    tier: front\n  name: web\nspec:\n"),
        (1, "'kind': 'ConfigMap', 'data': {'text': 'hello'}, 'metadata': {'name': 'motd'}}\nTrue\n"),
        (2, "mapped\nbinary_data is not a field of ConfigMap; did you mean binaryData?"),
        (2, 'unknown field "dta"'),
        (3, "0.500000000 1610612736.000000000 0 1Gi\n1500m\n"),
        (3, "target_port='http') ServicePort(port=80, target_port=8080)\n3\n{'renewTime': '2"),
        (4, "b's3cret' ann\n{'password': 'czNjcmV0', 'user': 'YW5u'}\n"),
        (4, "Secret default/login\n"),
        (4, "text that is not base64"),
        (5, "{'text': 'hello'} ConfigMap\n"),
    ],
)
def test_the_page_on_models_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/models.md")[number], cluster)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, 'deployments.apps "nope" not found 404 NotFound deployments\nthe name is empty\n'),
        (0, "NotFoundError('pods \"nope\" not found')\n"),
        (1, "the server does not accept the credentials of user 'admin' of context 'admin'"),
        (1, "/api/v1/namespaces/default/pods as user 'admin' of context 'admin'\n"),
    ],
)
def test_the_page_on_errors_runs(number: int, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/errors.md")[number], cluster)


def test_the_page_on_errors_has_every_error_class() -> None:
    text = (ROOT / "docs/errors.md").read_text("utf-8")
    tree = re.search(r"^```text\n(KubeError.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert tree is not None
    names = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]
    kinds = {name: getattr(errors, name) for name in names if issubclass(getattr(errors, name), errors.KubeError)}
    parents: list[tuple[int, str]] = []
    seen: set[str] = set()
    for line in tree[1].splitlines():
        start = re.search(r"[A-Z]", line)
        assert start is not None, line
        depth = start.start() // 4
        parents = [one for one in parents if one[0] < depth]
        for name, timeout in re.findall(r"(\w+Error)(?: \d+)?( \(T\))?", re.sub(r"\(also .*?\)", "", line)):
            assert issubclass(kinds[name], TimeoutError) == bool(timeout), name
            assert not parents or kinds[parents[-1][1]] in kinds[name].__bases__, name
            seen.add(name)
        parents.append((depth, re.findall(r"\w+Error", line)[0]))
    assert seen == {name for name in kinds if name != "TimeoutError"}


DRIVE_THE_APPLICATION = """
import anyio
import httpx


async def drive() -> None:
    async with lifespan(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        print((await client.get("/namespaces")).json())


anyio.run(drive)
"""


@pytest.mark.parametrize(
    ("number", "more", "said"),
    [
        (0, "", "'kube-system': "),
        (1, DRIVE_THE_APPLICATION, "'kube-system'"),
        (2, "", "ADDED default\n"),
        (2, "", "a second is over\n"),
        (3, "", "True\n"),
        (4, "", "1\n"),
    ],
)
def test_the_page_on_async_threads_and_forks_runs(number: int, more: str, said: str, cluster: Cluster) -> None:
    assert said in run(blocks("docs/async.md")[number] + more, cluster)


RUN = {
    "README.md": 3,
    "docs/apply.md": 3,
    "docs/async.md": 5,
    "docs/connecting.md": 6,
    "docs/crds.md": 4,  # tests/kgen runs them.
    "docs/dynamic.md": 7,
    "docs/errors.md": 2,
    "docs/events.md": 3,
    "docs/exec.md": 3,
    "docs/http.md": 2,
    "docs/informers.md": 3,
    "docs/leader-election.md": 3,
    "docs/logs.md": 2,
    "docs/models.md": 6,
    "docs/observability.md": 4,
    "docs/performance.md": 1,
    "docs/port-forward.md": 2,
    "docs/testing.md": 8,
    "docs/waiting.md": 4,
    "docs/watch.md": 2,
    "docs/workqueue.md": 3,
}
"""How many blocks of each page the tests run; docs/reading.md is run as a whole."""


def test_no_page_has_code_that_is_not_run() -> None:
    pages = {"README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))}
    pages -= {page.relative_to(ROOT).as_posix() for page in programs.pages()}  # tests/pages runs them.
    assert {page: len(blocks(page)) for page in pages if blocks(page) and page != "docs/reading.md"} == RUN


def test_links_of_the_documentation_lead_somewhere() -> None:
    files = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md"))
    wrong = []
    for file in files:
        for link in links(file.read_text("utf-8")):
            target = (file.parent / link.path).resolve() if link.path else file
            if (ROOT / "docs" / "reference") in target.parents:
                continue  # `make docs` writes it; tests/test_site.py checks links to it.
            if not target.exists():
                wrong.append(f"{file.name}: {link.path}")
            elif link.anchor and target.suffix == ".md" and link.anchor not in anchors(target.read_text("utf-8")):
                wrong.append(f"{file.name}: {link.path}#{link.anchor}")
    assert wrong == []
