"""A TCP proxy that forwards to a server and causes the faults of a plan for each connection.

It runs an asyncio event loop in a separate thread. Used as a context manager, it leaves no thread and no socket open.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, Self

__all__ = ["FaultProxy", "How", "Plan"]

How = Literal["fin", "rst"]

_PIECE: Final = 65536
_RST: Final = struct.pack("ii", 1, 0)
_GRACE: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Faults of a connection. Offsets count the bytes from the server, or those from the client if `up` is set.

    Attributes:
        up: Whether the faults affect the data from the client instead of the data from the server.
        cut_after: Number of bytes after which the connection ends; 0 ends it immediately, before any bytes.
        how: The kind of end: a normal close or a reset.
        half_close_after: Number of bytes after which this direction ends; the other one continues.
        mute_after: Number of bytes after which the proxy forwards nothing in both directions and closes nothing.
        corrupt_at: Offset of the byte that arrives with all bits inverted.
        delay: Delay of each chunk in seconds.
        slice: Maximum size of a chunk in bytes; each chunk is sent separately.
    """

    up: bool = False
    cut_after: int | None = None
    how: How = "fin"
    half_close_after: int | None = None
    mute_after: int | None = None
    corrupt_at: int | None = None
    delay: float = 0.0
    slice: int | None = None


class _Pair:
    """Both halves of one connection."""

    def __init__(self, plan: Plan, client: asyncio.StreamWriter) -> None:
        self.plan = plan
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.flowing = asyncio.Event()
        self.flowing.set()

    def reset(self) -> None:
        for writer in (self.client, self.server):
            if writer is not None:
                made: socket.socket | None = writer.get_extra_info("socket")
                if made is not None and made.fileno() >= 0:
                    with contextlib.suppress(OSError):
                        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
                writer.transport.abort()

    def close(self) -> None:
        for writer in (self.client, self.server):
            if writer is not None:
                writer.close()

    async def aclose(self) -> None:
        self.close()
        for writer in (self.client, self.server):
            if writer is not None:
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(_GRACE):
                        await writer.wait_closed()
                writer.transport.abort()


class _CutError(Exception):
    """The plan ends the connection."""


class FaultProxy:
    """Proxy with faults for a server on loopback.

    Args:
        port: The port of the server.
        plan: The faults of the connections: one plan for all, one plan for each in turn (the last one stays in effect),
            or a function from the number of the connection, from 1.

    Attributes:
        plan: The same; a change affects later connections.
        accepted: Number of accepted connections.
    """

    def __init__(self, port: int, plan: Plan | Iterable[Plan] | Callable[[int], Plan] = Plan()) -> None:
        self._upstream = port
        self.plan = plan if isinstance(plan, Plan) or callable(plan) else tuple(plan)
        self.accepted = 0
        self.port = 0
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_frozen = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="torture-proxy", daemon=True)

    @property
    def url(self) -> str:
        """The host for a `Config`, without TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._pairs)

    def cut(self, how: How = "fin") -> None:
        """End every connection that is open."""
        self._do(lambda: self._cut(how))

    def freeze(self) -> None:
        """Forward nothing in both directions of all connections, until `thaw`."""
        self._do(lambda: self._flow(False))

    def thaw(self) -> None:
        """Forward everything again, the retained data first."""
        self._do(lambda: self._flow(True))

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the proxy did not start")
        return self

    def __exit__(self, *_: object) -> None:
        over = self._over
        if over is not None:
            self._do(over.set)
        self._thread.join(10)

    def _do(self, work: Callable[[], object]) -> None:
        assert self._loop is not None
        done = threading.Event()

        def run() -> None:
            try:
                work()
            finally:
                done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(5)

    def _cut(self, how: How) -> None:
        for pair in list(self._pairs):
            if how == "rst":
                pair.reset()
            else:
                pair.close()

    def _flow(self, flows: bool) -> None:
        self._is_frozen = not flows
        for pair in self._pairs:
            if flows:
                pair.flowing.set()
            else:
                pair.flowing.clear()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # Closed transports close their sockets in the next iteration of the event loop.
        await asyncio.sleep(0)

    def _plan(self) -> Plan:
        plan = self.plan
        if isinstance(plan, Plan):
            return plan
        if isinstance(plan, tuple):
            return plan[min(self.accepted, len(plan)) - 1]
        return plan(self.accepted)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        pair = _Pair(self._plan(), writer)
        if self._is_frozen:
            pair.flowing.clear()
        self._pairs.add(pair)
        try:
            await self._serve(pair, reader)
        except OSError:
            pair.reset()
        except asyncio.CancelledError:
            pass  # The proxy stops, and nothing awaits this task.
        finally:
            await pair.aclose()
            self._pairs.discard(pair)
            self._tasks.discard(task)

    async def _serve(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        try:
            await self._forward(pair, reader)
        except _CutError:
            await self._end(pair, reader)

    async def _forward(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        if pair.plan.cut_after == 0 and not pair.plan.up:
            raise _CutError
        from_server, pair.server = await asyncio.open_connection("127.0.0.1", self._upstream)
        pumps = [
            asyncio.ensure_future(self._pump(pair, reader, pair.server, is_up=True)),
            asyncio.ensure_future(self._pump(pair, from_server, pair.client, is_up=False)),
        ]
        try:
            await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _end(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        if pair.plan.how == "rst":
            pair.reset()
            return
        with contextlib.suppress(OSError, TimeoutError):
            pair.client.write_eof()
            async with asyncio.timeout(_GRACE):  # Unread data would turn the close into a reset.
                while await reader.read(_PIECE):
                    pass

    async def _pump(
        self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_up: bool
    ) -> None:
        plan = pair.plan if pair.plan.up is is_up else Plan()
        marks = _marks(plan)
        at = 0
        while data := await reader.read(_PIECE):
            while data:
                room = marks[0][0] - at if marks else len(data)
                most = min(room, plan.slice or len(data), len(data))
                piece, data = data[:most], data[most:]
                if plan.corrupt_at is not None and at <= plan.corrupt_at < at + len(piece):
                    piece = _corrupted(piece, plan.corrupt_at - at)
                if piece:
                    await asyncio.sleep(plan.delay)
                    await pair.flowing.wait()
                    writer.write(piece)
                    await writer.drain()
                    at += len(piece)
                while marks and at >= marks[0][0]:
                    fault = marks.pop(0)[1]
                    if fault == "cut":
                        raise _CutError
                    if fault == "mute":
                        pair.flowing.clear()
                    else:
                        writer.write_eof()
                        while await reader.read(_PIECE):
                            pass
                        return
        await pair.flowing.wait()  # `freeze` also delays the end.
        with contextlib.suppress(OSError):
            writer.write_eof()


def _marks(plan: Plan) -> list[tuple[int, str]]:
    """Return the offsets of the faults in ascending order."""
    marks = ((plan.mute_after, "mute"), (plan.half_close_after, "half"), (plan.cut_after, "cut"))
    return sorted((at, fault) for at, fault in marks if at is not None)


def _corrupted(piece: bytes, at: int) -> bytes:
    return piece[:at] + bytes([piece[at] ^ 0xFF]) + piece[at + 1 :]
