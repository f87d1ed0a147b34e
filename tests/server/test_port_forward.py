"""Port-forward on the real API server and the kubelet's streaming library, to servers of this machine."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from tests.cluster import Nodes
from tests.cluster.nodes import NODE
from tests.ready import PATIENCE, closed_port, wait_until_idle
from tests.server.targets import echo, target
from tests.sockets import THREAD_NAME

Drive = Callable[[Any], None]

LARGE = bytes(range(256)) * 4 * 1024 * 5  # 5 MiB
RESET = struct.pack("ii", 1, 0)


def digest(connection: socket.socket) -> None:
    """Read until the peer ends its direction, then send the digest of the data."""
    found = hashlib.sha256()
    while data := connection.recv(65536):
        found.update(data)
    connection.sendall(found.hexdigest().encode())


@pytest.fixture(scope="module")
def pod_namespace(nodes: Nodes) -> str:
    """The namespace of a pod whose ports are those of this machine."""
    nodes.running_pod("default", "forwarded")
    return "default"


class Waited:
    """Awaitable wrapper of a synchronous connection or of the client that opens connections."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        return self._listen if name == "listen" else self._awaited(found)

    def _listen(self, *arguments: Any, **options: Any) -> Waited:
        return Waited(self._inner.listen(*arguments, **options))

    def _awaited(self, found: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*arguments: Any, **options: Any) -> Any:
            result = found(*arguments, **options)
            return Waited(result) if hasattr(result, "close_write") else result

        return call

    async def __aenter__(self) -> Any:
        self._inner.__enter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._inner.close()

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        for data in self._inner:
            return bytes(data)
        raise StopAsyncIteration


@pytest.fixture(params=["sync", "asyncio", "trio"])
def forward(request: pytest.FixtureRequest, config: rest.Config, pod_namespace: str) -> Drive:
    """Run a scenario with the ports of the pod, of each kind of client."""

    def run(scenario: Callable[[Any], Any]) -> None:
        async def synchronous() -> None:
            with Clientset(config) as made:
                async with Waited(made.core_v1.pods(pod_namespace).port_forward("forwarded")) as ports:
                    await scenario(ports)

        async def asynchronous() -> None:
            async with (
                AsyncClientset(config) as made,
                made.core_v1.pods(pod_namespace).port_forward("forwarded") as ports,
            ):
                await scenario(ports)

        if request.param == "sync":
            anyio.run(synchronous)
        else:
            anyio.run(asynchronous, backend=request.param)

    return run


async def whole(stream: Any) -> bytes:
    return b"".join([data async for data in stream])


def test_a_connection_carries_bytes_both_ways(forward: Drive) -> None:
    async def scenario(ports: Any) -> None:
        async with await ports.connect(port) as stream:
            await stream.write(b"\x00\xffhello")
            assert await stream.read(3) == b"\x00\xffh"
            assert await stream.read() == b"ello"
            await stream.close_write()
            await stream.close_write()
            assert await stream.read() == b""
            assert await stream.read() == b""

    with target(echo) as port:
        forward(scenario)


def test_the_pod_can_respond_after_the_client_closed_its_side(forward: Drive) -> None:
    """5 MiB up, then the end, then a response."""

    async def scenario(ports: Any) -> None:
        async with await ports.connect(port) as stream:
            await stream.write(LARGE)
            await stream.close_write()
            assert await whole(stream) == hashlib.sha256(LARGE).hexdigest().encode()

    with target(digest) as port:
        forward(scenario)


def test_large_data_of_the_pod_is_complete(forward: Drive) -> None:
    async def scenario(ports: Any) -> None:
        async with await ports.connect(port) as stream:
            assert await whole(stream) == LARGE

    with target(lambda connection: connection.sendall(LARGE)) as port:
        forward(scenario)


def test_both_directions_at_once_from_two_threads(config: rest.Config, pod_namespace: str) -> None:
    with (
        target(echo) as port,
        Clientset(config) as clientset,
        clientset.core_v1.pods(pod_namespace).port_forward("forwarded") as ports,
        ports.connect(port) as stream,
        ThreadPoolExecutor(1) as pool,
    ):

        def write() -> None:
            stream.write(LARGE)
            stream.close_write()

        writing = pool.submit(write)
        assert b"".join(stream) == LARGE
        writing.result(10)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_both_directions_at_once_from_two_tasks(config: rest.Config, pod_namespace: str, backend: str) -> None:
    async def write(stream: Any) -> None:
        await stream.write(LARGE)
        await stream.close_write()

    async def run() -> None:
        async with (
            AsyncClientset(config) as clientset,
            clientset.core_v1.pods(pod_namespace).port_forward("forwarded") as ports,
            await ports.connect(port) as stream,
            anyio.create_task_group() as group,
        ):
            group.start_soon(write, stream)
            assert await whole(stream) == LARGE

    with target(echo) as port:
        anyio.run(run, backend=backend)


