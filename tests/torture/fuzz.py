"""Feed random and mutated bytes to every parser of data from servers and files.

A parser may raise only its documented errors, in less than a second. The division of a stream into chunks does not
change the result.
"""

from __future__ import annotations

import json
import random
import re
import signal
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from kubeclient.models import core_v1
from kubeclient.typed.core.v1.pod import PODS
from kubecore import errors, quantity, selectors
from kubecore._config import warnings
from kubecore._http.http1 import CutError, MalformedError, ResponseParser
from kubecore.calls.call import Call, Received
from kubecore.codec import decode, encode, yaml
from kubecore.projection import Projection
from kubecore.streams.copy.untar import Unpacker
from kubecore.streams.exec.channels import V5, Channels
from kubecore.streams.websocket.frames import WebSocket
from kubecore.watch.decoder import Decoder
from tests.kubecore.test_cp import entry, folder, pax
from tests.kubecore.websocket_server import exit_status, frame
from tests.torture.server import POD, http_response
from tests.torture.tally import Tally

_SLOWEST: Final = 1.0
_JSON: Final = {"content-type": "application/json"}
_NOT_JSON: Final = re.compile(r"JSON is malformed: .*|Input data was truncated|not UTF-8 at byte \d+")
"""The parser's messages for invalid JSON: they depend on the type that it reads at that place."""
_HANG: Final = 10.0

_CHUNKED: Final = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\nyou\r\n0\r\nX: y\r\n\r\n"
)

_ANSWERS: Final = (
    http_response(POD),
    http_response(b"hello", "Content-Type: text/plain", "Warning: 299 - x", "Connection: close"),
    _CHUNKED,
    b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + http_response(b"hi"),
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 204 No Content\r\n\r\n",
)
_PODS: Final = (
    POD,
    (
        b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"a":"b"},"creationTimestamp":'
        b'"2026-01-01T00:00:00Z","managedFields":[{"manager":"m","fieldsV1":{"f:a":{}}}],"ownerReferences":[{"uid":"1"}]},'
        b'"spec":{"priority":3.0,"containers":[{"name":"c","image":null,"ports":[{"containerPort":80}],"resources":'
        b'{"limits":{"cpu":"100m","memory":1e9}},"livenessProbe":{"httpGet":{"port":"http"}}}],"volumes":null},'
        b'"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null}]},"new":[1,{}]}'
    ),
)
_LISTS: Final = (
    b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":""},"items":[%b]}\n'
    % b",".join(pod.replace(b'{"kind":"Pod","apiVersion":"v1",', b"{") for pod in _PODS * 3),
    (
        b'{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"},"spec":{"containers":null}},{"metadata":'
        b'{"name":"b","annotations":{"x":"},{\\"metadata\\":{"}},"spec":{"x":[{"metadata":{}},{"metadata":{}}]}},{"metadata":'
        b'{"name":"c"},"status":{"phase":1}},{"metadata":{"name":"d"}}],"metadata":{"remainingItemCount":1}}'
    ),
)
_WATCHES: Final = (
    b'{"type":"ADDED","object":%b}\n{"type":"MODIFIED","object":%b}\n' % (POD, POD),
    b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"5"}}}\n\n{"type":"DELETED","object":{}}',
    b'{"type":"ADDED","object":%b}\n{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n' % POD,
)
_YAMLS: Final = (
    b"apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {server: https://x, a: &x [1, 0x1f, 1_0, .inf]}\n",
    b"a: &a {b: c}\nd:\n  <<: *a\n  e: |\n    text\n    more\n  f: 'it''s'\n  g: \"\\u0041\\n\"\n",
    b"- 2026-01-01\n- !!str 1\n- ~\n- 0o17\n- 1e3\n- !!binary aGk=\n- ? a\n  : b\n",
    b'{"a": [1, 2, {"b": null}], "c": "\\ud83d\\ude00"}',
)
_WARNINGS: Final = (
    b'299 - "a \\"quoted\\" text", 299 agent "b" "Fri, 01 Jan 2026 00:00:00 GMT"',
    b'199 x "=?utf-8?B?w7w=?= and =?iso-8859-1?Q?a=FC?="',
    b'299 - "' + b"\\" * 30 + b'" , 299 - "x',
)
_QUANTITIES: Final = (b"100m", b"1.5Gi", b"-2e3", b"+.5E", b"12345678901234567890n", b"1e-9", b"0.1Ki", b"1E6", b"")
_SELECTORS: Final = (
    b"app=web,tier in (front, back),!canary,size>3",
    b"example.com/a==b,c!=,d notin (,e,),f",
    b"in in (in),notin notin (notin),x<5",
    b"",
)

