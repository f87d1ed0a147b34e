"""exec and attach over a websocket, from a server on loopback that does what a real one never does.

tests/server shows what the real server does.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest
import trustme

from kubecore import errors, rest
from kubecore._http import dial
from kubecore._http.http1 import MalformedError, ResponseParser
from kubecore.streams.exec.channels import V4, V5, Channels
from kubecore.streams.websocket import state as line_module
from kubecore.streams.websocket.frames import Piece, WebSocket
from tests.kubecore.driving import KINDS, SyncPods, drive
from tests.kubecore.loopback import answer, loopback
from tests.kubecore.test_proxy import pki, through
from tests.kubecore.websocket_server import SUCCESS, Peer, exit_status, frame, serving, switching
from tests.ready import PATIENCE, growing

pytestmark = pytest.mark.slow  # sessions over real sockets

__all__ = ["pki", "through"]

each = pytest.mark.parametrize("kind", KINDS)


def script(*steps: Callable[[Peer], object]) -> Callable[[Peer], None]:
    def run(peer: Peer) -> None:
        for step in steps:
            step(peer)

    return run


def says(*pieces: tuple[int, bytes], status: object = SUCCESS) -> Callable[[Peer], None]:
    def run(peer: Peer) -> None:
        for channel, data in pieces:
            peer.send(channel, data)
        peer.end(status)

    return run


def peruse(peer: Peer) -> None:
    """Read all that comes, and say nothing."""
    while peer.read() is not None:
        pass


def echo(peer: Peer) -> None:
    """What `cat` is."""
    while (message := peer.read()) not in (None, b"\xff\0"):
        assert message is not None
        if message[0] == 0:
            peer.send(1, message[1:])
    peer.end(SUCCESS)


# The handshake.


@each
def test_what_is_asked_for(kind: str) -> None:
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
    assert "Sec-WebSocket-Extensions" not in head  # No compression is offered.


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


def test_a_101_that_nobody_asked_for_is_refused() -> None:
    with pytest.raises(MalformedError):
        ResponseParser("GET").feed_head(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest")
    read = ResponseParser("GET", upgrade=True)
    assert read.feed_head(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest"
    )
    assert (read.status, read.first, read.keep) == (101, b"rest", False)


@each
def test_what_comes_behind_the_101_is_kept(kind: str) -> None:
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
    with loopback(answer(body, status=status)) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(error) as caught:
                await pods.run("p", ["ls"])
            # Nothing in it steers the terminal.
            assert str(caught.value).endswith("/api/v1/namespaces/n/pods/p/exec: no\\x1b[2J\\u202e!\\r")
            assert "\x1b" not in repr(caught.value)
            assert caught.value.status.message == "no\x1b[2J\u202e!\r"

        drive(kind, rest.Config(host=f"http://127.0.0.1:{server.port}"), scenario)


def test_a_redirect_is_not_followed() -> None:
    with (
        loopback() as other,
        loopback(answer(b"", f"Location: http://127.0.0.1:{other.port}/", status="307 Temporary Redirect")) as server,
    ):
        with rest.Client(rest.Config(host=f"http://127.0.0.1:{server.port}")) as client:
            with pytest.raises(errors.RedirectError):
                SyncPods(client, "n").run("p", ["ls"])
        assert other.requests == []


@each
def test_a_command_is_not_sent_twice(kind: str) -> None:
    """It may have run."""
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
def test_a_failure_that_never_ends_is_left_after_the_read_timeout(kind: str) -> None:
    head = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 10\r\n\r\n"
    with loopback(head, close=False) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.ReadTimeoutError):
                await pods.run("p", ["ls"])

        drive(kind, rest.Config(host=f"http://127.0.0.1:{server.port}", timeouts=rest.Timeouts(read=0.2)), scenario)


@each
def test_sessions_are_beside_the_pool(kind: str) -> None:
    """Ask 10: with one connection for requests, three open sessions keep none waiting, and leave none behind."""
    with serving(echo) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["cat"], stdin=True) as one, pods.exec("p", ["cat"], stdin=True) as two:
                for process in (one, two):
                    await process.write(b"hello")
                    assert await process.read() == ("stdout", b"hello")
                assert (await pods.run("p", ["cat"], stdin=b"x")).stdout == b"x"

        drive(kind, rest.Config(host=server.url, max_connections=1, timeouts=rest.Timeouts(pool=0.1)), scenario)


def test_a_client_of_ones_own_can_not_change_the_protocol() -> None:
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


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, kubeclient.typed.core.v1.pod, kubecore.rest;"
        "bad = [m for m in sys.modules if m.startswith(('wsproto', 'kubecore.streams', 'h11', 'tarfile'))]; assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("command", "words"),
    [("ls -l", "pass a list such as"), ([], "empty"), (["a\0"], "NUL"), ([b"ls"], "texts"), ([1], "texts")],
)
def test_what_is_no_command_is_refused(command: Any, words: str) -> None:
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


# Frames.

BAD_FRAMES = {
    "masked": frame(2, b"\x01x", mask=True),
    "reserved bit 1": frame(2, b"\x01x", rsv=0x40),
    "reserved bit 2": frame(2, b"\x01x", rsv=0x20),
    "reserved bit 3": frame(2, b"\x01x", rsv=0x10),
    "reserved bit of a control frame": frame(9, b"", rsv=0x40),
    "unknown opcode": frame(3, b"\x01x"),
    "unknown control opcode": frame(0xB, b""),
    "length 2^63": b"\x82\x7f" + struct.pack("!Q", 1 << 63),
    "length 2^64-1": b"\x82\x7f" + struct.pack("!Q", (1 << 64) - 1),
    "length not the shortest": b"\x82\x7e\x00\x02\x01x",
    "long ping": frame(9, b"x" * 126),
    "long close": frame(8, struct.pack("!H", 1000) + b"x" * 124),
    "fragmented ping": frame(9, b"", fin=False),
    "continuation of nothing": frame(0, b"x"),
    "message within a message": frame(2, b"\x01x", fin=False) + frame(2, b"\x01x"),
    "text": frame(1, b"\x01hello"),
    "bad UTF-8 in text": frame(1, b"\xff\xfe"),
    "close of one byte": frame(8, b"\x03"),
    "close 1005": frame(8, struct.pack("!H", 1005)),
    "close 1006": frame(8, struct.pack("!H", 1006)),
    "close 999": frame(8, struct.pack("!H", 999)),
    "close with bad UTF-8": frame(8, struct.pack("!H", 1000) + b"\xff"),
    "ping flood": frame(9, b"x") * 20_000,
    "pong flood": frame(10, b"x") * 20_000,
    "unknown channel": frame(2, b"\x09x"),
    "unknown channel 254": frame(2, b"\xfex"),
    "long status": frame(2, b"\x03" + b" " * (1 << 20) + b"{}"),
}


@each
@pytest.mark.parametrize("name", list(BAD_FRAMES))
def test_bad_frames_are_told_and_never_a_success(kind: str, name: str) -> None:
    def run(peer: Peer) -> None:
        peer.send(1, b"before")
        peer.raw.sendall(BAD_FRAMES[name])
        peer.end(SUCCESS)

    with serving(run) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["ls"]) as process:
                assert await process.read() == ("stdout", b"before")
                with pytest.raises(errors.ProtocolError) as caught:
                    while await process.read() is not None:
                        pass
                assert "GET /api/v1/namespaces/n/pods/p/exec" in str(caught.value)
                assert process.returncode is None
                with pytest.raises(errors.TransportError):
                    await process.wait()

        drive(kind, rest.Config(host=server.url), scenario)


@each
def test_nothing_counts_behind_the_goodbye(kind: str) -> None:
    def run(peer: Peer) -> None:
        peer.raw.sendall(frame(8, struct.pack("!H", 1000)) + frame(2, b"\x03" + json.dumps(SUCCESS).encode()))

    with serving(run) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.UnknownResultError):
                await pods.run("p", ["ls"])

        drive(kind, rest.Config(host=server.url), scenario)


def test_a_million_fragments_of_one_byte_take_neither_memory_nor_time() -> None:
    data = frame(2, b"\x01", fin=False) + frame(0, b"x", fin=False) * 1_000_000
    websocket, got = WebSocket(), 0
    with pytest.raises(errors.ProtocolError, match="1001 fragments"):
        for at in range(0, len(data), 1 << 18):
            for piece in websocket.feed(data[at : at + (1 << 18)]):
                got += len(piece.data)
    assert got == 1001
    drops = WebSocket()  # A frame that comes in drops is one.
    whole = frame(2, b"\x01" + b"x" * 3000)
    assert sum(len(piece.data) for at in range(len(whole)) for piece in drops.feed(whole[at : at + 1])) == 3001


def test_a_message_is_not_held_and_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    websocket = WebSocket()
    head = b"\x82\x7f" + struct.pack("!Q", 1 << 62)
    tracemalloc.start()
    list(websocket.feed(head + b"\x01"))
    for _ in range(200):
        list(websocket.feed(bytes(1 << 18)))
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()
    monkeypatch.setattr("kubecore.streams.websocket.frames._MOST_MESSAGE", 60 << 20)
    with pytest.raises(errors.ProtocolError, match="longer than"):
        for _ in range(100):
            list(websocket.feed(bytes(1 << 18)))


def test_frames_in_pieces_say_the_same() -> None:
    data = frame(2, b"\x01hello", fin=False) + frame(9, b"?") + frame(0, b" world") + frame(2, b"") + frame(2, b"\x02x")

    def read(size: int) -> list[tuple[int, bytes]]:
        websocket, channels = WebSocket(), Channels(V5, "")
        found: list[tuple[int, bytes]] = []
        for at in range(0, len(data), size):
            for piece in websocket.feed(data[at : at + size]):
                channel, got = channels.feed(piece)
                if got and found and found[-1][0] == channel:
                    found[-1] = (channel, found[-1][1] + got)
                elif got:
                    found.append((channel, got))
        assert websocket.pong()[-1:] != b"" and websocket.pong() == b""
        return found

    assert {tuple(read(size)) for size in range(1, len(data) + 1)} == {((1, b"hello world"), (2, b"x"))}


def test_channels_take_their_byte_from_whichever_piece_has_it() -> None:
    channels = Channels(V5, "")
    assert channels.feed(Piece(b"", False)) == (3, b"")
    assert channels.feed(Piece(b"\x01", False)) == (1, b"")
    assert channels.feed(Piece(b"\x02", True)) == (1, b"\x02")
    assert channels.feed(Piece(b"\x02", True)) == (2, b"")


# How it ended.


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (SUCCESS, 0),
        ({"status": "Success"}, 0),
        (exit_status(1), 1),
        (exit_status(7), 7),
        (exit_status(255), 255),
        (exit_status(137), 137),
        (exit_status(-1), -1),
    ],
)
def test_the_code_is_the_commands(status: Any, code: int) -> None:
    with serving(says((1, b"x"), status=status)) as server, rest.Client(rest.Config(host=server.url)) as client:
        pods = SyncPods(client, "n")
        done = pods.run("p", ["ls"])
        assert (done.returncode, done.stdout) == (code, b"x")
        if code:
            with pytest.raises(errors.CommandError, match=f"the command 'ls' returned {code}"):
                pods.run("p", ["ls", "secret"], check=True)
        else:
            pods.run("p", ["ls"], check=True).check_returncode()


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (
            {"status": "Failure", "reason": "InternalError", "message": "error executing: exit status 3", "code": 500},
            errors.InternalError,
            "exit status 3",
        ),
        ({"status": "Failure", "reason": "BadRequest", "message": "no container x"}, errors.BadRequestError, "no cont"),
        ({"status": "Failure", "reason": "NonZeroExitCode"}, errors.StatusError, "NonZeroExitCode"),
        (exit_status(0), errors.StatusError, "non-zero"),
        (
            {
                "status": "Failure",
                "reason": "NonZeroExitCode",
                "details": {"causes": [{"reason": "ExitCode", "message": "9" * 5000}]},
            },
            errors.StatusError,
            "NonZeroExitCode",
        ),
        ({}, errors.StatusError, "responded with"),
        ([], errors.DecodeError, "the received status is invalid"),
        ("x", errors.DecodeError, "the received status is invalid"),
        ({"status": 5}, errors.DecodeError, "the received status is invalid"),
    ],
)
def test_what_a_node_says_otherwise_is_an_error(status: Any, error: type[Exception], words: str) -> None:
    with serving(says((1, b"x"), status=status)) as server, rest.Client(rest.Config(host=server.url)) as client:
        with pytest.raises(error, match=words):
            SyncPods(client, "n").run("p", ["ls"])


def cut(peer: Peer) -> None:
    peer.raw.close()


@each
@pytest.mark.parametrize(
    "end",
    [
        cut,
        lambda peer: None,
        lambda peer: peer.goodbye(),
        lambda peer: peer.goodbye(1001),
        lambda peer: peer.goodbye(1011, "\x1b[31mkilled"),
        lambda peer: script(lambda peer: peer.send(3, b""), lambda peer: peer.goodbye())(peer),
        lambda peer: script(lambda peer: peer.status(SUCCESS), cut)(peer),
        lambda peer: peer.raw.sendall(frame(2, b"\x03" + json.dumps(SUCCESS).encode(), fin=False)),
        lambda peer: peer.raw.sendall(b"\x82\x7e\x10\x00\x01half"),
    ],
    ids=["cut", "end", "goodbye", "going away", "error", "greeting", "no goodbye", "half a status", "half a frame"],
)
def test_an_end_without_a_result_is_unknown_and_never_0(kind: str, end: Callable[[Peer], object]) -> None:
    sent = bytes(range(256)) * 1000
    with serving(script(lambda peer: peer.send(1, sent), end)) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["cat", "/large"]) as process:
                got = b""
                with pytest.raises(errors.UnknownResultError) as caught:
                    async for _, data in process:
                        got += data
                assert got.removesuffix(b"half") == sent
                assert process.returncode is None
                assert isinstance(caught.value, errors.ReadError)
                assert "\x1b" not in str(caught.value)
            with pytest.raises(errors.UnknownResultError):
                await pods.run("p", ["cat", "/large"], check=True)

        drive(kind, rest.Config(host=server.url), scenario)


# Both ways at once.


@each
def test_a_command_that_writes_while_we_write_is_no_deadlock(kind: str) -> None:
    data = bytes(range(256)) * 4096 * 12  # 12 MiB
    with serving(echo) as server:

        async def scenario(pods: Any) -> None:
            done = await pods.run("p", ["cat"], stdin=data)
            assert done.stdout == data

        drive(kind, rest.Config(host=server.url), scenario)


def small(made: socket.socket) -> None:
    """Have the system hold little on the way."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)


