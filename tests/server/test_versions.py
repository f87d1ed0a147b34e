"""Clients and servers of different versions: 1.37's client on a 1.35 server, and 1.35's on a 1.37 server."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kgen.cli import run
from kubeclient import Clientset
from kubecore import errors, kubeconfig, retry
from tests.cluster import Cluster
from tests.cluster.build import CAPTURED, OLDER, VERSION
from tests.conftest import running

pytestmark = pytest.mark.thorough  # The result depends on the server, not on the version of Python.

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture(scope="module")
def older_cluster() -> Iterator[Cluster]:
    with running(all_apis=False, controllers=False, version=OLDER) as started:
        yield started


@pytest.fixture(scope="module")
def older_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The generated package of the older version."""
    folder = tmp_path_factory.mktemp("older")
    specs = str(SPECS / OLDER.rpartition(".")[0])
    assert run(["build", "--quiet", "--specs", specs, "--output", str(folder), "--package", "kubeclient_older"]) == 0
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("kubeclient_older")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "kubeclient_older"]:
            del sys.modules[name]


def use(clientset: Any) -> None:
    """Use the most common verbs."""
    clientset.core_v1.namespaces().create({"metadata": {"name": "versions"}})
    config_maps = clientset.core_v1.config_maps("versions")
    config_maps.create({"metadata": {"name": "a", "labels": {"x": "y"}}, "data": {"k": "v"}})
    found = config_maps.get("a")
    found.data["k"] = "w"
    assert config_maps.update(found).data == {"k": "w"}
    assert config_maps.patch("a", {"data": {"k": None}}, type="merge").data == {}
    assert [item.metadata.name for item in config_maps.list(label_selector="x=y").items] == ["a"]
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    deployments = clientset.apps_v1.deployments("versions")
    deployments.create({"metadata": {"name": "d"}, "spec": spec})

    def scale_up() -> None:
        scale = deployments.get_scale("d")
        scale.spec.replicas = 3
        deployments.update_scale("d", scale)

    retry.on_conflict(scale_up)  # The controllers change it too.
    assert deployments.get("d").spec.replicas == 3
    deployments.delete("d")
    config_maps.delete("a")
    with pytest.raises(errors.NotFoundError):
        config_maps.get("a")


def test_a_newer_client_on_an_older_server(older_cluster: Cluster) -> None:
    with Clientset(kubeconfig.load_config(older_cluster.kubeconfig)) as clientset:
        use(clientset)


def test_an_older_client_on_a_newer_server(cluster: Cluster, older_client: Any) -> None:
    with older_client.Clientset(kubeconfig.load_config(cluster.kubeconfig)) as clientset:
        use(clientset)


def test_every_captured_version_is_recorded_and_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert CAPTURED[-1] == VERSION
    for version in CAPTURED:
        folder = SPECS / version.rpartition(".")[0]
        assert f"v{version}" in (folder / "ORIGIN.md").read_text()
        assert run(["list", "--specs", str(folder)]) == 0
        assert "deployments" in capsys.readouterr().out
