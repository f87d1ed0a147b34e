"""Sessions of exec and attach with a server on loopback: concurrent directions, standard input, timeouts and sizes."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest
import trustme

from kubecore import errors, rest
from kubecore._http import dial
from kubecore.streams.exec.channels import V4, V5
from kubecore.streams.websocket import state as line_module
from tests.kubecore.driving import SyncPods, drive
from tests.kubecore.loopback import response_bytes
from tests.kubecore.test_proxy import pki, through
from tests.kubecore.websocket_scripts import each, echo, says, script
from tests.kubecore.websocket_server import SUCCESS, Peer, exit_status, serving, switching
from tests.ready import PATIENCE, growing

pytestmark = pytest.mark.slow  # sessions over real sockets

__all__ = ["pki", "through"]


def peruse(peer: Peer) -> None:
    """Read all messages and send none."""
    while peer.read() is not None:
        pass


@each
def test_simultaneous_large_input_and_output_does_not_deadlock(kind: str) -> None:
    data = bytes(range(256)) * 4096 * 12  # 12 MiB
    with serving(echo) as server:

        async def scenario(pods: Any) -> None:
            done = await pods.run("p", ["cat"], stdin=data)
            assert done.stdout == data

        drive(kind, rest.Config(host=server.url), scenario)


def small(made: socket.socket) -> None:
    """Limit the buffers of the system to 16 KiB."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)


@each
def test_who_waits_to_write_reads_ahead(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial, "_tune", small)
    data = bytes(range(256)) * 3200  # 800 KiB: less than the read-ahead limit, far more than the socket buffers.
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
    """If nobody reads the endless output of a command, the client buffers no more than the limit."""
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
        done.wait(PATIENCE)  # The peer reads nothing until the client is done.
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
def test_one_task_reads_while_another_writes(kind: str) -> None:
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


class Relayed:
    """A connection on which another thread sends for the main thread, and reads the responses.

    Args:
        session: The session of the connection.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._inner = session._duplex

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, data: bytes) -> int:
        return 0 if threading.current_thread() is threading.main_thread() else int(self._inner.send(data))

    def wait(self, **options: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            self._inner.wait(**options)
            return
        thread = threading.Thread(target=self._receive_all)
        thread.start()
        thread.join()

    def _receive_all(self) -> None:
        while self._session.receive() is not None:
            pass


def test_a_message_is_sent_even_if_the_other_end_responds_with_the_end_of_the_session() -> None:
    with serving(echo) as server, rest.Client(rest.Config(host=server.url)) as client:
        with SyncPods(client, "n").exec("p", ["cat"], stdin=True) as process:
            session: Any = process._session
            session._duplex = Relayed(session)
            process.close_stdin()
            assert session._state.is_ended
            with pytest.raises(errors.StreamClosedError):
                process.write(b"x")


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
def test_another_task_may_close_a_process_at_any_time(kind: str) -> None:
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
def test_cancellation_at_any_time_leaves_no_connection(backend: str, seconds: float) -> None:
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
def test_nothing_is_written_after_a_cancelled_write(backend: str) -> None:
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


@each
def test_v4_raises_protocol_error_only_if_standard_input_must_end(kind: str) -> None:
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
def test_a_command_may_end_before_it_has_read_its_input(kind: str) -> None:
    """The command ends early, as `head -1` does."""
    with serving(script(lambda peer: peer.read(), says((1, b"line\n")))) as server:

        async def scenario(pods: Any) -> None:
            done = await pods.run("p", ["head", "-1"], stdin=bytes(1 << 20))
            assert (done.returncode, done.stdout) == (0, b"line\n")

        drive(kind, rest.Config(host=server.url), scenario)


@each
def test_timeouts_of_run_and_process_apply(kind: str) -> None:
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
def test_max_output_limits_the_output(kind: str) -> None:
    with serving(says((1, bytes(600)), (2, bytes(600)))) as server:

        async def scenario(pods: Any) -> None:
            with pytest.raises(errors.BodyTooLargeError, match="1000 bytes"):
                await pods.run("p", ["yes"], max_output=1000)
            assert len((await pods.run("p", ["yes"], max_output=1200)).stdout) == 600

        drive(kind, rest.Config(host=server.url), scenario)


@each
def test_an_idle_session_sends_pings_and_pongs(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_an_idle_server_is_a_read_timeout_unless_it_reads_input_slowly(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "_PING_SECONDS", 0.05)
    monkeypatch.setattr(line_module, "_MUTE_SECONDS", 0.5)
    done = threading.Event()

    def mute(peer: Peer) -> None:
        if b"stdin=true" in peer.head:
            time.sleep(1.0)  # A container's command may read nothing for a while.
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
def test_sessions_use_the_same_tls_proxy_and_credentials_as_requests(
    kind: str,
    scheme: str,
    through: Any,
    pki: tuple[trustme.CA, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """TLS, also within TLS, works in both directions at once. An untrusted server receives no request."""
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
            return response_bytes(b"{}", status="401 Unauthorized")
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
