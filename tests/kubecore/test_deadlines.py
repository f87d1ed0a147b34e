"""Every public call ends within its deadline, whatever the other side, a proxy or a rate limiter does."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any, Final

import pytest
import trustme

from kubecore import errors, rest
from tests.everyverb import Verb, arguments, finish, finish_async, verbs
from tests.kubecore.deadline_calls import KINDS, POD, SHORT, do, get, serving
from tests.kubecore.loopback import loopback, response_bytes

pytestmark = pytest.mark.slow  # real deadlines


# Only a stream that the client requested may have no end: status 101 for an upgrade, status 200 for a log.

STREAMS: Final = [
    verb
    for verb in verbs(is_async=False)
    if verb.method in ("run", "exec", "attach", "copy_from", "copy_to", "port_forward", "stream_logs")
]


@pytest.mark.parametrize(
    "status",
    [
        "200 OK",
        "404 Not Found",
        pytest.param("202 Accepted", marks=pytest.mark.thorough),
        pytest.param("302 Found", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.parametrize("verb", STREAMS, ids=lambda verb: verb.name)
@pytest.mark.parametrize("kind", KINDS)
def test_a_response_that_opens_no_stream_has_an_end(kind: str, verb: Verb, status: str, tmp_path: Path) -> None:
    if verb.method == "stream_logs" and status == "200 OK":
        pytest.skip("this one opens the stream")
    found = (
        verb if kind == "sync" else next(one for one in verbs(is_async=True, generated=False) if one.name == verb.name)
    )
    stuck = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode()
    end = finish if kind == "sync" else finish_async
    with loopback(stuck, close=False) as server, pytest.raises(errors.KubeError) as raised:
        timeouts = rest.Timeouts() if status.startswith("302") else SHORT
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", timeouts=timeouts)
        do(kind, config, lambda clientset: end(found.make(clientset)(**arguments(found, tmp_path))))
    if status.startswith("302"):
        assert isinstance(raised.value, errors.RedirectError)
    else:
        assert isinstance(raised.value, errors.ReadTimeoutError)


# Streams whose first byte may wait.

TINY: Final = rest.Timeouts(read=0.05, total=0.3)

LATE: Final = 0.5
"""Seconds until a response starts. `TINY` allows less for a response that has an end."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_followed_log_has_no_read_timeout_from_the_start(kind: str) -> None:
    def silent(connection: socket.socket, number: int) -> None:
        time.sleep(LATE)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n0\r\n\r\n")

    def read(clientset: Any) -> Any:
        with clientset.core_v1.pods("d").stream_logs("p", tail_lines=0) as lines:
            return list(lines)

    async def read_async(clientset: Any) -> Any:
        async with clientset.core_v1.pods("d").stream_logs("p", tail_lines=0) as lines:
            return [line async for line in lines]

    with serving(silent) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}", timeouts=TINY)
        assert do(kind, config, read if kind == "sync" else read_async) == [b"one"]
    assert len(requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_is_not_requested_again_after_its_connection_broke(kind: str) -> None:
    verb = next(one for one in verbs(is_async=kind != "sync", generated=False) if one.method == "stream_logs")
    end = finish if kind == "sync" else finish_async
    with serving(lambda connection, number: connection.close()) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}")
        with pytest.raises(errors.ReadError):
            do(kind, config, lambda clientset: end(verb.make(clientset)("p")))
    assert len(requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_request_is_never_sent_on_a_kept_connection(kind: str) -> None:
    """If a kept connection broke, the client would not know whether the server had read the request."""
    verb = next(one for one in verbs(is_async=kind != "sync", generated=False) if one.method == "stream_logs")

    def use(clientset: Any) -> Any:
        get(clientset)
        finish(verb.make(clientset)("p"))
        return True

    async def use_async(clientset: Any) -> Any:
        await get(clientset)
        await finish_async(verb.make(clientset)("p"))
        return True

    with serving(lambda connection, number: connection.sendall(response_bytes(POD))) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}")
        assert do(kind, config, use if kind == "sync" else use_async)
    assert len(requests) == 2  # Each on another connection.