_GOODBYE: Final = frame(8, b"\x03\xe8")
_SESSIONS: Final = (
    frame(2, b"\x01hello") + frame(2, b"\x02err") + frame(2, b'\x03{"status":"Success"}') + _GOODBYE,
    frame(2, b"\x01he", fin=False) + frame(9, b"?") + frame(0, b"llo") + frame(10, b"") + frame(2, b"") + _GOODBYE,
    frame(2, b"\x01" + b"x" * 300) + frame(2, b"\x03" + json.dumps(exit_status(7)).encode()) + frame(8, b""),
    frame(1, b"text \xc3\xa9") + frame(8, b"\x03\xe9going"),
)
_ARCHIVES: Final = (
    folder("x") + entry("x/a", b"hello") + entry("x/b/c", b"c" * 600) + bytes(1024),
    pax({"path": "x/long", "size": "3"}) + entry("x/a", b"abc") + bytes(1024),
    entry("././@LongLink", b"x/" + b"n" * 150 + b"\0", tarfile.GNUTYPE_LONGNAME) + entry("x/n", b"1") + bytes(1024),
    entry("x", b"one file") + entry("x/l", kind=tarfile.SYMTYPE, linkname="../..") + bytes(1024),
)

_TOKENS: Final = tuple(
    b"0 1 -1 9999999999999999999 1e400 1e-400 1e99999999 0x10 1_000 . .. e E - + null true ~ NaN { } [ ] {} [] : , \" ' \\"
    b' \\" \\u0000 \\ud800 \r \n \r\n \r\n\r\n \t \0 \xff \xfe\xff \xc3 \xed\xa0\x80 \xf0\x9f\x98\x80 & * ! !! | > % @ ` #'
    b" - ? <<: &a *a !!int --- ... HTTP/1.1 HTTP/1.0 200 100 101 204 304 999 Content-Length: Transfer-Encoding: chunked ;"
    b" ../ /etc x/.. \x82 \x82\x7f \x88\x02\x03\xe8 \x01\x01 \x80\x00 \x89\x7f ustar\x0000 ustar L x 0000644 x/a\0"
    b' ,299 =? ?= =?utf-8?q? =?x?b? Ki n u m k Ei "kind" "metadata" "spec" "type" "ERROR" "object" "name" 2026-13-45'.split(
        b" "
    )
)


class PodName(Projection):
    """A projection of pods."""

    metadata: dict[str, Any]


class _Hang(BaseException):
    """An input exceeded the time limit."""


def _mutated(seed: bytes, chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.05:
        return chance.randbytes(chance.randrange(80))
    if kind < 0.1:
        return b"".join(chance.choices(_TOKENS, k=chance.randrange(1, 30)))
    data = bytearray(seed)
    for _ in range(1 + int(chance.expovariate(0.5))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + 1 + int(chance.expovariate(0.2)))
        what = chance.randrange(7)
        if what == 0:
            data[at:end] = b""
        elif what == 1:
            data[at:at] = chance.choice(_TOKENS)
        elif what == 2:
            data[at:end] = chance.choice(_TOKENS)
        elif what == 3:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif what == 4:
            data[at:at] = data[at:end] * chance.randrange(1, 4)
        elif what == 5:
            del data[at:]
        elif at < len(data):
            data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def _cut(data: bytes, chance: random.Random) -> Iterator[bytes]:
    if len(data) < 10_000 and chance.random() < 0.2:
        yield from (data[i : i + 1] for i in range(len(data)))
        return
    edges = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(6)))
    for a, b in zip([0, *edges], [*edges, len(data)], strict=True):
        if a < b:
            yield data[a:b]


