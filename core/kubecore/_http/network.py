"""Connections, synchronous and asynchronous: TCP, TLS, and nothing above.

A synchronous one is a socket of Python's own. An asynchronous one is anyio's, with TLS in memory on top: it hands on
all records that have come in one piece, where anyio's own TLS gives 16 KiB at a time.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from kubecore._http.daemon_thread import Aside
from kubecore._http.deadlines import WaitingError
from kubecore._http.readiness import wait_for

if TYPE_CHECKING:
    from anyio import Lock
    from anyio.abc import ByteStream, SocketStream

__all__ = [
    "AsyncSocket",
    "Names",
    "SyncSocket",
    "TlsInTls",
    "connect",
    "connect_async",
    "secure",
    "secure_async",
    "secure_proxy",
    "secure_proxy_async",
]

R = TypeVar("R")

_PIECE: Final = 256 * 1024
_RECORD: Final = 16 * 1024
"""The most that one read or write of TLS transfers, in bytes; a larger read buffer would be made for nothing."""

_IDLE_SECONDS: Final = 30
"""After how long of silence TCP asks whether the other end is there, and how often: Go's dialer."""

_PROBES: Final = 3

_NEXT_SECONDS: Final = 0.25
"""After how long the next address is tried while the one before does not respond: RFC 8305's."""

_Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class SyncSocket:
    """A connection for blocking code. Every method raises OSError, or TimeoutError after its seconds.

    Attributes:
        generation: of the certificates that it was made with.
        is_readable: Returns whether the socket has something to read, or was closed by the other end.
    """

    __slots__ = ("_pending", "_piece", "_read", "_seconds", "_socket", "generation", "is_readable")

    def __init__(self, connected: socket.socket | TlsInTls, generation: int = 0) -> None:
        self._socket = connected
        self.generation: int = generation
        self._read = connected.recv
        self._piece = _PIECE if type(connected) is socket.socket else _RECORD
        self._pending = (
            None if type(connected) is socket.socket else cast("ssl.SSLSocket | TlsInTls", connected).pending
        )
        self.is_readable: Callable[[], bool] = _readable(connected.fileno())
        self._seconds: float | None = connected.gettimeout()

    def read(self, seconds: float | None) -> bytes:
        """Return what has come, b"" at the end."""
        self._limit(seconds)
        return self._read(self._piece)

    def read_into(self, buffer: memoryview, seconds: float | None) -> int:
        """Put what has come into a buffer; return how many bytes, 0 at the end."""
        self._limit(seconds)
        return self._socket.recv_into(buffer)

    def send(self, data: bytes | memoryview, seconds: float | None) -> int:
        """Send the beginning of the data; return how many bytes were accepted, at least one."""
        self._limit(seconds)
        size = self._piece
        return self._socket.send(data if len(data) <= size else memoryview(data)[:size])

    def read_now(self) -> bytes | None:
        """Return the received data without waiting, b"" at the end, None if there is none."""
        if not self.is_stale():
            return None
        self._limit(0)
        try:
            inner = self._socket
            return inner.recv_now(self._piece) if isinstance(inner, TlsInTls) else inner.recv(self._piece)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None  # It was a message of TLS itself, such as a session ticket.

    def has_rest(self) -> bool:
        """Return whether a TLS layer holds received data that nobody read: it would be taken for the next response."""
        return self._pending is not None and self._pending() > 0

    def is_stale(self) -> bool:
        """Return whether the other end closed an idle connection, or sent data that was not requested."""
        return self.has_rest() or self.is_readable()

    def close(self) -> None:
        """Close it, also under a read that another thread waits in."""
        _shut(self._socket)
        self._socket.close()

    def detach(self) -> socket.socket | TlsInTls:
        """Return what is below, for whoever sends and receives at the same time."""
        return self._socket

    def abandon(self) -> None:
        """Close this process's half of a connection that a fork left in two; the other one goes on with it."""
        self._socket.close()

    def _limit(self, seconds: float | None) -> None:
        if seconds != self._seconds:  # It is a system call.
            self._socket.settimeout(seconds)
            self._seconds = seconds