@pytest.mark.parametrize("kind", KINDS)
def test_a_watch_opens_even_if_its_headers_arrive_late(kind: str) -> None:
    event = (
        b'{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","resourceVersion":"2"}}}\n'
    )

    def slowly(connection: socket.socket, number: int) -> None:
        time.sleep(LATE)
        connection.sendall(response_bytes(event))

    def read(clientset: Any) -> Any:
        with clientset.core_v1.pods("d").watch(resource_version="1", timeout_seconds=15) as events:
            return next(events).object.metadata.name

    async def read_async(clientset: Any) -> Any:
        async with clientset.core_v1.pods("d").watch(resource_version="1", timeout_seconds=15) as events:
            return (await anext(events)).object.metadata.name

    with serving(slowly) as (port, requests):
        config = rest.Config(host=f"http://127.0.0.1:{port}", timeouts=TINY)
        assert do(kind, config, read if kind == "sync" else read_async) == "p"
    assert len(requests) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxied_long_poll_has_only_the_timeout_of_the_call(kind: str) -> None:
    def slowly(connection: socket.socket, number: int) -> None:
        time.sleep(LATE)
        connection.sendall(response_bytes(b"done"))

    async def poll_async(clientset: Any) -> Any:
        return (await clientset.core_v1.pods("d").proxy("p")).content

    def poll(clientset: Any) -> Any:
        return clientset.core_v1.pods("d").proxy("p").content

    with serving(slowly) as (port, _):
        config = rest.Config(host=f"http://127.0.0.1:{port}", timeouts=rest.Timeouts(read=0.05))
        assert do(kind, config, poll if kind == "sync" else poll_async) == b"done"


# TLS in TLS.


@pytest.mark.parametrize("slow", ["handshake", "response"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_timeout_ends_tls_within_tls_that_arrives_byte_by_byte(
    kind: str, slow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    outer, inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (outer, inner):
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_drops, args=(listener, outer, inner, slow), daemon=True).start()
        config = rest.Config(
            host="https://localhost:1",
            proxy_url=f"https://127.0.0.1:{listener.getsockname()[1]}",
            tls=rest.TLSConfig(ca_file=str(tmp_path / "ca.pem")),
            timeouts=rest.Timeouts(connect=0.4 if slow == "handshake" else 20.0, read=0.4),
        )
        kinds = {"handshake": errors.ConnectTimeoutError, "response": errors.ReadTimeoutError}
        with pytest.raises(kinds[slow]):
            do(kind, config, get)


def _drops(listener: socket.socket, outer: ssl.SSLContext, inner: ssl.SSLContext, slow: str) -> None:
    """Be a proxy and the server behind it. Send the slow part at one byte per 0.05 s."""
    plain, _ = listener.accept()
    with outer.wrap_socket(plain, server_side=True) as connection:
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        come, gone = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = inner.wrap_bio(come, gone, server_side=True)

        def flush(*, slowly: bool) -> None:
            data = gone.read()
            for at in range(0, len(data), 1 if slowly else max(len(data), 1)):
                connection.sendall(data[at : at + 1] if slowly else data)
                time.sleep(0.05 if slowly else 0)

        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    flush(slowly=slow == "handshake")
                    come.write(connection.recv(65536))
            flush(slowly=False)
            request = b""
            while b"\r\n\r\n" not in request:
                try:
                    request += tls.read(65536)
                except ssl.SSLWantReadError:
                    come.write(connection.recv(65536))
            tls.write(response_bytes(POD))
            flush(slowly=True)
        except OSError:
            pass


class Full:
    """A rate limiter that counts its calls and always returns the same wait, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asked = 0

    def reserve(self) -> float:
        self.asked += 1
        return self.seconds


@pytest.mark.parametrize("verb", STREAMS, ids=lambda verb: verb.name)
@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_limiter_applies_to_streams(kind: str, verb: Verb, tmp_path: Path) -> None:
    found = (
        verb if kind == "sync" else next(one for one in verbs(is_async=True, generated=False) if one.name == verb.name)
    )
    end = finish if kind == "sync" else finish_async
    limiter = Full(0)
    with loopback(response_bytes(b"{}", status="404 Not Found")) as server, pytest.raises(errors.StatusError):
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", rate_limiter=limiter)
        do(kind, config, lambda clientset: end(found.make(clientset)(**arguments(found, tmp_path))))
    assert limiter.asked == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_limit_beyond_the_deadline_ends_the_call(kind: str) -> None:
    config = rest.Config(host="http://127.0.0.1:1", rate_limiter=Full(3600))
    with pytest.raises(
        errors.DeadlineError, match=r"within 5 s \(timeout=\): the rate limiter requires a wait of 3600\.00 s"
    ):
        do(kind, config, lambda clientset: clientset.core_v1.pods("d").get("p", timeout=5))


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_error_has_a_note_about_the_previous_error(kind: str) -> None:
    def steps(connection: socket.socket, number: int) -> None:
        if number == 1:
            connection.close()
        else:
            connection.sendall(response_bytes(b"{}", status="404 Not Found"))

    with serving(steps) as (port, _), pytest.raises(errors.NotFoundError) as raised:
        do(kind, rest.Config(host=f"http://127.0.0.1:{port}"), get)
    assert raised.value.__notes__[1].startswith("after 2 attempts; the one before: ReadError: ")
