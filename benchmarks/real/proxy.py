"""A proxy that makes a server far: it delays all bytes and limits their rate.

`python -m benchmarks.real.proxy PORT ROUND-TRIP-MS MBIT` forwards to that port of loopback and prints its own port.
Half of the round trip is added in each direction, to the handshakes of TLS, too. The connect of TCP itself is not
delayed, and TCP's slow start does not happen. All connections share the rate, separately for each direction.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import sys

CHUNK = 1 << 16


class Link:
    """One direction of the network, which all connections share.

    Args:
        delay: Seconds between the arrival of a byte and its delivery.
        rate: Bytes for each second.
    """

    def __init__(self, delay: float, rate: float) -> None:
        self._delay = delay
        self._rate = rate
        self._free = 0.0

    def delivery(self, size: int, now: float) -> float:
        """Return when so many bytes are delivered that arrive now: after all that arrived before."""
        self._free = max(self._free, now) + size / self._rate
        return self._free + self._delay

    @property
    def window(self) -> int:
        """Most bytes of a connection on their way, so that the rate is reached and a fast server has to wait."""
        return max(4 * CHUNK, int(4 * self._rate * self._delay))


class Direction:
    """The bytes of one connection in one direction."""

    def __init__(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._link = link
        self._reader = reader
        self._writer = writer
        self._waiting: collections.deque[tuple[float, bytes]] = collections.deque()
        self._size = 0
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Forward all bytes, then the end."""
        receiving = asyncio.create_task(self._receive())
        try:
            with contextlib.suppress(OSError):
                await self._deliver()
        finally:
            receiving.cancel()
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.write_eof() if self._writer.can_write_eof() else self._writer.close()

    async def _receive(self) -> None:
        clock = asyncio.get_running_loop().time
        data = b"-"
        while data:
            while self._size > self._link.window:
                self._changed.clear()
                await self._changed.wait()
            try:
                data = await self._reader.read(CHUNK)
            except OSError:
                data = b""
            self._size += len(data)
            self._waiting.append((self._link.delivery(len(data), clock()), data))
            self._changed.set()

    async def _deliver(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            while not self._waiting:
                self._changed.clear()
                await self._changed.wait()
            due, data = self._waiting.popleft()
            if (left := due - clock()) > 0:
                await asyncio.sleep(left)
            if not data:
                return
            self._writer.write(data)
            await self._writer.drain()
            self._size -= len(data)
            self._changed.set()


async def serve(target: int, round_trip: float, rate: float) -> None:
    """Forward connections to a port of loopback until the process ends."""
    up, down = Link(round_trip / 2, rate), Link(round_trip / 2, rate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
            with contextlib.closing(far_writer), contextlib.closing(writer):
                await asyncio.gather(Direction(up, reader, far_writer).run(), Direction(down, far_reader, writer).run())

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 1e3, float(sys.argv[3]) * 1e6 / 8))
