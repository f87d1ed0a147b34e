"""If a server sends single bytes forever, the call still ends at its deadline."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kubecore import errors, rest
from tests.torture.callers import MODES, Caller
from tests.torture.callers import callers as lend
from tests.torture.server import PodServer, Reply, Request
from tests.torture.tally import Tally

_PACE: Final = 0.05
_LONGEST: Final = 5.0
_TOTAL: Final = 1.0
_SLACK: Final = 0.5
_TIMEOUTS: Final = rest.Timeouts(connect=2.0, read=0.5, write=0.5, pool=2.0, total=_TOTAL)

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

# Each with the bytes that arrive immediately, and those that arrive one by one.
_CASES: Final[dict[str, tuple[bytes, Callable[[], Iterable[bytes]]]]] = {
    "head": (b"", lambda: itertools.chain(_bytes(_HEAD), itertools.cycle(_bytes(b"X-A: b\r\n")))),
    "one header": (_HEAD + b"X-A: ", lambda: itertools.repeat(b"x")),
    "interim responses": (b"", lambda: itertools.cycle(_bytes(b"HTTP/1.1 103 Early Hints\r\n\r\n"))),
    "body of known length": (_HEAD + b"Content-Length: 100000\r\n\r\n", lambda: itertools.repeat(b" ")),
    "body until the end": (_HEAD + b"\r\n", lambda: itertools.repeat(b" ")),
    "chunk": (_CHUNKED + b"ffff\r\n", lambda: itertools.repeat(b" ")),
    "chunk sizes": (_CHUNKED, lambda: itertools.cycle(_bytes(b"1\r\n \r\n"))),
    "one chunk size": (_CHUNKED + b"1;", lambda: itertools.repeat(b"x")),
    "trailers": (_CHUNKED + b"0\r\n", lambda: itertools.cycle(_bytes(b"X-A: b\r\n"))),
    "error body": (b"HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n", lambda: itertools.repeat(b" ")),
    "responses that require a retry": (
        b"",
        lambda: _bytes(b"HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
    ),
    "responses that require a pause": (b"HTTP/1.1 429 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", lambda: ()),
    "connections that break": (b"", lambda: itertools.chain(itertools.repeat(b"H", 1), (b"TTP/1.1 200",))),
}


def _bytes(data: bytes) -> Iterator[bytes]:
    return (data[i : i + 1] for i in range(len(data)))


def _slowly(first: bytes, then: Iterable[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    end = time.monotonic() + _LONGEST
    for piece in then:
        time.sleep(_PACE)
        if time.monotonic() > end:  # A client that waits this long would never end.
            return
        yield piece


def run(n: int | None, seed: int) -> Tally:
    """Try each case; `n` limits the number of cases."""
    tally = Tally("slow")
    worst = 0.0
    for mode in MODES:
        for name, (first, then) in list(_CASES.items())[:n]:

            def reply(request: Request, first: bytes = first, then: Callable[[], Iterable[bytes]] = then) -> Reply:
                return Reply(_slowly(first, then()), "close")

            # Retries are enabled: one deadline limits all attempts together.
            with PodServer(reply) as server, lend(mode) as make, make(_config(server)) as caller:
                seconds, fault = _timed(caller)
                server.drop()
            worst = max(worst, seconds)
            if fault is None and seconds > _TOTAL + _SLACK:
                fault = f"took {seconds:.2f} s, the deadline was {_TOTAL} s"
            tally.check(fault is None, f"{mode} {name}: {fault}")
    tally.figure("slowest", f"{worst:.2f}s")
    return tally


def _config(server: PodServer) -> rest.Config:
    return rest.Config(host=server.url, timeouts=_TIMEOUTS)


def _timed(caller: Caller) -> tuple[float, str | None]:
    began = time.monotonic()
    fault: str | None = "got an object"
    try:
        caller.get()
    except errors.KubeError:
        fault = None
    except Exception as error:
        fault = f"foreign {type(error).__name__}: {error}"
    return time.monotonic() - began, fault
