"""The fixtures and the options of the pytest plugin, each in a separate run of pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.build import binaries

pytestmark = pytest.mark.slow  # Each test starts an interpreter.

TESTS = """
import pytest
from kubecore import kubeconfig
from kubecore.testing import FakeCluster

@pytest.fixture
def anyio_backend():
    return "trio"

def test_sync(fake_cluster, fake_clientset):
    fake_clientset.core_v1.config_maps("default").create({"metadata": {"name": "a"}})
    assert [call.verb for call in fake_cluster.calls] == ["create"]

@pytest.mark.anyio
async def test_async(fake_cluster, fake_async_clientset):
    await fake_async_clientset.core_v1.config_maps("default").create({"metadata": {"name": "a"}})
    assert [call.verb for call in fake_cluster.calls] == ["create"]

def test_both(kube, kube_clientset, kube_namespace):
    assert kube.namespace == kube_namespace
    config_maps = kube_clientset.core_v1.config_maps(kube_namespace)
    config_maps.create({"metadata": {"name": "a"}, "data": {"k": "v"}})
    kube.assert_objects("expected.yaml")

def test_faults(kube, kube_clientset, kube_namespace):
    kube.fake.fail("list", "configmaps", "Forbidden", times=1)
    with pytest.raises(Exception):
        kube_clientset.core_v1.config_maps(kube_namespace).list()
"""
KUBECONFIG = """
import os
from kubecore import kubeconfig
from kubeclient import Clientset

def test_program(fake_cluster, fake_kubeconfig):
    assert os.environ["KUBECONFIG"] == str(fake_kubeconfig)
    with Clientset(kubeconfig.load_config()) as clientset:
        assert clientset.core_v1.namespaces().get("default").metadata.name == "default"
    assert [call.verb for call in fake_cluster.calls] == ["get"]

def test_without(monkeypatch):
    assert "KUBECONFIG" not in os.environ
"""
EXPECTED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"


def pytest_in(folder: Path, *options: str) -> str:
    """Run the tests of a folder, and return the output."""
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "kubecore.testing.plugin", "-p", "no:cacheprovider"]
    environ = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    environ["KUBEBUILDER_ASSETS"] = str(binaries()) if "--kube=real" in options else "/nowhere"
    done = subprocess.run([*command, *options], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "expected.yaml").write_text(EXPECTED)
    return tmp_path


def test_all_tests_run_on_the_fake_cluster(folder: Path) -> None:
    assert "4 passed" in pytest_in(folder)


@pytest.mark.server
def test_the_same_tests_run_on_a_real_server(folder: Path) -> None:
    output = pytest_in(folder, "--kube=real")
    assert "3 passed, 1 skipped" in output
    assert "features of the fake cluster" in output


def test_a_program_loads_the_kubeconfig_of_the_fake_cluster(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(KUBECONFIG)
    assert "2 passed" in pytest_in(tmp_path)


@pytest.mark.thorough
def test_files_are_updated_on_request(folder: Path) -> None:
    file = folder / "expected.yaml"
    file.write_text(EXPECTED.replace("k: v", "k: other"))
    output = pytest_in(folder, "-k", "both")
    assert "1 failed" in output
    assert "-  k: other" in output
    assert "+  k: v" in output
    assert "1 passed" in pytest_in(folder, "-k", "both", "--kube-update")
    assert "k: v\n" in file.read_text()
    assert "1 passed" in pytest_in(folder, "-k", "both")


def test_a_version_without_facts_is_an_error(folder: Path) -> None:
    assert "does not know Kubernetes '1.1'" in pytest_in(folder, "-k", "sync", "--kube-version=1.1")


def test_tests_with_a_real_server_are_skipped_without_its_programs(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(apiserver):\n    assert apiserver.url\n")
    output = pytest_in(tmp_path)
    assert "1 skipped" in output
    assert "KUBEBUILDER_ASSETS=/nowhere does not contain etcd and kube-apiserver" in output


@pytest.mark.server
def test_a_real_server_is_a_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from kubeclient import Clientset\n"
        "def test_it(apiserver):\n"
        "    with Clientset(apiserver.config) as clientset:\n"
        "        assert clientset.core_v1.namespaces().get('default').metadata.name == 'default'\n"
    )
    assert "1 passed" in pytest_in(tmp_path, "--kube=real")


@pytest.mark.thorough
def test_strict_fails_tests_whose_writes_were_not_checked(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_it(fake_cluster):\n    fake_cluster.unsure.append(('Pod', '/x', 'a rule'))\n"
    )
    assert "1 passed" in pytest_in(tmp_path)
    output = pytest_in(tmp_path, "--kube-strict")
    assert "a rule of Pod was not checked for /x: a rule" in output
