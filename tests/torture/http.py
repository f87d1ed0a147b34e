"""Differential test of the HTTP parser: kubecore and h11 read the same bytes, in the same chunks.

A response that kubecore accepts must be accepted by h11, with the same status, headers and body. A response that only
kubecore refuses must be refused for one of the reasons in the table of docs/http.md.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import h11

from kubecore._http.http1 import CutError, MalformedError, ResponseParser
from tests.torture.http_messages import Message, cut, message
from tests.torture.tally import Tally

__all__ = ["LOOSER", "STRICTER", "Difference", "Outcome", "Refused", "compare", "ours", "run", "theirs"]


class Outcome(NamedTuple):
    """The result of reading a message.

    Attributes:
        status: The status code.
        headers: The headers, their names in lower case; the values of a repeated header are joined with commas.
        body: The body.
        rest: The bytes after the response.
        keep: Whether the connection may serve another request.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes
    keep: bool


class Refused(NamedTuple):
    """A parser's reason to refuse the bytes."""

    reason: str


def ours(sent: Message, chunks: list[bytes]) -> Outcome | Refused:
    """Read a response as the connection pool does."""
    parser = ResponseParser(sent.method, upgrade=sent.upgrade)
    left = iter([*chunks, b""])
    try:
        while not parser.feed_head(next(left)):
            pass
        body = [parser.first]
        while not parser.body.done and parser.status != 101:
            data = next(left)
            if data:
                body.append(parser.body.feed(data))
            else:
                parser.body.end()
    except (MalformedError, CutError) as error:
        return Refused(f"{type(error).__name__}: {error}")
    rest = b"".join(left)
    if parser.status == 101:
        return Outcome(101, parser.headers, b"", b"".join(body) + rest, False)
    return Outcome(parser.status, parser.headers, b"".join(body), rest, parser.keep)


