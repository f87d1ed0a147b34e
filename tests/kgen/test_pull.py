"""`kgen pull` fetches the chosen documents from a fake API server, whose index may lag behind."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kgen import pull as pulling
from kgen.cli import run
from kgen.errors import ClusterError, ConfigError, OutputError
from kgen.load.openapi_v3 import group_version
from kgen.pull.choice import Choice
from kgen.pull.folder import DocumentFolder, Index
from kgen.reserved_names import CLIENT_GO_GROUPS
from tests.conftest import ROOT
from tests.kgen.documents import document

SERVED = (
    "api",
    "api/v1",
    "apis",
    "apis/apps",
    "apis/apps/v1",
    "apis/autoscaling",
    "apis/autoscaling/v2",
    "apis/autoscaling.k8s.io",
    "apis/autoscaling.k8s.io/v1",
    "apis/monitoring.coreos.com/v1",
    "apis/monitoring.coreos.com/v1alpha1",
    "apis/networking.istio.io/v1",
    "apis/networking.k8s.io/v1",
    "version",
)


class Fake(ThreadingHTTPServer):
    """An API server with documents, groups and a version. Reads of the index return `index_after` first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.documents: dict[str, Any] = {name: {"openapi": "3.0.0", "paths": {}} for name in SERVED}
        self.version: dict[str, Any] = {"gitVersion": "v1.37.2"}
        self.asked: list[str] = []
        self.index_after: list[dict[str, Any]] = []
        self.failing: dict[str, str] = {}
        self.groups: list[str] = []

    def index(self) -> dict[str, Any]:
        paths = {name: {"serverRelativeURL": self.location(name)} for name in self.documents}
        paths |= {name: {"serverRelativeURL": "/x"} for name, how in self.failing.items() if how == "elsewhere"}
        return self.index_after.pop(0) if self.index_after else {"paths": paths}

    def location(self, name: str) -> str:
        return (
            f"/openapi/v3/{name}?hash={hashlib.sha512(json.dumps(self.documents[name]).encode()).hexdigest().upper()}"
        )

    def answer(self, path: str) -> tuple[int, Any, str]:
        self.asked.append(path)
        name = path.partition("?")[0].removeprefix("/openapi/v3/")
        if path == "/apis":
            return 200, {"groups": [{"versions": [{"groupVersion": group}]} for group in self.groups]}, ""
        if path in ("/openapi/v3", "/version"):
            return 200, self.index() if path == "/openapi/v3" else self.version, ""
        if name not in self.documents:
            return 404, {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"}, ""
        there = self.location(name)
        return (200, self.documents[name], "") if path == there else (301, None, there)


class Handler(BaseHTTPRequestHandler):
    server: Fake
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Headers and body are two writes; the second would wait for a delayed ACK.

    def do_GET(self) -> None:
        status, content, location = self.server.answer(self.path)
        how = self.server.failing.get(self.path.partition("?")[0].removeprefix("/openapi/v3/"), "")
        if how == "cut":
            self.close_connection = True
            return
        if how == "503":
            status, content = 503, {"kind": "Status", "status": "Failure", "code": 503, "message": "unavailable"}
        body = b"" if content is None else json.dumps(content).encode()
        body = b"<html>" if how == "no JSON" else body
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


@pytest.fixture
def fake() -> Iterator[Fake]:
    with Fake() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the recorded pauses before retries. The tests do not wait for them."""
    found: list[float] = []
    monkeypatch.setattr("kubecore.rest.client.pauses.sleep", found.append)
    return found


@pytest.fixture
def kubeconfig(fake: Fake, tmp_path: Path) -> str:
    clusters = [{"name": "fake", "cluster": {"server": f"http://127.0.0.1:{fake.server_port}"}}]
    contexts = [{"name": "fake", "context": {"cluster": "fake", "user": ""}}]
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps({"clusters": clusters, "contexts": contexts, "current-context": "fake"}))
    return str(file)


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (("apps",), {"apis/apps", "apis/apps/v1"}),
        (("apps/v1",), {"apis/apps/v1"}),
        (("core",), {"api", "api/v1"}),
        (("v1",), {"api/v1"}),
        (("core/v1", "autoscaling/v2"), {"api/v1", "apis/autoscaling/v2"}),
        (("monitoring.coreos.com/v1",), {"apis/monitoring.coreos.com/v1"}),
        ((), set(SERVED)),
    ],
)
def test_groups_and_group_versions_choose_documents(groups: tuple[str, ...], found: set[str]) -> None:
    assert Choice(groups).of(SERVED) == found


def test_a_group_of_kubernetes_is_identified_by_its_full_name() -> None:
    """The first label and the suffix do not decide: groups of VPA and Istio resemble those of Kubernetes."""
    assert Choice(builtins=False).of(SERVED) == {
        "apis/autoscaling.k8s.io",
        "apis/autoscaling.k8s.io/v1",
        "apis/monitoring.coreos.com/v1",
        "apis/monitoring.coreos.com/v1alpha1",
        "apis/networking.istio.io/v1",
    }


@pytest.mark.parametrize("specs", sorted((ROOT / "specs").iterdir()), ids=lambda folder: folder.name)
def test_every_group_that_kubernetes_ships_is_known(specs: Path) -> None:
    names = [name for name in json.loads((specs / "index.json").read_bytes())["documents"] if group_version(name)[1]]
    assert {group_version(name)[0] for name in names} <= set(CLIENT_GO_GROUPS)
    with pytest.raises(ClusterError, match="no groups but those of Kubernetes"):
        Choice(builtins=False).of(names)


@pytest.mark.parametrize(
    ("word", "what", "hint"),
    [
        (
            "monitoring.coreos.co",
            "no group 'monitoring.coreos.co'",
            "did you mean 'monitoring.coreos.com'? it has apps,",
        ),
        ("apps/v2", "no group version 'apps/v2'", "did you mean 'apps/v1'? it has apps/v1"),
        ("apis/apps", "no group version 'apis/apps'", "it has apps, autoscaling, autoscaling.k8s.io, core, monitoring"),
        ("", "no group ''", "it has apps, autoscaling,"),
        ("\x1b[2J", r"no group '\x1b[2J'", "it has apps,"),
        ("../x", "no group version '../x'", "it has apps,"),
    ],
)
def test_the_error_for_a_missing_group_names_the_available_groups(word: str, what: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Choice(("apps", word)).of(SERVED)
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_pull_removes_unselected_documents_and_records_the_selection(
    fake: Fake, kubeconfig: str, tmp_path: Path
) -> None:
    folder = tmp_path / "specs"
    pulling.pull(folder, kubeconfig=kubeconfig)
    assert set(json.loads((folder / "index.json").read_bytes())) == {"documents"}
    assert "Groups" not in (folder / "ORIGIN.md").read_text()
    fake.asked.clear()

    choice = Choice(("monitoring.coreos.com/v1", "apps", "apps"))
    done = pulling.pull(folder, choice, kubeconfig=kubeconfig)
    assert (done.fetched, len(done.unchanged), len(done.removed)) == ((), 3, len(SERVED) - 3)
    assert sorted(file.name for file in folder.iterdir()) == [
        "ORIGIN.md",
        "apis__apps.json",
        "apis__apps__v1.json",
        "apis__monitoring.coreos.com__v1.json",
        "index.json",
    ]
    assert json.loads((folder / "index.json").read_bytes())["groups"] == ["apps", "monitoring.coreos.com/v1"]
    assert "- Groups: only apps, monitoring.coreos.com/v1\n" in (folder / "ORIGIN.md").read_text()
    assert not any("hash" in path for path in fake.asked)

    pulling.pull(folder, Choice(builtins=False), kubeconfig=kubeconfig)
    assert "- Groups: only those that Kubernetes does not ship\n" in (folder / "ORIGIN.md").read_text()
    assert json.loads((folder / "index.json").read_bytes())["builtins"] is False
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}
    fake.asked.clear()
    again = pulling.pull(folder, Choice(builtins=False), kubeconfig=kubeconfig)
    assert again.fetched == again.removed == ()
    assert fake.asked == ["/openapi/v3", "/apis", "/version"]
    assert before == {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}


def test_pull_of_a_missing_group_does_not_create_the_folder(
    kubeconfig: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "specs"
    assert run(["pull", str(folder), "--kubeconfig", kubeconfig, "--group", "app"]) == 2
    assert "did you mean 'apps'?" in capsys.readouterr().err
    assert not folder.exists()
    assert run(["pull", str(folder), "--kubeconfig", kubeconfig, "--group", "apps", "--no-builtins"]) == 2
    assert "cannot be combined" in capsys.readouterr().err


def test_a_document_that_changes_after_the_index_is_looked_up_again(
    fake: Fake, kubeconfig: str, tmp_path: Path
) -> None:
    stale = fake.index()
    fake.documents["apis/networking.istio.io/v1"] = {"openapi": "3.0.0", "paths": {}, "info": {"title": "new"}}
    del fake.documents["apis/monitoring.coreos.com/v1alpha1"]
    fake.index_after = [stale, stale]
    slept: list[float] = []
    told: list[str] = []
    folder = tmp_path / "specs"
    done = pulling.pull(folder, Choice(builtins=False), kubeconfig=kubeconfig, sleep=slept.append, progress=told.append)
    assert len(slept) == 2
    assert any("apis/monitoring.coreos.com/v1alpha1 is listed, but not served: reading" in stage for stage in told)
    assert json.loads((folder / "apis__networking.istio.io__v1.json").read_bytes())["info"] == {"title": "new"}
    assert not (folder / "apis__monitoring.coreos.com__v1alpha1.json").exists()
    fetched = [path for path in fake.asked if path == fake.location("apis/autoscaling.k8s.io/v1")]
    assert len(fetched) == 1, "what was fetched before is kept"
    assert len(done.fetched) == 4
    fake.asked.clear()
    assert pulling.pull(folder, Choice(builtins=False), kubeconfig=kubeconfig).fetched == ()


def test_pull_fails_if_the_index_remains_outdated(fake: Fake, kubeconfig: str, tmp_path: Path) -> None:
    stale = fake.index()
    fake.documents["api/v1"] = {"openapi": "3.0.0", "paths": {}, "info": {"title": "new"}}
    fake.index_after = [stale] * 10
    slept: list[float] = []
    with pytest.raises(ClusterError, match="api/v1 has changed since the server listed it, 5 times in a row") as caught:
        pulling.pull(tmp_path / "specs", kubeconfig=kubeconfig, sleep=slept.append)
    assert "nothing was written" in caught.value.hint
    assert slept == sorted(slept)
    assert sum(slept) < 10
    assert not (tmp_path / "specs").exists()


@pytest.mark.slow
def test_a_folder_with_only_the_selected_groups_can_be_built(
    fake: Fake, kubeconfig: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a project of `kgen init`, Kubernetes types come from kubeclient, so their groups need not be pulled."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    fake.documents = {
        "apis/autoscaling.k8s.io/v1": document("autoscaling.k8s.io", kind="Scaler", plural="scalers"),
        "apis/networking.istio.io/v1": document("networking.istio.io"),
    }
    assert run(["pull", "specs", "--kubeconfig", kubeconfig, "--no-builtins", "-q"]) == 0
    assert run(["init"]) == 0
    assert run(["build", "-q"]) == 0
    made = tmp_path / "project" / "project_client"
    assert "from kubeclient.models import meta_v1" in (made / "models" / "networking_istio_io_v1.py").read_text()
    clientset = (made / "clientset.py").read_text()
    assert "def autoscaling_k8s_io_v1(" in clientset
    assert "from kubeclient.clientset import" in clientset
    assert run(["check", "-q"]) == 0


def test_a_server_without_a_version_is_an_error_of_the_cluster(
    fake: Fake, kubeconfig: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.version = {"gitVersion": 7}
    assert run(["pull", str(tmp_path / "specs"), "--kubeconfig", kubeconfig]) == 4
    assert "does not report its version" in capsys.readouterr().err


DOWN = "apis/monitoring.coreos.com/v1"


@pytest.mark.parametrize("how", ["503", "no JSON", "cut", "elsewhere"])
def test_an_api_that_fails_is_named_and_the_others_are_pulled(
    how: str, fake: Fake, kubeconfig: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, words = tmp_path / "specs", ["pull", str(tmp_path / "specs"), "--kubeconfig", kubeconfig]
    fake.failing = {DOWN: how}
    assert run(words) == 0
    stderr = capsys.readouterr().err
    assert f"warning: the document {DOWN} was not fetched" in stderr
    assert "the folder has no document of it" in stderr
    assert "--exclude-group monitoring.coreos.com" in stderr
    assert f"{len(SERVED) - 1} documents fetched, 0 unchanged, 0 removed, 1 missing" in stderr
    assert DOWN not in json.loads((folder / "index.json").read_bytes())["documents"]
    assert run([*words, "--strict"]) == 4
    capsys.readouterr()
    assert run([*words, "--exclude-group", "monitoring.coreos.com", "--strict"]) == 0
    assert "missing" not in capsys.readouterr().err
    assert "- Groups: all without monitoring.coreos.com\n" in (folder / "ORIGIN.md").read_text()


def test_the_document_of_an_api_that_fails_stays(fake: Fake, kubeconfig: str, tmp_path: Path) -> None:
    folder = tmp_path / "specs"
    pulling.pull(folder, kubeconfig=kubeconfig)
    before = (folder / "apis__monitoring.coreos.com__v1.json").read_bytes()
    fake.documents[DOWN] = {"openapi": "3.0.0", "paths": {}, "info": {"title": "new"}}
    fake.failing = {DOWN: "503"}
    done = pulling.pull(folder, kubeconfig=kubeconfig)
    assert (done.fetched, done.removed, [problem.where for problem in done.problems]) == ((), (), [DOWN])
    assert "the folder keeps the one that it has" in done.problems[0].hint
    # The server drops the document from its index but still has the API.
    new = fake.documents.pop(DOWN)
    fake.groups = ["monitoring.coreos.com/v1", "other.example.com/v1"]
    done = pulling.pull(folder, kubeconfig=kubeconfig)
    assert done.removed == ()
    assert [problem.where for problem in done.problems] == [DOWN, "apis/other.example.com/v1"]
    assert (folder / "apis__monitoring.coreos.com__v1.json").read_bytes() == before
    # The API responds again.
    fake.documents[DOWN], fake.failing, fake.groups = new, {}, []
    assert pulling.pull(folder, kubeconfig=kubeconfig).fetched == (DOWN,)
    # The API is removed permanently.
    del fake.documents[DOWN]
    assert pulling.pull(folder, kubeconfig=kubeconfig).removed == (DOWN,)
    assert not (folder / "apis__monitoring.coreos.com__v1.json").exists()


def test_the_error_if_every_api_fails_names_the_first(fake: Fake, kubeconfig: str, tmp_path: Path) -> None:
    fake.failing = dict.fromkeys(SERVED, "503")
    with pytest.raises(ClusterError, match="no document could be fetched; the first, api: ") as caught:
        pulling.pull(tmp_path / "specs", kubeconfig=kubeconfig)
    assert "--group" in caught.value.hint
    fake.failing = dict.fromkeys(SERVED, "cut")
    fake.asked.clear()
    with pytest.raises(ClusterError):
        pulling.pull(tmp_path / "specs", kubeconfig=kubeconfig)
    assert len({path for path in fake.asked if "hash" in path}) == 3, "a cluster that is gone is not asked for each"
    assert not (tmp_path / "specs").exists()


LOCATIONS = (
    "/openapi/v3/../../api/v1/namespaces/kube-system/secrets",
    f"/openapi/v3/{DOWN}/../../../../api/v1/secrets?hash=AB",
    f"/openapi/v3/{DOWN}/%2e%2e/%2e%2e/api/v1/secrets",
    f"/openapi/v3/{DOWN}#?hash=AB",
    f"/openapi/v3/{DOWN}?hash=AB#x",
    f"/openapi/v3/{DOWN}?hash=AB?x",
    f"/openapi/v3/{DOWN}?hash=%2e%2e",
    f"/openapi/v3/{DOWN}?a=/../../x",
    f"/openapi/v3/{DOWN};x=y",
    f"/openapi/v3/{DOWN}\\..\\..",
    f"/openapi/v3//{DOWN}",
    f"/openapi/v3/./{DOWN}",
    f"//evil.example.com/openapi/v3/{DOWN}",
    f"http://evil.example.com/openapi/v3/{DOWN}?hash=AB",
    "/openapi/v3/api/v1?hash=AB",
    "/openapi/v3/",
    f"/openapi/v3/{DOWN}\r\nX: y",
    f"/openapi/v3/{DOWN}?hash=AB\n",
    f"openapi/v3/{DOWN}",
    "",
    None,
    7,
)


@pytest.mark.parametrize("location", LOCATIONS)
def test_only_the_path_of_the_document_is_requested(location: Any, fake: Fake, kubeconfig: str, tmp_path: Path) -> None:
    index = fake.index()
    index["paths"][DOWN] = {"serverRelativeURL": location}
    fake.index_after = [index]
    done = pulling.pull(tmp_path / "specs", kubeconfig=kubeconfig)
    assert [problem.where for problem in done.problems] == [DOWN]
    assert "does not report the location" in done.problems[0].what
    known = {"/openapi/v3", "/version", "/apis", *(fake.location(name) for name in SERVED if name != DOWN)}
    assert set(fake.asked) == known


@pytest.mark.parametrize("text", ["", "[]", f'{{"x": {"[" * 100_000}{"]" * 100_000}}}'], ids=["empty", "list", "deep"])
def test_an_unreadable_index_counts_as_missing(text: str, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(text)
    assert DocumentFolder(tmp_path).index() == Index({})


@pytest.mark.parametrize("file", ["apis__apps__v1.json", "index.json", "ORIGIN.md"])
@pytest.mark.parametrize("dangling", [False, True])
def test_pull_refuses_a_symbolic_link_and_does_not_change_its_target(
    file: str, dangling: bool, kubeconfig: str, tmp_path: Path
) -> None:
    target, folder = tmp_path / "bashrc", tmp_path / "specs"
    folder.mkdir()
    (folder / file).symlink_to(target)
    if not dangling:
        target.write_text("# my settings\n")
    with pytest.raises(OutputError, match="a symbolic link is in the way"):
        pulling.pull(folder, kubeconfig=kubeconfig)
    assert target.exists() is not dangling
    assert dangling or target.read_text() == "# my settings\n"
    assert [entry.name for entry in folder.iterdir()] == [file], "nothing is written"


def test_staged_files_have_unpredictable_names(kubeconfig: str, tmp_path: Path) -> None:
    folder = tmp_path / "specs"
    folder.mkdir()
    for name in (*SERVED, "index", "ORIGIN"):
        for ending in ("json.new", "json", "json.tmp", "md.new"):
            (folder / f".{name.replace('/', '__')}.{ending}").symlink_to(tmp_path / "bashrc")
    links = {entry.name for entry in folder.iterdir()}
    pulling.pull(folder, kubeconfig=kubeconfig)
    assert not (tmp_path / "bashrc").exists()
    assert {entry.name for entry in folder.iterdir() if entry.name.startswith(".")} == links
