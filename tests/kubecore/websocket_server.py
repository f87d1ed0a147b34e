"""A WebSocket server on loopback. It uses wsproto, as the client does."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong
from wsproto.utilities import ACCEPT_GUID, LocalProtocolError

from tests.sockets import SocketServer, read_head

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
SUCCESS = {"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}


def exit_status(code: int) -> dict[str, object]:
    """Return the status that a kubelet sends for a command with this non-zero exit code."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, mask: bool = False) -> bytes:
    """Return one frame, which may be invalid."""
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    flag = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([flag | len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([flag | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", len(payload))
    return head + (b"\0\0\0\0" if mask else b"") + payload


class Peer:
    """The server's end of one session."""

    def __init__(self, connection: socket.socket, head: bytes) -> None:
        self.raw = connection
        self.head = head
        self._inner = Connection(ConnectionType.SERVER)
        self._part = bytearray()
        self._messages: list[bytes] = []
        self.pongs: list[bytes] = []
        self.pings = 0
        self.is_over = False
        self.answers_pings = True

    def send(self, channel: int, data: bytes) -> None:
        self.raw.sendall(bytes(self._inner.send(BytesMessage(bytes([channel]) + data))))

    def ping(self, payload: bytes = b"") -> None:
        self.raw.sendall(bytes(self._inner.send(Ping(payload))))

    def status(self, status: object) -> None:
        self.send(3, json.dumps(status).encode())

    def goodbye(self, code: int = 1000, reason: str | None = None) -> None:
        self.raw.sendall(bytes(self._inner.send(CloseConnection(code, reason))))

    def end(self, status: object) -> None:
        self.status(status)
        self.goodbye()

    def read(self, *, pings: int | None = None) -> bytes | None:
        """Return the next message. Return None at the end of the session, or after this number of pings."""
        while not self._messages and not self.is_over and (pings is None or self.pings < pings):
            data = self.raw.recv(1 << 18)
            if not data:
                self.is_over = True
                break
            self._inner.receive_data(data)
            for event in self._inner.events():
                if isinstance(event, BytesMessage):
                    self._part += event.data
                    if event.message_finished:
                        self._messages.append(bytes(self._part))
                        self._part.clear()
                elif isinstance(event, Ping):
                    self.pings += 1
                    if self.answers_pings:
                        self.raw.sendall(bytes(self._inner.send(event.response())))
                elif isinstance(event, Pong):
                    self.pongs.append(bytes(event.payload))
                elif isinstance(event, CloseConnection):
                    self.is_over = True
        return self._messages.pop(0) if self._messages else None


Script = Callable[[Peer], object]


class WebSocketServer(SocketServer):
    """Runs a script for each session."""

    def __init__(
        self,
        script: Script,
        *,
        protocol: str | None = V5,
        context: ssl.SSLContext | None = None,
        answer: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._script = script
        self._protocol = protocol
        self._answer = answer
        self.heads: list[bytes] = []
        super().__init__(self._serve, context=context)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            head = read_head(connection)
            self.heads.append(head)
            connection.sendall(self._answer(head) if self._answer else switching(head, self._protocol))
            self._script(Peer(connection, head))
        except LocalProtocolError:
            pass
        finally:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                while connection.recv(65536):
                    pass


def key_of(head: bytes) -> bytes:
    return next(line[19:].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: "))


def switching(head: bytes, protocol: str | None, *more: str) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key_of(head) + ACCEPT_GUID, usedforsecurity=False).digest())
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", *more]
    lines.append(f"Sec-WebSocket-Accept: {accept.decode()}")
    if protocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def serving(
    script: Script,
    *,
    protocol: str | None = V5,
    context: ssl.SSLContext | None = None,
    answer: Callable[[bytes], bytes] | None = None,
) -> Iterator[WebSocketServer]:
    with WebSocketServer(script, protocol=protocol, context=context, answer=answer) as server:
        yield server
