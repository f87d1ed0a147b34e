"""`http_client=`: custom clients, whose responses may have been read before kubecore gets them."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from tests.kubecore.loopback import Loopback
from tests.kubecore.test_client import POD

CONFIG = rest.Config(host="http://h", max_retries=0)
STATUS = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "NotFound",
    "message": "no pod",
    "code": 404,
}
EVENTS = b"".join(
    b'{"type":"%b","object":%b}\n'
    % (kind, POD.replace(b'"name":"p"', b'"name":"p","uid":"u","resourceVersion":"%d"' % version))
    for kind, version in ((b"ADDED", 5), (b"MODIFIED", 6))
)


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives in chunks."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield from (self._data[at : at + 7] for at in range(0, len(self._data), 7))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


def respond(request: httpx.Request, *, streamed: bool) -> httpx.Response:
    path, query = request.url.path, request.url.params
    status, body = 200, POD
    if path.endswith("/missing"):
        status, body = 404, json.dumps(STATUS).encode()
    elif path.endswith("/empty"):
        body = b""
    elif path.endswith("/log"):
        body = b"one\ntwo\n"
    elif "watch" in query:
        body = EVENTS
    elif path.endswith("/pods") and request.method == "GET":
        body = b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"4"},"items":[%b]}' % POD
    elif request.method in ("POST", "PUT", "PATCH"):
        body = request.read() if request.method != "PATCH" else POD
    headers = {"Content-Type": "application/json"}
    if path.endswith("/packed"):
        headers["Content-Encoding"], body = "gzip", gzip.compress(body)
    if streamed:
        return httpx.Response(status, headers=headers, stream=Chunks(body))
    return httpx.Response(status, headers=headers, content=body)


def own(kind: str, *, is_async: bool) -> Any:
    """Return a client whose responses are already read, arrive in chunks, or are read by a hook."""
    transport = httpx.MockTransport(lambda request: respond(request, streamed=kind != "read before"))
    if is_async:

        async def read_async(response: httpx.Response) -> None:
            await response.aread()

        hooks: Any = {"response": [read_async]} if kind == "read by a hook" else {}
        return httpx.AsyncClient(transport=transport, event_hooks=hooks)
    hooks = {"response": [lambda response: response.read()]} if kind == "read by a hook" else {}
    return httpx.Client(transport=transport, event_hooks=hooks)


each_kind = pytest.mark.parametrize("kind", ["read before", "in chunks", "read by a hook"])


@each_kind
def test_every_kind_of_call_works(kind: str) -> None:
    with own(kind, is_async=False) as client, Clientset(CONFIG, http_client=client) as clientset:
        pods = clientset.core_v1.pods("d")
        assert pods.get("p").metadata.name == "p"
        assert [pod.metadata.name for pod in pods.list().items] == ["p"]
        assert [pod.metadata.name for pod in pods.iter()] == ["p"]
        body = {"metadata": {"name": "p"}, "spec": {"containers": []}}
        assert pods.create(body).metadata.name == "p"
        assert pods.update(body).metadata.name == "p"
        pods.delete("p")
        assert pods.get("packed").metadata.name == "p"
        with pytest.raises(errors.NotFoundError, match="no pod"):
            pods.get("missing")
        with pytest.raises(errors.DecodeError):
            pods.get("empty")
        assert pods.get_logs("p") == b"one\ntwo\n"
        with pods.stream_logs("p") as lines:
            assert list(lines) == [b"one", b"two"]
        with pods.watch(resource_version="1", timeout_seconds=1) as events:
            assert [next(events).type, next(events).type] == ["ADDED", "MODIFIED"]
        assert clientset.raw("GET", "/x").content == POD


@each_kind
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_every_kind_of_call_works_async(kind: str, backend: str) -> None:
    async def main() -> None:
        async with own(kind, is_async=True) as client, AsyncClientset(CONFIG, http_client=client) as clientset:
            pods = clientset.core_v1.pods("d")
            assert (await pods.get("p")).metadata.name == "p"
            assert [pod.metadata.name for pod in (await pods.list()).items] == ["p"]
            assert [pod.metadata.name async for pod in pods.iter()] == ["p"]
            body = {"metadata": {"name": "p"}, "spec": {"containers": []}}
            assert (await pods.create(body)).metadata.name == "p"
            assert (await pods.update(body)).metadata.name == "p"
            await pods.delete("p")
            assert (await pods.get("packed")).metadata.name == "p"
            with pytest.raises(errors.NotFoundError, match="no pod"):
                await pods.get("missing")
            with pytest.raises(errors.DecodeError):
                await pods.get("empty")
            assert (await clientset.raw("GET", "/x")).content == POD
            assert await pods.get_logs("p") == b"one\ntwo\n"
            async with pods.stream_logs("p") as lines:
                assert [line async for line in lines] == [b"one", b"two"]
            if backend == "trio" and kind == "in chunks":
                return  # httpx does not finish its generators when a stream is left, and trio warns of that.
            async with pods.watch(resource_version="1", timeout_seconds=1) as events:
                assert [(await anext(events)).type, (await anext(events)).type] == ["ADDED", "MODIFIED"]

    anyio.run(main, backend=backend)


@each_kind
def test_max_response_bytes_applies_to_a_custom_http_client(kind: str) -> None:
    config = rest.Config(host="http://h", max_retries=0, max_response_bytes=len(POD) - 1)
    with own(kind, is_async=False) as client, pytest.raises(errors.BodyTooLargeError):
        Clientset(config, http_client=client).core_v1.pods("d").get("p")


def test_a_body_that_a_hook_used_up_is_an_error_that_names_the_request() -> None:
    def use_up(response: httpx.Response) -> None:
        for _ in response.iter_raw():
            pass

    transport = httpx.MockTransport(lambda request: respond(request, streamed=True))
    with httpx.Client(transport=transport, event_hooks={"response": [use_up]}) as client:
        with pytest.raises(errors.TransportError, match="GET http://h/api/v1/namespaces/d/pods/p"):
            Clientset(CONFIG, http_client=client).core_v1.pods("d").get("p")


@pytest.mark.parametrize("name", ["a b", "a#b?c", "DOMAIN\\group", "..;x", "a\r\nb\x00", "Ünïcode", "x" * 1505])
def test_names_reach_a_custom_http_client_as_one_segment(name: str) -> None:
    sent: list[bytes] = []

    def seen(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.raw_path)
        return respond(request, streamed=True)

    async def both() -> None:
        with Clientset(CONFIG, http_client=httpx.Client(transport=httpx.MockTransport(seen))) as clientset:
            clientset.core_v1.pods("ns").get(name)
        client = httpx.AsyncClient(transport=httpx.MockTransport(seen))
        async with AsyncClientset(CONFIG, http_client=client) as clientset:
            await clientset.core_v1.pods("ns").get(name)

    anyio.run(both)
    prefix, _, last = sent[0].rpartition(b"/")
    assert (prefix, unquote(last.decode("ascii"))) == (b"/api/v1/namespaces/ns/pods", name)
    assert last.isascii()
    assert not set(last.decode("ascii")) & set("?#;\\ \r\n\0")
    assert sent[1] == sent[0]


class Dripping(Loopback):
    """Sends complete response headers at once and the rest byte by byte, for far longer than the test waits."""

    def _serve(self, connection: Any) -> None:
        connection.recv(65536)
        for script in self._scripts:
            head, end, body = script.rpartition(b"\r\n\r\n")
            connection.sendall(head + end)
            for at in range(len(body)):
                connection.sendall(body[at : at + 1])
                if self._stopped.wait(0.02):
                    return

    def __init__(self, script: bytes) -> None:
        self._stopped = threading.Event()
        super().__init__([script], close=False, context=None)

    def stop(self) -> None:
        self._stopped.set()
        super().stop()


@pytest.mark.parametrize("name", ["get", "list"])
@pytest.mark.parametrize(
    ("script", "is_async"),
    [
        (b"", False),
        (b"", True),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9999, True),  # httpx gives a synchronous client no way to end this.
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999, True),
        (b"HTTP/1.1 404 No\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999, False),
        (b"HTTP/1.1 404 No\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999, True),
    ],
)
@pytest.mark.slow
def test_the_timeout_of_a_call_applies_to_a_custom_http_client(script: bytes, *, is_async: bool, name: str) -> None:
    server = Dripping(script) if script else Loopback([], close=False, context=None)
    config = rest.Config(host=f"http://127.0.0.1:{server.port}")
    arguments = ("p",) if name == "get" else ()

    async def main() -> None:
        async with httpx.AsyncClient(timeout=900) as own, AsyncClientset(config, http_client=own) as clientset:
            await getattr(clientset.core_v1.pods("d"), name)(*arguments, timeout=0.2)

    began = time.monotonic()
    try:
        with pytest.raises(errors.DeadlineError, match=r"0\.2 s"):
            if is_async:
                anyio.run(main)
            else:
                with httpx.Client(timeout=900) as own, Clientset(config, http_client=own) as clientset:
                    getattr(clientset.core_v1.pods("d"), name)(*arguments, timeout=0.2)
    finally:
        server.stop()
    assert time.monotonic() - began < 60  # The whole response takes 200 s.
