"""The programs of README.md and of the guides run on a real server. tests/pages runs those of the other pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from kubeclient import Clientset
from kubeclient.models import authentication_v1
from kubecore import kubeconfig
from tests.cluster import Cluster
from tests.cluster.build import binaries
from tests.pages import programs
from tests.pages.guides import blocks, completed, run

pytestmark = pytest.mark.thorough  # These tests check the text of the pages.

OUTPUTS: Final[dict[str, dict[int, list[str]]]] = {
    "README.md": {
        0: ['deployments.apps "nope" not found'],
        1: ["ADDED default"],
        2: [],
    },
    "docs/events.md": {
        0: ["Warning CopyFailed 4 attempt 0: the quota is used up\n", "Normal Copied 1 copied to 3 namespaces\n"],
        2: ["the object of an event, a Pod, has no name\n"],
    },
    "docs/observability.md": {
        0: ['kube_requests_total{code="200",group="",resource="namespaces",verb="list"} 1.0'],
        1: ['workqueue_depth{controller="pods",name="pods",priority="normal"} 1.0'],
        2: ['"http.response.status_code": 200'],
        3: ["create configmaps default\nthis program must not change kube-system\n"],
    },
    "docs/waiting.md": {
        0: [
            'there is default\nconfigmaps "nope": timed out after 0.5 s waiting for creation; last seen: there is no such object'
        ],
        1: ["default ['default']\n"],
        2: ["ProgressDeadlineExceeded 1"],
        3: ["['True']"],
    },
    "docs/watch.md": {
        0: ["ADDED default"],
        1: ["'default'"],
    },
    "docs/informers.md": {
        0: ["1 {'color': 'blue'}\n['sky']\nNone\nsea {'color': 'green'}\nsea is gone\n"],
        1: ["Active True\ndefault True\n"],
        2: ['kubecore_informer_objects{resource="namespaces",namespace="",selector=""} '],
    },
    "docs/dynamic.md": {
        0: ["'ReplicaSet (apps/v1)'"],
        1: ["ConfigMap {'text': 'bye'}\n1\n"],
        2: ["kube-root-ca.crt"],
        3: ["'kube-system'"],
        4: ["True\n"],
        5: ["1 of 2 objects were not applied:\n  ConfigMap dynamic-docs/motd: "],
        6: ["ok\nTrue\n"],
    },
    "docs/connecting.md": {
        0: ["Clientset('https://127.0.0.1:"],
        1: ["['admin'] current: admin\nadmin tests admin default\n"],
        3: ["True\nGET https://127.0.0.1:", "not done within 1e-06 s (timeout=)"],
        4: ["1\n"],
        5: ['pods is forbidden: User "ann" cannot list resource "pods"'],
        6: ["admin\n"],
    },
    "docs/errors.md": {
        0: [
            'deployments.apps "nope" not found 404 NotFound deployments\nthe name is empty\n',
            "NotFoundError('pods \"nope\" not found')\n",
        ],
        1: [
            "the server does not accept the credentials of user 'admin' of context 'admin'",
            "/api/v1/namespaces/default/pods as user 'admin' of context 'admin'\n",
        ],
    },
    "docs/async.md": {
        0: ["'kube-system': "],
        1: ["'kube-system'"],
        2: ["ADDED default\n", "a second is over\n"],
        3: ["True\n"],
        4: ["1\n"],
    },
}
"""Parts of the output of programs, by page and number of the block."""

DRIVE_THE_APPLICATION: Final = """
import anyio
import httpx


async def drive() -> None:
    async with lifespan(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        print((await client.get("/namespaces")).json())


anyio.run(drive)
"""


@pytest.mark.parametrize(("page", "number"), [(page, number) for page, found in OUTPUTS.items() for number in found])
def test_the_program_of_the_page_runs(page: str, number: int, cluster: Cluster) -> None:
    code = blocks(page)[number]
    if "FastAPI(" in code:
        code += DRIVE_THE_APPLICATION
    printed = run(code, cluster)
    for part in OUTPUTS[page][number]:
        assert part in printed


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


def token_of_the_pages_account(cluster: Cluster, page: str) -> str:
    """Apply the manifests of a page that gives rights to the account `app`, and return a token of the account."""
    with Clientset(kubeconfig.load(cluster.kubeconfig)) as clientset:
        for body in yaml.safe_load_all(blocks(page, "yaml")[0]):
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


ELSEWHERE: Final = {
    "docs/apply.md": {0, 1, 2},
    "docs/connecting.md": {2},
    "docs/crds.md": {0, 1, 2, 3},  # tests/kgen
    "docs/events.md": {1},
    "docs/exec.md": {0, 1, 2},  # tests/test_docs_of_pods.py
    "docs/http.md": {0, 1},
    "docs/leader-election.md": {0, 1, 2},
    "docs/logs.md": {0, 1},  # tests/test_docs_of_pods.py
    "docs/performance.md": {0},
    "docs/port-forward.md": {0, 1},  # tests/test_docs_of_pods.py
    "docs/testing.md": set(range(8)),
    "docs/workqueue.md": {0, 1, 2},
}
"""Programs that other tests run; docs/reading.md is run as a whole."""


def test_no_page_has_code_that_is_not_run() -> None:
    pages = {"README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in (programs.ROOT / "docs").glob("*.md"))}
    pages -= {page.relative_to(programs.ROOT).as_posix() for page in programs.pages()}  # tests/pages runs them.
    written = {page: set(range(len(blocks(page)))) for page in pages - {"docs/reading.md"} if blocks(page)}
    assert written == {page: {*OUTPUTS.get(page, {}), *ELSEWHERE.get(page, set())} for page in {*OUTPUTS, *ELSEWHERE}}
