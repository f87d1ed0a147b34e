"""A connection is used again only if no layer holds unrequested data."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
import trustme

from kubecore import errors, rest
from kubecore._http import tls
from kubecore._http.anyio_socket import AnyioSocket
from kubecore._http.async_socket import AsyncSocket
from kubecore._http.asyncio_socket import AsyncioSocket
from kubecore._http.per_loop import running_asyncio
from kubecore._http.sync_socket import SyncSocket
from tests.kubecore.loopback import response_bytes
from tests.kubecore.test_client import POD
from tests.sockets import Handler, SocketServer, read_head
from tests.torture import kept
from tests.torture.callers import MODES, callers
from tests.torture.server import PodServer, Reply, Request


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(ca: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(made)
    return made


@pytest.mark.slow
def test_every_request_on_a_kept_connection_gets_its_response() -> None:
    tally = kept.run(600, 5)
    assert not tally.bad, "\n".join(tally.shown())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "tls"])
def test_bytes_after_a_response_never_become_the_next_response(
    mode: Any, is_secure: bool, ca: trustme.CA, server_context: ssl.SSLContext
) -> None:
    """The server cuts the response at many places. The second part holds the end of the body and another response."""
    whole = response_bytes(POD)
    head = whole.index(b"\r\n\r\n") + 4
    poison = response_bytes(POD.replace(b'"name":"p"', b'"name":"poison"'))
    # The poison is in the same send as the last byte of the response, so that both arrive together. `kept.run` covers
    # bytes that arrive later, because it controls the order of events.
    cuts = iter([*range(head, len(whole) - 1, 7), len(whole) - 1])

    def reply(request: Request) -> Reply:
        at = next(cuts, None)
        if at is None:
            return Reply((whole,))
        return Reply((whole[:at], whole[at:] + poison))

    tls = rest.TLSConfig(ca_data=ca.cert_pem.bytes()) if is_secure else rest.TLSConfig()
    served = 0
    with PodServer(reply, context=server_context if is_secure else None) as server, callers(mode) as make:
        config = rest.Config(host=server.url.replace("127.0.0.1", "localhost"), tls=tls, max_retries=0)
        with make(config) as caller:
            for _ in range(40):
                with contextlib.suppress(errors.TransportError):
                    assert caller.get().metadata.name == "p"
                    served += 1
    assert served


async def connected(client: socket.socket) -> AsyncSocket:
    client.setblocking(False)
    loop = running_asyncio()
    if loop is None:
        return AnyioSocket(await anyio.abc.SocketStream.from_socket(client))
    _, connection = await loop.create_connection(lambda: AsyncioSocket(loop), sock=client)
    return connection


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_data_that_was_not_requested_makes_a_connection_stale(backend: str) -> None:
    async def main() -> None:
        client, server = socket.socketpair()
        with server:
            connection = await connected(client)
            assert not connection.is_stale()
            assert await connection.read_now() is None
            server.sendall(b"x")
            assert connection.is_stale()  # Also if the event loop has not received it yet,
            await anyio.wait_all_tasks_blocked()
            await anyio.lowlevel.checkpoint()
            assert connection.is_stale()  # and if it has.
            assert await connection.read_now() == b"x"
            assert not connection.is_stale()
            server.close()
            assert connection.is_stale()
            assert await connection.read_now() == b""
            await connection.aclose()

    anyio.run(main, backend=backend)


def test_data_that_the_event_loop_has_received_is_unread() -> None:
    async def main() -> None:
        client, server = socket.socketpair()
        with server:
            connection = await connected(client)
            assert isinstance(connection, AsyncioSocket)
            connection.data_received(b"abc")
            connection.data_received(b"def")
            assert connection.has_rest()
            assert await connection.read() == b"abcdef"
            assert not connection.has_rest()
            await connection.aclose()

    anyio.run(main)


def test_a_stream_of_an_unknown_kind_is_never_used_again() -> None:
    async def main() -> None:
        client, server = socket.socketpair()
        with server:
            client.setblocking(False)
            connection = AnyioSocket(await anyio.abc.SocketStream.from_socket(client))
            assert connection.is_stale()  # anyio's streams on asyncio may hold received data.
            await connection.aclose()

    anyio.run(main)


def test_data_is_read_without_waiting() -> None:
    client, server = socket.socketpair()
    with server:
        connection = SyncSocket(client)
        assert connection.read_now() is None
        server.sendall(b"abc")
        assert connection.read_now() == b"abc"
        server.close()
        assert connection.read_now() == b""
        connection.close()


@contextlib.contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Run a server that calls the handler with each connection and its number, counted from 1. Yield the port."""
    with SocketServer(handler, context=context) as server:
        yield server.port


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("status", ["413 Payload Too Large", "201 Created"])
@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "tls"])
@pytest.mark.slow
def test_a_response_before_the_request_was_sent_ends_the_connection(
    mode: Any, status: str, is_secure: bool, ca: trustme.CA, server_context: ssl.SSLContext
) -> None:
    """The server responds before it reads the body. A second request on that connection would get the wrong pod."""
    size = 16_000_000  # More than the socket buffers of any system hold.

    def handler(connection: socket.socket, number: int) -> None:
        is_first = True
        while True:
            got = len(read_head(connection).partition(b"\r\n\r\n")[2])
            if number > 1:
                connection.sendall(response_bytes(POD))
                continue
            connection.sendall(response_bytes(POD if is_first else POD.replace(b'"p"', b'"poison"'), status=status))
            while is_first and got < size:
                piece = connection.recv(1 << 20)
                if not piece:
                    return
                got += len(piece)
            is_first = False

    tls = rest.TLSConfig(ca_data=ca.cert_pem.bytes()) if is_secure else rest.TLSConfig()
    with serving(handler, server_context if is_secure else None) as port, callers(mode) as make:
        config = rest.Config(host=f"{'https' if is_secure else 'http'}://localhost:{port}", tls=tls, max_retries=0)
        with make(config) as caller:
            pod = {"metadata": {"name": "p"}, "spec": {"containers": []}, "more": "x" * size}
            try:
                caller.run(lambda c: c.core_v1.pods("d").create(pod))
            except errors.StatusError as error:
                assert status.startswith("413")
                assert error.code == 413
            else:
                assert status.startswith("201")
            assert caller.get().metadata.name == "p"


