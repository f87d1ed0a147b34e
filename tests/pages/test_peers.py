"""The programs "before" of the pages about other clients run with these clients, and print the output on the page.

`make peers` installs the clients; without it these tests are skipped.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from kgen import migrate
from kgen.bundled_specs import bundled_specs
from kgen.pipeline import describe
from kubecore import kubeconfig
from kubecore.testing import FakeCluster
from tests.cluster import Cluster
from tests.golang import need_go
from tests.pages import go_program
from tests.pages.befores import COMING_FROM, PEERS, Before, befores
from tests.pages.programs import ROOT
from tests.pages.running import cleaned

pytestmark = pytest.mark.thorough  # The other clients are installed for one Python.

needs_peers = pytest.mark.skipif(not PEERS.exists(), reason="the other clients are not installed: make peers")
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")

SECONDS: Final = 120

_AIO: Final = [
    dataclasses.replace(before, page="kubernetes.aio", code=before.code.replace("kubernetes_asyncio", "kubernetes.aio"))
    for before in befores("py")
    if before.page == "kubernetes-asyncio"
]
PROGRAMS: Final = [*befores("py"), *_AIO]

# The public methods of all classes for groups, and all models, of the installed official client.
_NAMES: Final = """
import inspect, json
import kubernetes.client as client
names = {name: getattr(client, name, None) for name in {*dir(client), *getattr(client, "__all__", ())}}
classes = {name: value for name, value in names.items() if isinstance(value, type)}
apis = {
    name: [method for method, value in vars(one).items() if inspect.isfunction(value) and not method.startswith("_")]
    for name, one in classes.items()
    if name.endswith("Api")
}
print(json.dumps([apis, [name for name, one in classes.items() if ".models." in one.__module__]]))
"""

# The classes of errors of the other clients, with the modules that have them.
_ERRORS: Final = """
import importlib
for module in (
    "kubernetes.client.exceptions", "kubernetes.config", "kubernetes.utils", "kubernetes.dynamic.exceptions",
    "kubernetes_asyncio.client.exceptions", "kubernetes_asyncio.config", "kubernetes_asyncio.utils",
    "kubernetes_asyncio.dynamic.exceptions", "lightkube.core.exceptions", "kr8s._exceptions",
):
    for name, one in vars(importlib.import_module(module)).items():
        if isinstance(one, type) and issubclass(one, Exception):
            print(module, name)
"""

# Calls of the public methods of objects and clients of kr8s and lightkube, a line for each.
_OTHER_NAMES: Final = """
import inspect
import kr8s
import kr8s.objects
from lightkube import Client
for one, start in (
    (kr8s.objects.Pod, "kr8s.objects.Pod.get('a')"),
    (kr8s.objects.Deployment, "kr8s.objects.Deployment.get('a')"),
    (kr8s.objects.Node, "kr8s.objects.Node.get('a')"),
    (kr8s.Api, "kr8s.api()"),
    (Client, "lightkube.Client()"),
):
    for name, value in inspect.getmembers(one, callable):
        if not name.startswith("_") and not isinstance(value, type):
            print(f"{start}.{name}('n')")
