"""`kgen pull` downloads CRDs and the API of an aggregated server from the real API server."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kgen import pull as pulling
from kgen.cli import run
from kubeclient import Clientset
from kubeclient.models import meta_v1
from kubecore import errors, rest
from kubecore.patch import MergePatch
from tests.cluster import Cluster
from tests.cluster.nodes import until
from tests.server.aggregated import DOCUMENT, aggregated
from tests.server.definitions import definition

pytestmark = pytest.mark.thorough  # The result depends on the server, not on the version of Python.

OTHER = {"type": "object", "properties": {"size": {"type": "integer", "description": "Another size."}}}
GROUPS = ("autoscaling.pull.example.com", "networking.pull.example.com")


def listed(clientset: Clientset) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(clientset.rest_client.get_bytes("/openapi/v3"))["paths"]
    return found


@pytest.fixture(scope="module", autouse=True)
def installed(cluster: Cluster, config: rest.Config) -> Iterator[None]:
    """CRDs of two groups with names similar to groups of Kubernetes, in the index of the server."""
    with Clientset(config) as clientset:
        crds = clientset.apiextensions_v1.custom_resource_definitions()
        for group in GROUPS:
            crds.create(definition(group))
        until(lambda: all(f"apis/{group}/v1" in listed(clientset) for group in GROUPS), "the CRDs are served")
        yield
        for group in GROUPS:
            crds.delete(f"widgets.{group}")


def test_chosen_groups_are_pulled_once(cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pull", str(tmp_path / "specs"), "--kubeconfig", str(cluster.kubeconfig)]
    words += ["--group", f"{GROUPS[0]}/v1", "--group", "apps"]
    assert run(words) == 0
    assert "3 documents fetched, 0 unchanged, 0 removed" in capsys.readouterr().err
    assert run(words) == 0
    assert "0 documents fetched, 3 unchanged, 0 removed" in capsys.readouterr().err
    assert run([*words, "--group", "autoscaling.pull.example.co"]) == 2
    assert "did you mean 'autoscaling.pull.example.com'?" in capsys.readouterr().err


def test_a_document_that_changes_after_the_index_is_pulled_in_its_new_form(
    cluster: Cluster, config: rest.Config, tmp_path: Path
) -> None:
    """The CRD changes right before its document is fetched: the server then redirects to another hash."""
    name = f"apis/{GROUPS[0]}/v1"
    redirected: list[str] = []

    def change(stage: str) -> None:
        if redirected or not stage.endswith(name):
            return
        with Clientset(config) as clientset:
            old = listed(clientset)[name]["serverRelativeURL"]
            changed = MergePatch({"spec": {"versions": definition(GROUPS[0], OTHER)["spec"]["versions"]}})
            clientset.apiextensions_v1.custom_resource_definitions().patch(f"widgets.{GROUPS[0]}", changed)
            until(lambda: is_redirected(clientset, old), "the document has another hash")
        redirected.append(name)

    folder, choice = tmp_path / "specs", pulling.Choice((GROUPS[0],))
    pulling.pull(folder, choice, kubeconfig=str(cluster.kubeconfig), progress=change)
    assert redirected
    assert "Another size." in (folder / f"apis__{GROUPS[0]}__v1.json").read_text()
    assert pulling.pull(folder, choice, kubeconfig=str(cluster.kubeconfig)).fetched == ()


def is_redirected(clientset: Clientset, location: str) -> bool:
    try:
        clientset.rest_client.get_bytes(location)
    except errors.RedirectError:
        return True
    return False


def test_pull_without_builtins_gets_crds_and_aggregated_apis(
    cluster: Cluster, config: rest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kgen generates a client for the aggregated server from the folder alone, without a configuration."""
    project = tmp_path / "pulls"
    project.mkdir()
    monkeypatch.chdir(project)
    with aggregated(cluster, config):
        assert run(["pull", "specs", "--kubeconfig", str(cluster.kubeconfig), "--no-builtins", "-q"]) == 0
        pulled = json.loads((project / "specs" / "index.json").read_bytes())["documents"]
        assert {DOCUMENT, *(f"apis/{group}/v1" for group in GROUPS)} <= pulled.keys()
        assert "apis/autoscaling/v1" not in pulled
        groups = [DOCUMENT.split("/")[1], *GROUPS]  # Other tests install CRDs too.
        include = [word for group in groups for word in ("--include", group)]
        assert run(["build", "-q", "--specs", "specs", "--package", "pulls_client", *include]) == 0
        monkeypatch.syspath_prepend(project / "generated")
        made = importlib.import_module("pulls_client")
        with made.Clientset(config) as clientset:
            assert clientset.autoscaling_pull_example_com_v1.widgets("default").list().items == []
            reading = clientset.stats_v1.readings("default").get("first")
            assert reading.spec.size == 7
            assert isinstance(reading.metadata, meta_v1.ObjectMeta), "of kubeclient, not one of its own"
            assert [item.metadata.name for item in clientset.stats_v1.readings("default").list().items] == ["first"]
    for name in [name for name in sys.modules if name.split(".")[0] == "pulls_client"]:
        del sys.modules[name]


def test_an_aggregated_api_that_is_down_is_named_and_the_others_are_pulled(
    cluster: Cluster, config: rest.Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--kubeconfig", str(cluster.kubeconfig), "--no-builtins"]
    before, fresh = tmp_path / "before", tmp_path / "fresh"
    file = DOCUMENT.replace("/", "__") + ".json"
    with aggregated(cluster, config) as server:
        assert run(["pull", str(before), *words]) == 0
        kept = (before / file).read_bytes()
        capsys.readouterr()
        server.is_down = True
        (before / "index.json").write_text((before / "index.json").read_text().replace('"hash": "', '"hash": "A'))
        for folder, hint in ((before, "the folder keeps the one"), (fresh, "the folder has no document of it")):
            assert run(["pull", str(folder), *words]) == 0
            stderr = capsys.readouterr().err
            assert f"warning: the document {DOCUMENT} was not fetched" in stderr
            assert hint in stderr
            assert {f"apis__{group}__v1.json" for group in GROUPS} <= {entry.name for entry in folder.iterdir()}
        assert (before / file).read_bytes() == kept
        assert not (fresh / file).exists()
        assert run(["pull", str(fresh), *words, "--strict"]) == 4
        assert run(["pull", str(fresh), *words, "--strict", "--exclude-group", DOCUMENT.split("/")[1]]) == 0
        server.is_down = False
        # The API server tries an API that was down again after a pause.
        until(lambda: run(["pull", str(fresh), *words, "--strict"]) == 0)
        assert (fresh / file).exists()
