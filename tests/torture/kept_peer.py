"""The server's side of a reused connection. It acts in the thread of the client, whenever the client sends or waits."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import ssl
from typing import Final

from tests.torture.kept_plans import LARGE, POISON, Plan, draw, response
from tests.torture.kept_state import State

__all__ = ["Peer"]

_LENGTH: Final = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n")
_RECEIVED: Final = 256 * 1024
_RECORD: Final = 16 * 1024


class Peer:
    """The server's side of one connection.

    Args:
        world: State that all connections share.
        layers: Number of layers of TLS.
    """

    def __init__(self, world: State, layers: int) -> None:
        self.world = world
        self.client, self._sock = socket.socketpair()
        self._sock.setblocking(False)
        self._tls: list[tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]] = []
        for _ in range(layers):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = world.server.wrap_bio(incoming, outgoing, server_side=True)
            self._tls.append((tls, incoming, outgoing))
        self._ready = 0  # Layers whose handshake is done.
        self._out = bytearray()
        self._bounds: list[int] = []  # Positions in `_out` at which a TLS read of the client can end.
        self._received = b""
        self._plan: Plan | None = None
        self._waits = 0
        self._has_responded = False
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
        if not self._has_responded and (is_whole or plan.early):
            self._out += self._rest  # The other part of the unrequested data, after the next request.
            self._rest = b""
            self._respond(plan)
            if not is_whole:
                self._deliver(len(self._out))
                self.world.early += 1
                if not (plan.extra or self._ends) and self.world.chance.random() < 0.7:
                    # The server parses the rest of the body as a request, whose response follows the next one.
                    self._rest, _ = self._encrypted(self.world.chance.choice(POISON))

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
            self.world.strike(plan.fault)
        self._waits += 1
        if self._out:
            least = self._bounds[0] if self._bounds and not any_bytes else 1
            self._deliver(self.world.chance.randint(least, len(self._out)))
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
        self._plan, self._has_responded, self._received, self._waits = None, False, b"", 0

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
        world = self.world
        method, target, _ = head.split(b" ", 2)
        tag = target[1:]
        is_large = b"Content-Length: %d\r" % LARGE in head
        self._plan = draw(world.chance, is_large=is_large, is_plain=not self._tls)
        self._method, self._tag = method.decode(), tag
        self.requests += 1
        world.reused += self.requests > 1
        world.plans[tag] = self._plan, self._method

    def _respond(self, plan: Plan) -> None:
        self._has_responded = True
        data = response(plan, self._tag, self._method, self.world.chance)
        if plan.truncated:
            data = data[: self.world.chance.randrange(len(data))]
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
            if body is not None and self.world.chance.random() < 0.4:
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
        chance = self.world.chance
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
