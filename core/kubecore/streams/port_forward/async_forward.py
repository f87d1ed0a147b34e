"""Connections to ports of a pod, for asyncio and trio."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup
from anyio.streams.stapled import MultiListener

from kubecore.calls.deadline import Deadline
from kubecore.errors import (
    ConnectTimeoutError,
    DeadlineError,
    KubeError,
    ReadTimeoutError,
    TransportError,
    WriteTimeoutError,
)
from kubecore.rest import async_run_steps
from kubecore.streams.port_forward.opening import OPENING_SECONDS, Default, late
from kubecore.streams.port_forward.targets import Found, Target, as_port
from kubecore.streams.port_forward.tunnel import FRAME, PROTOCOLS, Tunnel
from kubecore.streams.websocket.async_session import AsyncSession

if TYPE_CHECKING:
    from kubecore.rest import AsyncClient, Client

__all__ = ["AsyncForwardedStream", "AsyncListener", "AsyncPortForward", "serving"]

_LOG: Final = logging.getLogger("kubecore")

_PAUSE: Final = 0.1
_AT_ONCE: Final = struct.pack("ii", 1, 0)


class AsyncForwardedStream:
    """One connection to a port of a pod, used like a socket; one task may read while another writes.

    Args:
        session: The connection to the node.
        tunnel: The protocol state.
        owner: The set of connections that are closed together.
    """

    def __init__(self, session: AsyncSession, tunnel: Tunnel, owner: set[Self]) -> None:
        self._session = session
        self._tunnel = tunnel
        self._owner = owner
        owner.add(self)

    async def read(self, max_bytes: int = 65536, timeout: float | None = None) -> bytes:
        """Wait for data from the pod; may be cancelled and called again.

        Args:
            max_bytes: Most bytes to return.
            timeout: Seconds to wait, None for no limit.

        Returns:
            The received data; b"" at the end.

        Raises:
            PortForwardError: The node can't reach the port.
            ReadTimeoutError: No data was received in time; it may be called again.
            StreamClosedError: The connection was closed by `aclose`.
            TransportError: The connection broke.
        """
        if timeout is None:
            return await self._read(max_bytes)
        with anyio.move_on_after(timeout) as scope:
            return await self._read(max_bytes)
        assert scope.cancelled_caught  # noqa: S101 - there is no other way here
        raise ReadTimeoutError(f"{self._tunnel.place}: nothing was received for {timeout:g} s")

    async def _read(self, max_bytes: int) -> bytes:
        while (data := self._tunnel.take(max_bytes)) is None:
            await self.advance()
        return data

    async def write(self, data: bytes, timeout: float | None = None) -> None:
        """Send data to the pod.

        After a cancelled or timed-out call, nothing more can be sent. A large write without a concurrent reader may
        block until the pod's data is read, as with any socket.

        Args:
            data: The bytes.
            timeout: Seconds that each chunk may take to be accepted, None for no limit.

        Raises:
            WriteTimeoutError: The time limit is over; a part was written.
            StreamClosedError: It was closed, by `aclose` or by the other end.
        """
        view = memoryview(data)
        for at in range(0, len(view), FRAME):
            await self._write(bytes(view[at : at + FRAME]), timeout)

    async def _write(self, data: bytes, timeout: float | None) -> None:
        if timeout is None:
            return await self._session.send(self._tunnel.data(data))
        with anyio.move_on_after(timeout):
            return await self._session.send(self._tunnel.data(data))
        raise WriteTimeoutError(f"{self._tunnel.place}: the other end took nothing for {timeout:g} s")

    async def close_write(self) -> None:
        """End our direction; data from the pod can still be read.

        Raises:
            StreamClosedError: It is closed, by us or by the other end.
        """
        data = self._tunnel.finish()
        if data:
            await self._session.send(data)

    async def aclose(self) -> None:
        """Close it, also under another task that reads or writes; a second call does nothing."""
        self._owner.discard(self)
        await self._session.aclose()

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the connection itself."""
        return self

    async def __anext__(self) -> bytes:
        """Yield received data of any size until the end: see `read`."""
        data = await self.read()
        if not data:
            raise StopAsyncIteration
        return data

    async def __aenter__(self) -> Self:
        """Return the connection."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    async def advance(self) -> None:
        """Take the next that comes, of any kind."""
        piece = await self._session.receive()
        if piece is None:
            self._tunnel.end(self._session.goodbye)
            return
        reply = self._tunnel.feed(piece.data)
        if reply:
            await self._session.send(reply)


class AsyncPortForward:
    r"""The ports of a pod: a context manager, which closes all connections at its end.

    ```python
    async with clientset.core_v1.pods("default").port_forward("web") as ports:
        async with await ports.connect(8080) as stream:
            await stream.write(b"GET / HTTP/1.0\r\n\r\n")
            print(b"".join([data async for data in stream]))
        async with ports.listen(8080) as listener:
            print(f"http://127.0.0.1:{listener.local_port}")
    ```

    Args:
        client: Opens the connections.
        target: Finds the pod and its ports.
        timeout: The time limit in seconds for opening a connection, if `connect` has none; None for 30 s.
    """

    def __init__(self, client: AsyncClient, target: Target, *, timeout: float | None = None) -> None:
        self._client = client
        self._target = target
        self._timeout = OPENING_SECONDS if timeout is None else Deadline.after(timeout).seconds
        self._streams: set[AsyncForwardedStream] = set()

    async def __aenter__(self) -> Self:
        """Return it; nothing is sent before the first connection."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections; a second call does nothing."""
        for stream in list(self._streams):
            await stream.aclose()

    async def connect(self, port: int | str, timeout: float | Default | None = Default.OF_VERB) -> AsyncForwardedStream:
        """Connect to a port of the pod, or of the service.

        The first read shows whether a process listens at the port, since the node accepts the connection first.

        Args:
            port: The number of the port, or its name; for a service, the number or name of its port.
            timeout: Seconds until the connection is open, None for no limit; by default that of `port_forward`, or 30.

        Returns:
            The connection, which is also a context manager.

        Raises:
            InvalidRequestError: It is not a port.
            PortForwardError: There is no port of this name, or no pod of the service runs.
            StatusError: The server refuses it, or there is no such pod.
            ConnectTimeoutError: It was not open in time.
            TransportError: There is no connection.
            MissingExtraError: The package wsproto is not installed.
        """
        port = as_port(port)
        seconds = self._timeout if isinstance(timeout, Default) else timeout
        deadline = Deadline.within(seconds)
        found = await self._find(port, deadline)
        tunnel = Tunnel(found.port, f"{found.call.method} {found.call.path}")
        try:
            session = await AsyncSession.open(self._client, found.call, PROTOCOLS, deadline=deadline)
        except DeadlineError as error:
            raise late(tunnel, seconds) from error
        stream = AsyncForwardedStream(session, tunnel, self._streams)
        try:
            with anyio.move_on_after(None if deadline is None else deadline.left):
                await session.send(tunnel.open())
                while not tunnel.is_open:
                    tunnel.check()
                    await stream.advance()
            if not tunnel.is_open:
                raise late(tunnel, seconds)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def _find(self, port: int | str, deadline: Deadline | None) -> Found:
        """Return the pod and its port."""
        left = None if deadline is None else deadline.left
        try:
            return await async_run_steps.run_async(self._client, self._target.find(port), timeout=left)
        except DeadlineError as error:
            message = f"{self._target.place}: port {port!r} was not found in time (timeout=)"
            raise ConnectTimeoutError(message) from error

    def listen(
        self,
        port: int | str,
        local_port: int = 0,
        host: str = "127.0.0.1",
        *,
        on_error: Callable[[KubeError], None] | None = None,
    ) -> AsyncListener:
        """Listen at a port of this machine, and forward each connection to the port of the pod or service.

        Args:
            port: The number or the name of the port, as for `connect`.
            local_port: The port of this machine; 0 chooses a free one.
            host: The address to listen at; others than loopback let other machines in.
            on_error: Called with the error if a connection failed; by default it is logged.

        Returns:
            A context manager that listens.
        """
        return AsyncListener(self, port, local_port, host, on_error)


