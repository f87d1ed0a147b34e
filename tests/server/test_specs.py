"""specs/1.37 equals the documents of the test server, and `kgen pull` updates a folder from it."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from kgen import pull as pulling
from kgen.cli import run
from kgen.errors import ClusterError, ConfigError
from tests.cluster import Cluster

pytestmark = pytest.mark.thorough  # The result depends on the server, not on the version of Python.

SPECS = Path(__file__).parents[2] / "specs" / "1.37"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix == ".json"}


def test_pulling_again_finds_no_difference(all_apis_cluster: Cluster, tmp_path: Path) -> None:
    told: list[str] = []
    done = pulling.pull(tmp_path / "fresh", kubeconfig=str(all_apis_cluster.kubeconfig), progress=told.append)
    assert done.server_version == "v1.37.2"
    assert len(told) == len(done.fetched) > 60
    assert contents(tmp_path / "fresh") == contents(SPECS)


def test_only_what_changed_is_fetched_again(all_apis_cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "specs"
    shutil.copytree(SPECS, folder)
    origin = (folder / "ORIGIN.md").read_text()
    (folder / "apis__apps__v1.json").write_text("{}\n")
    (folder / "api__v1.json").unlink()
    done = pulling.pull(folder, kubeconfig=str(all_apis_cluster.kubeconfig), today=datetime.date(2030, 1, 1))
    assert done.fetched == ("api/v1", "apis/apps/v1")
    assert contents(folder) == contents(SPECS)
    assert (folder / "ORIGIN.md").read_text() == origin
    again = pulling.pull(folder, kubeconfig=str(all_apis_cluster.kubeconfig))
    assert again.fetched == again.removed == ()


def test_pull_removes_documents_that_the_server_no_longer_has(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "specs"
    shutil.copytree(SPECS, folder)
    (folder / "mine.txt").write_text("not a document")
    done = pulling.pull(
        folder, kubeconfig=str(cluster.kubeconfig), note="default flags", today=datetime.date(2030, 1, 1)
    )
    assert "apis/internal.apiserver.k8s.io/v1alpha1" in done.removed
    assert not (folder / "apis__internal.apiserver.k8s.io__v1alpha1.json").exists()
    assert (folder / "mine.txt").exists()
    origin = (folder / "ORIGIN.md").read_text()
    assert "2030-01-01" in origin
    assert "default flags" in origin
    assert "v1.37.2" in origin


def test_the_command_pulls_and_builds(cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    specs = str(tmp_path / "specs")
    assert run(["pull", specs, "--kubeconfig", str(cluster.kubeconfig)]) == 0
    assert "v1.37.2" in capsys.readouterr().err
    assert run(["list", "--specs", specs]) == 0
    assert "deployments" in capsys.readouterr().out


def test_pull_raises_cluster_error_if_the_server_is_unreachable(tmp_path: Path, cluster: Cluster) -> None:
    away = cluster.write_kubeconfig(tmp_path / "away")
    away.write_text(away.read_text().replace(str(cluster.port), "1"))
    with pytest.raises(ClusterError, match="no connection"):
        pulling.pull(tmp_path / "specs", kubeconfig=str(away))
    assert not (tmp_path / "specs").exists()
    with pytest.raises(ConfigError, match="can't be read"):
        pulling.pull(tmp_path / "specs", kubeconfig=str(tmp_path / "none"))
