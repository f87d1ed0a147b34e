"""The client's side of reused connections, whose peers act before it waits: synchronous, on asyncio and on trio."""

from __future__ import annotations

import random
import socket
import ssl
from typing import Any, Final

import anyio
import anyio.abc
import trustme

from kubecore._http.anyio_socket import AnyioSocket
from kubecore._http.async_socket import AsyncSocket, TlsLayer
from kubecore._http.asyncio_socket import AsyncioSocket
from kubecore._http.per_loop import running_asyncio
from kubecore._http.sync_socket import SyncSocket
from kubecore._http.tls_in_tls import TlsInTls
from tests.torture.kept_peer import Peer
from tests.torture.kept_state import State

__all__ = ["Contexts", "World"]

_WANTS: Final = (BlockingIOError, ssl.SSLWantReadError)


class _Sync(SyncSocket):
    """A connection that lets its peer act first."""

    __slots__ = ("peer",)

    peer: Peer

    def read(self, seconds: float | None) -> bytes:
        self._before()
        return super().read(seconds)

    def read_into(self, buffer: memoryview, seconds: float | None) -> int:
        self._before()
        return super().read_into(buffer, seconds)

    def _before(self) -> None:
        if type(self._socket) is socket.socket:
            self.peer.waiting(self._socket.fileno())

    def send(self, data: bytes | memoryview, seconds: float | None) -> int:
        sent = super().send(data, seconds)
        self.peer.sent()
        return sent


class _Tls(ssl.SSLSocket):
    """A connection through TLS that lets its peer act first."""

    peer: Peer | None = None
    is_made = False

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        self._before()
        return super().recv(buflen, flags)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self._before()
        return super().recv_into(buffer, nbytes, flags)

    def _before(self) -> None:
        if self.peer is None or self.gettimeout() == 0 or self.pending():
            return
        if self.is_made:
            self.peer.waiting(self.fileno())
        else:
            self.peer.handshake()


class _Acting(AsyncSocket):
    """A layer of a connection that lets its peer act first."""

    peer: Peer
    is_made: bool

    async def write(self, data: bytes, deadline: float | None = None) -> None:
        await super().write(data, deadline)
        if self.is_made:
            self.peer.sent()


class _Tcp(_Acting):
    """The lowest layer."""

    async def read(self, deadline: float | None = None) -> bytes:
        if not self.is_made:
            self.peer.handshake()
        elif not self.has_rest():
            self.peer.waiting(self.peer.client.fileno(), any_bytes=True)
        await self.peer.world.pause()
        return await super().read(deadline)  # type: ignore[safe-super]


class _Asyncio(_Tcp, AsyncioSocket):
    pass


class _Anyio(_Tcp, AnyioSocket):
    pass


class _AsyncTls(_Acting, TlsLayer):
    pass


class Contexts:
    """Server and client contexts for TLS, made once."""

    def __init__(self) -> None:
        ca = trustme.CA()
        made = ca.issue_cert("h")
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.configure_cert(self.server)
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ca.configure_trust(self.client)
        self.old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.old.maximum_version = ssl.TLSVersion.TLSv1_2
        self.client.sslsocket_class = self.old.sslsocket_class = _Tls
        for context in (self.client, self.old):
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # As `_http.tls` does; Python before 3.11.3 sets it.
        ca.configure_trust(self.old)


class World(State):
    """The route of one pool to the server, with the state that its connections share.

    Args:
        chance: Source of all random choices.
        contexts: For TLS.
        layers: Layers of TLS.
    """

    generation = 0

    def __init__(self, chance: random.Random, contexts: Contexts, layers: int) -> None:
        super().__init__(chance, contexts.server)
        self._contexts = contexts
        self._layers = layers
        self._peers: list[Peer] = []

    def refresh(self, deadline: float | None) -> None:
        """Read no files."""

    async def refresh_async(self, deadline: float | None) -> None:
        """Read no files."""

    def _client(self) -> ssl.SSLContext:
        return self._contexts.old if self.chance.random() < 0.3 else self._contexts.client

    def connect(self, seconds: float | None) -> SyncSocket:
        """Connect a synchronous client."""
        peer = self._peer()
        made: Any = peer.client
        if self._layers:
            made = self._client().wrap_socket(
                made, server_hostname="h", do_handshake_on_connect=False, suppress_ragged_eofs=False
            )
            made.setblocking(False)
            while True:
                try:
                    made.do_handshake()
                except _WANTS:
                    peer.handshake()
                else:
                    break
            peer.handshake()
            made.peer = peer
        made.settimeout(5)
        outer = made
        if self._layers == 2:
            made = TlsInTls(outer, self._client(), "h")
            peer.handshake()
        if self._layers:
            outer.is_made = True
        connection = _Sync(made)
        connection.peer = peer
        return connection

    async def connect_async(self) -> AsyncSocket:
        """Connect an asynchronous client."""
        peer = self._peer()
        made: list[_Acting] = [await self._tcp(peer)]
        for _ in range(self._layers):
            made[-1].peer, made[-1].is_made = peer, False
            secured = _AsyncTls(made[-1], self._client(), "h")
            await secured.handshake()
            peer.handshake()
            made.append(secured)
        for layer in made:
            layer.peer, layer.is_made = peer, True
        return made[-1]

    async def _tcp(self, peer: Peer) -> _Acting:
        peer.client.setblocking(False)
        loop = running_asyncio()
        if loop is None:
            return _Anyio(await anyio.abc.SocketStream.from_socket(peer.client))
        _, connected = await loop.create_connection(lambda: _Asyncio(loop), sock=peer.client)
        return connected

    def _peer(self) -> Peer:
        peer = Peer(self, self._layers)
        self._peers.append(peer)
        return peer

    def idle(self) -> None:
        """Act between two calls."""
        for peer in self._peers:
            peer.idle()
        self._peers = [peer for peer in self._peers if not peer.is_closed]

    def close(self) -> None:
        """End every connection."""
        for peer in self._peers:
            peer.close()
