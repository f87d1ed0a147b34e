"""The HTTP server on loopback: many clients, watches, faults, and clients that misbehave."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import kubeconfig
from kubecore.errors import StatusError, TransportError
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing.loopback import Loopback, serve
from kubecore.testing.machine.http_connection import Limits
from tests.ready import wait_until

_JSON = [("content-type", "application/json")]
_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}


class Feed:
    """A body that grows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chunks: list[bytes] = []
        self._callback: Callable[[], None] | None = None
        self._is_over = False
        self.is_closed = False

    def send(self, chunk: bytes, *, is_last: bool = False) -> None:
        with self._lock:
            self._chunks.append(chunk)
            self._is_over = is_last
            callback, self._callback = self._callback, None
        if callback is not None:
            callback()

    def take(self) -> list[bytes]:
        with self._lock:
            chunks, self._chunks = self._chunks, []
            return chunks

    @property
    def is_ended(self) -> bool:
        with self._lock:
            return self._is_over and not self._chunks

    def notify(self, callback: Callable[[], None]) -> None:
        with self._lock:
            is_ready = bool(self._chunks) or self._is_over
            self._callback = None if is_ready else callback
        if is_ready:
            callback()

    def close(self) -> None:
        self.is_closed = True


class Program:
    """Replies with the contents of requests."""

    def __init__(self) -> None:
        self.feeds: list[Feed] = []
        self.waits = threading.Event()

    def __call__(self, received: Received) -> Reply:
        if ("watch", "true") in received.query:
            feed = Feed()
            self.feeds.append(feed)
            return Reply(code=200, headers=_JSON, stream=feed)
        if received.path.startswith("/wait"):
            assert self.waits.wait(30)
        if received.path.endswith("/lost"):
            raise ConnectionResetError
        if received.path.endswith("/unknown"):
            raise NotSimulatedError("GET /unknown is not simulated")
        if received.path.endswith("/broken"):
            raise ZeroDivisionError("broken")
        if received.path.startswith("/api/"):
            return Reply(code=200, headers=_JSON, content=json.dumps(_MAP).encode())
        shown = {
            "method": received.method,
            "path": received.path,
            "query": received.query,
            "body": received.content.decode(),
        }
        return Reply(code=200, headers=_JSON, content=json.dumps(shown).encode())


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture(params=[False, True], ids=["http", "https"])
def server(request: pytest.FixtureRequest, program: Program) -> Iterator[Loopback]:
    with serve(program, tls=request.param) as started:
        yield started


@pytest.fixture
def plain(program: Program) -> Iterator[Loopback]:
    with serve(program) as started:
        yield started


def _connect(server: Loopback) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=30)


def _event(name: str) -> bytes:
    return json.dumps({"type": "ADDED", "object": {**_MAP, "metadata": {"name": name}}}).encode() + b"\n"


def test_clientsets_use_the_configuration_and_the_kubeconfig_file(server: Loopback) -> None:
    for config in (server.config, kubeconfig.load_config(server.kubeconfig)):
        with Clientset(config) as clientset:
            assert clientset.core_v1.config_maps("default").get("a").metadata.name == "a"


@pytest.mark.anyio
async def test_asynchronous_clientsets_watch(server: Loopback, program: Program) -> None:
    found: list[str | None] = []
    async with AsyncClientset(server.config) as clientset, anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, _send_events, program)
        async with clientset.core_v1.config_maps("default").watch(resource_version="1") as events:
            found += [(await anext(events)).object.metadata.name for _ in range(3)]
    assert found == ["a", "b", "c"]
    await anyio.to_thread.run_sync(wait_until, lambda: program.feeds[0].is_closed)


def _send_events(program: Program) -> None:
    wait_until(lambda: program.feeds)
    for name in ("a", "b", "c"):
        program.feeds[0].send(_event(name))


def test_a_stream_that_ends_leaves_the_connection_open(server: Loopback, program: Program) -> None:
    with _httpx(server) as client:
        with client.stream("GET", "/watch?watch=true") as response:
            program.feeds[0].send(b"one ")
            program.feeds[0].send(b"two", is_last=True)
            assert response.read() == b"one two"
            network = response.extensions["network_stream"]
        again = client.get("/again")
        assert again.json()["path"] == "/again"
        assert again.extensions["network_stream"] is network
    assert program.feeds[0].is_closed