@each
def test_who_waits_to_write_reads_ahead(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial, "_tune", small)
    data = bytes(range(256)) * 3200  # 800 KiB: less than what is read ahead, far more than what is on the way.
    with serving(script(lambda peer: small(peer.raw), echo)) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["cat"], stdin=True) as process:
                await process.write(data, timeout=20)
                await process.close_stdin()
                assert b"".join([output.data async for output in process]) == data
                assert process.returncode == 0

        drive(kind, rest.Config(host=server.url), scenario)


@each
def test_a_flood_is_held_back(kind: str) -> None:
    """A command that prints without end, whose output nobody reads, costs us no more than the limit."""
    sent = 0
    done = threading.Event()

    def flood(peer: Peer) -> None:
        nonlocal sent
        peer.send(1, bytes(32 * 1024))
        peer.raw.settimeout(0.7)
        try:
            while True:
                peer.send(1, bytes(32 * 1024))
                sent += 32 * 1024
        except TimeoutError:
            pass
        done.wait(PATIENCE)  # Reads nothing meanwhile.
        peer.raw.settimeout(10)

    with serving(flood) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["yes"], stdin=True) as process:
                await process.read()
                with pytest.raises(errors.WriteTimeoutError):
                    for _ in range(1000):
                        await process.write(bytes(1 << 20), timeout=0.3)
                done.set()

        drive(kind, rest.Config(host=server.url), scenario)
    assert sent < 16 << 20


