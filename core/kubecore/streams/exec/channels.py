"""The channels of exec and attach in one websocket: the receiver of each message, and the end of the session. No I/O.

The first byte of a message names its channel.
Source: `k8s.io/apimachinery/pkg/util/remotecommand`, `k8s.io/client-go/tools/remotecommand`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kubecore.codec import decode
from kubecore.errors import DecodeError, InvalidRequestError, ProtocolError, UnknownResultError, status_error
from kubecore.model import meta
from kubecore.streams.websocket.frames import Piece

__all__ = ["ERROR", "FRAME", "PROTOCOLS", "STDERR", "STDIN", "STDOUT", "Channels", "cut"]

V5: Final = "v5.channel.k8s.io"
V4: Final = "v4.channel.k8s.io"
FRAME: Final = 32 * 1024
"""Most data in one message of ours, in bytes: client-go's."""

PROTOCOLS: Final = (V5, V4)
"""The first one can close standard input; the second one is that of servers before 1.30."""

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
RESIZE: Final = 4
CLOSE: Final = 255

_MOST_STATUS: Final = 1024 * 1024
"""Longest Status on the error channel, in bytes."""

_MOST_SIZE: Final = 65535


def cut(data: bytes) -> Iterator[bytes]:
    """Split data to be written into chunks of one message each."""
    view = memoryview(data)
    return (bytes(view[at : at + FRAME]) for at in range(0, len(view), FRAME))


class Channels:
    """The channels of one session.

    Args:
        protocol: The subprotocol that the server chose.
        place: The request, for errors.
    """

    def __init__(self, protocol: str, place: str) -> None:
        self._protocol = protocol
        self._place = place
        self._channel: int | None = None  # Of the message that is coming.
        self._status = bytearray()
        self._wrong = ""
        self._has_status = False  # An empty message has no meaning: nodes send one first if no output is requested.

    def feed(self, piece: Piece) -> tuple[int, bytes]:
        """Handle a chunk of a message.

        Args:
            piece: The chunk.

        Returns:
            The channel, and the bytes for it; `ERROR` and no bytes if there are none for the user.

        Raises:
            ProtocolError: The message is for an unknown channel.
        """
        if self._wrong:
            raise ProtocolError(self._wrong)
        data, channel = piece.data, self._channel
        if channel is None and data:
            channel, data = data[0], data[1:]
        self._channel = None if piece.is_last else channel
        if channel in (STDOUT, STDERR):
            return channel, data
        if channel == ERROR:
            self._status += data
            self._has_status = self._has_status or (piece.is_last and bool(self._status))
            if len(self._status) > _MOST_STATUS:
                raise self._refused(f"the status is longer than {_MOST_STATUS} bytes")
        elif channel not in (None, STDIN, RESIZE, CLOSE):
            raise self._refused(f"a message was received for channel {channel}, which does not exist")
        return ERROR, b""

    def _refused(self, why: str) -> ProtocolError:
        """Record that received data is invalid: no later data can produce a result."""
        self._wrong = f"{self._place}: {why}"
        return ProtocolError(self._wrong)

    def returncode(self, goodbye: str) -> int:
        """Return the code with which the command ended.

        Args:
            goodbye: The server's close frame.

        Raises:
            UnknownResultError: The server did not report the exit status.
            StatusError: It could not be run, or the node does not report its exit code.
            DecodeError: The exit status cannot be read.
        """
        if self._wrong:
            raise ProtocolError(self._wrong)
        if not self._has_status:
            detail = f" ({goodbye})" if goodbye not in ("", "1000", "1005") else ""
            raise UnknownResultError(
                f"{self._place}: the session ended{detail} before the server reported the exit status; "
                "it may have run, in whole or in part"
            )
        return _returncode(self._read_status(), self._place)

    def _read_status(self) -> meta.Status:
        try:
            return decode.decode(bytes(self._status), meta.Status)
        except DecodeError as error:
            raise DecodeError(f"{self._place}: the received status is invalid: {error}") from None

    def data(self, data: bytes) -> bytes:
        """Return the message that carries standard input."""
        return b"\0" + data

    def input(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Return the messages that carry the whole of standard input, and end it.

        Raises:
            ProtocolError: The server's protocol can't end it.
        """
        return itertools.chain(map(self.data, pieces), (self.close_stdin(),))

    def close_stdin(self) -> bytes:
        """Return the message that ends standard input.

        Raises:
            ProtocolError: The server's protocol has none.
        """
        if self._protocol != V5:
            raise ProtocolError(
                f"{self._place}: the server speaks {self._protocol}, which can't end standard input "
                f"(Kubernetes 1.30 and newer speak {V5}); give the command its input in another way"
            )
        return bytes((CLOSE, STDIN))

    def resize(self, width: int, height: int) -> bytes:
        """Return the message with the size of the terminal, in characters.

        Raises:
            InvalidRequestError: The size is invalid.
        """
        if not (0 < width <= _MOST_SIZE and 0 < height <= _MOST_SIZE):
            raise InvalidRequestError(f"a terminal has 1 to {_MOST_SIZE} columns and rows, not {width} and {height}")
        return bytes((RESIZE,)) + json.dumps({"Width": width, "Height": height}).encode("ascii") + b"\n"


def _returncode(status: meta.Status, place: str) -> int:
    if status.status == "Success":
        return 0
    causes: Sequence[meta.StatusCause] = status.details.causes if status.details is not None else ()
    if status.reason == "NonZeroExitCode":
        for cause in causes:
            if cause.reason == "ExitCode" and (code := _code(cause.message or "")) is not None:
                return code
    raise status_error(status).locate(place)


def _code(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 12 and int(text) != 0 else None