def _httpx(server: Loopback) -> httpx.Client:
    ca = server.config.tls.ca_data
    verify = ssl.create_default_context(cadata=ca.decode()) if ca else False
    return httpx.Client(base_url=server.url, verify=verify, timeout=30, trust_env=False)


def test_requests_arrive_as_they_were_sent(server: Loopback) -> None:
    with _httpx(server) as client:
        found = client.post("/a%2Fb/c?x=1&x=%20&y=", content=iter([b"he", b"llo"])).json()
        assert found == {
            "method": "POST",
            "path": "/a%2Fb/c",
            "query": [["x", "1"], ["x", " "], ["y", ""]],
            "body": "hello",
        }
        assert client.head("/x").content == b""
        assert client.get("/x").json()["method"] == "GET"


def test_requests_that_are_not_simulated_get_501_and_failures_500(plain: Loopback) -> None:
    with Clientset(plain.config) as clientset:
        for name, code, reason in (("unknown", 501, "NotImplemented"), ("broken", 500, "InternalError")):
            with pytest.raises(StatusError) as caught:
                clientset.core_v1.config_maps("default").delete(name)
            assert (caught.value.code, caught.value.reason) == (code, reason)


def test_a_lost_response_ends_the_connection(plain: Loopback) -> None:
    with Clientset(plain.config) as clientset, pytest.raises(TransportError):
        clientset.core_v1.config_maps("default").delete("lost")


def test_a_request_that_waits_does_not_stop_other_clients(plain: Loopback, program: Program) -> None:
    with _httpx(plain) as client, ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(client.get, "/wait")
        assert client.get("/other").json()["path"] == "/other"
        assert not waiting.done()
        program.waits.set()
        assert waiting.result().json()["path"] == "/wait"


def test_two_hundred_clients_are_served_while_others_send_nothing(plain: Loopback) -> None:
    silent = [_connect(plain) for _ in range(100)]
    for connection in silent[:50]:
        connection.sendall(b"GET / HTT")
    clients = [_connect(plain) for _ in range(200)]
    for number, connection in enumerate(clients):
        connection.sendall(b"GET /%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % number)
    for number, connection in enumerate(clients):
        with connection, connection.makefile("rb") as file:
            assert f'"path": "/{number}"'.encode() in file.read()
    for connection in silent:
        connection.close()


@pytest.mark.parametrize(("data", "code"), [(b"nonsense\r\n\r\n", b"400"), (b"x" * 200_000, b"431")])
def test_invalid_requests_are_refused_and_their_connection_ends(plain: Loopback, data: bytes, code: bytes) -> None:
    with _connect(plain) as connection, connection.makefile("rb") as file:
        connection.sendall(data)
        assert file.read().startswith(b"HTTP/1.1 " + code)


def test_a_client_that_sends_too_slowly_is_disconnected(program: Program) -> None:
    limits = Limits()
    limits.request = 0.2
    with Loopback(program, limits=limits) as server, _connect(server) as connection:
        connection.sendall(b"GET / HT")
        assert connection.recv(1) == b""


def test_a_client_that_never_reads_a_watch_is_disconnected(program: Program) -> None:
    limits = Limits()
    limits.write = 0.2
    with Loopback(program, limits=limits) as server, _connect(server) as connection:
        connection.sendall(b"GET /?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: program.feeds)
        program.feeds[0].send(b"x" * (64 << 20))
        wait_until(lambda: program.feeds[0].is_closed)


def test_closing_ends_connections_and_removes_the_kubeconfig(program: Program) -> None:
    server = serve(program)
    folder = server.kubeconfig.parent
    assert server.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    with _connect(server) as idle, _connect(server) as watching:
        watching.sendall(b"GET /?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: program.feeds)
        server.close()
        assert idle.recv(1) == b""
        while watching.recv(1000):
            pass
    assert program.feeds[0].is_closed
    assert not folder.exists()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        _connect(server)


def test_cut_ends_open_connections_alone(plain: Loopback) -> None:
    with _connect(plain) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096)
        plain.cut()
        assert connection.recv(1) == b""
    with _httpx(plain) as client:
        assert client.get("/").status_code == 200


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_kubectl_uses_the_kubeconfig_file(server: Loopback) -> None:
    command = ["kubectl", "--kubeconfig", str(server.kubeconfig), "get", "--raw", "/version?x=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["path"] == "/version"
