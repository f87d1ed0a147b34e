"""The handshake of exec and attach, with a server on loopback."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from kubecore import errors, rest
from kubecore._http.http1 import MalformedError, ResponseParser
from kubecore.streams.exec.channels import V5
from tests.kubecore.driving import SyncPods, drive
from tests.kubecore.loopback import loopback, response_bytes
from tests.kubecore.websocket_scripts import each, echo, says
from tests.kubecore.websocket_server import SUCCESS, frame, serving, switching

pytestmark = pytest.mark.slow  # sessions over real sockets


@each
def test_the_exec_request_has_command_streams_and_subprotocols(kind: str) -> None:
    with serving(says((1, b"out"), (2, b"err"), (1, b"\0\xff"))) as server:

        async def scenario(pods: Any) -> None:
            done = await pods.run("p", ["echo", "a b", "&c=d"], container="main", stdin=None)
            assert (done.returncode, done.stdout, done.stderr) == (0, b"out\0\xff", b"err")
            assert done.args == ["echo", "a b", "&c=d"]

        drive(kind, rest.Config(host=server.url), scenario)
        head = server.heads[0].decode()
    assert head.startswith(
        "GET /api/v1/namespaces/n/pods/p/exec?command=echo&command=a%20b&command=%26c=d&container=main"
        "&stderr=true&stdout=true HTTP/1.1\r\n"
    )
    assert "Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\r\n" in head
    assert "Upgrade: websocket\r\n" in head
    assert "Sec-WebSocket-Extensions" not in head  # The client does not offer compression.


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"), "does not prove"),
        (lambda text: text.replace("Sec-WebSocket-Accept", "X"), "does not prove"),
        (lambda text: text.replace("v5.channel.k8s.io", "v3.channel.k8s.io"), "'v3.channel.k8s.io'"),
        (lambda text: text.replace("v5.channel.k8s.io", "\x80\x9b"), "subprotocol '\\x80\\x9b'"),
        (lambda text: text.replace("Sec-WebSocket-Protocol", "X"), "subprotocol ''"),
        (lambda text: text.replace("Upgrade: websocket", "Upgrade: h2c"), "another protocol"),
        (lambda text: text.replace("Connection: Upgrade", "Connection: keep-alive"), "another protocol"),
        (
            lambda text: text.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
            "extensions",
        ),
        (lambda text: text.replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc"), "has a body"),
        (lambda text: text.replace("HTTP/1.1", "HTTP/1.0"), "interim"),
        (lambda text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "is 200, and no websocket"),
        (lambda text: "HTTP/1.1 100 Continue\r\n\r\n" * 17, "interim"),
        (lambda text: "<html>", "not HTTP"),
    ],
)
def test_a_response_that_is_not_a_handshake_is_refused(change: Callable[[str], str], words: str) -> None:
    def reply(head: bytes) -> bytes:
        return change(switching(head, V5).decode()).encode("latin-1")

    with serving(lambda peer: None, answer=reply) as server:
        with rest.Client(rest.Config(host=server.url)) as client:
            with pytest.raises(errors.ProtocolError, match=r"^GET ") as caught:
                SyncPods(client, "n").run("p", ["ls"])
    assert words in str(caught.value)


def test_an_unrequested_101_is_refused() -> None:
    with pytest.raises(MalformedError):
        ResponseParser("GET").feed_head(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest")
    read = ResponseParser("GET", upgrade=True)
    assert read.feed_head(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest"
    )
    assert (read.status, read.first, read.keep) == (101, b"rest", False)


@each
def test_data_after_the_101_is_kept(kind: str) -> None:
    def reply(head: bytes) -> bytes:
        status = b"\x03" + json.dumps(SUCCESS).encode()
        return switching(head, V5) + frame(2, b"\x01early") + frame(2, status) + frame(8, struct.pack("!H", 1000))

    with serving(lambda peer: None, answer=reply) as server:

        async def scenario(pods: Any) -> None:
            assert (await pods.run("p", ["ls"])).stdout == b"early"

        drive(kind, rest.Config(host=server.url), scenario)


@pytest.mark.parametrize("kind", ["sync", "trio"])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("403 Forbidden", errors.ForbiddenError),
        ("404 Not Found", errors.NotFoundError),
        ("500 Oh", errors.InternalError),
    ],
)
def test_a_refusal_is_the_servers_status(kind: str, status: str, error: type[errors.StatusError]) -> None:
    code = int(status[:3])
    body = json.dumps({"kind": "Status", "status": "Failure", "code": code, "message": "no\x1b[2J\u202e!\r"}).encode()
    with loopback(response_bytes(body, status=status)) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(error) as caught:
                await pods.run("p", ["ls"])
            # The message escapes control characters of terminals.
            assert str(caught.value).endswith("/api/v1/namespaces/n/pods/p/exec: no\\x1b[2J\\u202e!\\r")
            assert "\x1b" not in repr(caught.value)
            assert caught.value.status.message == "no\x1b[2J\u202e!\r"

        drive(kind, rest.Config(host=f"http://127.0.0.1:{server.port}"), scenario)


def test_a_redirect_is_not_followed() -> None:
    with (
        loopback() as other,
        loopback(
            response_bytes(b"", f"Location: http://127.0.0.1:{other.port}/", status="307 Temporary Redirect")
        ) as server,
    ):
        with rest.Client(rest.Config(host=f"http://127.0.0.1:{server.port}")) as client:
            with pytest.raises(errors.RedirectError):
                SyncPods(client, "n").run("p", ["ls"])
        assert other.requests == []


@each
def test_a_command_is_not_sent_twice(kind: str) -> None:
    """The server may have run the command although it sent no response."""
    with loopback(close=False) as server:
        server_config = rest.Config(host=f"http://127.0.0.1:{server.port}")

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.CommandTimeoutError):
                await pods.run("p", ["rm", "x"], timeout=0.5)

        drive(kind, server_config, scenario)
        assert len(server.requests) == 1
    with serving(lambda peer: None, answer=lambda head: b"") as cut:

        async def cut_scenario(pods: Any) -> None:
            with pytest.raises(errors.ReadError):
                await pods.run("p", ["rm", "x"])

        drive(kind, rest.Config(host=cut.url), cut_scenario)
        assert len(cut.heads) == 1


@each
def test_the_read_timeout_ends_an_incomplete_error_response(kind: str) -> None:
    head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 10\r\n\r\n"
    with loopback(head, close=False) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.ReadTimeoutError):
                await pods.run("p", ["ls"])

        drive(kind, rest.Config(host=f"http://127.0.0.1:{server.port}", timeouts=rest.Timeouts(read=0.2)), scenario)


@each
def test_sessions_do_not_use_the_connection_pool(kind: str) -> None:
    """Sessions do not use the pool: with `max_connections=1`, three sessions are open at the same time."""
    with serving(echo) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["cat"], stdin=True) as one, pods.exec("p", ["cat"], stdin=True) as two:
                for process in (one, two):
                    await process.write(b"hello")
                    assert await process.read() == ("stdout", b"hello")
                assert (await pods.run("p", ["cat"], stdin=b"x")).stdout == b"x"

        drive(kind, rest.Config(host=server.url, max_connections=1, timeouts=rest.Timeouts(pool=0.1)), scenario)


def test_exec_refuses_a_custom_http_client() -> None:
    import httpx

    with httpx.Client() as own, rest.Client(rest.Config(host="http://127.0.0.1:1"), http_client=own) as client:
        with pytest.raises(errors.ConfigError, match="http_client="):
            SyncPods(client, "n").run("p", ["ls"])


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_without_wsproto_the_error_names_the_extra(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "wsproto"]:
        monkeypatch.setitem(sys.modules, name, None)

    async def scenario(pods: Any) -> None:
        with pytest.raises(errors.MissingExtraError, match=r"kgen-kubernetes\[ws\]"):
            await pods.run("p", ["ls"])

    drive(kind, rest.Config(host="http://127.0.0.1:1"), scenario)


def test_streams_are_imported_on_first_use() -> None:
    code = (
        "import sys, kubeclient.typed.core.v1.pod, kubecore.rest;"
        "bad = [m for m in sys.modules if m.startswith(('wsproto', 'kubecore.streams', 'h11', 'tarfile'))]; assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("command", "words"),
    [("ls -l", "pass a list such as"), ([], "empty"), (["a\0"], "NUL"), ([b"ls"], "texts"), ([1], "texts")],
)
def test_invalid_commands_are_refused(command: Any, words: str) -> None:
    with rest.Client(rest.Config(host="http://127.0.0.1:1")) as client:
        pods = SyncPods(client, "n")
        with pytest.raises(errors.InvalidRequestError, match=words):
            pods.exec("p", command)
        with pytest.raises(errors.InvalidRequestError, match=words):
            pods.run("p", command)
        with pytest.raises(errors.InvalidRequestError, match="at least one"):
            pods.attach("p", stdout=False, stderr=False)
        with pytest.raises(errors.InvalidRequestError, match="name"):
            pods.run("..", ["ls"])
        with pytest.raises(errors.InvalidRequestError, match="namespace"):
            SyncPods(client).run("p", ["ls"])
