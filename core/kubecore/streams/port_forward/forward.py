"""Connections to ports of a pod, for blocking code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kubecore.calls.deadline import Deadline
from kubecore.errors import (
    ConnectTimeoutError,
    DeadlineError,
    KubeError,
    ReadError,
    ReadTimeoutError,
    WriteTimeoutError,
)
from kubecore.rest import run_steps
from kubecore.streams.port_forward.opening import OPENING_SECONDS, Default, late
from kubecore.streams.port_forward.targets import Found, Target, as_port
from kubecore.streams.port_forward.tunnel import FRAME, PROTOCOLS, Tunnel
from kubecore.streams.websocket.session import Session

if TYPE_CHECKING:
    from kubecore.rest import Client

__all__ = ["ForwardedStream", "Listener", "PortForward"]


class ForwardedStream:
    """One connection to a port of a pod, used like a socket; one thread may read while another writes.

    Args:
        session: The connection to the node.
        tunnel: The protocol state.
        owner: The set of connections that are closed together.
    """

    def __init__(self, session: Session, tunnel: Tunnel, owner: set[Self]) -> None:
        self._session = session
        self._tunnel = tunnel
        self._owner = owner
        owner.add(self)

    def read(self, max_bytes: int = 65536, timeout: float | None = None) -> bytes:
        """Wait for data from the pod.

        Args:
            max_bytes: Most bytes to return.
            timeout: Seconds to wait, None for no limit.

        Returns:
            The received data; b"" at the end.

        Raises:
            PortForwardError: The node can't reach the port.
            ReadTimeoutError: Nothing was received in time; it may be called again.
            StreamClosedError: It was closed locally.
            TransportError: The connection broke.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (data := self._tunnel.take(max_bytes)) is None:
            try:
                self.advance(None if deadline is None else deadline - time.monotonic())
            except TimeoutError as error:
                if isinstance(error, ReadError):
                    raise
                raise ReadTimeoutError(f"{self._tunnel.place}: nothing was received for {timeout:g} s") from None
        return data

    def write(self, data: bytes, timeout: float | None = None) -> None:
        """Send data to the pod.

        A large write without a concurrent reader may block until the pod's data is read, as with any socket.

        Args:
            data: The bytes.
            timeout: The time limit in seconds for each chunk, None for no limit.

        Raises:
            WriteTimeoutError: The time limit is over; a part was written.
            StreamClosedError: It is closed, by us or by the other end.
        """
        view = memoryview(data)
        for at in range(0, len(view), FRAME):
            self._session.send(self._tunnel.data(bytes(view[at : at + FRAME])), timeout)

    def close_write(self) -> None:
        """End our direction; data from the pod can still be read.

        Raises:
            StreamClosedError: It is closed, by us or by the other end.
        """
        data = self._tunnel.finish()
        if data:
            self._session.send(data)

    def close(self) -> None:
        """Close it, also under another thread that reads or writes; a second call does nothing."""
        self._owner.discard(self)
        self._session.close()

    def __iter__(self) -> Iterator[bytes]:
        """Return the connection itself."""
        return self

    def __next__(self) -> bytes:
        """Yield received data of any size until the end: see `read`."""
        data = self.read()
        if not data:
            raise StopIteration
        return data

    def __enter__(self) -> Self:
        """Return the connection."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def advance(self, seconds: float | None) -> None:
        """Take the next that comes, of any kind.

        Args:
            seconds: How long to wait, None for no limit.
        """
        piece = self._session.receive(seconds)
        if piece is None:
            self._tunnel.end(self._session.goodbye)
            return
        reply = self._tunnel.feed(piece.data)
        if reply:
            self._session.send(reply)


class PortForward:
    r"""The ports of a pod: a context manager, at whose end all connections and listeners are closed.

    ```python
    with clientset.core_v1.pods("default").port_forward("web") as ports:
        with ports.connect(8080) as stream:
            stream.write(b"GET / HTTP/1.0\r\n\r\n")
            print(b"".join(stream))
        with ports.listen(8080) as listener:
            print(f"http://127.0.0.1:{listener.local_port}")
    ```

    Args:
        client: Opens the connections.
        target: Finds the pod and its ports.
        timeout: The time limit in seconds for opening a connection, if `connect` has none; None for 30 s.
    """

    def __init__(self, client: Client, target: Target, *, timeout: float | None = None) -> None:
        self._client = client
        self._target = target
        self._timeout = OPENING_SECONDS if timeout is None else Deadline.after(timeout).seconds
        self._streams: set[ForwardedStream] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Return it; nothing is sent before the first connection."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections and listeners."""
        self.close()

    def close(self) -> None:
        """Close all connections and listeners; a second call does nothing."""
        for stream in list(self._streams):
            stream.close()
        self._stack.close()

    def connect(self, port: int | str, timeout: float | Default | None = Default.OF_VERB) -> ForwardedStream:
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
        found = self._find(port, deadline)
        tunnel = Tunnel(found.port, f"{found.call.method} {found.call.path}")
        try:
            session = Session(self._client, found.call, PROTOCOLS, deadline=deadline)
        except DeadlineError as error:
            raise late(tunnel, seconds) from error
        stream = ForwardedStream(session, tunnel, self._streams)
        try:
            session.send(tunnel.open(), None if deadline is None else deadline.left)
            while not tunnel.is_open:
                tunnel.check()
                stream.advance(None if deadline is None else deadline.left)
        except BaseException as error:
            stream.close()
            if isinstance(error, WriteTimeoutError) or (
                isinstance(error, TimeoutError) and not isinstance(error, KubeError)
            ):
                raise late(tunnel, seconds) from None
            raise
        return stream

    def _find(self, port: int | str, deadline: Deadline | None) -> Found:
        """Return the pod and its port."""
        left = None if deadline is None else deadline.left
        try:
            return run_steps.run(self._client, self._target.find(port), timeout=left)
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
    ) -> Listener:
        """Listen at a port of this machine, and forward each connection to the port of the pod or service.

        One thread serves all connections.

        Args:
            port: The number or the name of the port, as for `connect`.
            local_port: The port of this machine; 0 chooses a free one.
            host: The address to listen at; others than loopback let other machines in.
            on_error: Called, in that thread, with the error if a connection failed; by default it is logged.

        Returns:
            A context manager that listens.
        """
        return Listener(
            self._client, self._target, port, local_port, host, on_error, self._stack, timeout=self._timeout
        )


