"""State of a session over a websocket: unread data, and whether the other end is alive. No I/O."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from kubecore._http.deadlines import reason
from kubecore.errors import KubeError, ProtocolError, ReadError, ReadTimeoutError, StreamClosedError
from kubecore.streams.websocket.frames import Piece, WebSocket

__all__ = ["SessionState"]

_MOST_HELD: Final = 1024 * 1024
_OVERHEAD: Final = 100
"""Memory of a chunk in addition to its bytes."""

_PING_SECONDS: Final = 5.0
_MUTE_SECONDS: Final = 61.0
"""The interval of pings, and the time limit for any received data, as in client-go."""

_SHORTEST_WAIT: Final = 0.05


class SessionState:
    """One session.

    A session that is waited on sends a ping every 5 s, and fails after 61 s without received data. The limit applies
    only if the other end can be expected to respond: while it still processes sent data, it reads no pings.

    Args:
        place: The request, for errors.
    """

    def __init__(self, place: str) -> None:
        self.place: str = place
        self._websocket = WebSocket()
        self._inbox: deque[Piece] = deque()
        self._held = 0
        self._failure: KubeError | None = None
        self._is_closed = False
        self._silence = 0.0
        self._pinged = time.monotonic()
        self._pings = 0
        # The ping whose pong shows that all sent data was read; b"" until it is sent.
        self._proof: bytes | None = None

    @property
    def has_room(self) -> bool:
        """Whether more may be read ahead."""
        return self._held < _MOST_HELD

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._is_closed or self._failure is not None or self._websocket.is_over

    @property
    def goodbye(self) -> str:
        """The code and reason of the other end's close frame, "" if there are none."""
        return self._websocket.goodbye

    def feed(self, data: bytes) -> None:
        """Handle received data, b"" if the connection has ended."""
        self._silence = 0.0
        if self.is_ended:
            return
        if not data:
            self._failure = ReadError(f"{self.place}: the connection ended without a close frame")
            return
        try:
            for piece in self._websocket.feed(data):
                self._inbox.append(piece)
                self._held += len(piece.data) + _OVERHEAD
        except ProtocolError as error:
            self._failure = ProtocolError(f"{self.place}: {error}")
        if self._websocket.answered == self._proof:
            self._proof = None

    def broke(self, error: Exception) -> None:
        """Keep the error of a connection that broke while it was read; it is raised after all received data."""
        if not self.is_ended:
            self._failure = ReadError(f"{self.place}: the connection broke: {reason(error)}")

    def take(self) -> Piece | None:
        """Return the next received chunk, None if there is none yet, or at the end, when `is_ended`.

        Raises:
            StreamClosedError: It was closed locally.
            TransportError: The connection broke.
        """
        if self._is_closed:
            raise self._closed()
        if self._inbox:
            piece = self._inbox.popleft()
            self._held -= len(piece.data) + _OVERHEAD
            return piece
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        return None

    def message(self, data: bytes) -> bytes:
        """Return the bytes of a message.

        Raises:
            StreamClosedError: It is closed, by us or by the other end.
        """
        self.check_open()
        self._proof = b""
        return self._websocket.message(data)

    def check_open(self) -> None:
        """Raise StreamClosedError if nothing can be sent any more."""
        if self._is_closed:
            raise self._closed()
        if self.is_ended:
            raise StreamClosedError(f"{self.place}: the other end is gone; nothing can be sent any more")

    def quiet(self) -> float:
        """Return how many seconds to wait before `ping` is to be called again."""
        return max(self._pinged + _PING_SECONDS - time.monotonic(), _SHORTEST_WAIT)

    def waited(self, seconds: float) -> None:
        """Handle some seconds without received data.

        Raises:
            ReadTimeoutError: That is too long.
        """
        self._silence += min(seconds, _PING_SECONDS)
        if self._silence > _MUTE_SECONDS and self._proof is None and not self.is_ended:
            self._failure = ReadTimeoutError(f"{self.place}: the other end sent nothing for {_MUTE_SECONDS:g} s")
            raise self._failure

    def ping(self, *, is_free: bool) -> bytes:
        """Return the ping to send, b"" if it is not time for one.

        Args:
            is_free: Whether it can be sent now; else this ping is skipped.
        """
        if self.is_ended or time.monotonic() - self._pinged < _PING_SECONDS:
            return b""
        self._pinged = time.monotonic()
        if not is_free:
            return b""
        self._pings += 1
        payload = b"%d" % self._pings
        if self._proof == b"":
            self._proof = payload
        return self._websocket.ping(payload)

    def control(self) -> bytes:
        """Return the pong to send, b"" if there is none."""
        return b"" if self.is_ended else self._websocket.pong()

    def close(self) -> bytes:
        """Record that the session is closed locally; return the close frame, b"" if there is no receiver."""
        frame = b"" if self.is_ended else self._websocket.close()
        self._is_closed = True
        self._inbox.clear()
        return frame

    def _closed(self) -> StreamClosedError:
        return StreamClosedError(f"{self.place}: the stream is closed")
