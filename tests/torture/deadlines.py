"""Every public call ends within its deadline plus one second, after whichever byte the server stops."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from kubecore import errors, rest
from tests.everyverb import Verb, arguments, finish, finish_async, verbs
from tests.torture.callers import MODES, Caller, Mode
from tests.torture.callers import callers as lend
from tests.torture.server import PodServer, Reply, Request
from tests.torture.tally import Tally

_DEADLINE: Final = 0.3
_SLACK: Final = 1.0
_BUSY: Final = 3.0
"""Additional seconds for a call on a busy machine, if a sleeping thread is as late."""

_TIMEOUTS: Final = rest.Timeouts(connect=60, read=60, write=60, pool=60, total=60, idle=60)

_OBJECT: Final = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","uid":"u","resourceVersion":"5"}}'
_STATUS: Final = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"no"}'
_JSON: Final = b"Content-Type: application/json\r\n"


def _length(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, _JSON, len(body), body)


def _chunked(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
        status,
        _JSON,
        len(body),
        body,
    )


_RESPONSES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "object": lambda key: _length(b"200 OK", _OBJECT),
    "chunks": lambda key: _chunked(b"200 OK", _OBJECT),
    "failure": lambda key: _length(b"404 Not Found", _STATUS),
    "accepted": lambda key: _length(b"202 Accepted", _OBJECT),
    "busy": lambda key: b"HTTP/1.1 429 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "websocket": lambda key: _websocket(key),
}


def _websocket(key: bytes) -> bytes:
    """Write an upgrade and frames: a port-forward's greetings, and two bytes of standard output."""
    import base64
    import hashlib

    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
        b"Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n\x82\x03\x01ab\x82\x03\x01cd" % accept
    )


def _key(request: Request) -> bytes:
    for line in request.head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            return value.strip()
    return b""


def _cases(rng: random.Random) -> Iterator[tuple[Mode, Verb, str, int]]:
    """Yield calls, responses and the byte after which each stops, in random order; every byte occurs once."""
    lengths = {name: len(make(b"x" * 24)) for name, make in _RESPONSES.items()}
    calls: dict[bool, list[Verb]] = {
        is_async: list(verbs(is_async=is_async, generated=False)) for is_async in (False, True)
    }
    found: list[tuple[Mode, Verb, str, int]] = [
        (mode, verb, name, at)
        for mode in MODES
        for verb in calls[mode != "sync"]
        for name, length in lengths.items()
        for at in range(length)
    ]
    rng.shuffle(found)
    yield from found


class _Metronome:
    """Measure of the delay of a sleeping thread. A call may be late by as much."""

    def __init__(self) -> None:
        self.late = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over.is_set():
            began = time.monotonic()
            self._is_over.wait(0.05)
            self.late = max(self.late, time.monotonic() - began - 0.05)

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()


def run(n: int | None, seed: int) -> Tally:
    """Try `n` pairs of a call and a response that stops, 20,000 by default."""
    tally = Tally("deadlines")
    worst, tries = 0.0, 20_000 if n is None else n
    cases = _cases(random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        for (mode, verb, name, at), _ in zip(cases, range(tries), strict=False):
            with lend(mode) as make:
                seconds, fault, late = _one(make, mode, verb, name, at, Path(folder))
            worst = max(worst, seconds)
            limit = _DEADLINE + _SLACK + min(late, _BUSY) * 3
            if fault is None and seconds > limit:
                fault = f"took {seconds:.2f} s, the deadline was {_DEADLINE} s"
            tally.check(fault is None, f"{mode} {verb.name}, {name} after {at} bytes: {fault}")
    tally.figure("slowest", f"{worst:.2f}s")
    return tally


def _one(
    make: Callable[[rest.Config], Caller], mode: Mode, verb: Verb, name: str, at: int, folder: Path
) -> tuple[float, str | None, float]:
    def reply(request: Request) -> Reply:
        return Reply((_RESPONSES[name](_key(request))[:at],), "hold")

    def use(clientset: Any) -> Any:
        end = finish if mode == "sync" else finish_async
        return end(verb.make(clientset)(**arguments(verb, folder), timeout=_DEADLINE))

    fault: str | None = None
    with PodServer(reply) as server, make(rest.Config(host=server.url, timeouts=_TIMEOUTS)) as caller:
        metronome = _Metronome()
        began = time.monotonic()
        try:
            caller.run(use)
        except (errors.KubeError, StopIteration, StopAsyncIteration):
            pass
        except Exception as error:
            fault = f"foreign {type(error).__name__}: {error}"
        seconds = time.monotonic() - began
        metronome.stop()
        server.drop()
    return seconds, fault, metronome.late