class Listener:
    """A port of this machine whose connections are forwarded, until the `with` block ends.

    Args:
        client: Opens the connections.
        target: Finds the pod and its ports.
        port: The port of the pod.
        local_port: The port of this machine.
        host: The address to listen at.
        on_error: Called with the error if a connection failed.
        owner: Closes it if the block does not.
        timeout: The time limit in seconds for opening a connection to the pod.

    Attributes:
        local_port: The port of this machine.
    """

    def __init__(
        self,
        client: Client,
        target: Target,
        port: int | str,
        local_port: int,
        host: str,
        on_error: Callable[[KubeError], None] | None,
        owner: ExitStack,
        *,
        timeout: float,
    ) -> None:
        self._client = client
        self._target = target
        self._port = port
        self._host = host
        self._on_error = on_error
        self._owner = owner
        self._timeout = timeout
        self._stack = ExitStack()
        self.local_port: int = local_port

    def __enter__(self) -> Self:
        """Begin to listen.

        Raises:
            InvalidRequestError: It is not a port.
            PortForwardError: There is no port of this name, or no pod of the service runs.
            ConfigError: A custom HTTP client sends the requests.
            StatusError: The server refuses it, or there is no such pod.
            TransportError: There is no connection to the server.
            OSError: The local port is taken, or the address does not belong to this machine.
        """
        from anyio.from_thread import start_blocking_portal

        from kubecore.streams.port_forward.async_forward import serving

        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal(name="kubecore port-forward"))
            served = serving(
                self._client,
                self._target,
                self._port,
                self.local_port,
                self._host,
                self._on_error,
                timeout=self._timeout,
            )
            self.local_port = stack.enter_context(portal.wrap_async_context_manager(served))
            self._stack = stack.pop_all()
        self._owner.callback(self.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it and its connections."""
        self.close()

    def close(self) -> None:
        """Close it and its connections; a second call does nothing."""
        self._stack.close()
