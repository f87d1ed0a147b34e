"""Bad responses lead to the right object or to an error of kubecore, never to a hang.

Each response arrives complete, in chunks of one byte, and cut at each byte (a sample of the positions). If its framing
is bad, the next request must use another connection.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from kubecore import errors, rest
from tests.torture.callers import MODES, Caller, callers, described
from tests.torture.server import POD, PodServer, Reply, Request, http_response, pod_reply
from tests.torture.tally import Tally

_TIMEOUTS: Final = rest.Timeouts(connect=2.0, read=0.5, write=2.0, pool=2.0, total=2.0)
_SLOWEST: Final = 8.0
"""Seconds after which an exchange counts as a hang: several times its deadline."""

_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_LENGTH: Final = b"Content-Length: %d\r\n" % len(POD)

_TRIES: Final = 4

Wanted = Literal["pod", "error", "either"]


@dataclass(frozen=True, slots=True)
class Case:
    """A bad response.

    Attributes:
        name: Description of the defect.
        data: The bytes; a function if they are endless.
        wanted: The required outcome.
        bad_framing: Whether the client must not reuse the connection.
        end: The state of the connection after the bytes.
        late: Data after the response, immediately or a moment later.
    """

    name: str
    data: bytes | Callable[[], Iterable[bytes]]
    wanted: Wanted = "error"
    bad_framing: bool = False
    end: Literal["keep", "close", "hold"] = "keep"
    late: bytes = b""


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _endless(head: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: itertools.repeat(head * 100)


def _framing() -> Iterator[Case]:
    bad = {
        "bad chunk size": _CHUNKED + b"zz\r\n" + POD + b"\r\n0\r\n\r\n",
        "negative chunk size": _CHUNKED + b"-5\r\n" + POD + b"\r\n0\r\n\r\n",
        "chunk size with 0x": _CHUNKED + b"0x%x\r\n" % len(POD) + POD + b"\r\n0\r\n\r\n",
        "chunk size of 2^64": _CHUNKED + b"10000000000000000\r\n" + POD,
        "empty chunk size": _CHUNKED + b"\r\n" + POD + b"\r\n0\r\n\r\n",
        "chunk longer than its size": _CHUNKED + b"5\r\n" + POD + b"\r\n0\r\n\r\n",
        "chunk line with a bare LF": _CHUNKED + b"%x\n" % len(POD) + POD + b"\n0\n\n",
        "chunk line that does not end": _CHUNKED + b"1;" + b"x" * 10_000,
        "two different lengths": _OK + _LENGTH + b"Content-Length: 3\r\n\r\n" + POD,
        "negative length": _OK + b"Content-Length: -5\r\n\r\n" + POD,
        "length with a plus": _OK + b"Content-Length: +%d\r\n\r\n" % len(POD) + POD,
        "length in hex": _OK + b"Content-Length: 0x10\r\n\r\n" + POD,
        "length in other digits": _OK + "Content-Length: ²\r\n\r\n".encode("latin-1") + POD,
        "length of 10^19": _OK + b"Content-Length: 1" + b"0" * 19 + b"\r\n\r\n" + POD,
        "empty length": _OK + b"Content-Length: \r\n\r\n" + POD,
        "length and chunks": _OK + _LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + _chunk(POD) + b"0\r\n\r\n",
        "unknown coding": _OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + _chunk(POD) + b"0\r\n\r\n",
        "chunked twice": _OK
        + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
        + _chunk(POD)
        + b"0\r\n\r\n",
        "HTTP/0.9": POD + b"\r\n\r\n",
        "HTTP/2.0": b"HTTP/2.0 200 OK\r\n" + _LENGTH + b"\r\n" + POD,
        "HTTP/1.10": b"HTTP/1.10 200 OK\r\n" + _LENGTH + b"\r\n" + POD,
        "status 99": b"HTTP/1.1 99 No\r\n" + _LENGTH + b"\r\n" + POD,
        "status 099": b"HTTP/1.1 099 No\r\n" + _LENGTH + b"\r\n" + POD,
        "status 1000": b"HTTP/1.1 1000 No\r\n" + _LENGTH + b"\r\n" + POD,
        "status -1": b"HTTP/1.1 -1 No\r\n" + _LENGTH + b"\r\n" + POD,
        "101 without a request": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
        + http_response(POD),
        "header without colon": _OK + b"Nothing here\r\n" + _LENGTH + b"\r\n" + POD,
        "header with a NUL": _OK + b"X-A: a\0b\r\n" + _LENGTH + b"\r\n" + POD,
        "header with a bare CR": _OK + b"X-A: a\rX-B: c\r\n" + _LENGTH + b"\r\n" + POD,
        "header with a bare LF": _OK + b"X-A: a\nX-B: c\r\n" + _LENGTH + b"\r\n" + POD,
        "header with a space before its colon": _OK + b"X-A : a\r\n" + _LENGTH + b"\r\n" + POD,
        "folded header": _OK + b"X-A: a\r\n b\r\n" + _LENGTH + b"\r\n" + POD,
        "header without a name": _OK + b": a\r\n" + _LENGTH + b"\r\n" + POD,
        "lines end in LF": (_OK + _LENGTH + b"\r\n").replace(b"\r\n", b"\n") + POD,
        "TLS in the clear": b"\x15\x03\x01\x00\x02\x02\x50\r\n\r\n",
        "garbage in head": bytes(range(1, 256)) + b"\r\n\r\n",
    }
    for name, data in bad.items():
        yield Case(name, data, bad_framing=True)
    chunks = _CHUNKED + _chunk(POD) + b"0\r\n\r\n"
    yield Case("garbage after the response", http_response(POD), "either", True, late=b"garbage")
    yield Case("an unrequested second response", http_response(POD), "either", True, late=http_response(POD))
    yield Case("garbage behind the chunks", chunks, "either", True, late=b"garbage")
    yield Case("a response after the chunks", chunks, "either", True, late=http_response(POD))
    yield Case("length too short", _OK + b"Content-Length: 5\r\n\r\n" + POD, bad_framing=True)
    yield Case("204 with a body", b"HTTP/1.1 204 No Content\r\n" + _LENGTH + b"\r\n" + POD, bad_framing=True)
    yield Case("304 with a body", b"HTTP/1.1 304 Not Modified\r\n" + _LENGTH + b"\r\n" + POD, bad_framing=True)
    yield Case("205 with a body", b"HTTP/1.1 205 Reset Content\r\n" + _LENGTH + b"\r\n" + POD, "either")
    for end in ("close", "hold"):
        ends: Literal["close", "hold"] = "close" if end == "close" else "hold"
        yield Case(f"length too long, {end}", _OK + b"Content-Length: 500\r\n\r\n" + POD, bad_framing=True, end=ends)
        yield Case(f"no last chunk, {end}", _CHUNKED + _chunk(POD), bad_framing=True, end=ends)
        yield Case(f"half a last chunk, {end}", _CHUNKED + _chunk(POD) + b"0\r\n", bad_framing=True, end=ends)
        yield Case(f"no end of the head, {end}", _OK + _LENGTH, bad_framing=True, end=ends)
        yield Case(f"nothing, {end}", b"", bad_framing=True, end=ends)
    yield Case("endless 103", _endless(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"), bad_framing=True)
    yield Case("endless headers", _endless(b"X-A: b\r\n"), bad_framing=True)
    yield Case("endless header line", _endless(b"x"), bad_framing=True)
    yield Case(
        "endless trailers", lambda: itertools.chain([_CHUNKED + b"0\r\n"], _endless(b"X: y\r\n")()), "error", True
    )
    yield Case("endless 100", _endless(b"HTTP/1.1 100 Continue\r\n\r\n"), bad_framing=True)
    good = {
        "two equal lengths": _OK + _LENGTH + _LENGTH + b"\r\n" + POD,
        "no length": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + POD,
        "HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + _LENGTH + b"\r\n" + POD,
    }
    for name, data in good.items():
        yield Case(name, data, "either", name != "two equal lengths", end="close")
    yield Case("chunks with trailers", _CHUNKED + _chunk(POD[:9]) + _chunk(POD[9:]) + b"0\r\nX-A: b\r\n\r\n", "pod")
    yield Case("one 103 first", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + http_response(POD), "pod")
    yield Case("good", http_response(POD), "pod")


def _nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    return opening * depth + closing * depth


def _in_pod(**fields: bytes) -> bytes:
    """Write a pod with more fields, raw."""
    more = b"".join(b',"%b":%b' % (name.encode(), value) for name, value in fields.items())
    return POD[:-1] + more + b"}"


def _bodies() -> Iterator[Case]:
    deep = _nested(100_000, b"[", b"]")
    spec = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[],%b}}'
    meta = b'{"kind":"Pod","apiVersion":"v1","metadata":{%b},"spec":{"containers":[]}}'
    bad: dict[str, bytes] = {
        "empty": b"",
        "blank": b"  \n",
        "[]": b"[]",
        "null": b"null",
        "a number": b"1",
        "a text": b'"Pod"',
        "wrong kind": b'{"kind":"Node","apiVersion":"v1","metadata":{"name":"p"}}',
        "a list": b'{"kind":"PodList","apiVersion":"v1","items":[]}',
        "Status Failure": b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}',
        "Status Success": b'{"kind":"Status","apiVersion":"v1","status":"Success"}',
        "two objects": POD + POD,
        "half": POD[:-3],
        "UTF-16": POD.decode().encode("utf-16"),
        "a BOM": b"\xef\xbb\xbf" + POD,
        "bad UTF-8 in a name": meta % b'"name":"p\xff\xfe"',
        "surrogate in bytes": meta % b'"name":"\xed\xa0\x80"',
        "deep in a list": deep,
        "deep in objects": _nested(100_000, b'{"a":', b""),
        "deep in a known field": meta % (b'"name":"p","annotations":' + deep),
        "deep in a Status": b'{"kind":"Status","status":"Failure","details":' + deep + b"}",
        "1e400 in an integer": spec % b'"priority":1e400',
        "10^5 digits in an integer": spec % (b'"priority":' + b"9" * 100_000),
        "NaN": spec % b'"priority":NaN',
        "Infinity": spec % b'"priority":-Infinity',
        "text in an integer": spec % b'"priority":"x"',
        "object in a list": spec % b'"volumes":{"a":1}',
        "control character": meta % b'"name":"a\nb"',
    }
    free: dict[str, bytes] = {  # May be accepted or rejected.
        "surrogate escaped": meta % b'"name":"\\ud800"',
        "bad UTF-8 in an unknown field": _in_pod(unknown=b'"\xff\xfe"'),
        "deep in an unknown field": _in_pod(unknown=deep),
        "10^5 digits in an unknown field": _in_pod(unknown=b"9" * 100_000),
        "1e400 in an unknown field": _in_pod(unknown=b"1e400"),
        "10^5 digits behind the point": spec % (b'"priority":1.' + b"0" * 100_000),
        "1e999999999 in an integer": spec % b'"priority":1e999999999',
        "3.0 in an integer": spec % b'"priority":3.0',
        "1e2 in an integer": spec % b'"priority":1e2',
        "-0 in an integer": spec % b'"priority":-0',
        "duplicate keys": meta % b'"name":"a","name":"p"',
        "a quantity that is none": spec % b'"containers":[{"name":"c","resources":{"limits":{"cpu":"x"}}}]',
        "a quantity of 10^5 digits": spec
        % (b'"containers":[{"name":"c","resources":{"limits":{"cpu":' + b"9" * 100_000 + b"}}}]"),
        "a time that is none": meta % b'"name":"p","creationTimestamp":"yesterday"',
        "year 0": meta % b'"name":"p","creationTimestamp":"0000-01-01T00:00:00Z"',
        "year 99999": meta % b'"name":"p","creationTimestamp":"99999-01-01T00:00:00Z"',
    }
    for name, body in bad.items():
        yield Case(f"body: {name}", http_response(body))
        yield Case(f"body of 500: {name}", http_response(body, status="500 No"))
    for name, body in free.items():
        yield Case(f"body: {name}", http_response(body), "either")
    yield Case("HTML 200", http_response(b"<html>Sign in</html>", "Content-Type: text/html"))
    yield Case("HTML 502", http_response(b"<html>no</html>", "Content-Type: text/html", status="502 Bad Gateway"))
    yield Case("status 999", http_response(POD, status="999 What"))
    yield Case("status 299", http_response(POD, status="299 What"))
    yield Case("redirect", http_response(b"", "Location: http://127.0.0.1:1/", status="302 Found"))
    yield Case("redirect to nowhere", http_response(b"", "Location: http://[", status="302 Found"))
    yield Case("300", http_response(b"", status="300 Multiple Choices"))
    yield Case(
        "Warning garbage", http_response(POD, 'Warning: 299 - "' + "\\" * 999, "Warning: " + "," * 999), "either"
    )
    yield Case("Retry-After garbage", http_response(b"", "Retry-After: \xb2", status="503 No"))
    yield Case("Retry-After huge", http_response(b"", "Retry-After: 99999999999999999999", status="429 No"))
    yield Case("Retry-After date", http_response(b"", "Retry-After: Fri, 31 Dec 9999 23:59:59 -2359", status="429 No"))
    yield Case("Content-Encoding unknown", http_response(POD, "Content-Encoding: br"))
    yield Case("Content-Type garbage", http_response(POD, 'Content-Type: ;;;"\xff'), "either")


def _packed() -> Iterator[Case]:
    packed = gzip.compress(POD, mtime=0)
    coding = "Content-Encoding: gzip"
    damaged = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    yield Case("gzip", http_response(packed, coding), "pod")
    yield Case("gzip: damaged sum", http_response(damaged, coding))
    yield Case("gzip: junk behind", http_response(packed + b"junk", coding))
    yield Case("gzip: two members", http_response(packed + packed, coding))
    yield Case("gzip: not packed", http_response(POD, coding))
    yield Case("gzip: empty", http_response(b"", coding))
    yield Case("gzip: packed twice", http_response(gzip.compress(packed), "Content-Encoding: gzip, gzip"))
    for at in range(len(packed)):
        yield Case(f"gzip: cut at {at}", http_response(packed[:at], coding))


def cases() -> list[Case]:
    """Return all bad responses."""
    return [*_framing(), *_bodies(), *_packed()]


class _Script:
    """Responds to the first request with the case, and all others with a pod."""

    def __init__(self) -> None:
        self.reply = Reply(())

    def __call__(self, request: Request) -> Reply:
        return self.reply if request.target.endswith("/p") else pod_reply(request)


def _pieces(data: bytes, at: int | None) -> Reply:
    if at is None:
        return Reply(data[i : i + 1] for i in range(len(data)))
    return Reply((data[:at],), "close")


def _late(data: bytes, late: bytes) -> Iterator[bytes]:
    yield data
    time.sleep(0.03)  # The first response is read in the meantime.
    yield late


def _replies(case: Case, cuts: int, chance: random.Random) -> Iterator[tuple[str, Reply, Wanted, bool]]:
    """Yield the ways in which a response is sent, with the expected result of each."""
    if callable(case.data):
        yield "whole", Reply(case.data(), case.end), case.wanted, case.bad_framing
        return
    data = case.data + case.late
    if case.late:
        yield "late", Reply(_late(case.data, case.late)), "pod", True
    yield "whole", Reply((data,), case.end), case.wanted, case.bad_framing
    if len(data) < 4096:
        single = _pieces(data, None)
        yield "bytes", Reply(single.pieces, case.end), case.wanted, case.bad_framing
    # A missing chunk may leave a complete response, if only garbage followed it.
    wanted: Wanted = "error" if case.wanted == "error" and "behind" not in case.name else "either"
    for at in sorted(chance.sample(range(len(data)), min(cuts, len(data)))):
        end = case.name in ("length too short", "204 with a body", "304 with a body")
        yield f"cut at {at}", _pieces(data, at), "either" if end else wanted, True


def run(n: int | None, seed: int) -> Tally:
    """Try every response in every way; `n` is the number of cuts of each, 6 by default, 0 for the shortest run."""
    tally = Tally("responses")
    chance = random.Random(seed)
    slowest = 0.0
    for mode in MODES:
        script = _Script()
        with described(tally, mode), PodServer(script) as server, callers(mode) as make:
            for case in cases():
                for way, reply, wanted, is_bad in _replies(case, 6 if n is None else n, chance):
                    script.reply = reply
                    began = time.monotonic()
                    config = rest.Config(host=server.url, max_retries=0, timeouts=_TIMEOUTS, compression=True)
                    with make(config) as caller:
                        fault = _fault(caller, server, wanted, is_bad)
                    seconds = time.monotonic() - began
                    slowest = max(slowest, seconds)
                    if fault is None and seconds > _SLOWEST:
                        fault = f"took {seconds:.1f} s"
                    tally.check(fault is None, f"{mode} {case.name}, {way}: {fault}")
            left = server.settle(0)
            tally.check(left == 0, f"{mode}: {left} connections are still open")
    tally.figure("slowest", f"{slowest:.2f}s")
    return tally


def _other(caller: Caller) -> Any:
    """Read another pod; try again after a timeout, because the limits are short for a busy machine."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(TimeoutError):
            return caller.run(lambda c: c.core_v1.pods("d").get("other"))
    return caller.run(lambda c: c.core_v1.pods("d").get("other"))


def _fault(caller: Caller, server: PodServer, wanted: Wanted, is_bad: bool) -> str | None:
    """Return the error in the client's view of a response, None if there is none."""
    requests = len(server.requests)
    found: Any = None
    try:
        found = caller.get()
    except errors.KubeError as error:
        str(error), repr(error)
        if wanted == "pod":
            return f"{type(error).__name__}: {error}"
    except Exception as error:
        return f"foreign {type(error).__name__}: {error}"
    if found is not None and wanted == "error":
        return f"taken as a pod: {found!r:.100}"
    if found is not None and (type(found).__name__ != "Pod" or (wanted == "pod" and found.metadata.name != "p")):
        return f"read as {found!r:.100}"
    if len(server.requests) != requests + 1:
        return f"{len(server.requests) - requests} requests were sent"
    server.wait()  # Data after a response must arrive before the next request, or it cannot be attributed.
    try:
        other = _other(caller)
    except Exception as error:
        return f"the next request failed: {type(error).__name__}: {error}"
    if other.metadata.name != "p":
        return "the next request got another response"
    first, second = server.requests[requests].connection, server.requests[-1].connection
    if is_bad and first == second:
        return "the connection was used again"
    return None