def test_an_unexpected_end_of_tls_is_an_error_on_every_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python before 3.11.3 ignores unexpected ends by default."""
    option = ssl.OP_IGNORE_UNEXPECTED_EOF

    class Context(ssl.SSLContext):
        def __new__(cls, protocol: Any) -> Any:
            made = super().__new__(cls, protocol)
            made.options |= option
            return made

    monkeypatch.setattr(tls, "ssl", SimpleNamespace(**vars(ssl) | {"SSLContext": Context}))
    made = tls.context(rest.TLSConfig())
    assert isinstance(made, Context)
    assert not made.options & option


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", ["direct", "through a proxy", "https through a proxy"])
@pytest.mark.parametrize("says_goodbye", [True, False])
@pytest.mark.slow
def test_a_body_that_ends_with_the_connection_needs_the_end_of_tls(
    mode: Any,
    way: str,
    says_goodbye: bool,
    ca: trustme.CA,
    server_context: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    response = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhalf of"

    def handler(connection: socket.socket, number: int) -> None:
        if way != "direct":
            read_head(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        if way == "https through a proxy":
            inner(connection)
            return
        read_head(connection)
        connection.sendall(response)
        if says_goodbye:
            cast("ssl.SSLSocket", connection).unwrap()

    def inner(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server_context.wrap_bio(incoming, outgoing, server_side=True)

        def until_done(step: Callable[[], Any]) -> Any:
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65536))
                else:
                    connection.sendall(outgoing.read())
                    return done

        until_done(tls.do_handshake)
        until_done(lambda: tls.read(65536))
        until_done(lambda: tls.write(response))
        if says_goodbye:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.unwrap()
            connection.sendall(outgoing.read())
        cast("ssl.SSLSocket", connection).unwrap()  # The proxy always ends its own TLS layer.

    with serving(handler, server_context) as port, callers(mode) as make:
        if way == "direct":
            config = rest.Config(host=f"https://localhost:{port}", proxy_url="")
        else:
            scheme = "https" if way.startswith("https") else "http"
            config = rest.Config(host=f"{scheme}://localhost:1", proxy_url=f"https://localhost:{port}")
        config.max_retries = 0
        with make(config) as caller:
            if says_goodbye:
                assert caller.run(lambda c: c.raw("GET", "/x")).content == b"half of"
            else:
                with pytest.raises(errors.ReadError):
                    caller.run(lambda c: c.raw("GET", "/x"))