class TlsInTls:
    """TLS over a connection that is TLS itself, as a proxy's may be: Python's own works on bare sockets alone."""

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, name: str) -> None:
        self._outer = outer
        self._seconds: float | None = outer.gettimeout()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._unsent = b""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        try:
            self._until_done(self._tls.do_handshake)
        except BaseException:
            outer.close()
            raise

    def recv(self, most: int) -> bytes:
        """Return what has come, b"" at the end."""
        try:
            return self._until_done(lambda: self._tls.read(most))
        except ssl.SSLZeroReturnError:
            return b""

    def recv_into(self, buffer: memoryview) -> int:
        """Put what has come into a buffer; return how many bytes, 0 at the end."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes | memoryview) -> int:
        """Send all of it; return its length."""
        return self._until_done(lambda: self._tls.write(data))

    def pending(self) -> int:
        """Return how many received bytes are in the layers; those of the outer layer are still encrypted."""
        return self._tls.pending() + self._incoming.pending + self._outer.pending()

    @property
    def has_unsent(self) -> bool:
        """Whether something that `send_now` took is still to be sent."""
        return bool(self._unsent)

    def recv_now(self, most: int) -> bytes:
        """Return what has come, b"" at the end, without waiting: SSLWantReadError where nothing has."""
        while True:
            self._push()
            try:
                return self._tls.read(most)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                data = self._outer.recv(_RECORD)
                self._incoming.write(data) if data else self._incoming.write_eof()

    def send_now(self, data: bytes) -> int:
        """Send without waiting; return how much was taken: SSLWantWriteError where nothing was."""
        self._push()
        if self._unsent:
            raise ssl.SSLWantWriteError
        sent = self._tls.write(data)
        self._push()
        return sent

    def _push(self) -> None:
        self._unsent += self._outgoing.read()
        with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
            while self._unsent:
                self._unsent = self._unsent[self._outer.send(self._unsent) :]

    def settimeout(self, seconds: float | None) -> None:
        """Set the time limit of each call, however many steps it takes."""
        self._seconds = seconds
        self._outer.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """Return the time limit of each call."""
        return self._seconds

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._outer.fileno()

    def shutdown(self) -> None:
        """End it, also under a read that another thread waits in."""
        _shut(self._outer)

    def close(self) -> None:
        """Close it."""
        self._outer.close()

    def _until_done(self, step: Callable[[], R]) -> R:
        # One record of the inner TLS may come in many of the outer one.
        end = time.monotonic() + self._seconds if self._seconds else None
        while True:
            if end is not None:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._outer.settimeout(left)
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._outer.recv(_RECORD)
                self._incoming.write(data) if data else self._incoming.write_eof()
            except ssl.SSLError:
                self._flush()
                raise
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._unsent or self._outgoing.pending:
            data, self._unsent = self._unsent + self._outgoing.read(), b""
            self._outer.sendall(data)


def _shut(connected: socket.socket | TlsInTls) -> None:
    with contextlib.suppress(OSError):
        if isinstance(connected, TlsInTls):
            connected.shutdown()
        else:
            # Not the TLS layer's: what it would say goodbye to may be gone.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)


class AsyncSocket:
    """A connection for asyncio and trio. Every method raises OSError; whoever calls sets the time limit.

    Args:
        below: The TCP connection, or one that is secured by TLS and carries another layer of TLS.
        fileno: The descriptor of the TCP connection.

    Attributes:
        generation: of the certificates that it was made with.
    """

    __slots__ = (
        "_below",
        "_fileno",
        "_has_queue",
        "_incoming",
        "_is_dirty",
        "_outgoing",
        "_readable",
        "_tls",
        "_turn",
        "generation",
    )

    def __init__(self, below: ByteStream | AsyncSocket, fileno: int) -> None:
        self.generation: int = 0
        self._below = below
        self._fileno = fileno
        self._readable = below.is_stale if isinstance(below, AsyncSocket) else _readable(fileno)
        self._has_queue = _read_ahead(below)
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._is_dirty = False  # Whether OpenSSL consumed bytes after the last record that it returned.
        self._turn: Lock | None = None

    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Put TLS on top."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                await self._flush()  # The alert that tells the server why.
                raise
            else:
                break
        await self._flush()
        self._tls = tls

    def carrying(self) -> AsyncSocket:
        """Return a connection through this one, on which TLS may be put once more."""
        return AsyncSocket(self, self._fileno)

    async def read(self) -> bytes:
        """Return what has come, b"" at the end."""
        if self._tls is None:
            return await self._receive()
        while True:
            data = self._decrypted(self._tls)
            if data is not None:
                return data
            await self._flush()
            await self._fill()

    def _decrypted(self, tls: ssl.SSLObject) -> bytes | None:
        """Return the data of all records that were received completely, b"" at the end, None if there are none."""
        pieces: list[bytes] = []
        incoming = self._incoming
        while True:
            had = incoming.pending
            try:
                piece = tls.read(_PIECE)
            except ssl.SSLWantReadError:
                # A part of a record, or a message of TLS itself, such as a session ticket: they look the same.
                self._is_dirty = self._is_dirty or had > 0
                if not pieces:
                    return None
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                self._is_dirty = True
                break
            pieces.append(piece)
            self._is_dirty = False
            if not incoming.pending and not tls.pending():
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_now(self) -> bytes | None:
        """Return the received data without waiting, b"" at the end, None if there is none."""
        if not self.is_stale():
            return None
        if self._tls is None:
            return await self._receive_now()
        data = self._decrypted(self._tls)
        if data is None and (received := await self._receive_now()) is not None:
            self._put(received)
            data = self._decrypted(self._tls)
        return data

    async def _receive_now(self) -> bytes | None:
        if isinstance(self._below, AsyncSocket):
            return await self._below.read_now()
        return await self._receive() if self._has_queue() or self._readable() else None

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        if self._turn is not None:
            async with self._turn:
                await self._write(data)
        else:
            await self._write(data)

    async def _write(self, data: bytes) -> None:
        if self._tls is None:
            await self._send(data)
        else:
            self._tls.write(data)
            while self._outgoing.pending:
                await self._send(self._outgoing.read())

    def share(self) -> None:
        """Let one task write while another reads."""
        import anyio

        self._turn = anyio.Lock()
        if isinstance(self._below, AsyncSocket):
            self._below.share()

    @property
    def is_writing(self) -> bool:
        """Whether a task is writing, on a connection that is shared."""
        return self._turn is not None and self._turn.locked()

    def has_rest(self) -> bool:
        """Return whether a layer holds received data that nobody read: it would be taken for the next response."""
        tls = self._tls
        if tls is not None and (self._is_dirty or self._incoming.pending or tls.pending()):
            return True
        below = self._below
        return below.has_rest() if isinstance(below, AsyncSocket) else self._has_queue()

    def is_stale(self) -> bool:
        """Return whether the other end closed an idle connection, or sent data that was not requested."""
        return self.has_rest() or self._readable()

    async def aclose(self) -> None:
        """Close it, without a goodbye; never interrupted half-way."""
        import anyio

        with anyio.CancelScope(shield=True):
            await self._below.aclose()

    def abandon(self) -> None:
        """Close it after its event loop ended, which can close nothing any more."""
        from anyio.abc import SocketAttribute

        below = self._below
        if isinstance(below, AsyncSocket):
            below.abandon()
            return
        end = getattr(getattr(below, "_transport", None), "_call_connection_lost", None)
        if end is not None:  # asyncio's transport; its own methods need the loop.
            end(None)
            return
        raw = below.extra(SocketAttribute.raw_socket, None)  # noqa: S610 - no Django here
        if isinstance(raw, socket.socket):
            raw.close()

    async def _flush(self) -> None:
        # Where the connection is shared, whoever is writing sends this too.
        if self._outgoing.pending and not self.is_writing:
            await self._send(self._outgoing.read())

    async def _fill(self) -> None:
        self._put(await self._receive())

    def _put(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _receive(self) -> bytes:
        import anyio

        below = self._below
        if isinstance(below, AsyncSocket):
            return await below.read()
        try:
            return await below.receive(_PIECE)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise _cause(error) from None

    async def _send(self, data: bytes) -> None:
        import anyio

        below = self._below
        if isinstance(below, AsyncSocket):
            await below.write(data)
            return
        try:
            await below.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise _cause(error) from None


def _read_ahead(below: object) -> Callable[[], bool]:
    """Return the question whether an event loop read data that nobody took yet.

    asyncio may receive twice before the waiting task runs. anyio keeps the second chunk, but has no public way to
    ask for it. Of an unknown stream nothing is known, so its connections are not kept.
    """
    if isinstance(below, AsyncSocket) or hasattr(below, "_trio_socket"):
        return lambda: False
    queue = getattr(getattr(below, "_protocol", None), "read_queue", None)
    return (lambda: True) if queue is None else lambda: bool(queue)


def _cause(error: BaseException) -> OSError:
    return error.__cause__ if isinstance(error.__cause__, OSError) else ConnectionResetError("the connection is closed")


class Names:
    """Looks up the addresses of a host, with a time limit: the system's own lookup has none.

    Args:
        host: name or address.
        port: the port.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host: str = host
        self.port: int = port
        self._aside: Aside[Sequence[_Found]] = Aside(self._look)

    @property
    def trouble(self) -> str:
        """What a connection waits for if a lookup is not done; else ""."""
        return f"the name {self.host} is not looked up yet" if self._aside.is_running else ""

    def find(self, seconds: float | None) -> Sequence[_Found]:
        """Return the addresses.

        Args:
            seconds: how long to wait for them, None for no limit.

        Raises:
            OSError: there are none; TimeoutError if the time is up.
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
        names: finds the addresses.
        seconds: for the lookup and all addresses together.

    Returns:
        The connected socket, with the time limit that is left.

    Raises:
        OSError: no address can be reached; TimeoutError where the time is up.
    """
    end = None if seconds is None else time.monotonic() + seconds
    found = names.find(seconds)
    failed: OSError = OSError(f"{names.host} has no address")
    for index, (family, kind, protocol, _, address) in enumerate(found):
        left = None if end is None else end - time.monotonic()
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
            made.settimeout(None if end is None else max(end - time.monotonic(), 0.001))
            return made
    raise failed


