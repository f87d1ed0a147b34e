"""The clients against a server that misbehaves; each case synchronous and asynchronous."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore._support import pauses
from tests.kubecore.loopback import loopback, response_bytes
from tests.ready import closed_port

POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[]}}'

Get = Callable[[rest.Config], Any]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(seconds: float) -> None: ...

    monkeypatch.setattr(pauses, "sleep", lambda seconds: None)
    monkeypatch.setattr(pauses, "async_sleep", sleep)


def get_sync(config: rest.Config) -> Any:
    with Clientset(config) as clientset:
        return clientset.core_v1.pods("d").get("p")


def get_async(config: rest.Config) -> Any:
    async def main() -> Any:
        async with AsyncClientset(config) as clientset:
            return await clientset.core_v1.pods("d").get("p")

    return anyio.run(main)


both = pytest.mark.parametrize("get", [get_sync, get_async], ids=["sync", "async"])


def config(port: int, **more: Any) -> rest.Config:
    return rest.Config(host=f"http://127.0.0.1:{port}", **{"max_retries": 0, **more})


@both
def test_a_request_contains_the_required_headers(get: Get) -> None:
    with loopback(response_bytes(POD)) as server:
        assert get(config(server.port)).metadata.name == "p"
    head = server.requests[0].decode()
    assert head.startswith("GET /api/v1/namespaces/d/pods/p HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head
    assert "\r\nAccept: application/json\r\n" in head
    assert "kubecore\r\n" in head
    assert "Authorization" not in head
    assert "Accept-Encoding" not in head


@both
def test_requests_keep_the_path_prefix_of_the_host(get: Get) -> None:
    with loopback(response_bytes(POD)) as server:
        get(rest.Config(host=f"http://127.0.0.1:{server.port}/k8s/c1/?x=y"))
    assert server.requests[0].startswith(b"GET /k8s/c1/api/v1/namespaces/d/pods/p HTTP/1.1\r\n")


@both
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_refused(get: Get, status: str) -> None:
    with loopback() as other:
        script = response_bytes(b"", f"Location: http://127.0.0.1:{other.port}/x", status=status)
        with loopback(script) as server, pytest.raises(errors.RedirectError, match="redirect"):
            get(config(server.port))
    assert other.requests == []


@both
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (response_bytes(gzip.compress(POD), "Content-Encoding: br"), errors.ProtocolError),
        (response_bytes(gzip.compress(POD)[:-9], "Content-Encoding: gzip"), errors.ReadError),
        (response_bytes(gzip.compress(POD) + b"x", "Content-Encoding: gzip"), errors.ProtocolError),
        (response_bytes(b"\x00" + gzip.compress(POD), "Content-Encoding: gzip"), errors.ProtocolError),
        (response_bytes(POD)[:-5], errors.TransportError),
        (b"not http at all\r\n\r\n", errors.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", errors.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", errors.ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", errors.TransportError),
        (b"", errors.TransportError),
        (response_bytes(b"<html>", "Content-Type: text/html"), errors.DecodeError),
        (response_bytes(b""), errors.DecodeError),
        (response_bytes(b"\xff\xfe"), errors.DecodeError),
        (response_bytes(b'{"kind":"Node","apiVersion":"v1"}'), errors.DecodeError),
        (response_bytes(b"<html>no", "Content-Type: text/html", status="502 Bad Gateway"), errors.InternalError),
        (response_bytes(b'{"kind":"Status","status":"Failure","reason":"Gone"}'), errors.GoneError),
    ],
)
def test_an_invalid_response_is_a_kubecore_error(get: Get, script: bytes, expected: type[Exception]) -> None:
    with loopback(script) as server, pytest.raises(expected):
        get(config(server.port))


@both
def test_a_body_beyond_the_limit_is_refused(get: Get) -> None:
    with loopback(response_bytes(POD)) as server, pytest.raises(errors.BodyTooLargeError, match="limit of 10 bytes"):
        get(config(server.port, max_response_bytes=10))
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"8\r\n12345678\r\n" * 4
    with loopback(chunks) as server, pytest.raises(errors.BodyTooLargeError):
        get(config(server.port, max_response_bytes=10))


@both
def test_the_error_for_a_refused_connection_contains_the_address(get: Get) -> None:
    with closed_port() as port:
        with pytest.raises(
            errors.ConnectError, match=rf"GET http://127\.0\.0\.1:{port}/api/v1/namespaces/d/pods/p: no connection"
        ):
            get(config(port))


@both
def test_the_read_timeout_ends_a_request_to_an_idle_server(get: Get) -> None:
    timeouts = rest.Timeouts(read=0.2)
    with (
        loopback(close=False) as server,
        pytest.raises(errors.ReadTimeoutError, match=r"sent nothing for 0\.2 s") as caught,
    ):
        get(config(server.port, timeouts=timeouts))
    assert isinstance(caught.value, TimeoutError)


def test_a_connection_is_kept_and_one_that_was_closed_is_replaced() -> None:
    with (
        loopback(response_bytes(POD), response_bytes(POD), close=False) as server,
        Clientset(config(server.port)) as clientset,
    ):
        clientset.core_v1.pods("d").get("p")
        clientset.core_v1.pods("d").get("p")
        assert server.accepted == 1
    with loopback(response_bytes(POD), response_bytes(POD)) as server, Clientset(config(server.port)) as clientset:
        clientset.core_v1.pods("d").get("p")
        clientset.core_v1.pods("d").get("p")
        assert server.accepted == 2


def test_a_watch_survives_any_cut_of_its_bytes() -> None:
    from hypothesis import given, settings
    from hypothesis import strategies as st

    from kubeclient.models import core_v1
    from kubecore.watch.decoder import Decoder

    lines = b"".join(
        b'{"type":"%s","object":{"metadata":{"name":"%s"},"spec":{"containers":null}}}\n' % (kind, "ü☃😀".encode() * 3)
        for kind in (b"ADDED", b"MODIFIED", b"DELETED")
    )

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.integers(0, len(lines)), max_size=8))
    def cut(places: list[int]) -> None:
        decoder = Decoder(core_v1.Pod)
        edges = [0, *sorted(places), len(lines)]
        pieces = [lines[a:b] for a, b in itertools.pairwise(edges)]
        found = [event for piece in pieces for event, _ in decoder.feed(piece) if event is not None]
        assert [event.type for event in found] == ["ADDED", "MODIFIED", "DELETED"]
        assert {event.object.metadata.name for event in found} == {"ü☃😀" * 3}
        assert list(decoder.end()) == []

    cut()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"garbage\n", errors.DecodeError),
        (b'{"type":"ADDED","object":null}\n', errors.DecodeError),
        (b"[]\n", errors.DecodeError),
        (b'{"type":"ERROR","object":{"kind":"Status","reason":"Expired","code":410}}\n', errors.ExpiredError),
        (b'{"type":"ERROR","object":{"kind":"Status"}}\n', errors.StatusError),
    ],
)
@pytest.mark.slow
def test_an_invalid_line_of_a_watch_is_a_kubecore_error(line: bytes, expected: type[Exception]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    with loopback(head + line, head + line) as server, Clientset(config(server.port)) as clientset:
        with pytest.raises(expected), clientset.core_v1.pods("d").watch(resource_version="1") as events:
            list(events)


def test_a_watch_of_another_media_type_is_refused() -> None:
    with loopback(response_bytes(b"x", "Content-Type: foobar")) as server, Clientset(config(server.port)) as clientset:
        pods = clientset.core_v1.pods("d")
        with pytest.raises(errors.DecodeError, match="not as 'foobar'"), pods.watch(resource_version="1"):
            pass


def test_a_watch_that_is_cut_inside_a_line_yields_the_event_once_complete() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    line = b'{"type":"ADDED","object":{"metadata":{"name":"a"},"spec":{"containers":[]}}}'
    pieces = (head + line + b"\n" + line[:-9], head + line.replace(b'"a"', b'"b"'))
    with loopback(*pieces) as server, Clientset(config(server.port)) as clientset:
        with clientset.core_v1.pods("d").watch(resource_version="1") as events:
            assert [next(events).object.metadata.name for _ in "ab"] == ["a", "b"]
    with pytest.raises(RuntimeError, match="with"):
        next(clientset.core_v1.pods("d").watch())