@each
def test_one_reads_while_another_writes(kind: str) -> None:
    data = bytes(range(256)) * 4096 * 4
    with serving(echo) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["cat"], stdin=True) as process:
                got = bytearray()

                async def read() -> None:
                    async for output in process:
                        got.extend(output.data)

                async with anyio.create_task_group() as group:
                    group.start_soon(read)
                    for at in range(0, len(data), 10_001):
                        await process.write(data[at : at + 10_001])
                    await process.close_stdin()
                assert bytes(got) == data
                assert await process.wait() == 0

        drive(kind, rest.Config(host=server.url), scenario)


def test_commands_from_200_threads_at_once() -> None:
    with serving(echo) as server:
        with rest.Client(rest.Config(host=server.url)) as client:
            pods = SyncPods(client, "n")
            before = dict(vars(client))
            failed: list[BaseException] = []

            def one(number: int) -> None:
                try:
                    data = b"%d" % number * 1000
                    assert pods.run("p", ["cat"], stdin=data).stdout == data
                except BaseException as error:
                    failed.append(error)

            threads = [threading.Thread(target=one, args=(number,)) for number in range(200)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert failed == []
            assert vars(client) == before


@each
def test_it_may_be_closed_at_any_time_from_another_side(kind: str) -> None:
    with serving(lambda peer: peer.read()) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["sleep"], stdin=True) as process:

                async def close() -> None:
                    await anyio.sleep(0.1)
                    await process.aclose()

                async with anyio.create_task_group() as group:
                    group.start_soon(close)
                    with pytest.raises(errors.StreamClosedError):
                        await process.read()
                await process.aclose()
                for use in (process.read(), process.write(b"x"), process.close_stdin(), process.wait()):
                    with pytest.raises(errors.StreamClosedError):
                        await use

        drive(kind, rest.Config(host=server.url), scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_read_that_is_cancelled_loses_nothing(backend: str) -> None:
    def drops(peer: Peer) -> None:
        for number in range(100):
            peer.send(1, b"%d," % number)
            time.sleep(0.002)
        peer.end(SUCCESS)

    with serving(drops) as server:

        async def scenario(pods: Any) -> None:
            got = b""
            async with pods.exec("p", ["x"]) as process:
                while process.returncode is None:
                    with anyio.move_on_after(0.001):
                        output = await process.read()
                        got += output.data if output else b""
            assert got == b"".join(b"%d," % number for number in range(100))

        drive(backend, rest.Config(host=server.url), scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.005, 0.02, 0.05])
