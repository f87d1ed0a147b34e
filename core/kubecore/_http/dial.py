"""Name lookup and connecting, synchronous and asynchronous: from a host to a connection, with TLS or without."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any, Final

from kubecore._http.async_socket import AsyncSocket, TlsLayer
from kubecore._http.daemon_thread import Aside
from kubecore._http.deadlines import WaitingError
from kubecore._http.tls_in_tls import TlsInTls

__all__ = ["Names", "connect", "connect_async", "secure", "secure_async", "secure_proxy"]

_IDLE_SECONDS: Final = 30
"""After how many seconds without data TCP probes the other end, and how often: as in Go's dialer."""


_PROBES: Final = 3


_NEXT_SECONDS: Final = 0.25
"""After how long the next address is tried while the one before does not respond: RFC 8305's."""


_Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class Names:
    """Looks up the addresses of a host, with a time limit: the system's own lookup has none.

    Args:
        host: Name or address.
        port: The port.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host: str = host
        self.port: int = port
        self._aside: Aside[Sequence[_Found]] = Aside(self._look)

    @property
    def trouble(self) -> str:
        """The step that a connection waits for if a lookup is not complete; else ""."""
        return f"the name {self.host} is not looked up yet" if self._aside.is_running else ""

    def find(self, seconds: float | None) -> Sequence[_Found]:
        """Return the addresses.

        Args:
            seconds: How long to wait for them, None for no limit.

        Raises:
            OSError: There are none; TimeoutError if the time is up.
        """
        if self._is_address or seconds is None:
            return self._look()
        try:
            return self._aside.run(seconds)
        except TimeoutError:
            raise WaitingError(self.trouble) from None

    async def find_async(self) -> Sequence[_Found]:
        """Return the addresses: see `find`. May be cancelled."""
        return self._look() if self._is_address else await self._aside.run_async()

    def _look(self) -> Sequence[_Found]:
        return socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)

    @property
    def _is_address(self) -> bool:
        # No name has a last label of digits.
        return ":" in self.host or self.host.rpartition(".")[2].isdigit()


def connect(names: Names, seconds: float | None) -> socket.socket:
    """Connect to a host, trying each of its addresses.

    Args:
        names: Finds the addresses.
        seconds: For the lookup and all addresses together.

    Returns:
        The connected socket, with the time limit that is left.

    Raises:
        OSError: No address can be reached; TimeoutError if the time is over.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    found = names.find(seconds)
    failed: OSError = OSError(f"{names.host} has no address")
    for index, (family, kind, protocol, _, address) in enumerate(found):
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        # An address that is dead must not take the time of those behind it.
        share = left if left is None or index == len(found) - 1 else min(left, max(left / (len(found) - index), 1.0))
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(share)
            made.connect(address)
            _tune(made)
        except OSError as error:
            made.close()
            failed = error
        except BaseException:
            made.close()
            raise
        else:
            made.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.001))
            return made
    raise failed


def secure(connected: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket | TlsInTls:
    """Start TLS on a connected socket, which is closed if that fails.

    Args:
        connected: The socket, with its time limit.
        context: Certificates and keys.
        name: The name or address that the server's certificate must be for.

    Raises:
        OSError: The server is not trusted, or does not speak TLS.
    """
    return (
        TlsInTls(connected, context, name)
        if isinstance(connected, ssl.SSLSocket)
        else secure_proxy(connected, context, name)
    )


def secure_proxy(connected: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    """Put TLS on a connection to a proxy, on which there may be another layer: see `secure`."""
    try:
        # An end without a TLS close alert may be caused by an attacker.
        return context.wrap_socket(connected, server_hostname=name, suppress_ragged_eofs=False)
    except BaseException:
        connected.close()
        raise


async def connect_async(names: Names) -> AsyncSocket:
    """Connect to a host, its addresses tried side by side: see `connect`."""
    hosts = [str(address[0]) for *_, address in await names.find_async()]
    return await _race(hosts, names.port)


async def _connect_one(host: str, port: int) -> AsyncSocket:
    """Connect to an address."""
    from kubecore._http.per_loop import running_asyncio

    loop = running_asyncio()
    connected: AsyncSocket
    if loop is None:
        import anyio
        from anyio.abc import SocketAttribute

        from kubecore._http.anyio_socket import AnyioSocket

        stream = await anyio.connect_tcp(host, port)
        connected, raw = AnyioSocket(stream), stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django here
    else:
        from kubecore._http.asyncio_socket import AsyncioSocket

        transport, connected = await loop.create_connection(lambda: AsyncioSocket(loop), host, port)
        raw = transport.get_extra_info("socket")
    try:
        _tune(raw)
    except BaseException:
        await connected.aclose()
        raise
    return connected


async def _race(hosts: list[str], port: int) -> AsyncSocket:
    """Connect to the first address that can be reached; the next one is tried after a moment (RFC 8305)."""
    import anyio

    if len(hosts) == 1:
        return await _connect_one(hosts[0], port)
    made: list[AsyncSocket] = []
    failed: list[OSError] = []

    async def attempt(host: str, ended: anyio.Event) -> None:
        try:
            connected = await _connect_one(host, port)
        except OSError as error:
            failed.append(error)
            ended.set()
        else:
            made.append(connected)
            group.cancel_scope.cancel()

    unwanted: list[AsyncSocket] = made
    try:
        async with anyio.create_task_group() as group:
            for host in hosts:
                ended = anyio.Event()
                group.start_soon(attempt, host, ended)
                with anyio.move_on_after(_NEXT_SECONDS):
                    await ended.wait()
        unwanted = made[1:]  # Two may have been made at once.
    finally:
        for connected in unwanted:
            await connected.aclose()
    if not made:
        raise OSError("no address can be reached") from ExceptionGroup("each address", failed)
    return made[0]


async def secure_async(connected: AsyncSocket, context: ssl.SSLContext, name: str) -> TlsLayer:
    """Start TLS on a connection, which is closed if that fails: see `secure`."""
    secured = TlsLayer(connected, context, name)
    try:
        await secured.handshake()
    except BaseException:
        await connected.aclose()
        raise
    return secured


def _tune(made: Any) -> None:
    """Send at once, and notice when the other end is gone without a word."""
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _IDLE_SECONDS),
        ("TCP_KEEPINTVL", _IDLE_SECONDS),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", (1 + _PROBES) * _IDLE_SECONDS * 1000),
    ):
        if hasattr(socket, name):  # Each system has some of them.
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
