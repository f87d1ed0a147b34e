"""One forwarded connection: data from the pod that was not read yet, and errors of the node. No I/O.

Each connection has a separate websocket. In Kubernetes' protocol several can share one, but without flow control: one
slow reader would block all others, and an error of one would end them.
Source: `portforward` of client-go and of `k8s.io/cri-streaming`.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from kubecore._support.terminal import escape_for_terminal
from kubecore.errors import InvalidRequestError, PortForwardError, ProtocolError, ReadError
from kubecore.streams.port_forward import spdy

__all__ = ["FRAME", "PROTOCOLS", "Tunnel"]

PROTOCOLS: Final = ("SPDY/3.1+portforward.k8s.io",)

FRAME: Final = 32 * 1024
"""How much goes into one frame, in bytes."""

_ERROR, _DATA = 1, 3  # The streams; those that the client opens have uneven numbers.
_MOST_SAID: Final = 4096


class Tunnel:
    """One connection to a port of a pod.

    Args:
        port: The port.
        place: The request, for errors.
    """

    def __init__(self, port: int, place: str) -> None:
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError(f"the port {str(port)[:40]!r} is not a number from 1 to 65535")
        self._port = port
        self.place: str = place
        self._encoder = spdy.Encoder()
        self._decoder = spdy.Decoder()
        self._inbox: deque[bytes] = deque()
        self._taken = 0  # Bytes of the first entry of the inbox that were returned.
        self._waiting: set[int] = {_ERROR, _DATA}
        self._is_ended = False
        self._is_reset = False
        self._said = b""
        self._has_said_all = False
        self._failure: Exception | None = None
        self._is_finished = False

    @property
    def is_open(self) -> bool:
        """Whether the node has responded; the first read shows whether a process listens at the port."""
        return not self._waiting

    def open(self) -> bytes:
        """Return the bytes that request the connection."""
        headers = {"port": str(self._port), "requestID": "0"}
        return b"".join(
            (
                self._encoder.open(_ERROR, {"streamType": "error", **headers}),
                self._encoder.data(_ERROR, b"", is_last=True),
                self._encoder.open(_DATA, {"streamType": "data", **headers}),
            )
        )

    def data(self, data: bytes) -> bytes:
        """Return the bytes that carry data to the pod."""
        return self._encoder.data(_DATA, data)

    def finish(self) -> bytes:
        """Return the bytes that end our direction, b"" if they were sent."""
        if self._is_finished:
            return b""
        self._is_finished = True
        return self._encoder.data(_DATA, b"", is_last=True)

    def feed(self, data: bytes) -> bytes:
        """Handle received data; return bytes to send in response, mostly none."""
        replies: list[bytes] = []
        try:
            replies.extend(filter(None, map(self._take, self._decoder.feed(data))))
        except ProtocolError as error:
            self._failure = ProtocolError(f"{self.place}: {error}")
        return b"".join(replies)

    def end(self, goodbye: str) -> None:
        """Record the end of the session, with the message of the other end."""
        self._has_said_all = True
        if not self._is_ended and self._failure is None:
            detail = f" with {goodbye}" if goodbye else ""
            self._failure = ReadError(f"{self.place}: the node ended the connection to port {self._port}{detail}")

    def check(self) -> None:
        """Raise the error that ended the connection before the node responded.

        Raises:
            TransportError: The connection broke.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)

    def take(self, max_bytes: int) -> bytes | None:
        """Return received data, b"" at the end, None if there is none yet.

        Raises:
            PortForwardError: The node cannot reach the port.
            TransportError: The connection broke.
        """
        if self._inbox:
            first, begin = self._inbox[0], self._taken
            end = begin + max_bytes
            if len(first) > end:
                self._taken = end
                return first[begin:end]
            self._inbox.popleft()
            self._taken = 0
            return first[begin:] if begin else first
        if self._said and (self._has_said_all or self._is_reset):
            raise self._refused()
        if self._failure is not None:
            raise self._refused() if self._said else self._failure.with_traceback(None)
        if self._is_reset:
            raise ReadError(f"{self.place}: the node reset the connection to port {self._port}")
        # An error may be reported after the end.
        return b"" if self._is_ended and self._has_said_all else None

    def _refused(self) -> PortForwardError:
        return PortForwardError(
            f"{self.place}: port {self._port}: {escape_for_terminal(self._said.decode('utf-8', 'replace').strip())}"
        )

    def _take(self, frame: spdy.Frame) -> bytes:
        if isinstance(frame, spdy.Ping):
            return self._encoder.ping(frame.number) if frame.number % 2 == 0 else b""
        if isinstance(frame, spdy.Opened):
            return self._encoder.cancel(frame.stream)  # It was not requested.
        if isinstance(frame, spdy.GoAway):
            return b""
        if frame.stream not in (_ERROR, _DATA):
            raise ProtocolError("the received data is not SPDY/3.1, or is for a stream that was never opened")
        if isinstance(frame, spdy.Reply):
            self._waiting.discard(frame.stream)
        elif frame.stream == _ERROR:
            self._hear(frame)
        else:
            self._carry(frame)
        return b""

    def _hear(self, frame: spdy.Data | spdy.Reset) -> None:
        if isinstance(frame, spdy.Data):
            self._said = (self._said + frame.data)[:_MOST_SAID]
        if isinstance(frame, spdy.Reset) or frame.is_last:
            self._waiting.discard(_ERROR)
            self._has_said_all = True

    def _carry(self, frame: spdy.Data | spdy.Reset) -> None:
        if isinstance(frame, spdy.Reset):
            self._is_reset = not self._is_ended
            self._waiting.clear()
            return
        if frame.data and not self._is_ended:
            self._inbox.append(frame.data)
        self._is_ended = self._is_ended or frame.is_last