def test_cancelling_anything_leaves_nothing_behind(backend: str, seconds: float) -> None:
    with serving(script(*[lambda peer: peer.send(1, b"x" * 1000)] * 50, peruse)) as server:

        async def scenario(pods: Any) -> None:
            with anyio.move_on_after(seconds):
                async with pods.exec("p", ["x"], stdin=True) as process:
                    async with anyio.create_task_group() as group:
                        group.start_soon(process.write, bytes(50 << 20))
                        async for _ in process:
                            pass

        drive(backend, rest.Config(host=server.url), scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_after_a_write_that_is_cancelled_nothing_more_is_written(backend: str) -> None:
    gate = threading.Event()

    with serving(lambda peer: gate.wait(PATIENCE) and None) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["x"], stdin=True) as process:
                with pytest.raises(errors.StreamClosedError, match="half-way"):
                    for _ in range(100):  # The first ones may be cancelled between two messages.
                        with anyio.move_on_after(0.1):
                            await process.write(bytes(50 << 20))
                gate.set()

        drive(backend, rest.Config(host=server.url), scenario)


# Standard input, terminals, the older protocol.


@each
def test_v4_can_not_end_standard_input_and_says_so_only_then(kind: str) -> None:
    def run(peer: Peer) -> None:
        (peruse if b"stdin=true" in peer.head else says((1, b"out")))(peer)

    with serving(run, protocol=V4) as server:

        async def scenario(pods: Any) -> None:
            assert (await pods.run("p", ["ls"])).stdout == b"out"
            with pytest.raises(errors.ProtocolError, match="can't end standard input"):
                await pods.run("p", ["cat"], stdin=b"x")
            async with pods.exec("p", ["cat"], stdin=True) as process:
                await process.write(b"x")
                with pytest.raises(errors.ProtocolError, match="can't end standard input"):
                    await process.close_stdin()

        drive(kind, rest.Config(host=server.url), scenario)


