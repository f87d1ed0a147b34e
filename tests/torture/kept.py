"""Over reused connections every call gets its own response or an error, whatever the server sends and when.

A sequence is a few calls over one pool. The server side of each connection runs in the same thread and acts when the
client sends or waits, so that a seed determines the order of all events. Responses are cut into TLS records and
segments at random positions. They arrive early, in parts, with extra bytes, or truncated. Calls are cancelled, time out
or are interrupted. Connections use plain TCP, TLS, TLS in TLS, or TLS to a proxy, over real socket pairs and OpenSSL.
Clients are synchronous, or run on asyncio or trio.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import select
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import anyio
import anyio.abc
import anyio.lowlevel
import trustme

from kubecore import errors, rest
from kubecore._auth.credential import Credential
from kubecore._http.anyio_socket import AnyioSocket
from kubecore._http.async_pool import AsyncPool
from kubecore._http.async_socket import AsyncSocket, TlsLayer
from kubecore._http.asyncio_socket import AsyncioSocket
from kubecore._http.per_loop import running_asyncio
from kubecore._http.pool import Pool
from kubecore._http.request import Request
from kubecore._http.sync_socket import SyncSocket
from kubecore._http.tls_in_tls import TlsInTls
from kubecore.calls.call import Call
from kubecore.rest.request_builder import RequestBuilder
from tests.torture.tally import Tally

Mode = Literal["sync", "asyncio", "trio"]

_CONFIG: Final = rest.Config(host="http://h", timeouts=rest.Timeouts(connect=5, read=5, write=5, pool=5, total=60))
_LARGE: Final = 150_000
_LENGTH: Final = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n")
_RECEIVED: Final = 256 * 1024
_RECORD: Final = 16 * 1024
_WANTS: Final = (BlockingIOError, ssl.SSLWantReadError)
_POISON: Final = (
    b"HTTP/1.1 200 OK\r\nX-Tag: poison\r\nContent-Length: 6\r\n\r\npoison",
    b"HTTP/1.1 200 OK\r\nX-Tag: poison\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nX-Tag: poison\r\n\r\n",
    b"HTTP/1.1 408 Request Timeout\r\nX-Tag: poison\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nX-Tag: poison\r\n\r\n",
    b"HTTP/1.1 2",
    b"\r\n",
    b"x",
    b"0\r\n\r\n",
)


class _Layers:
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


class Plan(NamedTuple):
    """Behaviour of the server for one request.

    Attributes:
        framing: How the body ends: by its length, in chunks, with the connection, or the status has no body.
        status: The status code.
        interim: How many interim responses come first.
        says_close: Whether the response has the header `Connection: close`.
        extra: Bytes after the response.
        is_late: Whether they arrive after the client has read the response; otherwise they follow it without a pause.
        cut: Number of these bytes that arrive before the next request; the others follow the request.
        early: Whether the response precedes the body of the request, if the body is large.
        truncated: Whether the connection ends within the response.
        fault: Exception that interrupts the client while it waits.
        fault_at: Index of this wait, from 0.
        size: Size of the body in bytes, without the tag.
    """

    framing: Literal["length", "chunked", "close", "none"]
    status: int
    interim: int
    says_close: bool
    extra: bytes
    is_late: bool
    cut: int | None
    early: bool
    truncated: bool
    fault: Literal["", "timeout", "cancel", "interrupt"]
    fault_at: int
    size: int

    @property
    def is_clean(self) -> bool:
        """Whether the client must get the response."""
        return not (self.fault or self.truncated or (self.extra and not self.is_late))

    @property
    def is_kept(self) -> bool:
        """Whether the connection may serve another request."""
        return self.is_clean and not (self.extra or self.says_close or self.framing == "close")


def _plan(chance: random.Random, *, is_large: bool, is_plain: bool) -> Plan:
    kind = chance.random()
    status = chance.choice((200, 200, 200, 201, 204, 304, 404, 500))
    framing: Any = "none" if status in (204, 304) else chance.choice(("length", "length", "chunked", "close"))
    extra = chance.choice(_POISON) * chance.choice((1, 1, 1, 2)) if kind < 0.25 else b""
    if framing == "close":
        extra = b""  # It would be a part of the body.
    fault: Any = chance.choice(("timeout", "cancel", "interrupt")) if 0.25 <= kind < 0.36 else ""
    cut = chance.randint(1, len(extra)) if extra and chance.random() < 0.4 else None
    return Plan(
        framing,
        status,
        chance.choice((0, 0, 0, 0, 1, 2)),
        chance.random() < 0.05,
        extra,
        chance.random() < 0.5,
        cut,
        is_large and chance.random() < 0.6,
        0.36 <= kind < 0.42 and not (is_plain and framing == "close"),  # Undetectable without TLS.
        fault,
        chance.choice((0, 0, 1, 2)),
        chance.choice((0, 1, 10, 10, 200, 20_000)),
    )


def _response(plan: Plan, tag: bytes, method: str, chance: random.Random) -> bytes:
    head = [b"HTTP/1.1 103 Early Hints\r\nX-Tag: hint\r\n\r\n"] * plan.interim
    fields = [b"X-Tag: " + tag]
    if plan.says_close:
        fields.append(b"Connection: close")
    body = tag + b"." * plan.size
    if plan.framing == "length":
        fields.append(b"Content-Length: %d" % len(body))
    elif plan.framing == "chunked":
        fields.append(b"Transfer-Encoding: chunked")
        at = chance.randrange(len(body))
        parts = [part for part in (body[:at], body[at:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    if method == "HEAD" or plan.framing == "none":
        body = b""
    return b"".join(head) + b"\r\n".join((b"HTTP/1.1 %d X" % plan.status, *fields, b"", b"")) + body


def _expected(plan: Plan, tag: bytes, method: str) -> tuple[int, str, bytes]:
    is_empty = method == "HEAD" or plan.framing == "none"
    return plan.status, tag.decode(), b"" if is_empty else tag + b"." * plan.size


class Peer:
    """The server's side of one connection.

    Args:
        world: State that all connections share.
        layers: Number of layers of TLS.
    """

    def __init__(self, world: _World, layers: int) -> None:
        self._world = world
        self.client, self._sock = socket.socketpair()
        self._sock.setblocking(False)
        self._tls: list[tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]] = []
        for _ in range(layers):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = world.contexts.server.wrap_bio(incoming, outgoing, server_side=True)
            self._tls.append((tls, incoming, outgoing))
        self._ready = 0  # Layers whose handshake is done.
        self._out = bytearray()
        self._bounds: list[int] = []  # Positions in `_out` at which a TLS read of the client can end.
        self._received = b""
        self._plan: Plan | None = None
        self._waits = 0
        self._is_answered = False
        self._ends = False
        self._after = b""
        self._rest = b""
        self.is_closed = False
        self.requests = 0

    # Events of the client.

    def handshake(self) -> None:
        """Continue the handshakes with the bytes that the client has sent."""
        self._receive()

    def sent(self) -> None:
        """Act after the client has sent something."""
        if self.is_closed:
            return
        self._received += self._receive()
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        if self._plan is None:
            self._begin(self._received[: end + 4])
        plan = self._plan
        assert plan is not None
        length = _LENGTH.search(self._received[: end + 4])
        size = end + 4 + (int(length[1]) if length else 0)
        is_whole = len(self._received) >= size
        if not self._is_answered and (is_whole or plan.early):
            self._out += self._rest  # The other part of the unrequested data, after the next request.
            self._rest = b""
            self._answer(plan)
            if not is_whole:
                self._deliver(len(self._out))
                self._world.early += 1
                if not (plan.extra or self._ends) and self._world.chance.random() < 0.7:
                    # The server parses the rest of the body as a request, whose response follows the next one.
                    self._rest, _ = self._encrypted(self._world.chance.choice(_POISON))

    def waiting(self, fileno: int, *, any_bytes: bool = False) -> None:
        """Act before the client waits: deliver at least the bytes for one read.

        Args:
            fileno: The client's descriptor.
            any_bytes: Whether a read may return without a complete record.

        Raises:
            Exception: The fault of the plan.
        """
        self.sent()
        plan = self._plan
        if plan is not None and plan.fault and self._waits >= plan.fault_at:
            self._plan = plan._replace(fault="")
            self._world.strike(plan.fault)
        self._waits += 1
        if self._out:
            least = self._bounds[0] if self._bounds and not any_bytes else 1
            self._deliver(self._world.chance.randint(least, len(self._out)))
        elif not _is_readable(fileno):  # The client waits for missing data, or for the end of the connection.
            self.close()

    def idle(self) -> None:
        """Act after the call: deliver the remaining bytes and the unrequested ones."""
        if self.is_closed:
            return
        self._receive()
        self._deliver(len(self._out))
        plan = self._plan
        if self._ends:
            self.close()
        if plan is None or self.is_closed:
            return
        if self._after:
            self._add_extra(self._after, plan.cut)
            self._deliver(len(self._out))
            self._after = b""
        self._plan, self._is_answered, self._received, self._waits = None, False, b"", 0

    def close(self) -> None:
        """End the connection."""
        if not self.is_closed:
            self.is_closed = True
            self._sock.close()

    # Actions of the server.

    def _add_extra(self, data: bytes, cut: int | None) -> None:
        """Send unrequested data: all of it, or one part before the next request and one part after it."""
        stream, bounds = self._encrypted(data)
        at = len(stream) if cut is None else max(1, len(stream) * cut // len(data))
        self._bounds += [len(self._out) + bound for bound in bounds if bound <= at]
        self._out += stream[:at]
        self._rest = stream[at:]

    def _begin(self, head: bytes) -> None:
        world = self._world
        method, target, _ = head.split(b" ", 2)
        tag = target[1:]
        is_large = b"Content-Length: %d\r" % _LARGE in head
        self._plan = _plan(world.chance, is_large=is_large, is_plain=not self._tls)
        self._method, self._tag = method.decode(), tag
        self.requests += 1
        world.reused += self.requests > 1
        world.plans[tag] = self._plan, self._method

    def _answer(self, plan: Plan) -> None:
        self._is_answered = True
        data = _response(plan, self._tag, self._method, self._world.chance)
        if plan.truncated:
            data = data[: self._world.chance.randrange(len(data))]
        elif plan.extra and plan.is_late:
            self._after = plan.extra
        elif plan.extra and plan.cut is None:
            data += plan.extra
        self._ends = plan.truncated or plan.framing == "close" or plan.says_close
        end = data.find(self._tag, data.rfind(b"X-Tag: " + self._tag) + 7 + len(self._tag))
        stream, bounds = self._encrypted(data, body=end if end > 0 else None)
        self._bounds += [len(self._out) + bound for bound in bounds]
        self._out += stream
        if plan.extra and plan.cut is not None and not plan.is_late and not plan.truncated:
            self._add_extra(plan.extra, plan.cut)
        if plan.framing == "close" and not plan.truncated:
            self._goodbye()

    def _goodbye(self) -> None:
        """Close every layer of TLS with a close_notify alert."""
        data = b""
        for tls, _, outgoing in reversed(self._tls):
            if data:
                tls.write(data)
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLSyscallError):
                tls.unwrap()
            data = outgoing.read()
        self._out += data
        self._bounds.append(len(self._out))

    def _encrypted(self, data: bytes, body: int | None = None) -> tuple[bytes, list[int]]:
        """Return the bytes to send and the positions at which a read may end; `body` is the position of the body."""
        bounds = list(range(1, len(data) + 1))
        for tls, _, outgoing in reversed(self._tls):
            made, bounds, at = b"", [], 0
            cuts = self._cuts(len(data))
            if body is not None and self._world.chance.random() < 0.4:
                # The last record of the body also contains the bytes after it.
                cuts = sorted({*range(_RECORD, len(data), _RECORD), min(len(data), body + 1), len(data)})
            body = None
            for end in cuts:
                tls.write(data[at:end])
                made += outgoing.read()
                bounds.append(len(made))
                at = end
            data = made
        return data, bounds

    def _cuts(self, size: int) -> list[int]:
        chance = self._world.chance
        if size < 400 and chance.random() < 0.05:
            return list(range(1, size + 1))
        whole = range(_RECORD, size, _RECORD)
        return sorted({*(chance.randint(1, size) for _ in range(chance.randrange(4))), *whole, size}) if size else []

    def _deliver(self, count: int) -> None:
        data = bytes(self._out[:count])
        while data:
            try:
                sent = self._sock.send(data)
            except BlockingIOError:
                break
            except OSError:
                self.close()
                return
            data = data[sent:]
        count -= len(data)
        del self._out[:count]
        self._bounds = [bound - count for bound in self._bounds if bound > count]

    def _receive(self) -> bytes:
        """Return the decrypted bytes from the client."""
        data = b""
        with contextlib.suppress(OSError):
            while piece := self._sock.recv(_RECEIVED):
                data += piece
        for index, (tls, incoming, outgoing) in enumerate(self._tls):
            incoming.write(data)
            data = b""
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                if index >= self._ready:
                    tls.do_handshake()
                    self._ready = index + 1
                while piece := tls.read(_RECEIVED):
                    data += piece
            self._reply(index, outgoing.read())
        return data

    def _reply(self, index: int, data: bytes) -> None:
        """Send the protocol messages of a TLS layer through the layers below."""
        if not data:
            return
        for tls, _, outgoing in reversed(self._tls[:index]):
            tls.write(data)
            data = outgoing.read()
        with contextlib.suppress(OSError):
            self._sock.send(data)


def _is_readable(fileno: int) -> bool:
    poll = select.poll()
    poll.register(fileno, select.POLLIN)
    return bool(poll.poll(0))


class Interrupt(BaseException):
    """Substitute for a KeyboardInterrupt."""


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
        await self.peer._world.pause()
        return await super().read(deadline)  # type: ignore[safe-super]


class _Asyncio(_Tcp, AsyncioSocket):
    pass


class _Anyio(_Tcp, AnyioSocket):
    pass


class _AsyncTls(_Acting, TlsLayer):
    pass


class _World:
    """State that the connections of one pool share; it is also the route of the pool to the server.

    Args:
        chance: Source of all random choices.
        contexts: For TLS.
        layers: Layers of TLS.
    """

    generation = 0

    def __init__(self, chance: random.Random, contexts: _Layers, layers: int) -> None:
        self.chance = chance
        self.contexts = contexts
        self._layers = layers
        self.plans: dict[bytes, tuple[Plan, str]] = {}
        self.peers: list[Peer] = []
        self.reused = 0
        self.early = 0
        self.scope: anyio.CancelScope | None = None
        self._is_cancelled = False

    def refresh(self, deadline: float | None) -> None:
        """Read no files."""

    async def refresh_async(self, deadline: float | None) -> None:
        """Read no files."""

    def _client(self) -> ssl.SSLContext:
        return self.contexts.old if self.chance.random() < 0.3 else self.contexts.client

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
        self.peers.append(peer)
        return peer

    def strike(self, fault: str) -> None:
        """Interrupt the client with the fault."""
        if fault == "interrupt":
            raise Interrupt
        if self.scope is None or fault == "timeout":
            raise TimeoutError
        self.scope.cancel()
        self._is_cancelled = True

    async def pause(self) -> None:
        """Deliver a pending cancellation."""
        if self._is_cancelled:
            self._is_cancelled = False
            await anyio.lowlevel.checkpoint()

    def idle(self) -> None:
        """Act between two calls."""
        for peer in self.peers:
            peer.idle()
        self.peers = [peer for peer in self.peers if not peer.is_closed]

    def close(self) -> None:
        """End every connection."""
        for peer in self.peers:
            peer.close()


class _Calls:
    """Random calls of one sequence, and the check of their results."""

    def __init__(self, tally: Tally, world: _World, name: str, numbers: Iterator[int]) -> None:
        self._tally = tally
        self._world = world
        self._name = name
        self._numbers = numbers
        self._requests = RequestBuilder(_CONFIG)
        self.served = 0
        self.failed = 0

    def draw(self) -> tuple[bytes, Request]:
        """Return a request and its tag."""
        chance = self._world.chance
        tag = b"t%d" % next(self._numbers)
        method = chance.choice(("GET", "GET", "HEAD", "POST", "PUT", "DELETE"))
        has_body = method in ("POST", "PUT")
        body = bytes(_LARGE if chance.random() < 0.15 else 20) if has_body else None
        call: Call[Any] = Call(method=method, path="/" + tag.decode(), response=object, verb="x", body=body)
        return tag, self._requests.make(call, Credential(None), streaming=False, deadline=None)

    def judge(self, tag: bytes, method: str, result: object) -> None:
        """Count one call."""
        plan, _ = self._world.plans.get(tag, (None, ""))
        if isinstance(result, tuple):
            self.served += 1
            is_own = plan is not None and result == _expected(plan, tag, method)
            self._tally.check(is_own, f"{self._name} {method} {tag!r}: {result!r:.80} of {plan!r:.200}")
            return
        self.failed += 1
        is_known = isinstance(result, (errors.TransportError, Interrupt)) or result == "cancelled"
        is_right = is_known and plan is not None and not plan.is_clean
        self._tally.check(is_right, f"{self._name} {method} {tag!r}: {result!r:.120} of {plan!r:.250}")


def _sequence(pool: Pool, world: _World, calls: _Calls, count: int) -> None:
    for _ in range(count):
        tag, request = calls.draw()
        result: object
        try:
            stream = pool.open(request)
            try:
                body = bytes(stream.read(1 << 20)) if world.chance.random() < 0.5 else b"".join(stream.chunks())
                result = stream.status, stream.headers.get("x-tag", ""), body
            finally:
                stream.close()
        except (errors.KubeError, Interrupt) as error:
            result = error
        calls.judge(tag, request.method, result)
        world.idle()


async def _sequence_async(pool: AsyncPool, world: _World, calls: _Calls, count: int) -> None:
    for _ in range(count):
        tag, request = calls.draw()
        result: object = "cancelled"
        with anyio.CancelScope() as world.scope:
            try:
                stream = await pool.open(request)
                try:
                    if world.chance.random() < 0.5:
                        body = bytes(await stream.read(1 << 20))
                    else:
                        body = b"".join([piece async for piece in stream.chunks()])
                    result = stream.status, stream.headers.get("x-tag", ""), body
                finally:
                    await stream.aclose()
            except (errors.KubeError, Interrupt) as error:
                result = error
        calls.judge(tag, request.method, result)
        world.idle()


class _Scene(NamedTuple):
    """A kind of connection, with its share of a hundred sequences."""

    name: str
    mode: Mode
    layers: int
    share: int


_SCENES: Final = tuple(
    _Scene(f"{mode} {name}", mode, layers, share)
    for mode in ("sync", "asyncio", "trio")
    for name, layers, share in (
        ("plain", 0, 22),
        ("TLS", 1, 9),
        ("TLS in TLS", 2, 2),
    )
)
_CALLS: Final = 3
_AT_ONCE: Final = 50
"""Number of consecutive sequences that share a pool, so that some reuse the connection of an earlier one."""


def run(n: int | None, seed: int) -> Tally:
    """Run `n` sequences of calls, 100,000 by default."""
    tally = Tally("kept")
    contexts = _Layers()
    numbers = itertools.count()
    wanted = 100_000 if n is None else n
    total = sum(scene.share for scene in _SCENES)
    figures = dict.fromkeys(("sequences", "served", "failed", "reused", "early"), 0)
    for index, scene in enumerate(_SCENES):
        left = max(1, wanted * scene.share // total)
        batch = 0
        while left:
            count = min(left, _AT_ONCE)
            world = _World(random.Random(f"{seed} {index} {batch}"), contexts, scene.layers)
            calls = _Calls(tally, world, f"{scene.name} (batch {batch})", numbers)
            try:
                if scene.mode == "sync":
                    _batch(world, calls, count)
                else:
                    anyio.run(_batch_async, world, calls, count, backend=scene.mode)
            finally:
                world.close()
            for name, value in (
                ("sequences", count),
                ("served", calls.served),
                ("failed", calls.failed),
                ("reused", world.reused),
                ("early", world.early),
            ):
                figures[name] += value
            left -= count
            batch += 1
    for name, value in figures.items():
        tally.figure(name, value)
    if not figures["reused"] or not figures["early"]:
        tally.wrong("no connection was reused, or no response was early")
    return tally


def _batch(world: _World, calls: _Calls, count: int) -> None:
    pool = Pool(_CONFIG)
    pool._connector = world  # type: ignore[assignment]
    try:
        for _ in range(count):
            _sequence(pool, world, calls, _CALLS)
    finally:
        pool.close()


async def _batch_async(world: _World, calls: _Calls, count: int) -> None:
    pool = AsyncPool(_CONFIG)
    pool._connector = world  # type: ignore[assignment]
    try:
        for _ in range(count):
            await _sequence_async(pool, world, calls, _CALLS)
    finally:
        await pool.aclose()