def _answer(pieces: Iterator[bytes], method: str) -> object:
    """Read a response as the pool does; return its content, or the kind of error."""
    read = ResponseParser(method)
    try:
        for piece in pieces:
            if read.feed_head(piece):
                break
        else:
            read.feed_head(b"")
        body = read.first
        # A body of known length is read by the pool itself, up to its end.
        for piece in pieces:
            body += read.body.feed(piece)
        if not read.body.done:
            read.body.end()
    except (MalformedError, CutError):
        return "error"
    return read.status, read.headers, read.keep, body


def _http(data: bytes, chance: random.Random) -> str | None:
    method = chance.choice(("GET", "GET", "GET", "HEAD", "CONNECT"))
    whole = _answer(iter((data,) if data else ()), method)
    parts = _answer(_cut(data, chance), method)
    return None if whole == parts else f"whole: {whole!r:.100}, in pieces: {parts!r:.100}"


def _pod(data: bytes, chance: random.Random) -> str | None:
    try:
        decode.decode(data, core_v1.Pod)
    except errors.DecodeError as error:
        str(error).encode()
    return None


def _list(data: bytes, chance: random.Random) -> str | None:
    """Compare a list that is decoded while it arrives with one that is decoded as a whole."""
    call = PODS.list("", (), chance.choice((None, PodName)))
    begun = call.begin_list(200, _JSON)
    if begun is None:
        return "no list"
    begun.group_bytes = chance.randrange(1, 300)
    for piece in _cut(data, chance):
        begun.feed(piece)
        while begun.decode_group():
            pass
    whole, parts = _parsed(call, data), _parsed(call, begun)
    if whole != parts and not _is_text(data):
        return None  # The parser checks the encoding only of fields that it reads, so another error may be the first.
    return None if whole == parts else f"whole: {whole!r:.200}, in groups: {parts!r:.200}"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parsed(call: Call[Any], body: Received) -> object:
    try:
        found = call.parse(200, _JSON, body)
    except errors.KubeError as error:
        return type(error), _NOT_JSON.sub("not JSON", str(error))
    return found, encode.encode(found)


def _yaml(data: bytes, chance: random.Random) -> str | None:
    try:
        yaml.load(data, source="f")
    except errors.DecodeError as error:
        str(error).encode("utf-8", "strict")
    return None


def _warnings(data: bytes, chance: random.Random) -> str | None:
    for warning in warnings.parse(data.decode("latin-1")):
        if not (isinstance(warning.code, int) and isinstance(warning.text, str)):
            return f"{warning!r}"
    return None


def _quantity(data: bytes, chance: random.Random) -> str | None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = quantity.parse(text)
    except ValueError:
        return None
    again = quantity.parse(quantity.canonical(text))
    return None if again == found else f"{found} is written as {again}"


def _selector(data: bytes, chance: random.Random) -> str | None:
    try:
        found = selectors.parse(data.decode("utf-8", "surrogateescape"))
    except errors.InvalidRequestError:
        return None
    again = selectors.parse(str(found))
    return None if again == found else f"{found} is read again as {again}"


def _events(pieces: Iterator[bytes]) -> object:
    decoder = Decoder(core_v1.Pod)
    found: list[object] = []
    try:
        for piece in pieces:
            found.extend((event and (event.type, event.object)) for event, _ in decoder.feed(piece))
        found.extend((event and (event.type, event.object)) for event, _ in decoder.end())
    except (errors.StatusError, errors.DecodeError) as error:
        found.append(type(error))
    return found


def _watch(data: bytes, chance: random.Random) -> str | None:
    whole, parts = _events(iter((data,))), _events(_cut(data, chance))
    return None if repr(whole) == repr(parts) else f"whole: {whole!r:.100}, in pieces: {parts!r:.100}"