@each
def test_a_terminal_has_a_size_and_no_errors_apart(kind: str) -> None:
    got: list[bytes | None] = []

    def run(peer: Peer) -> None:
        got.extend([peer.read(), peer.read()])
        peer.end(SUCCESS)

    with serving(run) as server:

        async def scenario(pods: Any) -> None:
            async with pods.exec("p", ["sh"], stdin=True, tty=True) as process:
                with pytest.raises(errors.InvalidRequestError, match="columns and rows"):
                    await process.resize(0, 5)
                await process.resize(80, 24)
                await process.write(b"exit\n")
                assert await process.wait() == 0
            async with pods.attach("p") as process:
                with pytest.raises(errors.InvalidRequestError, match="no terminal"):
                    await process.resize(80, 24)
                with pytest.raises(errors.InvalidRequestError, match="stdin=True"):
                    await process.write(b"x")
                with pytest.raises(errors.InvalidRequestError, match="stdin=True"):
                    await process.close_stdin()

        drive(kind, rest.Config(host=server.url), scenario)
        assert b"exec?command=sh&stdin=true&stdout=true&tty=true " in server.heads[0]
        assert b"/pods/p/attach?stderr=true&stdout=true " in server.heads[1]
    assert got[:2] == [b'\x04{"Width": 80, "Height": 24}\n', b"\x00exit\n"]


