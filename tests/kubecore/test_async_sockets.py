"""The lowest layer of asynchronous connections: time limits, cancellation, flow control, and the slots of the pool."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
import trustme

from kubeclient import AsyncClientset
from kubecore import rest
from kubecore._http import dial
from kubecore._http.anyio_socket import AnyioSocket
from kubecore._http.async_slots import Slots
from kubecore._http.async_socket import AsyncSocket, TlsLayer
from kubecore._http.asyncio_socket import AsyncioSocket
from kubecore._http.per_loop import running_asyncio
from kubecore._http.waiter import AsyncioWaiter
from tests.torture.server import PodServer

BACKENDS = ["asyncio", "trio"]
each_backend = pytest.mark.parametrize("backend", BACKENDS)

Use = Callable[[AsyncSocket, socket.socket], Awaitable[None]]


@contextlib.asynccontextmanager
async def pair() -> AsyncGenerator[tuple[AsyncSocket, socket.socket]]:
    """Yield a connection and the socket of its other end."""
    client, server = socket.socketpair()
    client.setblocking(False)
    loop = running_asyncio()
    connection: AsyncSocket
    if loop is None:
        connection = AnyioSocket(await anyio.abc.SocketStream.from_socket(client))
    else:
        _, connection = await loop.create_connection(lambda: AsyncioSocket(loop), sock=client)
    with server:
        yield connection, server
        await connection.aclose()


def run(backend: str, use: Use) -> None:
    async def main() -> None:
        async with pair() as (connection, server):
            await use(connection, server)

    anyio.run(main, backend=backend)


def passed() -> float:
    """Return a deadline that has passed."""
    return time.monotonic() - 1


@each_backend
def test_a_read_that_gives_up_loses_nothing(backend: str) -> None:
    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        with pytest.raises(TimeoutError):
            await connection.read(passed())
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.read()
        assert scope.cancelled_caught
        server.sendall(b"abc")
        assert await connection.read(time.monotonic() + 60) == b"abc"
        server.close()
        assert await connection.read() == b""
        assert await connection.read() == b""

    run(backend, use)


@each_backend
def test_a_connection_whose_options_cannot_be_set_is_closed(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems refuse the options of a connection that the other end has closed."""

    def refuse(made: object) -> None:
        raise OSError(errno.EINVAL, "refused")

    monkeypatch.setattr(dial, "_tune", refuse)

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with pytest.raises(OSError, match="refused"):
                await dial.connect_async(dial.Names(*listener.getsockname()))
            accepted, _ = listener.accept()
            with accepted:
                accepted.settimeout(10)
                with contextlib.suppress(ConnectionResetError):
                    assert await anyio.to_thread.run_sync(accepted.recv, 1) == b""

    anyio.run(main, backend=backend)


@each_backend
def test_a_write_gives_up_when_the_other_end_does_not_read(backend: str) -> None:
    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        with pytest.raises(TimeoutError):
            await connection.write(bytes(64 << 20), passed())

    run(backend, use)


@each_backend
def test_a_write_returns_when_all_of_it_was_accepted(backend: str) -> None:
    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        size = 4 << 20
        received = 0
        async with anyio.create_task_group() as group:
            group.start_soon(connection.write, bytes(size))
            while received < size:
                received += len(await anyio.to_thread.run_sync(server.recv, 1 << 20))
        assert received == size

    run(backend, use)


@each_backend
def test_a_write_to_a_closed_connection_is_an_error(backend: str) -> None:
    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        server.close()
        with pytest.raises(OSError, match=r"[Bb]roken pipe|reset|closed"):
            await connection.write(b"abc")
        with pytest.raises(OSError, match=r"[Bb]roken pipe|reset|closed"):
            await connection.write(b"abc")

    run(backend, use)


@each_backend
def test_data_that_arrived_before_a_failed_write_can_still_be_read(backend: str) -> None:
    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        server.sendall(b"abc")
        server.close()
        with pytest.raises(OSError, match=r"[Bb]roken pipe|reset"):
            await connection.write(b"def")
        assert await connection.read() == b"abc"

    run(backend, use)


@each_backend
def test_a_read_ends_when_another_task_closes_the_connection(backend: str) -> None:
    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        failed: list[OSError] = []

        async def read() -> None:
            try:
                await connection.read()
            except OSError as error:
                failed.append(error)

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await connection.aclose()
        assert failed
        with pytest.raises(OSError, match="closed"):
            await connection.write(b"abc")

    run(backend, use)


def test_unread_data_is_limited() -> None:
    """The event loop receives without a reader, so it must stop at some size."""

    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        assert isinstance(connection, AsyncioSocket)
        server.setblocking(False)
        sent = 0
        for _ in range(1000):
            with contextlib.suppress(BlockingIOError):
                sent += server.send(bytes(1 << 20))
            await anyio.lowlevel.checkpoint()
        unread = sum(map(len, connection._chunks))
        assert unread < 1 << 20
        assert sent < 16 << 20
        received = 0
        while received < sent:
            received += len(await connection.read())
        assert received == sent

    run("asyncio", use)


