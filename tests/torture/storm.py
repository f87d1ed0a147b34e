"""If a server or the connection to it keeps failing, a call sends few requests and no write twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from kubecore import errors, rest
from tests.torture.callers import MODES, Caller, callers
from tests.torture.proxy import FaultProxy, Plan
from tests.torture.server import PodServer, Reply, Request, http_response
from tests.torture.tally import Tally

_TOTAL: Final = 2.5
_SLACK: Final = 0.6
_TIMEOUTS: Final = rest.Timeouts(connect=1.0, read=1.0, write=1.0, pool=1.0, total=_TOTAL)
_RETRIES: Final = 10
_POD: Final = {"metadata": {"name": "p"}, "spec": {"containers": []}}

_VERBS: Final[dict[str, Callable[[Any], Any]]] = {
    "get": lambda c: c.core_v1.pods("d").get("p"),
    "create": lambda c: c.core_v1.pods("d").create(_POD),
    "update": lambda c: c.core_v1.pods("d").update(_POD),
    "patch": lambda c: c.core_v1.pods("d").patch("p", {}, type="merge"),
    "delete": lambda c: c.core_v1.pods("d").delete("p"),
}

# Each constant response, with the minimum and maximum number of requests for it.
_ANSWERS: Final[dict[str, tuple[bytes, int, int]]] = {
    "429": (http_response(b"", status="429 No"), 1, 1),
    "429, 0 s": (http_response(b"", "Retry-After: 0", status="429 No"), 2, _RETRIES + 1),
    "429, 1 s": (http_response(b"", "Retry-After: 1", status="429 No"), 2, 3),
    "429, -1 s": (http_response(b"", "Retry-After: -1", status="429 No"), 1, 1),
    "429, 1 year": (http_response(b"", "Retry-After: 31536000", status="429 No"), 1, 1),
    "429, 10^30 s": (http_response(b"", "Retry-After: 1" + "0" * 30, status="429 No"), 1, 1),
    "429, a date gone by": (
        http_response(b"", "Retry-After: Fri, 01 Jan 2021 00:00:00 GMT", status="429 No"),
        1,
        _RETRIES + 1,
    ),
    "429, a date to come": (http_response(b"", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT", status="429 No"), 1, 1),
    "429, no date": (http_response(b"", "Retry-After: soon", status="429 No"), 1, 1),
    "500": (http_response(b"", status="500 No"), 1, 1),
    "502, HTML": (http_response(b"<html>", "Content-Type: text/html", status="502 No"), 1, 1),
    "503": (http_response(b"", status="503 No"), 1, 1),
    "504": (http_response(b"", status="504 No"), 1, 1),
    "401": (http_response(b"", status="401 No"), 1, 2),
    "403": (http_response(b"", status="403 No"), 1, 1),
    "410": (http_response(b"", status="410 No"), 1, 1),
}

# Each way in which a connection breaks, with the most requests of a read; a write is sent once.
_BREAKS: Final[dict[str, tuple[Plan, int]]] = {
    "cut in the head": (Plan(cut_after=10), 3),
    "reset in the head": (Plan(cut_after=10, how="rst"), 3),
    "cut before the response": (Plan(cut_after=0), 3),
    "reset before the response": (Plan(cut_after=0, how="rst"), 3),
    "cut in the body": (Plan(cut_after=100), 3),
    "reset in the body": (Plan(cut_after=100, how="rst"), 3),
    "reset in the request": (Plan(cut_after=30, how="rst", up=True), 3),
    "mute": (Plan(mute_after=0), 1),
    "half closed": (Plan(half_close_after=20), 3),
    "garbage": (Plan(corrupt_at=0), 1),
}


def run(n: int | None, seed: int) -> Tally:
    """Try each response and each broken connection with each verb; `n` limits the number of each."""
    tally = Tally("storm")
    for mode in MODES:
        with callers(mode) as make:
            for name, (data, fewest, most) in list(_ANSWERS.items())[:n]:
                for verb, use in _VERBS.items():
                    if name in ("429, 1 s", "429, 0 s") and verb not in ("get", "create"):
                        continue
                    with PodServer(lambda request, data=data: Reply((data,))) as server:  # type: ignore[misc]
                        fault = _fault(make(_config(server.url)), use, server, fewest, most, errors.StatusError)
                    tally.check(fault is None, f"{mode} {verb} {name}: {fault}")
            for name, (plan, most) in list(_BREAKS.items())[:n]:
                for verb, use in _VERBS.items():
                    if verb in ("update", "patch"):
                        continue
                    with PodServer(_pod_or_status) as server, FaultProxy(server.port, plan) as proxy:
                        sent = most if verb == "get" else 1
                        fault = _fault(make(_config(proxy.url)), use, server, 0, sent, errors.TransportError)
                        if fault is None and proxy.accepted > sent:
                            fault = f"{proxy.accepted} connections, at most {sent} are right"
                    tally.check(fault is None, f"{mode} {verb} {name}: {fault}")
            with PodServer() as server:
                port = server.port
            for verb, use in _VERBS.items():
                fault = _fault(make(_config(f"http://127.0.0.1:{port}")), use, server, 0, 0, errors.ConnectError)
                tally.check(fault is None, f"{mode} {verb} refused: {fault}")
    return tally


def _pod_or_status(request: Request) -> Reply:
    return Reply((http_response(b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[]}}'),))


def _config(host: str) -> rest.Config:
    return rest.Config(host=host, timeouts=_TIMEOUTS, max_retries=_RETRIES)


def _fault(
    caller: Caller, use: Callable[[Any], Any], server: PodServer, fewest: int, most: int, kind: type[Exception]
) -> str | None:
    requests = len(server.requests)
    began = time.monotonic()
    with caller:
        try:
            found = caller.run(use)
        except kind:
            found = None
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    seconds, sent = time.monotonic() - began, len(server.requests) - requests
    if found is not None:
        return f"read as {found!r:.100}"
    if not fewest <= sent <= most:
        return f"{sent} requests, {fewest} to {most} are right"
    return f"took {seconds:.2f} s" if seconds > _TOTAL + _SLACK else None
