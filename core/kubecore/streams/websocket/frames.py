"""A websocket after its handshake, as a client speaks it: bytes to chunks of messages and back. No I/O.

wsproto cuts the stream into frames and refuses data that RFC 6455 forbids: masked frames, reserved bits, wrong lengths,
bad UTF-8, fragments out of turn. This module adds the limits, which it lacks. Chunks are yielded as they arrive, so
that no message is ever held completely.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors import MissingExtraError, ProtocolError

if TYPE_CHECKING:
    from wsproto.connection import Connection
    from wsproto.events import BytesMessage, Event

__all__ = ["Piece", "WebSocket"]

_FED: Final = 64 * 1024
"""How much is looked at in one go, in bytes."""

_MOST_MESSAGE: Final = 1 << 30
"""Longest message, in bytes: servers send 32 KiB."""

_MANY_FRAGMENTS: Final = 1000
_SMALLEST: Final = 64
"""A message in more fragments than this, of less bytes each, is an attack on our time: servers send one."""

_MANY_PINGS: Final = 1000
_PINGS_A_SECOND: Final = 100
"""More pings than this, with nothing between them, are an attack on our time."""


class Piece(NamedTuple):
    """A part of a message.

    Attributes:
        data: The bytes.
        is_last: Whether the message ends with it.
    """

    data: bytes
    is_last: bool


class WebSocket:
    """One end of a websocket.

    Attributes:
        is_over: Whether the other end has sent a close frame; nothing is read after it.
        goodbye: Its code and reason, for errors.
        answered: The payload of its last pong.
    """

    def __init__(self) -> None:
        self._inner = _connection()
        self._length = 0  # Of the message that is coming.
        self._fragments = 0
        self._pings = 0
        self._first_ping = 0.0
        self._pong: bytes | None = None
        self.is_over: bool = False
        self.goodbye: str = ""
        self.answered: bytes = b""

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Parse received data.

        Args:
            data: The bytes.

        Yields:
            The chunks of messages in it; fragments that arrived together are one chunk.

        Raises:
            ProtocolError: It is not a websocket, or exceeds the limits; earlier chunks have been yielded.
        """
        for at in range(0, len(data), _FED):
            if self.is_over:
                return  # RFC 6455 5.5.1: data after the close frame is ignored.
            self._inner.receive_data(data[at : at + _FED])
            yield from self._pieces()

    def message(self, data: bytes) -> bytes:
        """Write a binary message.

        Args:
            data: Its content.

        Returns:
            The bytes to send.
        """
        from wsproto.events import BytesMessage

        return bytes(self._inner.send(BytesMessage(data)))

    def ping(self, payload: bytes) -> bytes:
        """Write a ping; the other end responds with the same payload."""
        from wsproto.events import Ping

        return bytes(self._inner.send(Ping(payload)))

    def pong(self) -> bytes:
        """Write the pong for the last ping, b"" if there is none."""
        from wsproto.events import Pong

        payload, self._pong = self._pong, None
        return b"" if payload is None or self.is_over else bytes(self._inner.send(Pong(payload)))

    def close(self) -> bytes:
        """Write the close frame, b"" if it was sent."""
        from wsproto.connection import ConnectionState
        from wsproto.events import CloseConnection

        if self._inner.state not in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            return b""
        return bytes(self._inner.send(CloseConnection(1000)))

    def _pieces(self) -> Iterator[Piece]:
        from wsproto.events import BytesMessage

        parts: list[bytes] = []
        for event in self._inner.events():
            if isinstance(event, BytesMessage):
                parts.append(bytes(event.data))
                wrong = self._count(event)
                if event.message_finished:
                    yield Piece(b"".join(parts), True)
                    parts.clear()
            else:
                wrong = self._control(event)
            if wrong:
                if parts:
                    yield Piece(b"".join(parts), False)
                raise ProtocolError(wrong)
        if parts:
            yield Piece(b"".join(parts), False)

    def _control(self, event: Event) -> str:
        """Handle a control frame; return the problem with it, if any."""
        from wsproto.connection import ConnectionState
        from wsproto.events import CloseConnection, Ping, Pong, TextMessage

        if isinstance(event, Pong):
            self.answered = bytes(event.payload)
            return self._count_ping()
        if isinstance(event, Ping):
            self._pong = bytes(event.payload)  # Only the last one needs a pong: RFC 6455 5.5.3.
            return self._count_ping()
        if isinstance(event, TextMessage):
            return "received a text message, but all messages must be binary"
        if isinstance(event, CloseConnection):
            if self._inner.state in (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING):
                return f"the received data is not a websocket: {escape_for_terminal(str(event.reason), max_length=200)}"
            self.is_over = True
            self.goodbye = f"{int(event.code)} {escape_for_terminal(event.reason or '', max_length=200)}".rstrip()
        return ""

    def _count(self, event: BytesMessage) -> str:
        self._pings = 0
        self._length += len(event.data)
        self._fragments += event.frame_finished
        if self._length > _MOST_MESSAGE:
            return f"a message is longer than {_MOST_MESSAGE} bytes"
        if self._fragments > _MANY_FRAGMENTS and self._length < self._fragments * _SMALLEST:
            return f"received a message in {self._fragments} fragments"
        if event.message_finished:
            self._length = self._fragments = 0
        return ""

    def _count_ping(self) -> str:
        now = time.monotonic()
        if self._pings == 0:
            self._first_ping = now
        self._pings += 1
        if self._pings > _MANY_PINGS and self._pings > (now - self._first_ping) * _PINGS_A_SECOND:
            return f"{self._pings} pings and pongs were received, and nothing else"
        return ""


def _connection() -> Connection:
    try:
        from wsproto.connection import Connection, ConnectionType
    except ImportError as error:
        raise MissingExtraError(
            "exec, attach, port-forward and cp need wsproto: pip install 'kgen-kubernetes[ws]'"
        ) from error
    return Connection(ConnectionType.CLIENT)