def test_an_error_of_the_node_ends_that_connection_alone(forward: Drive) -> None:
    async def scenario(ports: Any) -> None:
        async with await ports.connect(port) as stream, await ports.connect(closed) as refused:
            with pytest.raises(errors.PortForwardError, match=rf"port {closed}: .*connection refused"):
                await refused.read()
            await stream.write(b"still here")
            assert await stream.read() == b"still here"

    with closed_port() as closed, target(echo) as port:
        forward(scenario)


def test_a_reset_by_the_peer_is_raised_after_the_received_data(forward: Drive) -> None:
    """A reset peer: all bytes before the reset are read unchanged, and then an error is raised."""

    def gone(connection: socket.socket) -> None:
        connection.sendall(LARGE[:100_000])
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    async def scenario(ports: Any) -> None:
        async with await ports.connect(port) as stream:
            got = b""
            while len(got) < 100_000:
                got += await stream.read()
            assert got == LARGE[:100_000]
            await stream.write(b"x")
            with pytest.raises(errors.PortForwardError, match="connection reset by peer"):
                await stream.read()

    with target(gone) as port:
        forward(scenario)


def test_an_invalid_port_or_pod_is_an_error_at_once(forward: Drive, config: rest.Config) -> None:
    async def scenario(ports: Any) -> None:
        for port in (0, 65536):
            with pytest.raises(errors.InvalidRequestError, match="the port"):
                await ports.connect(port)
            with pytest.raises(errors.InvalidRequestError, match="the port"):
                async with ports.listen(port):
                    pass

    forward(scenario)
    with Clientset(config) as clientset:
        with pytest.raises(errors.InvalidRequestError):
            clientset.core_v1.pods("default").port_forward("..")
        with clientset.core_v1.pods("default").port_forward("nope") as ports:
            with pytest.raises(errors.NotFoundError, match='pods "nope" not found'):
                ports.connect(80)
            with pytest.raises(errors.NotFoundError), ports.listen(80):
                pass


def test_closing_the_port_forward_ends_a_blocked_read(config: rest.Config, pod_namespace: str) -> None:
    with target(echo) as port, Clientset(config) as clientset, ThreadPoolExecutor(1) as pool:
        with clientset.core_v1.pods(pod_namespace).port_forward("forwarded") as ports:
            stream = ports.connect(port)
            with pytest.raises(errors.ReadTimeoutError, match=r"nothing was received for 0\.05 s"):
                stream.read(timeout=0.05)
            reading = pool.submit(stream.read)
            (thread,) = pool._threads
            wait_until_idle(thread)
        with pytest.raises(errors.StreamClosedError):
            reading.result(PATIENCE)
        with pytest.raises(errors.StreamClosedError):
            stream.write(b"x")
        stream.close()


def many(port: int, number: int) -> None:
    """Open that many connections at once, and use them all."""
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 20)) for _ in range(number)]
        for index, one in enumerate(opened):
            one.sendall(b"%d." % index)
        for index, one in enumerate(opened):
            assert one.recv(100) == b"%d." % index
            one.shutdown(socket.SHUT_WR)
        for one in opened:
            assert one.recv(100) == b""


def test_a_listener_serves_a_hundred_concurrent_connections(forward: Drive) -> None:
    async def scenario(ports: Any) -> None:
        async with ports.listen(port) as listener, ports.listen(port) as other:
            assert listener.local_port not in (0, port, other.local_port)
            await anyio.to_thread.run_sync(many, listener.local_port, 100)
            await anyio.to_thread.run_sync(many, other.local_port, 1)

    with target(echo) as port:
        forward(scenario)


def test_a_synchronous_listener_uses_one_thread_for_all_connections(config: rest.Config, pod_namespace: str) -> None:
    """The thread in which asyncio resolves the listen address does not count."""

    def ours() -> list[str]:
        names = [one.name for one in set(threading.enumerate()) - before]
        return [name for name in names if not name.endswith((THREAD_NAME, "(_accept)", "asyncio_0"))]

    with target(echo) as port, Clientset(config) as clientset:
        before = set(threading.enumerate())
        with clientset.core_v1.pods(pod_namespace).port_forward("forwarded") as ports:
            with ports.connect(port) as stream:
                stream.write(b"x")
                assert (stream.read(), ours()) == (b"x", [])
            with ports.listen(port) as listener, ExitStack() as stack:
                for _ in range(5):
                    local = stack.enter_context(socket.create_connection(("127.0.0.1", listener.local_port), 10))
                    local.sendall(b"x")
                    assert local.recv(1) == b"x"
                assert ours() == ["kubecore port-forward"]
            assert ours() == []


def test_a_listener_ends_with_its_block_and_its_connections_too(forward: Drive) -> None:
    """Exceptions of the block are raised unchanged."""

    async def scenario(ports: Any) -> None:
        with pytest.raises(LookupError, match="mine"):
            async with ports.listen(port) as listener:
                local = socket.create_connection(("127.0.0.1", listener.local_port), 10)
                with local:
                    local.sendall(b"x")
                    assert await anyio.to_thread.run_sync(local.recv, 10) == b"x"
                    raise LookupError("mine")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", listener.local_port), 60)

    with target(echo) as port:
        forward(scenario)


