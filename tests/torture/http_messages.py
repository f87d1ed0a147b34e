"""Valid and invalid HTTP/1.1 responses, drawn from a grammar and then mutated."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["Drawn", "Message", "cut", "message"]


class Message(NamedTuple):
    """The received bytes, and the request that they respond to.

    Attributes:
        method: The method of the request.
        upgrade: Whether the request is for a protocol upgrade.
        data: The bytes until the connection ends.
    """

    method: str
    upgrade: bool
    data: bytes


class Drawn(random.Random):
    """Source of choices that reads bytes, and zero after their end, which selects the first choice.

    Args:
        data: The bytes; hypothesis shrinks them, and with them the message.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def random(self) -> float:
        """Return the next number, at least 0 and less than 1."""
        byte = self._data[self._at] if self._at < len(self._data) else 0
        self._at += 1
        return byte / 256


_ODD_VERSIONS: Final = (b"HTTP/1.0",) * 6 + (b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.10")
_STATUSES: Final = (b"200",) * 8 + (b"201", b"204", b"204", b"304", b"404", b"409", b"500", b"302", b"102")
_REASONS: Final = (b" OK", b" OK", b" Not Found", b" ", b"", b"  two  ", b" \xe9t\xe9", b" a\tb")
_ODD_REASONS: Final = (b"\t", b" a\x01b", b" a\x7fb", b"OK")
_NAMES: Final = (b"X-A", b"Content-Type", b"Warning", b"warning", b"Date", b"a", b"!#$%&'*+-.^_`|~9")
_ODD_NAMES: Final = (b"X A", b"", b"X-A ", b"\xe9", b"X\tA", b"X(A)", b" X")
_VALUES: Final = (b"b", b"application/json", b'299 - "text"', b"", b"a, b", b"a  b", b"\xe9", b'"q\\"', b"a:b")
_ODD_VALUES: Final = (b"a\x00b", b"a\x01b", b"a\x7fb", b"a\rb", b"a\nb", b"a\x0bb", b"\xa0", b"a\r\n b", b"a\r\n\t")
_SPACES: Final = (b" ", b" ", b" ", b"", b"  ", b"\t", b" \t ")
_ODD_ENDS: Final = (b"\n", b"\r", b"\r\r\n", b"\n\r\n")
_LENGTHS: Final = (
    b"+%d",
    b"-%d",
    b"0%d",
    b"%d,%d",
    b"%d, %d",
    b"0x%d",
    b"%d ",
    b"%d.0",
    b"",
    b"%d" + b"0" * 18,
    b"1_%d",
)
_CODINGS: Final = (
    b"Chunked",
    b"gzip, chunked",
    b"chunked, chunked",
    b"identity",
    b"gzip",
    b"",
    b"chunked,",
    b"x\tchunked",
    b"chunked;a",
)
_CONNECTIONS: Final = (
    b"close",
    b"keep-alive",
    b"Close",
    b"keep-alive, close",
    b"Upgrade",
    b"closed",
    b"not-close",
    b"",
)
_BODIES: Final = (
    b"",
    b"x",
    b"hello",
    b'{"kind":"Pod"}',
    b"\r\n",
    b"0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    bytes(range(256)),
)
_EXTENSIONS: Final = (b"", b"", b"", b";a", b";a=b", b';a="b;c"', b"; a = b", b"\t", b" ", b";\xff")
_ODD_EXTENSIONS: Final = (b" ;a", b";\x01", b";a\x00", b"a", b";\r", b" \t")
_ODD_SIZES: Final = (b"", b"-1", b"+1", b"0x1", b"g", b"1 1", b"f" * 16, b"0" * 16, b"1" + b"0" * 19, b"1_0", b" 1")
_TRAILERS: Final = (b"", b"", b"", b"X-T: 1\r\n", b"X-T: 1\r\nY:2\r\n")
_ODD_TRAILERS: Final = (b"bad\r\n", b" X: y\r\n", b"X : y\r\n", b"X: y\r\n z\r\n", b"X: \x01\r\n", b"X: y\n", b"\n")
_MUTATIONS: Final = tuple(
    b"0 1 -1 99999999999999999999 \r \n \r\n \r\n\r\n \n\n \t \0 \xff \x7f : ; , . HTTP/1.1 HTTP/1.0 200 100 101 204 304 999"
    b" Content-Length: Content-Length:5\r\n Transfer-Encoding: Transfer-Encoding:chunked\r\n chunked gzip Connection:close\r\n"
    b" Upgrade:x\r\n 5\r\nhello\r\n 0\r\n\r\n \r\n\t a".split(b" ")
)


def message(chance: random.Random) -> Message:
    """Draw a message.

    Args:
        chance: The source of every choice.
    """
    method = chance.choice(("GET", "GET", "GET", "GET", "HEAD", "CONNECT"))
    upgrade = method == "GET" and chance.random() > 0.85
    interim = b"".join(_interim(chance) for _ in range(chance.choice((0,) * 20 + (1, 1, 1, 2, 17))))
    data = interim + _response(chance, upgrade=upgrade)
    if chance.random() > 0.7:
        data = _mutated(data, chance)
    return Message(method, upgrade, data)


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """Cut bytes into the received chunks: one chunk, single bytes, or random sizes."""
    kind = chance.random()
    if kind < 0.3 or not data:
        return [data] if data else []
    if kind > 0.9 and len(data) < 2000:
        return [data[at : at + 1] for at in range(len(data))]
    edges = sorted({chance.randrange(len(data)) for _ in range(chance.randrange(1, 6))} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def _rarely(chance: random.Random, usual: bytes, odd: tuple[bytes, ...], share: float = 0.04) -> bytes:
    return chance.choice(odd) if chance.random() > 1 - share else usual


def _end(chance: random.Random) -> bytes:
    return _rarely(chance, b"\r\n", _ODD_ENDS, 0.01)


def _interim(chance: random.Random) -> bytes:
    status = _rarely(chance, b"103", (b"100", b"102", b"199", b"101"), 0.3)
    headers = b"".join(_header(chance) for _ in range(chance.choice((0, 1, 2))))
    framing = _rarely(chance, b"", (b"Content-Length: 0\r\n", b"Content-Length: x\r\n", b"Transfer-Encoding: y\r\n"))
    return b"HTTP/1.1 " + status + b" Early\r\n" + headers + framing + b"\r\n"


def _response(chance: random.Random, *, upgrade: bool) -> bytes:
    status = b"101" if upgrade and chance.random() < 0.7 else chance.choice(_STATUSES)
    reason = _rarely(chance, chance.choice(_REASONS), _ODD_REASONS, 0.02)
    line = _rarely(chance, b"HTTP/1.1", _ODD_VERSIONS, 0.15) + b" " + status + reason + _end(chance)
    headers = [_header(chance) for _ in range(chance.choice((0, 1, 2, 3, 5)))]
    framing, body = chance.choice((_by_length, _by_length, _in_chunks, _in_chunks, _until_close, _no_body))(chance)
    headers += framing
    if chance.random() > 0.8:
        headers.append(b"Connection: " + chance.choice(_CONNECTIONS) + b"\r\n")
    if chance.random() > 0.5:
        chance.shuffle(headers)
    rest = _rarely(chance, b"", (b"x", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n"))
    return line + b"".join(headers) + _end(chance) + body + rest


def _header(chance: random.Random) -> bytes:
    name = _rarely(chance, chance.choice(_NAMES), _ODD_NAMES, 0.01)
    value = _rarely(chance, chance.choice(_VALUES), _ODD_VALUES, 0.01)
    return name + b":" + chance.choice(_SPACES) + value + chance.choice((b"", b"", b" ", b"\t")) + _end(chance)


_Framed = tuple[list[bytes], bytes]


def _by_length(chance: random.Random) -> _Framed:
    body = chance.choice(_BODIES)
    right = b"%d" % len(body)
    kind = chance.random()
    if kind < 0.8:
        return [b"Content-Length:" + chance.choice(_SPACES) + right + b"\r\n"], body
    if kind < 0.9:
        odd = chance.choice(_LENGTHS).replace(b"%d", right)
        return [b"Content-Length: " + odd + b"\r\n"], body
    second = chance.choice((right, right, b"0%b" % right, b"%d" % (len(body) + 1), b"x"))
    return [b"Content-Length: " + right + b"\r\n", b"content-length: " + second + b"\r\n"], body


def _in_chunks(chance: random.Random) -> _Framed:
    coding = _rarely(chance, b"chunked", _CODINGS, 0.1)
    headers = [b"Transfer-Encoding: " + coding + b"\r\n"]
    more = chance.random()
    if more > 0.95:
        headers.append(b"Content-Length: 5\r\n")
    elif more > 0.9:
        headers.append(b"transfer-encoding: chunked\r\n")
    chunks = b"".join(_chunk(chance) for _ in range(chance.choice((0, 1, 2, 4))))
    last = _rarely(chance, b"0", (b"00", b"0" * 15, b"0" * 16, b""))
    end = _rarely(chance, b"\r\n", (b"\n", b"", b"\r"))
    return headers, chunks + last + _extension(chance) + b"\r\n" + _rarely(
        chance, chance.choice(_TRAILERS), _ODD_TRAILERS, 0.08
    ) + end


def _extension(chance: random.Random) -> bytes:
    return _rarely(chance, chance.choice(_EXTENSIONS), _ODD_EXTENSIONS, 0.03)


def _chunk(chance: random.Random) -> bytes:
    data = chance.choice(_BODIES[1:])
    size = _rarely(chance, chance.choice((b"%x", b"%X", b"0%x")) % len(data), _ODD_SIZES, 0.03)
    end = _rarely(chance, b"\r\n", (b"\n", b"", b"\r\n\r\n", b"x\r\n"), 0.03)
    return size + _extension(chance) + _rarely(chance, b"\r\n", (b"\n", b"\r", b""), 0.02) + data + end


def _until_close(chance: random.Random) -> _Framed:
    return [], chance.choice(_BODIES)


def _no_body(chance: random.Random) -> _Framed:
    return [], b""


def _mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = int(chance.random() * chance.random() * (len(changed) + 1))  # Prefers the response head.
        chance.choice(_KINDS)(changed, at, chance)
    return bytes(changed)


def _removed(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at : at + chance.choice((1, 1, 2, 5))]


def _inserted(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = chance.choice(_MUTATIONS)


def _replaced(data: bytearray, at: int, chance: random.Random) -> None:
    data[at : at + 1] = bytes([int(chance.random() * 256)])


def _doubled(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = data[at : at + chance.choice((1, 2, 8, 30))]


def _ended(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at:]


_KINDS: Final[tuple[Callable[[bytearray, int, random.Random], None], ...]] = (
    _inserted,
    _removed,
    _replaced,
    _doubled,
    _ended,
)
