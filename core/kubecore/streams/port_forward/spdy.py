"""SPDY/3.1 as port-forward uses it: frames to bytes, bytes to frames. No I/O.

Only the parts of the protocol that nodes use: streams that we open, data, half-close, reset and ping. Nodes do not
support flow control, and their headers are ignored, so that their compressed data is never unpacked.
Source: the SPDY/3.1 draft, sections 2.2, 2.6 and 2.6.10; `github.com/moby/spdystream`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from kubecore.errors import ProtocolError

__all__ = ["Data", "Decoder", "Encoder", "Frame", "GoAway", "Opened", "Ping", "Reply", "Reset"]

_VERSION: Final = 0x8003
_FIN: Final = 0x01
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY = 1, 2, 3, 6, 7
_KNOWN: Final = range(1, 11)
_MOST_CONTROL: Final = 64 * 1024
"""Longest control frame that is read, in bytes; nodes send a hundred."""

_SHORTEST: Final = {_SYN_STREAM: 10, _SYN_REPLY: 4, _RST_STREAM: 8, _PING: 4, _GOAWAY: 8}

_CANCEL: Final = 5

# The dictionary of section 2.6.10: words behind their lengths, then text.
_WORDS: Final = (
    "options|head|post|put|delete|trace|accept|accept-charset|accept-encoding|accept-language|accept-ranges|"
    "age|allow|authorization|cache-control|connection|content-base|content-encoding|content-language|"
    "content-length|content-location|content-md5|content-range|content-type|date|etag|expect|expires|from|"
    "host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|location|"
    "max-forwards|pragma|proxy-authenticate|proxy-authorization|range|referer|retry-after|server|te|trailer|"
    "transfer-encoding|upgrade|user-agent|vary|via|warning|www-authenticate|method|get|status|200 OK|version|"
    "HTTP/1.1|url|public|set-cookie|keep-alive|origin"
)
_TEXT: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY: Final = (
    b"".join(struct.pack(">I", len(word)) + word.encode() for word in _WORDS.split("|")) + _TEXT.encode()
)


class Reply(NamedTuple):
    """The other end has taken a stream."""

    stream: int


class Opened(NamedTuple):
    """The other end opens a stream."""

    stream: int


class Data(NamedTuple):
    """A chunk of a stream's data.

    Attributes:
        stream: The stream.
        data: The bytes.
        is_last: Whether this is the last one.
    """

    stream: int
    data: bytes
    is_last: bool


class Reset(NamedTuple):
    """A stream has ended in both directions, before its time."""

    stream: int
    code: int


class Ping(NamedTuple):
    """A ping of the other end, or its response to ours."""

    number: int


class GoAway(NamedTuple):
    """The other end accepts no more streams."""


Frame: TypeAlias = Reply | Opened | Data | Reset | Ping | GoAway


class Encoder:
    """Writes the frames of one connection, in the order in which they are sent."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def open(self, stream: int, headers: Mapping[str, str]) -> bytes:
        """Open a stream.

        Args:
            stream: Its number, an uneven number larger than the last.
            headers: Its headers; the names are lower-cased.
        """
        block = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for text in (name.lower().encode(), value.encode()):
                block += struct.pack(">I", len(text)) + text
        packed = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(_SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + packed)

    def data(self, stream: int, data: bytes, *, is_last: bool = False) -> bytes:
        """Write data of a stream; `is_last` ends our direction of it."""
        return struct.pack(">II", stream, (_FIN if is_last else 0) << 24 | len(data)) + data

    def cancel(self, stream: int) -> bytes:
        """End a stream in both directions."""
        return _control(_RST_STREAM, struct.pack(">II", stream, _CANCEL))

    def ping(self, number: int) -> bytes:
        """Respond to a ping."""
        return _control(_PING, struct.pack(">I", number))


def _control(kind: int, payload: bytes) -> bytes:
    return struct.pack(">HHI", _VERSION, kind, len(payload)) + payload


class Decoder:
    """Parses the frames of one connection incrementally."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # Of a frame whose rest is to come.
        self._held = 0
        self._needed = 0
        self._stream = 0
        self._left = 0  # Of the data frame that is coming.
        self._is_last = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Parse received data; data is yielded as it arrives, so that no frame is ever held completely.

        Raises:
            ProtocolError: It is not SPDY; earlier data has been yielded.
        """
        buffer, at = data, 0
        if self._parts:
            self._parts.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return  # Joined once the frame is complete: a copy for each chunk would take quadratic time.
            buffer = b"".join(self._parts)
            self._parts.clear()
        self._needed = 8
        while True:
            if self._left:
                piece = buffer[at : at + self._left]
                if not piece:
                    break
                at += len(piece)
                self._left -= len(piece)
                yield Data(self._stream, piece, self._is_last and not self._left)
                continue
            if len(buffer) - at < 8:
                break
            first, second = struct.unpack_from(">II", buffer, at)
            length = second & 0xFFFFFF
            if not first >> 31:
                at += 8
                self._stream, self._left, self._is_last = first, length, bool(second >> 24 & _FIN)
                if not length:
                    yield Data(first, b"", self._is_last)
                continue
            _check(first, length)
            if len(buffer) - at - 8 < length:
                self._needed = 8 + length
                break
            yield from _read(first & 0xFFFF, second >> 24, buffer[at + 8 : at + 8 + length])
            at += 8 + length
        if at < len(buffer):
            self._parts, self._held = [buffer[at:]], len(buffer) - at


def _check(first: int, length: int) -> None:
    kind = first & 0xFFFF
    if first >> 16 != _VERSION or kind not in _KNOWN:
        raise ProtocolError("the received data is not SPDY/3.1")
    if not _SHORTEST.get(kind, 0) <= length <= _MOST_CONTROL:
        raise ProtocolError(f"a frame of SPDY has {length} bytes")


def _read(kind: int, flags: int, payload: bytes) -> Iterator[Frame]:
    """Read a control frame; those that change nothing for us give none."""
    if kind == _PING:
        yield Ping(*struct.unpack_from(">I", payload))
    elif kind == _GOAWAY:
        yield GoAway()
    elif kind in (_SYN_STREAM, _SYN_REPLY, _RST_STREAM):
        stream = struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF
        if kind == _RST_STREAM:
            yield Reset(stream, *struct.unpack_from(">I", payload, 4))
            return
        yield Opened(stream) if kind == _SYN_STREAM else Reply(stream)
        if flags & _FIN:
            yield Data(stream, b"", True)