@each
def test_a_command_that_ends_before_it_has_read_its_input(kind: str) -> None:
    """As `head -1`."""
    with serving(script(lambda peer: peer.read(), says((1, b"line\n")))) as server:

        async def scenario(pods: Any) -> None:
            done = await pods.run("p", ["head", "-1"], stdin=bytes(1 << 20))
            assert (done.returncode, done.stdout) == (0, b"line\n")

        drive(kind, rest.Config(host=server.url), scenario)


# Time and size.


@each
def test_times_hold(kind: str) -> None:
    with serving(script(lambda peer: peer.send(1, b"so far"), lambda peer: peer.read())) as server:

        async def scenario(pods: Any) -> None:
            for seconds in growing(0.2):
                with pytest.raises(
                    errors.CommandTimeoutError, match=rf"'sleep' was not done within {seconds:g} s"
                ) as caught:
                    await pods.run("p", ["sleep", "s3cret"], timeout=seconds)
                if caught.value.stdout:
                    break
            assert isinstance(caught.value, TimeoutError)
            assert (caught.value.stdout, caught.value.stderr) == (b"so far", b"")
            assert "so far" not in repr(caught.value)
            async with pods.exec("p", ["sleep"]) as process:
                assert await process.read(timeout=PATIENCE) == ("stdout", b"so far")
                for _ in range(2):
                    with pytest.raises(errors.ReadTimeoutError):
                        await process.read(timeout=0.05)
                with pytest.raises(errors.CommandTimeoutError):
                    await process.wait(timeout=0.05)

        drive(kind, rest.Config(host=server.url), scenario)


@each
def test_output_has_a_limit_where_one_is_set(kind: str) -> None:
    with serving(says((1, bytes(600)), (2, bytes(600)))) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.BodyTooLargeError, match="1000 bytes"):
                await pods.run("p", ["yes"], max_output=1000)
            assert len((await pods.run("p", ["yes"], max_output=1200)).stdout) == 600

        drive(kind, rest.Config(host=server.url), scenario)


@each
def test_a_session_that_is_waited_on_sends_pings_and_pongs(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "_PING_SECONDS", 0.05)
    peers: list[Peer] = []

    def run(peer: Peer) -> None:
        peers.append(peer)
        peer.ping(b"are you there?")
        peer.read(pings=3)
        peer.end(SUCCESS)

    with serving(run) as server:

        async def scenario(pods: Any) -> None:
            assert (await pods.run("p", ["sleep"])).returncode == 0

        drive(kind, rest.Config(host=server.url), scenario)
    assert peers[0].pongs == [b"are you there?"]
    assert peers[0].pings >= 3