def _session(pieces: Iterator[bytes]) -> object:
    """Read a websocket session as exec does; return its output, or the kind of error."""
    websocket, channels = WebSocket(), Channels(V5, "GET /x")
    output = {1: b"", 2: b"", 3: b""}
    try:
        for data in pieces:
            for piece in websocket.feed(data):
                channel, found = channels.feed(piece)
                output[channel] += found
        websocket.pong()
        if not websocket.is_over:
            return output, "cut"
        return output, channels.returncode(websocket.goodbye)
    except (errors.ProtocolError, errors.UnknownResultError, errors.StatusError, errors.DecodeError) as error:
        str(error).encode()
        return output, type(error)


def _websocket(data: bytes, chance: random.Random) -> str | None:
    whole, parts = _session(iter((data,))), _session(_cut(data, chance))
    return None if whole == parts else f"whole: {whole!r:.100}, in pieces: {parts!r:.100}"


def _unpacked(pieces: Iterator[bytes]) -> object:
    """Unpack an archive; return the files in the parent folder, which may contain only the folder `copy`."""
    with tempfile.TemporaryDirectory() as folder:
        ended: object = None
        try:
            with Unpacker("x", Path(folder) / "copy") as unpacker:
                for piece in pieces:
                    unpacker.feed(piece)
                unpacker.finish()
        except errors.CopyError as error:
            ended = "error"
            assert str(error).isprintable()
        beside = {path.name for path in Path(folder).iterdir()} - {"copy"}
        found = sorted((str(path.relative_to(folder)), path.lstat().st_size) for path in Path(folder).rglob("*"))
        odd = [path for path in Path(folder).rglob("*") if path.is_symlink() or not (path.is_dir() or path.is_file())]
        return ended, "bad" if beside or odd else [item for item in found if not Path(folder, item[0]).is_dir()]


def _tar(data: bytes, chance: random.Random) -> str | None:
    whole, parts = _unpacked(iter((data,))), _unpacked(_cut(data, chance))
    return None if whole == parts and "bad" not in repr(whole) else f"whole: {whole!r:.100}, in pieces: {parts!r:.100}"


_Target = Callable[[bytes, random.Random], str | None]

_TARGETS: Final[dict[str, tuple[_Target, tuple[bytes, ...], int]]] = {
    "http1": (_http, _ANSWERS, 20),
    "pod": (_pod, _PODS, 15),
    "list": (_list, _LISTS, 5),
    "websocket": (_websocket, _SESSIONS, 8),
    "tar": (_tar, _ARCHIVES, 2),
    "watch": (_watch, _WATCHES, 15),
    "yaml": (_yaml, _YAMLS, 10),
    "warnings": (_warnings, _WARNINGS, 10),
    "quantity": (_quantity, _QUANTITIES, 10),
    "selector": (_selector, _SELECTORS, 5),
}
"""Each target with its function, the inputs to mutate, and its share in percent."""


