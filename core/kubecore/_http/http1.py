"""HTTP/1.1 as a client speaks it, without I/O: writes requests, parses responses.

Strict: ambiguous messages are refused, since a proxy may interpret them differently. Written for API servers, with one
response per request; it needs a tenth of the time of a general parser.
Source: RFC 9110, RFC 9112.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

__all__ = ["Body", "CutError", "MalformedError", "ResponseParser", "request_head"]

_MOST_HEAD: Final = 256 * 1024
"""Largest response head that is read, in bytes. Go's servers send at most 1 MiB, typical ones a few hundred."""

_MOST_INTERIM: Final = 16
"""Maximum number of interim responses (`103 Early Hints`) before the response."""

_TARGET: Final = re.compile(r"[!-~]+")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [\t -~\x80-\xff]*)?")
_FIELDS: Final = re.compile(rb"(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*)*")
_TRAILER: Final = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*)?\r\n")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t -~\x80-\xff]*)?")
_LONGEST_LINE: Final = 4096
_MOST_TRAILERS: Final = 100


class MalformedError(Exception):
    """Received data, or a request to be sent, is not valid HTTP/1.1."""


class CutError(Exception):
    """The connection ended before the end of the response."""


def request_head(method: str, target: str, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Serialize the request head.

    Args:
        method: The method.
        target: Path and query, percent-encoded.
        headers: Names and values.

    Returns:
        The bytes, the empty line included.

    Raises:
        MalformedError: A part of it would end a line, or is invalid in one. It is not quoted, since it may be a secret.
    """
    if not _TARGET.fullmatch(target):
        raise MalformedError("the request's path holds characters that no path can hold")
    head = b"".join(
        (
            f"{method} {target} HTTP/1.1\r\n".encode("ascii"),
            b"".join([b"%b: %b\r\n" % header for header in headers]),
            b"\r\n",
        )
    )
    lines = len(headers) + 2
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
        head = b""  # It may hold a secret, which a traceback that shows variables must not.
        raise MalformedError("a header of the request holds characters that no header can hold")
    return head


class Body(Protocol):
    """How the body of a response ends."""

    done: bool
    """Whether the body is complete. Set by callers that read a body of known length without `feed`."""

    length: int | None
    """The body's length in bytes, if the response head has it."""

    def feed(self, data: bytes) -> bytes:
        """Parse received data; return the part of it that belongs to the body.

        Raises:
            MalformedError: It does not match the response head.
        """
        ...

    def end(self) -> None:
        """Handle the end of the connection: a body without a length is complete.

        Raises:
            CutError: The body is incomplete.
        """
        ...


class ResponseParser:
    """Reads one response as it arrives: `feed_head` until it is whole, then `body.feed`.

    Args:
        method: The method of the request: a response to HEAD or CONNECT has no body.
        upgrade: Whether the request was an upgrade: only then may the response be `101 Switching Protocols`, and the
            data after its head belongs to the other protocol.

    Attributes:
        status: The status code.
        headers: The headers, their names in lower case; repeated ones are joined with commas.
        body: The body.
        first: The part of the body that was received with the head.
        keep: Whether the connection may serve another request once the body is complete.
    """

    __slots__ = ("_buffer", "_interim", "_method", "_seen", "_upgrade", "body", "first", "headers", "keep", "status")

    status: int
    headers: dict[str, str]
    body: Body
    first: bytes
    keep: bool

    def __init__(self, method: str, *, upgrade: bool = False) -> None:
        self._method = method
        self._upgrade = upgrade
        self._buffer: bytes | bytearray = b""
        self._seen = 0
        self._interim = 0

    @property
    def started(self) -> bool:
        """Whether any data was received."""
        return bool(self._buffer) or self._interim > 0

    def feed_head(self, data: bytes) -> bool:
        """Parse received data.

        Args:
            data: The bytes, b"" if the connection has ended.

        Returns:
            True once the response head is complete; the other attributes are set from then on.

        Raises:
            MalformedError: This is not a valid response.
            CutError: The connection has ended.
        """
        if not data:
            raise CutError("the server closed the connection without a response")
        buffer: bytes | bytearray = data
        if self._buffer:  # Extended in place: a copy for each chunk of the response head would take quadratic time.
            buffer = self._buffer if isinstance(self._buffer, bytearray) else bytearray(self._buffer)
            buffer += data
        while True:
            end = buffer.find(b"\r\n\r\n", max(0, self._seen - 3))
            if end < 0:
                self._buffer, self._seen = buffer, len(buffer)
                if len(buffer) > _MOST_HEAD:
                    raise MalformedError(f"the response head is longer than {_MOST_HEAD} bytes")
                if not buffer.startswith(b"HTTP/1."[: len(buffer)]):
                    raise MalformedError("the response is not HTTP/1.1")
                return False
            head, buffer = bytes(buffer[:end]), bytes(buffer[end + 4 :])
            if self._parse(head):
                self.first = self.body.feed(buffer) if buffer else b""
                return True
            self._buffer, self._seen = buffer, 0

    def _parse(self, head: bytes) -> bool:
        """Parse a head; return whether it is that of the final response, not of an interim one."""
        line_end = head.find(b"\r\n")
        line = head if line_end < 0 else head[:line_end]
        matched = _STATUS_LINE.fullmatch(line)
        if matched is None or not _FIELDS.fullmatch(head, len(line)):
            raise MalformedError("the response is not HTTP/1.1")
        status = int(matched[2])
        is_switch = status == 101 and self._upgrade and matched[1] == b"1"
        if status < 200 and not is_switch:
            self._interim += 1
            if status == 101 or self._interim > _MOST_INTERIM:
                raise MalformedError(
                    f"the response begins with {self._interim} interim responses, the last with status {status}"
                )
            return False
        headers: dict[str, str] = {}
        repeated: dict[str, list[str]] = {}
        for field in head[len(line) + 2 :].decode("latin-1").split("\r\n") if line_end >= 0 else ():
            name, _, value = field.partition(":")
            name, value = name.lower(), value.strip(" \t")
            if name in headers:
                repeated.setdefault(name, [headers[name]]).append(value)
            else:
                headers[name] = value
        for name, values in repeated.items():
            headers[name] = ", ".join(values)
        self.status, self.headers = status, headers
        connection = headers.get("connection", "").lower()
        self.keep = matched[1] == b"1" and "close" not in connection and not is_switch
        self.body = self._framing(status, headers)
        if self.body.length is None and type(self.body) is _UntilClose:
            self.keep = False
        return True

    def _framing(self, status: int, headers: dict[str, str]) -> Body:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if status == 101 and (coding is not None or length is not None):
            raise MalformedError("the response changes the protocol, and has a body")
        if coding is not None:
            if length is not None:
                raise MalformedError("the response has both Content-Length and Transfer-Encoding")
            if coding.lower() != "chunked":
                raise MalformedError(f"the response has an unknown Transfer-Encoding: {coding[:40]!r}")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 19):
            raise MalformedError(f"the Content-Length of the response is not a number: {length[:40]!r}")
        if self._method == "HEAD" or status in (204, 304) or (self._method == "CONNECT" and status < 300):
            return _Length(0)
        if coding is not None:
            return _Chunked()
        return _UntilClose() if length is None else _Length(int(length))