def theirs(sent: Message, chunks: list[bytes]) -> Outcome | Refused:
    """Read a response with h11."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    for event in _REQUESTS[sent.method, sent.upgrade]:
        connection.send(event)
    left = iter([*chunks, b""])
    try:
        found = _events(connection, left)
    except h11.RemoteProtocolError as error:
        return Refused(str(error))
    response = next(event for event in found if isinstance(event, h11.Response | h11.InformationalResponse))
    body = b"".join(bytes(event.data) for event in found if isinstance(event, h11.Data))
    rest = connection.trailing_data[0] + b"".join(left)
    return Outcome(response.status_code, _joined(response), body, rest, connection.their_state is h11.DONE)


def _events(connection: h11.Connection, chunks: Iterator[bytes]) -> list[h11.Event]:
    """Return the events of the final response."""
    found: list[h11.Event] = []
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(next(chunks))
        elif event is h11.PAUSED or isinstance(event, h11.EndOfMessage):
            return found
        elif isinstance(event, h11.Event):
            if connection.their_state is h11.SWITCHED_PROTOCOL:
                return [event]
            if not isinstance(event, h11.InformationalResponse):
                found.append(event)


def _joined(response: h11.Response | h11.InformationalResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _request(method: str, *, upgrade: bool) -> tuple[h11.Event, ...]:
    headers = [("Host", "x"), *([("Upgrade", "y"), ("Connection", "Upgrade")] if upgrade else [])]
    return h11.Request(method=method, target="/", headers=headers), h11.EndOfMessage()


_REQUESTS: Final = {
    (method, upgrade): _request(method, upgrade=upgrade)
    for method in ("GET", "HEAD", "CONNECT")
    for upgrade in (False, True)
}


class Difference(NamedTuple):
    """A known difference between the parsers, as docs/http.md lists it.

    Attributes:
        reason: Pattern of the error message of the parser that rejects the bytes.
        data: Pattern of the bytes.
        example: A message that shows the difference.
    """

    reason: str
    data: bytes
    example: Message

    def explains(self, sent: Message, refused: Refused) -> bool:
        """Return whether a message was refused because of this difference."""
        return bool(re.search(self.reason, refused.reason) and re.search(self.data, sent.data, re.DOTALL))


def _get(data: bytes, *, upgrade: bool = False) -> Message:
    return Message("GET", upgrade, data)


_OK: Final = b"HTTP/1.1 200 OK\r\n"
_CHUNKED: Final = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_SWITCH: Final = b" 101 Switching Protocols\r\n"
_ANY: Final = b""
_NO_HEAD: Final = "not HTTP/1.1|closed the connection without"

STRICTER: Final[dict[str, Difference]] = {
    "bare line feed": Difference(
        f"{_NO_HEAD}|does not end as it must|not a header field", rb"(?<!\r)\n", _get(_OK + b"A: b\n\r\n")
    ),
    "control character": Difference(
        "not HTTP/1.1|not a header field|size .*no",
        rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)",
        _get(_OK + b"A: b\x01\r\n\r\n"),
    ),
    "folded header": Difference("not HTTP/1.1|not a header field", rb"\n[ \t]", _get(_OK + b"A: b\r\n c\r\n\r\n")),
    "other version": Difference("not HTTP/1.1", rb"HTTP/(?!1\.[01] )", _get(b"HTTP/1.2 200 OK\r\n\r\n")),
    "length and transfer coding": Difference(
        "both", _ANY, _get(_OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    ),
    "repeated length": Difference(
        "no.* number.*,", _ANY, _get(_OK + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx")
    ),
    "long number": Difference(
        "no.* number|size .*no", rb"[0-9]{19}|[0-9A-Fa-f]{16}", _get(_CHUNKED + b"0" * 16 + b"\r\n\r\n")
    ),
    "bytes after the response": Difference(
        "more came|longer than its (Content-L|l)ength|data follows", _ANY, _get(_OK + b"Content-Length: 1\r\n\r\nxy")
    ),
    "many interim responses": Difference(
        "17 interim", _ANY, _get(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 17 + _OK + b"\r\n")
    ),
    "switch by HTTP/1.0": Difference(
        "interim.* 101", b"HTTP/1.0 101", _get(b"HTTP/1.0" + _SWITCH + b"\r\n", upgrade=True)
    ),
    "switch with a body": Difference(
        "changes the protocol", _ANY, _get(b"HTTP/1.1" + _SWITCH + b"Content-Length: 0\r\n\r\n", upgrade=True)
    ),
}
"""Differences that make only kubecore refuse a message."""

LOOSER: Final[dict[str, Difference]] = {
    "space before a chunk extension": Difference(
        "illegal chunk header", rb"[0-9A-Fa-f][ \t]+;", _get(_CHUNKED + b"1 ;a\r\nx\r\n0\r\n\r\n")
    ),
    "framing of an interim response": Difference(
        "(?i)content-length|transfer-encoding",
        b" 1[0-9][0-9]",
        _get(b"HTTP/1.1 103 E\r\nContent-Length: x\r\n\r\n" + _OK + b"\r\n"),
    ),
}
"""Differences that make only h11 refuse a message."""


def compare(sent: Message, chunks: list[bytes]) -> str | None:
    """Read a response with both parsers.

    Returns:
        The disagreement that docs/http.md does not list, or None.
    """
    mine, other = ours(sent, chunks), theirs(sent, chunks)
    if isinstance(mine, Refused):
        if isinstance(other, Refused) or _explained(STRICTER, sent, mine):
            return None
        return f"only kubecore refuses it: {mine.reason}"
    if isinstance(other, Refused):
        return None if _explained(LOOSER, sent, other) else f"only h11 refuses it: {other.reason}"
    if "transfer-encoding" in mine.headers:
        mine.headers["transfer-encoding"] = mine.headers["transfer-encoding"].lower()
    is_tunnel = sent.method == "CONNECT" and 200 <= mine.status < 300  # kubecore never keeps a tunnel.
    same = mine[:4] == other[:4] and (other.keep or not mine.keep or is_tunnel)
    return None if same else f"kubecore: {mine!r:.200}; h11: {other!r:.200}"


def _explained(known: dict[str, Difference], sent: Message, refused: Refused) -> bool:
    return any(difference.explains(sent, refused) for difference in known.values())


def run(n: int | None, seed: int) -> Tally:
    """Compare `n` messages, 1,000,000 by default."""
    tally = Tally("http")
    chance = random.Random(seed)
    for _ in range(1_000_000 if n is None else n):
        sent = message(chance)
        chunks = cut(sent.data, chance)
        found = compare(sent, chunks)
        tally.check(found is None, f"{sent.method} {sent.data[:200]!r} in {len(chunks)} chunks: {found}")
    return tally
