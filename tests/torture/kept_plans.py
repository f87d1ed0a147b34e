"""Random behaviour of the server for one request over a reused connection."""

from __future__ import annotations

import random
from typing import Any, Final, Literal, NamedTuple

__all__ = ["LARGE", "POISON", "Plan", "draw", "expected", "response"]

LARGE: Final = 150_000
"""Size of a large body of a request in bytes."""

POISON: Final = (
    b"HTTP/1.1 200 OK\r\nX-Tag: poison\r\nContent-Length: 6\r\n\r\npoison",
    b"HTTP/1.1 200 OK\r\nX-Tag: poison\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nX-Tag: poison\r\n\r\n",
    b"HTTP/1.1 408 Request Timeout\r\nX-Tag: poison\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nX-Tag: poison\r\n\r\n",
    b"HTTP/1.1 2",
    b"\r\n",
    b"x",
    b"0\r\n\r\n",
)
"""Bytes that nobody has requested: whole responses, and the beginnings and ends of some."""


class Plan(NamedTuple):
    """Behaviour of the server for one request.

    Attributes:
        framing: How the body ends: by its length, in chunks, with the connection, or the status has no body.
        status: The status code.
        interim: How many interim responses come first.
        says_close: Whether the response has the header `Connection: close`.
        extra: Bytes after the response.
        is_late: Whether they arrive after the client has read the response; otherwise they follow it without a pause.
        cut: Number of these bytes that arrive before the next request; the others follow the request.
        early: Whether the response precedes the body of the request, if the body is large.
        truncated: Whether the connection ends within the response.
        fault: Exception that interrupts the client while it waits.
        fault_at: Index of this wait, from 0.
        size: Size of the body in bytes, without the tag.
    """

    framing: Literal["length", "chunked", "close", "none"]
    status: int
    interim: int
    says_close: bool
    extra: bytes
    is_late: bool
    cut: int | None
    early: bool
    truncated: bool
    fault: Literal["", "timeout", "cancel", "interrupt"]
    fault_at: int
    size: int

    @property
    def is_clean(self) -> bool:
        """Whether the client must get the response."""
        return not (self.fault or self.truncated or (self.extra and not self.is_late))

    @property
    def is_kept(self) -> bool:
        """Whether the connection may serve another request."""
        return self.is_clean and not (self.extra or self.says_close or self.framing == "close")


def draw(chance: random.Random, *, is_large: bool, is_plain: bool) -> Plan:
    kind = chance.random()
    status = chance.choice((200, 200, 200, 201, 204, 304, 404, 500))
    framing: Any = "none" if status in (204, 304) else chance.choice(("length", "length", "chunked", "close"))
    extra = chance.choice(POISON) * chance.choice((1, 1, 1, 2)) if kind < 0.25 else b""
    if framing == "close":
        extra = b""  # It would be a part of the body.
    fault: Any = chance.choice(("timeout", "cancel", "interrupt")) if 0.25 <= kind < 0.36 else ""
    cut = chance.randint(1, len(extra)) if extra and chance.random() < 0.4 else None
    return Plan(
        framing,
        status,
        chance.choice((0, 0, 0, 0, 1, 2)),
        chance.random() < 0.05,
        extra,
        chance.random() < 0.5,
        cut,
        is_large and chance.random() < 0.6,
        0.36 <= kind < 0.42 and not (is_plain and framing == "close"),  # Undetectable without TLS.
        fault,
        chance.choice((0, 0, 1, 2)),
        chance.choice((0, 1, 10, 10, 200, 20_000)),
    )


def response(plan: Plan, tag: bytes, method: str, chance: random.Random) -> bytes:
    head = [b"HTTP/1.1 103 Early Hints\r\nX-Tag: hint\r\n\r\n"] * plan.interim
    fields = [b"X-Tag: " + tag]
    if plan.says_close:
        fields.append(b"Connection: close")
    body = tag + b"." * plan.size
    if plan.framing == "length":
        fields.append(b"Content-Length: %d" % len(body))
    elif plan.framing == "chunked":
        fields.append(b"Transfer-Encoding: chunked")
        at = chance.randrange(len(body))
        parts = [part for part in (body[:at], body[at:]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    if method == "HEAD" or plan.framing == "none":
        body = b""
    return b"".join(head) + b"\r\n".join((b"HTTP/1.1 %d X" % plan.status, *fields, b"", b"")) + body


def expected(plan: Plan, tag: bytes, method: str) -> tuple[int, str, bytes]:
    is_empty = method == "HEAD" or plan.framing == "none"
    return plan.status, tag.decode(), b"" if is_empty else tag + b"." * plan.size