class Trickle(AsyncSocket):
    """A layer below TLS whose other end is in memory; it returns one byte for each read, and records the deadlines."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._is_readable = lambda: False
        self._from_client, self._to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = context.wrap_bio(self._from_client, self._to_client, server_side=True)
        self.deadlines: list[float | None] = []

    async def read(self, deadline: float | None = None) -> bytes:
        self.deadlines.append(deadline)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.server.do_handshake()
        return self._to_client.read(1)

    async def read_now(self, deadline: float | None = None) -> bytes | None:
        return None

    async def _write(self, data: bytes, deadline: float | None) -> None:
        self._from_client.write(data)

    def has_rest(self) -> bool:
        return False

    async def aclose(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def test_bytes_of_a_record_that_arrive_one_by_one_have_one_deadline() -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)

    async def main() -> None:
        below = Trickle(server)
        secured = TlsLayer(below, client, "localhost")
        await secured.handshake()
        below.server.write(b"abc")
        below.deadlines.clear()
        assert await secured.read(12345.0) == b"abc"
        assert len(below.deadlines) > 20
        assert set(below.deadlines) == {12345.0}

    anyio.run(main)


def is_done(tls: ssl.SSLObject) -> bool:
    """Continue a handshake; return whether it is complete."""
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


@pytest.mark.parametrize("is_closed", [False, True])
@each_backend
def test_records_before_an_invalid_one_or_the_end_can_be_read(backend: str, is_closed: bool) -> None:
    authority = trustme.CA()
    server_context, client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(server_context)
    authority.configure_trust(client_context)

    async def use(connection: AsyncSocket, server: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server_context.wrap_bio(incoming, outgoing, server_side=True)
        secured = TlsLayer(connection, client_context, "localhost")
        async with anyio.create_task_group() as group:
            group.start_soon(secured.handshake)
            while not is_done(tls):
                server.sendall(outgoing.read())
                incoming.write(await anyio.to_thread.run_sync(server.recv, 65536))
        tls.write(b"abc")
        tls.write(b"def")
        if is_closed:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.unwrap()
        server.sendall(outgoing.read() + (b"" if is_closed else b"not a record of TLS"))
        assert await secured.read() == b"abcdef"
        assert secured.is_stale()
        for _ in range(2):
            if is_closed:
                assert await secured.read(time.monotonic() + 10) == b""
            else:
                with pytest.raises(ssl.SSLError):
                    await secured.read()

    run(backend, use)


def test_a_transport_needs_no_base_class_of_asyncio() -> None:
    """The transports of uvloop have none."""

    class Transport:
        def __init__(self, connected: socket.socket) -> None:
            self.connected = connected
            self.limit: int | None = None

        def get_extra_info(self, name: str) -> socket.socket:
            assert name == "socket"
            return self.connected

        def set_write_buffer_limits(self, high: int) -> None:
            self.limit = high

    async def main() -> None:
        client, server = socket.socketpair()
        with client, server:
            transport: Any = Transport(client)
            connection = AsyncioSocket(asyncio.get_running_loop())
            connection.connection_made(transport)
            assert transport.limit == 0
            assert not connection.is_stale()

    asyncio.run(main())


def test_waits_share_a_timer_and_keep_their_own_deadlines() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        waiter = AsyncioWaiter(loop)
        late = time.monotonic() + 1000

        async def wait(deadline: float) -> asyncio.Task[None]:
            task = asyncio.create_task(waiter.wait(deadline))
            await asyncio.sleep(0)
            return task

        first = await wait(late)
        waiter.wake()
        await first
        with pytest.raises(TimeoutError):
            await waiter.wait(passed())  # Although the timer was to ring later.
        second = await wait(late)
        waiter._ring()  # As the timer of an earlier wait does.
        await asyncio.sleep(0)
        assert not second.done()
        assert waiter._rings_at == late
        waiter.wake()
        await second
        waiter._ring()
        assert waiter._timer is None  # Nobody waits.
        third = await wait(late)
        third.cancel()
        with pytest.raises(asyncio.CancelledError):
            await third
        waiter.wake()
        waiter.close()
        assert waiter._timer is None

    asyncio.run(main())


@each_backend
def test_slots_are_given_in_the_order_of_the_requests(backend: str) -> None:
    async def main() -> None:
        slots = Slots(1)
        order: list[int] = []

        async def take(number: int) -> None:
            await slots.take(None)
            order.append(number)
            await anyio.lowlevel.checkpoint()
            slots.give()

        await slots.take(None)
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(take, number)
                await anyio.wait_all_tasks_blocked()
            slots.give()
        assert order == [0, 1, 2]
        await slots.take(passed())

    anyio.run(main, backend=backend)


@each_backend
def test_a_task_that_gives_up_leaves_the_slot_to_others(backend: str) -> None:
    async def main() -> None:
        slots = Slots(1)
        await slots.take(None)
        with pytest.raises(TimeoutError):
            await slots.take(passed())
        with anyio.CancelScope() as scope:
            scope.cancel()
            await slots.take(None)
        slots.give()
        await slots.take(passed())

    anyio.run(main, backend=backend)


@each_backend
def test_a_slot_that_was_given_to_a_cancelled_task_is_given_on(backend: str) -> None:
    async def main() -> None:
        slots = Slots(1)
        await slots.take(None)
        async with anyio.create_task_group() as group:
            group.start_soon(slots.take, None)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
            slots.give()
        if not slots.free:  # The task got it before the cancellation arrived.
            slots.give()
        await slots.take(passed())
        assert slots.free == 0

    anyio.run(main, backend=backend)


@each_backend
def test_a_cancelled_call_is_not_sent(backend: str) -> None:
    async def main() -> None:
        async with AsyncClientset(rest.Config(host=server.url)) as clientset:
            pods = clientset.core_v1.pods("d")
            await pods.get("p")
            with anyio.CancelScope() as scope:
                scope.cancel()
                await pods.delete("p")
            assert scope.cancelled_caught
            await pods.get("p")

    with PodServer() as server:
        anyio.run(main, backend=backend)
        assert [request.method for request in server.requests] == ["GET", "GET"]