def test_a_local_connection_is_reset_if_the_pod_refuses_the_connection(forward: Drive) -> None:
    told: list[errors.KubeError] = []

    async def scenario(ports: Any) -> None:
        async with ports.listen(closed, on_error=told.append) as listener:
            with socket.create_connection(("127.0.0.1", listener.local_port), 10) as local:
                with pytest.raises(ConnectionResetError):
                    await anyio.to_thread.run_sync(local.recv, 10)

    with closed_port() as closed:
        forward(scenario)
    assert [type(error) for error in told] == [errors.PortForwardError]


def test_a_local_port_in_use_is_an_error(forward: Drive) -> None:
    async def scenario(ports: Any) -> None:
        with pytest.raises(OSError, match=r"in use|98|48"):
            async with ports.listen(80, taken):
                pass

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        forward(scenario)


def created(clientset: Clientset, namespace: str, port: int) -> None:
    """A pod with named ports, one of them of a sidecar, and services that select it."""
    pods, services = clientset.core_v1.pods(namespace), clientset.core_v1.services(namespace)
    ports = [{"containerPort": port, "name": "http"}]
    sidecar = {
        "name": "s",
        "image": "none",
        "restartPolicy": "Always",
        "ports": [{"containerPort": port, "name": "side"}],
    }
    spec = {
        "nodeName": NODE,
        "containers": [{"name": "c", "image": "none", "ports": ports}],
        "initContainers": [sidecar],
        "terminationGracePeriodSeconds": 0,
    }
    pods.create({"metadata": {"name": "named", "labels": {"app": "named"}}, "spec": spec})
    of_pods: dict[str, dict[str, Any]] = {
        "numeric": {"ports": [{"port": 80, "targetPort": port, "name": "web"}]},
        "named": {"ports": [{"port": 80, "targetPort": "http", "name": "web"}]},
        "headless": {"ports": [{"port": port, "name": "web"}], "clusterIP": "None"},
    }
    for name, more in of_pods.items():
        services.create({"metadata": {"name": name}, "spec": {"selector": {"app": "named"}, **more}})
    of_none: dict[str, dict[str, Any]] = {
        "nothing": {"selector": {"app": "nothing"}, "ports": [{"port": 80}]},
        "unselected": {"ports": [{"port": 80}]},
        "external": {"type": "ExternalName", "externalName": "example.com"},
    }
    for name, more in of_none.items():
        services.create({"metadata": {"name": name}, "spec": more})
    pods.wait("named", for_="condition=Ready", timeout=60)


def test_named_ports_and_services_are_forwarded_as_by_kubectl(
    config: rest.Config, clientset: Clientset, nodes: Nodes, namespace: str
) -> None:
    async def asynchronous(kind: str, name: str, wanted: int | str) -> None:
        async with (
            AsyncClientset(config) as made,
            getattr(made.core_v1, kind)(namespace).port_forward(name) as ports,
            await ports.connect(wanted) as stream,
            ports.listen(wanted) as listener,
            await anyio.connect_tcp("127.0.0.1", listener.local_port) as local,
        ):
            for send, receive in ((stream.write, stream.read), (local.send, local.receive)):
                await send(b"hello")
                assert await receive() == b"hello"

    with target(echo) as port:
        created(clientset, namespace, port)
        for kind, name, wanted in (
            ("pods", "named", "http"),
            ("pods", "named", "side"),
            ("services", "numeric", 80),
            ("services", "numeric", "web"),
            ("services", "named", 80),
            ("services", "headless", "web"),
        ):
            anyio.run(asynchronous, kind, name, wanted, backend="trio" if name == "named" else "asyncio")
            with getattr(clientset.core_v1, kind)(namespace).port_forward(name) as ports:
                with ports.connect(wanted) as stream:
                    stream.write(b"hello")
                    assert stream.read() == b"hello"
                with (
                    ports.listen(wanted) as listener,
                    socket.create_connection(("127.0.0.1", listener.local_port), 30) as local,
                ):
                    local.sendall(b"hello")
                    assert local.recv(10) == b"hello"
        for kind, name, wanted, message in (
            ("pods", "named", "nope", "has no port 'nope'; it has http, side"),
            ("services", "named", 81, r"no port 81; it has web \(80\)"),
            ("services", "nothing", 80, "no pod matches the service's selector app=nothing"),
            ("services", "unselected", 80, "the service has no selector"),
            ("services", "external", 80, "type ExternalName"),
        ):
            for action in (anyio.run, None):
                with pytest.raises(errors.PortForwardError, match=message):
                    if action is None:
                        getattr(clientset.core_v1, kind)(namespace).port_forward(name).connect(wanted)
                    else:
                        action(asynchronous, kind, name, wanted)
            with (
                getattr(clientset.core_v1, kind)(namespace).port_forward(name) as ports,
                pytest.raises(errors.PortForwardError, match=message),
                ports.listen(wanted),
            ):
                pass
        with pytest.raises(errors.NotFoundError):
            clientset.core_v1.services(namespace).port_forward("gone").connect(80)