@each
def test_a_mute_server_is_left_but_not_one_that_is_busy_with_our_input(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "_PING_SECONDS", 0.05)
    monkeypatch.setattr(line_module, "_MUTE_SECONDS", 0.5)
    done = threading.Event()

    def mute(peer: Peer) -> None:
        if b"stdin=true" in peer.head:
            time.sleep(1.0)  # Reads nothing, as a container's command may.
            echo(peer)
        else:
            done.wait(PATIENCE)

    with serving(mute) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.ReadTimeoutError, match=r"the other end sent nothing for 0\.5 s"):
                await pods.run("p", ["sleep"])
            done.set()
            assert (await pods.run("p", ["cat"], stdin=b"x")).stdout == b"x"

        drive(kind, rest.Config(host=server.url), scenario)


def test_output_is_in_no_message() -> None:
    with serving(says((1, b"hunter2"), (2, b"hunter2"), status=exit_status(1))) as server:
        with rest.Client(rest.Config(host=server.url)) as client:
            pods = SyncPods(client, "n")
            assert "hunter2" not in repr(pods.run("p", ["x"]))
            with pytest.raises(errors.CommandError) as caught:
                pods.run("p", ["\x1b[2Jx", "hunter2"], check=True)
            assert caught.value.stdout == b"hunter2"
            assert "hunter2" not in str(caught.value) + repr(caught.value)
            assert "\x1b" not in str(caught.value) + repr(caught.value)


@each
@pytest.mark.parametrize("scheme", ["", "http", "https", "socks5"])
def test_the_way_is_that_of_every_other_request(
    kind: str,
    scheme: str,
    through: Any,
    pki: tuple[trustme.CA, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """TLS, also within TLS, both ways at once; who is not trusted gets nothing."""
    authority, context = pki
    (tmp_path / "ca").write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca"))
    options: dict[str, Any] = {}
    if scheme:
        way = through(socks=scheme == "socks5", context=context if scheme == "https" else None)
        options["proxy_url"] = f"{scheme}://127.0.0.1:{way.port}"
    data = bytes(range(256)) * 4096 * 3
    with serving(echo, context=context) as server:

        async def scenario(pods: Any) -> None:
            assert (await pods.run("p", ["cat"], stdin=data)).stdout == data

        async def distrusting(pods: Any) -> None:
            with pytest.raises(errors.ConnectError, match="certificate"):
                await pods.run("p", ["cat"])

        trusted = rest.TLSConfig(ca_data=authority.cert_pem.bytes())
        host = f"https://localhost:{server.port}"
        drive(kind, rest.Config(host=host, bearer_token="s3cret", tls=trusted, **options), scenario)
        assert b"Authorization: Bearer s3cret\r\n" in server.heads[0]
        other = rest.TLSConfig(ca_data=trustme.CA().cert_pem.bytes())
        drive(kind, rest.Config(host=host, bearer_token="s3cret", tls=other, **options), distrusting)
        assert len(server.heads) == 1


@each
def test_a_refused_token_is_renewed_and_the_command_sent_once_more(kind: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def reply(head: bytes) -> bytes:
        if b"Bearer old" in head:
            token.write_text("new")
            return answer(b"{}", status="401 Unauthorized")
        return switching(head, V5)

    def run(peer: Peer) -> None:
        if b"Bearer new" in peer.head:
            peer.end(SUCCESS)

    with serving(run, context=context, answer=reply) as server:

        async def scenario(pods: Any) -> None:
            assert (await pods.run("p", ["ls"])).returncode == 0

        config = rest.Config(
            host=f"https://localhost:{server.port}",
            bearer_token_file=str(token),
            tls=rest.TLSConfig(ca_data=authority.cert_pem.bytes()),
        )
        drive(kind, config, scenario)
        assert len(server.heads) == 2