def secure(connected: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket | TlsInTls:
    """Put TLS on a connected socket; it is closed where that fails.

    Args:
        connected: the socket, with its time limit.
        context: certificates and keys.
        name: the name or address that the server's certificate must be for.

    Raises:
        OSError: the server is not trusted, or does not speak TLS.
    """
    return (
        TlsInTls(connected, context, name)
        if isinstance(connected, ssl.SSLSocket)
        else secure_proxy(connected, context, name)
    )


def secure_proxy(connected: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    """Put TLS on a connection to a proxy, on which there may be another layer: see `secure`."""
    try:
        # An end without the goodbye of TLS may be somebody else's doing.
        return context.wrap_socket(connected, server_hostname=name, suppress_ragged_eofs=False)
    except BaseException:
        connected.close()
        raise


async def connect_async(names: Names) -> AsyncSocket:
    """Connect to a host, its addresses tried side by side: see `connect`."""
    from anyio.abc import SocketAttribute

    hosts = [str(address[0]) for *_, address in await names.find_async()]
    stream = await _race(hosts, names.port)
    raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django here
    _tune(raw)
    return AsyncSocket(stream, raw.fileno())


async def _race(hosts: list[str], port: int) -> SocketStream:
    """Connect to the first address that can be reached; the next one is tried after a moment (RFC 8305)."""
    import anyio

    if len(hosts) == 1:
        return await anyio.connect_tcp(hosts[0], port)
    made: list[SocketStream] = []
    failed: list[OSError] = []

    async def attempt(host: str, ended: anyio.Event) -> None:
        try:
            stream = await anyio.connect_tcp(host, port)
        except OSError as error:
            failed.append(error)
            ended.set()
        else:
            made.append(stream)
            group.cancel_scope.cancel()

    unwanted: list[SocketStream] = made
    try:
        async with anyio.create_task_group() as group:
            for host in hosts:
                ended = anyio.Event()
                group.start_soon(attempt, host, ended)
                with anyio.move_on_after(_NEXT_SECONDS):
                    await ended.wait()
        unwanted = made[1:]  # Two may have been made at once.
    finally:
        with anyio.CancelScope(shield=True):
            for stream in unwanted:
                await stream.aclose()
    if not made:
        raise OSError("no address can be reached") from ExceptionGroup("each address", failed)
    return made[0]


async def secure_proxy_async(connected: AsyncSocket, context: ssl.SSLContext, name: str) -> AsyncSocket:
    """Put TLS on a connection to a proxy, under which there will be another: see `secure`."""
    await secure_async(connected, context, name)
    return connected.carrying()


async def secure_async(connected: AsyncSocket, context: ssl.SSLContext, name: str) -> None:
    """Put TLS on a connection; it is closed where that fails: see `secure`."""
    try:
        await connected.secure(context, name)
    except BaseException:
        await connected.aclose()
        raise


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


def _readable(fileno: int) -> Callable[[], bool]:
    """Return the question whether there is something to read."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fileno, select.POLLIN)
        return lambda: bool(poll.poll(0))
    return lambda: wait_for(fileno, read=True, seconds=0)
