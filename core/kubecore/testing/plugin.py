"""The pytest plugin: fixtures with fake and real clusters. It imports nothing else until one is used."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kubecore.rest import Config
    from kubecore.testing.cluster import FakeCluster
    from kubecore.testing.kube import Kube
    from kubecore.testing.machine.sharing import SharedServer

__all__ = [
    "apiserver",
    "apiserver_config",
    "fake_async_clientset",
    "fake_clientset",
    "fake_cluster",
    "fake_kubeconfig",
    "kube",
    "kube_clientset",
    "kube_namespace",
]

_CLIENT = "kubeclient"
"""The package of the clientsets: the runtime itself needs no generated package."""

_NAMESPACE = "test"
"""The namespace of a test on the fake cluster, which is new for each test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("kubecore")
    group.addoption(
        "--kube",
        default="fake",
        metavar="fake|real|CONTEXT",
        help="the API server of the fixture `kube`: in memory, a real one of this machine, or a kubeconfig context",
    )
    group.addoption(
        "--kube-strict",
        action="store_true",
        help="fail tests whose writes the fake cluster could not check completely",
    )
    group.addoption(
        "--kube-update",
        action="store_true",
        help="write the files of `assert_objects` again, from the objects of the cluster",
    )
    group.addoption(
        "--kube-version",
        default="1.37",
        metavar="MINOR",
        help="the version of Kubernetes that the fake cluster simulates, and of `--kube=real`",
    )
    parser.addini("kube_packages", "the generated packages whose kinds the fake cluster serves", "args", [_CLIENT])


@pytest.fixture
def fake_cluster(request: pytest.FixtureRequest) -> Generator[FakeCluster]:
    """A cluster in memory, which is empty at the start of each test."""
    from kubecore.testing.cluster import FakeCluster

    option = request.config.getoption
    packages = request.config.getini("kube_packages")
    version = str(option("--kube-version"))
    with FakeCluster(version=version, packages=packages, strict=bool(option("--kube-strict"))) as cluster:
        cluster.updates_files = bool(option("--kube-update"))
        yield cluster


@pytest.fixture
def fake_clientset(fake_cluster: FakeCluster) -> Generator[Any]:
    """A `kubeclient.Clientset` of `fake_cluster`."""
    with importlib.import_module(_CLIENT).Clientset(fake_cluster.config) as clientset:
        yield clientset


@pytest.fixture
async def fake_async_clientset(fake_cluster: FakeCluster) -> AsyncGenerator[Any]:
    """A `kubeclient.AsyncClientset` of `fake_cluster`, for tests with the marker `anyio`."""
    async with importlib.import_module(_CLIENT).AsyncClientset(fake_cluster.config) as clientset:
        yield clientset


@pytest.fixture
def fake_kubeconfig(fake_cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kubeconfig file of `fake_cluster`, which is served over HTTP; the variable KUBECONFIG names it."""
    file = fake_cluster.serve().kubeconfig
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


@pytest.fixture(scope="session")
def apiserver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[SharedServer]:
    """A real API server of this machine, which the whole run shares. Without its programs, tests are skipped."""
    from kubecore.testing.apiserver import ApiServer, BinariesMissingError

    with ExitStack() as stack:
        folder = tmp_path_factory.getbasetemp().parent
        try:
            server = stack.enter_context(
                ApiServer.shared(folder, version=str(request.config.getoption("--kube-version")))
            )
        except BinariesMissingError as error:
            pytest.skip(str(error))
        yield server


@pytest.fixture(scope="session")
def apiserver_config(request: pytest.FixtureRequest) -> Config:
    """The configuration of a real API server: that of the context of `--kube`, or of `apiserver`."""
    chosen = request.config.getoption("--kube")
    if chosen not in ("fake", "real"):
        from kubecore import kubeconfig

        return kubeconfig.load_config(context=chosen)
    server: SharedServer = request.getfixturevalue("apiserver")
    return server.config


@pytest.fixture
def kube(request: pytest.FixtureRequest) -> Generator[Kube]:
    """The API server of the test, by `--kube`: in memory by default. `kube.fake` skips the test on a real one."""
    from kubecore.testing.kube import Kube, real_kube

    is_update = bool(request.config.getoption("--kube-update"))
    if request.config.getoption("--kube") != "fake":
        with real_kube(request.getfixturevalue("apiserver_config"), pytest.skip, is_update=is_update) as real:
            yield real
        return
    cluster: FakeCluster = request.getfixturevalue("fake_cluster")
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
    yield Kube(cluster.config, _NAMESPACE, cluster, is_update=is_update)


@pytest.fixture
def kube_namespace(kube: Kube) -> str:
    """The name of the new namespace of `kube`."""
    return kube.namespace


@pytest.fixture
def kube_clientset(kube: Kube) -> Generator[Any]:
    """A `kubeclient.Clientset` of `kube`."""
    with importlib.import_module(_CLIENT).Clientset(kube.config) as clientset:
        yield clientset
