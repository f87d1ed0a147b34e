"""Port-forward to a node that behaves as no real node does."""

from __future__ import annotations

import inspect
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore.streams.port_forward import async_forward, forward
from kubecore.streams.port_forward.tunnel import PROTOCOLS
from tests.kubecore.test_exec import runs, script
from tests.kubecore.websocket_server import Peer, Script, serving
from tests.ready import PATIENCE

Ask = Callable[[Script, Callable[[Any], Any]], None]
REPLIES = b"".join(struct.pack(">HHII", 0x8003, 2, 4, stream) for stream in (1, 3))


def say(peer: Peer, data: bytes) -> None:
    peer.send(data[0], data[1:])


def carry(data: bytes) -> bytes:
    return struct.pack(">II", 3, len(data)) + data


class InLoop:
    """A synchronous connection whose methods are awaited. They block the event loop."""

    def __init__(self, stream: forward.ForwardedStream) -> None:
        self._stream = stream

    async def read(self, *arguments: Any) -> bytes:
        return self._stream.read(*arguments)

    async def write(self, *arguments: Any) -> None:
        self._stream.write(*arguments)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Return a function that runs a script on a node, and a scenario that can connect to the node."""

    def run(script: Script, scenario: Callable[[Any], Any]) -> None:
        with serving(script, protocol=PROTOCOLS[0]) as server:
            config = rest.Config(host=server.url)

            async def synchronous() -> None:
                with Clientset(config) as made, made.core_v1.pods("ns").port_forward("web") as ports:

                    async def connect(seconds: float) -> Any:
                        return InLoop(ports.connect(80, seconds))

                    await scenario(connect)

            async def asynchronous() -> None:
                async with AsyncClientset(config) as made, made.core_v1.pods("ns").port_forward("web") as ports:

                    async def connect(seconds: float) -> Any:
                        return await ports.connect(80, seconds)

                    await scenario(connect)

            if request.param == "sync":
                anyio.run(synchronous)
            else:
                anyio.run(asynchronous, backend=request.param)

    return run


async def all_of(stream: Any) -> tuple[bytes, errors.KubeError | None]:
    got = b""
    try:
        while data := await stream.read():
            got += data
    except errors.KubeError as error:
        return got, error
    return got, None


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda peer: None, "ended without a close frame"),
        (
            lambda peer: peer.goodbye(1001, "node \x1b is going"),
            r"ended the connection to port 80 with 1001 node \\x1b",
        ),
        (lambda peer: say(peer, b"garbage!" * 8), "not SPDY"),
        (lambda peer: say(peer, struct.pack(">II", 3, 100) + b"half"), "ended without a close frame"),
    ],
)
def test_received_data_is_returned_before_the_error_of_a_cut(ask: Ask, end: Callable[[Peer], None], said: str) -> None:
    """The client returns all bytes before the cut, and then raises an error instead of a normal end."""

    def script(peer: Peer) -> None:
        peer.read()
        say(peer, REPLIES)
        say(peer, carry(b"before" * 1000))
        end(peer)

    async def scenario(connect: Any) -> None:
        got, error = await all_of(await connect(5))
        assert got in (b"before" * 1000, b"before" * 1000 + b"half")
        assert isinstance(error, errors.TransportError)
        with pytest.raises(errors.TransportError, match=said):
            raise error

    ask(script, scenario)


def test_the_timeout_ends_a_connection_to_a_node_that_does_not_respond(ask: Ask) -> None:
    def script(peer: Peer) -> None:
        say(peer, REPLIES[:12])
        peer.read()
        peer.read()

    async def scenario(connect: Any) -> None:
        with pytest.raises(errors.ConnectTimeoutError, match=r"the node did not respond within 0\.1 s"):
            await connect(0.1)

    ask(script, scenario)


def test_a_node_that_closes_before_its_response_raises_transport_error(ask: Ask) -> None:
    async def scenario(connect: Any) -> None:
        with pytest.raises(errors.TransportError, match=r"the other end is gone|the node ended"):
            await connect(5)

    ask(lambda peer: peer.goodbye(), scenario)


def test_data_that_arrives_byte_by_byte_is_read_completely(ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        for byte in REPLIES + carry(b"hello") + struct.pack(">II", 1, 1 << 24) + struct.pack(">II", 3, 1 << 24):
            peer.send(byte, b"")
        peer.read()

    async def scenario(connect: Any) -> None:
        assert await all_of(await connect(5)) == (b"hello", None)

    ask(script, scenario)


def test_read_with_a_timeout_can_be_repeated(ask: Ask) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        say(peer, REPLIES)
        peer.read()
        say(peer, carry(b"late"))
        peer.read()

    async def scenario(connect: Any) -> None:
        stream = await connect(5)
        with pytest.raises(errors.ReadTimeoutError, match=r"nothing was received for 0\.01 s"):
            await stream.read(100, 0.01)
        await stream.write(b"go", PATIENCE)
        assert await stream.read(2, PATIENCE) == b"la"
        assert await stream.read(100, PATIENCE) == b"te"

    ask(script, scenario)


def test_write_with_a_timeout_ends_if_nobody_reads(ask: Ask) -> None:
    done = threading.Event()

    def script(peer: Peer) -> None:
        peer.read()
        say(peer, REPLIES)
        done.wait(PATIENCE)

    async def scenario(connect: Any) -> None:
        stream = await connect(5)
        try:
            with pytest.raises(errors.WriteTimeoutError, match=r"the other end took nothing for 0\.1 s"):
                await stream.write(b"x" * (64 * 1024 * 1024), 0.1)
        finally:
            done.set()

    ask(script, scenario)


@pytest.mark.slow
def test_unread_data_waits_at_the_node(ask: Ask) -> None:
    """The client stops reading while the caller does not read, so its memory stays bounded."""
    sent = 0
    stopped = threading.Event()

    def script(peer: Peer) -> None:
        nonlocal sent
        peer.read()
        piece = carry(b"x" * 65536)
        say(peer, REPLIES + piece)
        peer.raw.settimeout(0.3)
        try:
            while sent < 64 * 1024 * 1024:
                say(peer, piece)
                sent += len(piece)
        except TimeoutError:
            pass
        stopped.set()

    async def scenario(connect: Any) -> None:
        stream = await connect(5)
        assert (await stream.read())[:1] == b"x"
        assert await anyio.to_thread.run_sync(stopped.wait, PATIENCE)

    ask(script, scenario)
    assert sent < 32 * 1024 * 1024


def test_a_synchronous_listener_reuses_the_credentials_of_the_clientset(tmp_path: Path) -> None:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    plugin = script(tmp_path, "count(); say(token='t')\n")

    def node(peer: Peer) -> None:
        peer.read()
        say(peer, REPLIES + carry(b"hello"))
        peer.read()

    with serving(node, protocol=PROTOCOLS[0], context=context) as server:
        config = rest.Config(
            host=server.url,
            exec=rest.ExecConfig(command=plugin),
            tls=rest.TLSConfig(ca_data=ca.cert_pem.bytes()),
        )
        with Clientset(config) as clientset, clientset.core_v1.pods("ns").port_forward("web") as ports:
            with ports.connect(80) as stream:
                assert stream.read() == b"hello"
            with ports.listen(80) as listener:
                with socket.create_connection(("127.0.0.1", listener.local_port), 5) as local:
                    assert local.recv(100) == b"hello"
        assert all(b"Authorization: Bearer t" in head for head in server.heads)
    assert runs(tmp_path) == 1


def test_port_forward_refuses_a_custom_http_client() -> None:
    with httpx.Client() as own, Clientset(rest.Config(host="http://127.0.0.1:1"), http_client=own) as clientset:
        ports = clientset.core_v1.pods("ns").port_forward("web")
        with pytest.raises(errors.ConfigError, match="http_client="):
            ports.connect(80)
        with pytest.raises(errors.ConfigError, match="http_client="), ports.listen(80):
            pass


@pytest.mark.parametrize("kind", [forward.PortForward, async_forward.AsyncPortForward])
def test_a_listener_is_bound_to_loopback_by_default(kind: Any) -> None:
    assert inspect.signature(kind.listen).parameters["host"].default == "127.0.0.1"
