"""The pytest plugin: fixtures with fake and real clusters. It imports nothing else until one is used."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kubecore.rest import Config
    from kubecore.testing.cluster import FakeCluster
    from kubecore.testing.kube import Kube

__all__ = ["apiserver_config", "fake_async_clientset", "fake_clientset", "fake_cluster", "kube"]

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
    parser.addini("kube_packages", "the generated packages whose kinds the fake cluster serves", "args", [_CLIENT])


@pytest.fixture
def fake_cluster(request: pytest.FixtureRequest) -> Generator[FakeCluster]:
    """A cluster in memory, which is empty at the start of each test."""
    from kubecore.testing.cluster import FakeCluster

    packages = request.config.getini("kube_packages")
    with FakeCluster(packages=packages, strict=bool(request.config.getoption("--kube-strict"))) as cluster:
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


@pytest.fixture(scope="session")
def apiserver_config(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Config]:
    """The configuration of a real API server: that of the context of `--kube`, or one that all processes share."""
    chosen = request.config.getoption("--kube")
    if chosen not in ("fake", "real"):
        from kubecore import kubeconfig

        yield kubeconfig.load_config(context=chosen)
        return
    from kubecore.testing.apiserver import ApiServer, BinariesMissingError

    with ExitStack() as stack:
        try:
            server = stack.enter_context(ApiServer.shared(tmp_path_factory.getbasetemp().parent))
        except BinariesMissingError as error:
            pytest.skip(str(error))
        yield server.config


@pytest.fixture
def kube(request: pytest.FixtureRequest) -> Generator[Kube]:
    """The API server of the test, by `--kube`: in memory by default. `kube.fake` skips the test on a real one."""
    from kubecore.testing.kube import Kube, real_kube

    if request.config.getoption("--kube") != "fake":
        with real_kube(request.getfixturevalue("apiserver_config"), pytest.skip) as real:
            yield real
        return
    cluster: FakeCluster = request.getfixturevalue("fake_cluster")
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
    yield Kube(cluster.config, _NAMESPACE, cluster)
