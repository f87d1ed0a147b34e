"""Clientsets for the real server and the fake; each test of both kinds is written once, with `await`."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, nullcontext
from types import ModuleType
from typing import Any, Self

import httpx
import pytest

import kubeclient
from kubeclient import Clientset
from kubecore import rest
from kubecore.testing import FakeCluster
from tests.cluster import Cluster
from tests.server import customs, servers


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    servers.parametrize(metafunc)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    servers.check_reasons(items)
    items[:] = [item for item in items if not _is_connection_to_fake(item)]


def _is_connection_to_fake(item: pytest.Item) -> bool:
    """Return whether a test would send requests to the fake over httpx, which needs connections."""
    parameters: dict[str, object] = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    return parameters.get("api") == "fake" and str(parameters.get("drive", "")).endswith(" over httpx")


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest) -> Iterator[servers.Api]:
    """The server of the tests: the real one, or the fake. All tests share it."""
    if request.param == "real":
        yield servers.RealApi(request.getfixturevalue("cluster"))
        return
    with FakeCluster() as fake:
        yield servers.FakeApi(fake)


@pytest.fixture(autouse=True)
def _refusals(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail tests during which the fake refused a request."""
    with request.getfixturevalue("api").checked() if "api" in request.fixturenames else nullcontext():
        yield


@pytest.fixture(scope="session")
def config(api: servers.Api) -> rest.Config:
    return api.config


@pytest.fixture
def clientset(config: rest.Config) -> Iterator[Clientset]:
    with Clientset(config) as made:
        yield made


@pytest.fixture
def namespace(clientset: Clientset) -> str:
    """A separate namespace for the test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    clientset.core_v1.namespaces().create({"metadata": {"name": name}})
    return name


@pytest.fixture
def group(clientset: Clientset) -> Iterator[str]:
    """A separate API group for the test, whose definitions are removed at the end."""
    name = f"g{uuid.uuid4().hex[:8]}.example.com"
    yield name
    definitions = clientset.apiextensions_v1.custom_resource_definitions()
    for found in definitions.list().items:
        if found.spec.group == name:
            definitions.delete(found.metadata.name)


@pytest.fixture(scope="session")
def installed(config: rest.Config) -> rest.Config:
    """The cluster, with the CRDs established and in its OpenAPI documents."""
    customs.install(config)
    return config


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package of all CRDs, imported."""
    yield from customs.make(tmp_path_factory.mktemp("made"))


class Awaited:
    """A synchronous client whose results are awaited, so that one test drives both kinds."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._call(found) if callable(found) else Awaited(found)

    def __await__(self) -> Generator[None, None, Self]:
        """Return the client itself: some clients are awaited before use, `await clientset.dynamic.resource("po")`."""
        yield from ()
        return self

    def _call(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            if type(result).__module__.startswith(("kubeclient.typed", "kubecore.dynamic", f"{customs.PACKAGE}.typed")):
                return Awaited(result)
            if hasattr(result, "__enter__"):
                return AwaitedWatch(result)
            if hasattr(result, "__next__"):
                return _one_by_one(result)
            return _ready(result)

        return call


async def _ready(value: Any) -> Any:
    return value


async def _one_by_one(values: Any) -> AsyncIterator[Any]:
    for value in values:
        yield value


class AwaitedWatch:
    """A synchronous watch behind the asynchronous protocol."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aenter__(self) -> Self:
        self._inner.__enter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._read()

    async def _read(self) -> AsyncIterator[Any]:
        for event in self._inner:
            yield event


Scenario = Callable[[Any], Awaitable[None]]


@pytest.fixture(scope="session")
def tls_context(cluster: Cluster) -> ssl.SSLContext:
    """TLS context for other HTTP clients: it trusts the cluster and sends the certificate of the administrator."""
    context = ssl.create_default_context(cafile=cluster.ca_file)
    context.load_cert_chain(cluster.admin_cert_file, cluster.admin_key_file)
    return context


_OVER_HTTPX = [pytest.param(f"{kind} over httpx", marks=pytest.mark.thorough) for kind in ("sync", "asyncio")]


@pytest.fixture(params=["sync", "asyncio", "trio", *_OVER_HTTPX])
def drive(request: pytest.FixtureRequest, config: rest.Config) -> Callable[..., None]:
    """Run a scenario with a clientset of a package: the synchronous one, or the asynchronous one on a backend.

    Over httpx, `http_client=` sends the requests; no scenario may change the protocol of a connection.
    """
    import anyio

    backend, _, library = request.param.partition(" over ")
    tls: Any = request.getfixturevalue("tls_context") if library else None

    def run(scenario: Scenario, package: Any = kubeclient) -> None:
        async def synchronous() -> None:
            with ExitStack() as stack:
                client = stack.enter_context(httpx.Client(verify=tls)) if library else None
                await scenario(Awaited(stack.enter_context(package.Clientset(config, http_client=client))))

        async def asynchronous() -> None:
            async with AsyncExitStack() as stack:
                client = await stack.enter_async_context(httpx.AsyncClient(verify=tls)) if library else None
                await scenario(await stack.enter_async_context(package.AsyncClientset(config, http_client=client)))

        if backend == "sync":
            anyio.run(synchronous)
        else:
            anyio.run(asynchronous, backend=backend)

    return run
