"""Frames, channels and the exit status of commands, with a server on loopback."""

from __future__ import annotations

import json
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from kubecore import errors, rest
from kubecore.streams.exec.channels import V5, Channels
from kubecore.streams.websocket.frames import Piece, WebSocket
from tests.kubecore.driving import SyncPods, drive
from tests.kubecore.websocket_scripts import cut, each, says, script
from tests.kubecore.websocket_server import SUCCESS, Peer, exit_status, frame, serving

pytestmark = pytest.mark.slow  # sessions over real sockets


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
def test_invalid_frames_raise_protocol_error_and_never_report_success(kind: str, name: str) -> None:
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
def test_frames_after_the_close_frame_are_ignored(kind: str) -> None:
    def run(peer: Peer) -> None:
        peer.raw.sendall(frame(8, struct.pack("!H", 1000)) + frame(2, b"\x03" + json.dumps(SUCCESS).encode()))

    with serving(run) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.UnknownResultError):
                await pods.run("p", ["ls"])

        drive(kind, rest.Config(host=server.url), scenario)


def test_the_number_of_fragments_is_limited() -> None:
    data = frame(2, b"\x01", fin=False) + frame(0, b"x", fin=False) * 1_000_000
    websocket, got = WebSocket(), 0
    with pytest.raises(errors.ProtocolError, match="1001 fragments"):
        for at in range(0, len(data), 1 << 18):
            for piece in websocket.feed(data[at : at + (1 << 18)]):
                got += len(piece.data)
    assert got == 1001
    drops = WebSocket()  # A frame may arrive in chunks of one byte.
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


def test_frames_are_decoded_from_chunks_of_any_size() -> None:
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


def test_the_channel_byte_is_read_from_the_first_chunk_with_data() -> None:
    channels = Channels(V5, "")
    assert channels.feed(Piece(b"", False)) == (3, b"")
    assert channels.feed(Piece(b"\x01", False)) == (1, b"")
    assert channels.feed(Piece(b"\x02", True)) == (1, b"\x02")
    assert channels.feed(Piece(b"\x02", True)) == (2, b"")


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
def test_another_status_of_the_node_is_an_error(status: Any, error: type[Exception], words: str) -> None:
    with serving(says((1, b"x"), status=status)) as server, rest.Client(rest.Config(host=server.url)) as client:
        with pytest.raises(error, match=words):
            SyncPods(client, "n").run("p", ["ls"])


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