"""


def run(command: list[str], config: Path) -> str:
    environment = os.environ | {"KUBECONFIG": str(config)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_program_before_is_found_with_its_output() -> None:
    written = [
        path.stem for path in COMING_FROM.glob("*.md") for _ in re.findall("^Before:$", path.read_text(), re.MULTILINE)
    ]
    assert sorted(before.page for language in ("py", "sh", "go") for before in befores(language)) == sorted(written)


@needs_peers
@pytest.mark.parametrize("before", PROGRAMS, ids=str)
def test_the_program_before_prints_the_same(before: Before) -> None:
    with FakeCluster() as cluster, cluster.serve() as server:
        assert run([str(PEERS), "-c", before.code], Path(server.kubeconfig)) == before.output


@needs_peers
@pytest.mark.parametrize("before", PROGRAMS, ids=str)
def test_the_program_before_prints_the_same_on_a_real_server(before: Before, cluster: Cluster) -> None:
    with cleaned(kubeconfig.load_config(cluster.kubeconfig)):
        assert run([str(PEERS), "-c", before.code], cluster.kubeconfig) == before.output


def data_of(text: str) -> list[object]:
    """Return the mappings in a text: a program in Python prints them with other quotes than kubectl."""
    return [ast.literal_eval(part) for part in re.findall(r"\{.*?\}", text)]


@needs_kubectl
@pytest.mark.parametrize("before", [*befores("sh")], ids=str)
def test_the_commands_of_kubectl_print_the_same_data(before: Before, cluster: Cluster, tmp_path: Path) -> None:
    with cleaned(kubeconfig.load_config(cluster.kubeconfig)):
        printed = run(["sh", "-ec", f"cd '{tmp_path}'\n{before.code}"], cluster.kubeconfig)
    assert data_of(printed) == data_of(before.output)
    words = [word for word in before.output.split() if word.isupper() or word == "paint"]
    assert [word for word in words if word not in printed] == []


def test_the_parts_in_go_print_the_same_data(cluster: Cluster, tmp_path: Path) -> None:
    folder = go_program.written(tmp_path)
    need_go(folder)
    environment = os.environ | {"CGO_ENABLED": "0", "KUBECONFIG": str(cluster.kubeconfig)}
    for command in (["go", "vet", "."], ["go", "build", "-o", "program", "."]):
        subprocess.run(command, cwd=folder, env=environment, check=True, timeout=600)
    with cleaned(kubeconfig.load_config(cluster.kubeconfig)):
        printed = run([str(folder / "program")], cluster.kubeconfig)
    # The config map of the second part has one more key here than on the page, which the third part removes.
    assert printed.replace(" size:9", "") == "".join(go_map(before.output) for before in befores("go"))


def go_map(text: str) -> str:
    """Return the output of a program in Python as Go prints mappings: `map[color:red]`."""
    return re.sub(r"\{'(\w+)': '(\w+)'\}", r"map[\1:\2]", text)


@needs_peers
def test_every_name_of_the_official_client_in_its_page_exists() -> None:
    apis, models = json.loads(run([str(PEERS), "-c", _NAMES], Path(os.devnull)))
    text = (ROOT / "docs" / "coming-from" / "kubernetes.md").read_text()
    used = {"CoreV1Api": re.findall(r"\bv1\.(\w+)", text), "AppsV1Api": re.findall(r"\bapps\.(\w+)", text)}
    assert all(len(names) > 2 for names in used.values())
    missing = {(owner, name) for owner, names in used.items() for name in names if name not in apis[owner]}
    missing |= {("client", name) for name in re.findall(r"\bclient\.(V\d\w+)", text) if name not in models}
    assert missing == set()


@needs_peers
def test_migrate_knows_every_name_of_the_official_client(tmp_path: Path) -> None:
    apis, models = json.loads(run([str(PEERS), "-c", _NAMES], Path(os.devnull)))
    lines = [f"client.{owner}().{method}('n', 'ns')" for owner, methods in apis.items() for method in methods]
    lines += [f"client.{name}()" for name in models]
    file = tmp_path / "program.py"
    file.write_text("from kubernetes import client\n" + "\n".join(lines) + "\n")
    calls = migrate.report(file, describe(bundled_specs())).calls
    assert {call.line for call in calls} == set(range(2, len(lines) + 2))
    assert [call for call in calls if call.target.status == "open"] == []
    assert sum(call.target.status == "replacement" for call in calls) >= 0.97 * len(calls)


@needs_peers
def test_migrate_knows_every_error_of_the_other_clients(tmp_path: Path) -> None:
    names = [line.split() for line in run([str(PEERS), "-c", _ERRORS], Path(os.devnull)).splitlines()]
    assert len(names) > 60
    clauses = [f"try: from {module} import {name} as E\nexcept E: pass\n" for module, name in names]
    file = tmp_path / "program.py"
    file.write_text("".join(clauses))
    found = migrate.report(file, describe(bundled_specs())).errors
    assert [error.line for error in found] == [*range(2, 2 * len(names) + 1, 2)]
    assert [names[error.line // 2 - 1] for error in found if error.target.status == "open"] == []


@needs_peers
def test_migrate_knows_every_method_of_kr8s_and_lightkube(tmp_path: Path) -> None:
    lines = run([str(PEERS), "-c", _OTHER_NAMES], Path(os.devnull))
    assert lines.count("\n") > 60
    file = tmp_path / "program.py"
    file.write_text("import kr8s\nimport lightkube\n" + lines)
    calls = migrate.report(file, describe(bundled_specs())).calls
    assert {call.line for call in calls} == set(range(3, lines.count("\n") + 3))
    assert [call for call in calls if call.target.status == "open"] == []