def _large() -> Iterator[tuple[str, bytes]]:
    """Yield the inputs that are bad because of their size."""
    digits = b"9" * 1_000_000
    for target in ("pod", "watch", "yaml"):
        for depth in (500, 100_000):
            yield target, b"[" * depth
            yield target, b'{"a":' * depth
            yield target, b'{"kind":"Pod","new":' + b"[" * depth + b"]" * depth + b"}"
        yield target, b'{"spec":{"priority":' + digits + b"}}"
        yield target, b'{"spec":{"priority":1.' + digits + b"}}"
        yield target, b'{"spec":{"containers":[{"resources":{"limits":{"cpu":' + digits + b"}}}]}}"
        yield target, b'"' + b"\\u00e9" * 100_000
    yield "watch", b'{"type":"ADDED","object":' + b"[" * 100_000 + b"\n"
    yield "watch", b'{"type":"ERROR","object":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    yield "watch", b"\n" * 500_000
    yield "yaml", b"a: &a [" + b"x," * 9 + b"x]\n" + b"".join(b"b%d: [%b]\n" % (i, b"*a," * 99) for i in range(99))
    yield "yaml", b"\n".join(b"%b- " % (b" " * i) for i in range(300))
    yield "yaml", b"- " * 5_000
    yield "yaml", b"? " * 5_000
    yield "yaml", b"&a " * 5_000
    yield "yaml", b"%" * 100_000
    yield "yaml", b"a: " + digits
    yield "yaml", b"a: 1:" + b"59:" * 10_000 + b"1"
    yield "yaml", b"a: 0x" + b"f" * 100_000
    yield "yaml", b"a: 1" + b"_" * 100_000 + b"."
    for text in (
        b"\\",
        b'"',
        b" ",
        b",",
        b"=?",
        b"=?utf-8?q?",
        b'299 - "a",',
        b"299 ",
        b"=?utf-8?b?",
        b"\\\\",
        b"=?a?q?b?= ",
    ):
        yield "warnings", text * (60_000 // len(text))
        yield "warnings", b'299 - "' + text * (60_000 // len(text))
        yield "warnings", b'299 - "' + text * (60_000 // len(text)) + b'"'
    for text in (
        digits,
        b"." + digits,
        b"1e" + digits,
        b"1e-" + digits,
        b"0." + digits + b"Ki",
        b"1e99999",
        b"1" * 5000,
    ):
        yield "quantity", text
    for text in (
        b"a," * 10_000,
        b"a in (" + b"b," * 10_000 + b")",
        b"!" * 100_000,
        b"a." * 100_000 + b"/b",
        b" " * 300_000,
    ):
        yield "selector", text
    for text in (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000, b"HTTP/1.1 200 " + b"x" * 300_000, b"\r\n" * 100_000):
        yield "http1", text
        yield "http1", text + b"\r\n\r\n"
    yield "websocket", frame(2, b"\x01", fin=False) + frame(0, b"x", fin=False) * 300_000
    yield "websocket", frame(9, b"") * 300_000
    yield "websocket", frame(2, b"\x03" + b"[" * 1_000_000)
    yield "websocket", frame(2, b"\x03" + b"[" * 100_000) + _GOODBYE
    yield "tar", entry("x/" + "y/" * 100) * 50
    yield "tar", entry("pax", b"11 path=x/\n" * 5_000, tarfile.XHDTYPE) + entry("x/a")
    yield "http1", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000 + b"\r\n"
    yield "http1", b"HTTP/1.1 200 OK\r\na:" + b" " * 250_000 + b"\r\n\r\n"


@contextmanager
def _watched() -> Iterator[Callable[[float], None]]:
    """Provide a function that limits the time of an input. Signals enforce it, so it works in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda seconds: None
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise _Hang

    before = signal.signal(signal.SIGALRM, late)
    try:
        yield lambda seconds: _set(seconds)
    finally:
        _set(0)
        signal.signal(signal.SIGALRM, before)


def _set(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)


def run(n: int | None, seed: int) -> Tally:
    """Try `n` inputs, 100,000 by default, in addition to the inputs that are bad because of their size."""
    tally = Tally("fuzz")
    chance = random.Random(seed)
    slowest: tuple[float, str] = (0.0, "")
    with _watched() as limit:
        for name, data in _inputs(100_000 if n is None else n, chance):
            work: Any = _TARGETS[name][0]
            limit(_HANG)
            began = time.perf_counter()
            try:
                fault = work(data, chance)
            except _Hang:
                fault = f"took more than {_HANG} s"
            except Exception as error:
                fault = f"{type(error).__name__}: {error!s:.150}"
            seconds = time.perf_counter() - began
            if fault is None and seconds > _SLOWEST:
                fault = f"took {seconds:.1f} s"
            slowest = max(slowest, (seconds, f"{name}:{data[:20]!r}"))
            tally.check(fault is None, f"{name} {data[:120]!r} ({len(data)} bytes): {fault}")
    tally.figure("slowest", f"{slowest[0]:.2f}s({slowest[1].replace(' ', '_')})")
    return tally


def _inputs(n: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    yield from _large()
    names = [name for name, (_, _, share) in _TARGETS.items() for _ in range(share)]
    for _ in range(n):
        name = chance.choice(names)
        yield name, _mutated(chance.choice(_TARGETS[name][1]), chance)