class _Length:
    """A body with a known length."""

    __slots__ = ("_left", "done", "length")

    def __init__(self, length: int) -> None:
        self.length: int | None = length
        self._left = length
        self.done = not length

    def feed(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise MalformedError("the response is longer than its Content-Length")
        self.done = not self._left
        return data

    def end(self) -> None:
        raise CutError(f"the connection ended {self._left} bytes before the end of the response")


class _UntilClose:
    """A body that ends with its connection; TLS shows whether the server ended it."""

    __slots__ = ("done", "length")

    def __init__(self) -> None:
        self.length: int | None = None
        self.done = False

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        self.done = True


class _Chunked:
    """A body in chunks, each with its size before it."""

    __slots__ = ("_left", "_line", "_trailers", "done", "length")

    def __init__(self) -> None:
        self.length: int | None = None
        self.done = False
        self._left = 0  # Of the chunk's data, and then of the line end behind it.
        self._line = b""  # The received part of an incomplete line.
        self._trailers = 0  # Lines since the last chunk, itself included.

    def feed(self, data: bytes) -> bytes:
        left = self._left
        if left - 2 >= len(data):  # The middle of a large chunk.
            self._left = left - len(data)
            return data
        pieces: list[bytes] = []
        at = 0
        while at < len(data):
            if self._left:
                at = self._take(data, at, pieces)
                continue
            if self.done:
                self.done = False  # Whose the rest is nobody knows: such a connection is not to be kept.
                raise MalformedError("data follows the last chunk of the response")
            end = data.find(b"\n", at)
            if end < 0:
                self._line += data[at:]
                if len(self._line) > _LONGEST_LINE:
                    raise MalformedError("the line before a chunk does not end")
                break
            line = self._line + data[at : end + 1]
            self._line, at = b"", end + 1
            self._begin(line)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Read a chunk's data, and the two bytes that end it; return the position of the rest."""
        if self._left > 2:
            piece = data[at : at + self._left - 2]
            pieces.append(piece)
            self._left -= len(piece)
            return at + len(piece)
        if data[at] != b"\r\n"[2 - self._left]:
            raise MalformedError("a chunk is longer than its declared size")
        self._left -= 1
        return at + 1

    def _begin(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise MalformedError("the line before a chunk does not end as it must")
        if self._trailers:
            self._trailers += 1
            if self._trailers > _MOST_TRAILERS:
                raise MalformedError("the fields behind the last chunk do not end")
            if not _TRAILER.fullmatch(line):
                raise MalformedError("a line after the last chunk is not a header field")
            self.done = line == b"\r\n"  # The values of the fields are not used.
            return
        matched = _CHUNK_SIZE.fullmatch(line, 0, len(line) - 2)
        if matched is None:
            raise MalformedError("the size of a chunk is not a number")
        size = int(matched[1], 16)
        self._trailers = 0 if size else 1
        self._left = size + 2 if size else 0

    def end(self) -> None:
        raise CutError("the connection ended before the last chunk of the response")
