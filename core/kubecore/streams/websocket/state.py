"""What a session over a websocket knows: what has come and waits to be read, and who is there. No I/O."""

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
"""What a piece costs beside its bytes."""

_PING_SECONDS: Final = 5.0
_MUTE_SECONDS: Final = 61.0
"""How often to ask, and how long to wait for a sign of life: client-go's."""

_SHORTEST_WAIT: Final = 0.05


class SessionState:
    """One session.

    A session that is waited on asks every 5 s whether the other end is there, and gives up after 61 s of silence. The
    silence counts only where the other end can be expected to speak: one that is still busy with what we sent reads no
    pings.

    Args:
        place: what was asked, for errors.
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
        # The ping whose answer shows that all we sent was read; b"" while it is still to be sent.
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
        """The code and reason of the other end's goodbye, "" where it said none."""
        return self._websocket.goodbye

    def feed(self, data: bytes) -> None:
        """Take what came, b"" where the connection has ended."""
        self._silence = 0.0
        if self.is_ended:
            return
        if not data:
            self._failure = ReadError(f"{self.place}: the connection ended without a goodbye")
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
        """Take note that the connection broke while it was read."""
        if not self.is_ended:
            self._failure = ReadError(f"{self.place}: the connection broke: {reason(error)}")

    def take(self) -> Piece | None:
        """Return the next piece that has come, None where there is none yet; or at the end, when `is_ended`.

        Raises:
            StreamClosedError: we have closed it.
            TransportError: it broke.
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
            StreamClosedError: it is closed, by us or by the other end.
        """
        self.check_open()
        self._proof = b""
        return self._websocket.message(data)

    def check_open(self) -> None:
        """Raise StreamClosedError where nothing can be sent any more."""
        if self._is_closed:
            raise self._closed()
        if self.is_ended:
            raise StreamClosedError(f"{self.place}: the other end is gone; nothing can be sent any more")

    def quiet(self) -> float:
        """Return how many seconds to wait before `ping` is to be called again."""
        return max(self._pinged + _PING_SECONDS - time.monotonic(), _SHORTEST_WAIT)

    def waited(self, seconds: float) -> None:
        """Take note that nothing came for some seconds.

        Raises:
            ReadTimeoutError: that is too long.
        """
        self._silence += min(seconds, _PING_SECONDS)
        if self._silence > _MUTE_SECONDS and self._proof is None and not self.is_ended:
            self._failure = ReadTimeoutError(f"{self.place}: the other end was mute for {_MUTE_SECONDS:g} s")
            raise self._failure

    def ping(self, *, is_free: bool) -> bytes:
        """Return what is to be sent to ask whether the other end is there, b"" where it is not time for that.

        Args:
            is_free: whether it can be sent now; else the turn is left out.
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
        """Return the answer to a ping, b"" where there is none to give."""
        return b"" if self.is_ended else self._websocket.pong()

    def close(self) -> bytes:
        """Take note that we close it; return the goodbye, b"" where there is nobody to say it to."""
        said = b"" if self.is_ended else self._websocket.close()
        self._is_closed = True
        self._inbox.clear()
        return said

    def _closed(self) -> StreamClosedError:
        return StreamClosedError(f"{self.place}: the stream is closed")