class AsyncListener:
    """A port of this machine whose connections are forwarded, until the `async with` block ends.

    Args:
        ports: Opens the connections.
        port: The port of the pod.
        local_port: The port of this machine.
        host: The address to listen at.
        on_error: Called with the error if a connection failed.

    Attributes:
        local_port: The port of this machine.
    """

    def __init__(
        self,
        ports: AsyncPortForward,
        port: int | str,
        local_port: int,
        host: str,
        on_error: Callable[[KubeError], None] | None,
    ) -> None:
        self._ports = ports
        self._port = port
        self._host = host
        self._on_error = on_error or _log
        self._stack = AsyncExitStack()
        self._group: TaskGroup | None = None
        self.local_port: int = local_port

    async def __aenter__(self) -> Self:
        """Begin to listen.

        Raises:
            InvalidRequestError: It is not a port.
            PortForwardError: There is no port of this name, or no pod of the service runs.
            StatusError: The server refuses it, or there is no such pod.
            TransportError: There is no connection to the server.
            OSError: The local port is taken, or the address does not belong to this machine.
        """
        await (await self._ports.connect(self._port)).aclose()  # Mistakes are reported now.
        listener = await anyio.create_tcp_listener(local_host=self._host, local_port=self.local_port)
        await self._stack.enter_async_context(listener)
        self.local_port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django here
        self._group = await anyio.create_task_group().__aenter__()
        self._group.start_soon(self._accept, listener, self._group)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it and its connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close it and its connections; a second call does nothing."""
        group, self._group = self._group, None
        try:
            if group is not None:
                group.cancel_scope.cancel()
                # None of its tasks raises, and errors of the block must not be wrapped into a group.
                await group.__aexit__(None, None, None)
        finally:
            await self._stack.aclose()

    async def _accept(self, listener: MultiListener[SocketStream], group: TaskGroup) -> None:
        while True:
            try:
                await listener.serve(self._forward, group)
            except* OSError as errors:
                self._on_error(TransportError(f"a connection could not be taken: {errors.exceptions[0]}"))
            await anyio.sleep(_PAUSE)  # It is out of descriptors, mostly; they come back.

    async def _forward(self, local: SocketStream) -> None:
        async with local:
            try:
                async with await self._ports.connect(self._port) as stream:
                    await _both_ways(local, stream)
            except KubeError as error:
                # Reset, since a clean end would mean that the data is complete.
                raw = local.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django here
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                self._on_error(error)


async def _both_ways(local: SocketStream, stream: AsyncForwardedStream) -> None:
    """Copy until the pod has sent everything, or the local end is gone.

    Raises:
        KubeError: The connection to the pod broke, or could not be opened.
    """
    failed: list[KubeError] = []

    async def up() -> None:
        try:
            while True:
                await stream.write(await local.receive(FRAME))
        except anyio.EndOfStream:
            with contextlib.suppress(KubeError):
                await stream.close_write()
        except anyio.BrokenResourceError:
            group.cancel_scope.cancel()
        except KubeError:
            pass  # The reader receives the reason.

    async with anyio.create_task_group() as group:
        group.start_soon(up)
        try:
            async for data in stream:
                await local.send(data)
        except anyio.BrokenResourceError:
            pass  # The local end is gone, and wants nothing more.
        except KubeError as error:
            failed.append(error)
        group.cancel_scope.cancel()
    if failed:
        raise failed[0]


def _log(error: KubeError) -> None:
    _LOG.warning("a forwarded connection failed: %s", error)


@asynccontextmanager
async def serving(
    client: Client,
    target: Target,
    port: int | str,
    local_port: int,
    host: str,
    on_error: Callable[[KubeError], None] | None,
    *,
    timeout: float,
) -> AsyncGenerator[int]:
    """Serve a synchronous client's listener in this event loop.

    Args:
        client: The source of settings and credentials.
        target: Finds the pod and its ports.
        port: The port of the pod.
        local_port: The port of this machine.
        host: The address to listen at.
        on_error: Called with the error if a connection failed.
        timeout: The time limit in seconds for opening a connection to the pod.

    Yields:
        The port of this machine.
    """
    from kubecore.rest.bridge import async_client_for

    async with (
        async_client_for(client) as async_client,
        AsyncPortForward(async_client, target, timeout=timeout) as ports,
        ports.listen(port, local_port, host, on_error=on_error) as listener,
    ):
        yield listener.local_port
