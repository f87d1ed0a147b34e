"""Faults of informers: responses that refuse, are incomplete, or contain objects that can't be read."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.ready import wait_until
from tests.server.informers import KINDS
from tests.torture.gateway import BREAK, failure, status_response
from tests.torture.informer_table import row
from tests.torture.informer_world import World, no_watch_list
from tests.torture.server import Request, http_response

_ENDS: Final = b"initial-events-end"

_PAUSE: Final = 4
"""Seconds of Retry-After: more than the first pauses of an informer."""


def _agent(request: Request) -> str:
    """Return the kind of the informer that sent a request."""
    return next(line[12:].decode() for line in request.head.split(b"\r\n") if line.lower().startswith(b"user-agent: "))


def _is_watch(request: Request) -> bool:
    """Return whether a request resumes from a version."""
    return "watch=true" in request.target and "sendInitialEvents" not in request.target


def _times(most: int) -> Callable[[Request], bool]:
    """Return a function that is true for the first requests of each informer."""
    counts: Counter[str] = Counter()

    def is_one(request: Request) -> bool:
        counts[_agent(request)] += 1
        return counts[_agent(request)] <= most

    return is_one


def _error_event(code: int, reason: str) -> bytes:
    return json.dumps({"type": "ERROR", "object": failure(code, reason)}).encode() + b"\n"


def _relisted(world: World, *, is_so: bool = True) -> None:
    """Wait until every informer has read everything again, or check that none has."""
    if is_so:
        wait_until(lambda: all(found.relists for found in world.reflections))
    else:
        world.check(not any(found.relists for found in world.reflections), "everything was read again")


# 410 and ERROR events.


@row("gone-on-open", is_quick=True)
def gone_on_open(world: World) -> None:
    """A watch is refused with 410."""
    world.follow()
    is_one = _times(1)
    world.gateway.refuse = lambda request: (
        status_response(410, "Expired") if _is_watch(request) and is_one(request) else None
    )
    world.proxy.cut()
    world.change(5)
    _relisted(world)


@row("gone-event", is_quick=True)
def gone_event(world: World) -> None:
    """A watch has an ERROR event with 410."""
    world.follow()
    is_one = _times(1)
    world.gateway.edit = lambda request, data: (
        _error_event(410, "Expired") if "watch=true" in request.target and is_one(request) else data
    )
    world.change(3)
    _relisted(world)


@row("gone-page-2", is_quick=True)
def gone_page_2(world: World) -> None:
    """The second page of a list is refused with 410."""
    world.fill(600)
    refused: set[str] = set()

    def refuse(request: Request) -> bytes | None:
        if "continue=" not in request.target:
            return no_watch_list(request)
        refused.add(_agent(request))
        return status_response(410, "Expired")

    world.gateway.refuse = refuse
    world.follow()
    world.check(refused == set(KINDS), f"only {sorted(refused)} requested a second page")


@row("gone-always", is_quick=True)
def gone_always(world: World) -> None:
    """Every watch is refused with 410. States as events are refused too, since their streams would continue."""
    world.gateway.refuse = no_watch_list
    world.follow()
    world.gateway.refuse = lambda request: (
        status_response(410, "Expired") if _is_watch(request) else no_watch_list(request)
    )
    with world.bounded(world.seconds, states=2):
        world.proxy.cut()


@row("gone-event-always")
def gone_event_always(world: World) -> None:
    """Every watch begins with an ERROR event with 410."""
    world.gateway.refuse = no_watch_list
    world.follow()

    def refuse(request: Request) -> bytes | None:
        return (
            http_response(_error_event(410, "Expired"), "Content-Type: application/json")
            if _is_watch(request)
            else no_watch_list(request)
        )

    world.gateway.refuse = refuse
    with world.bounded(world.seconds, states=2):
        world.proxy.cut()


@row("error-event", is_quick=True)
def error_event(world: World) -> None:
    """An ERROR event of another code: the watch resumes."""
    world.follow()
    is_one = _times(1)
    world.gateway.edit = lambda request, data: (
        _error_event(500, "InternalError") if "watch=true" in request.target and is_one(request) else data
    )
    world.change(3)
    world.await_equal()
    _relisted(world, is_so=False)


# The state as events.


@row("refused-watch-list", is_quick=True)
def refused_watch_list(world: World) -> None:
    """422 to the state as events leads to a list, and is remembered."""
    world.gateway.refuse = no_watch_list
    world.follow()
    requests = [request for request in list(world.gateway.requests) if "sendInitialEvents" in request.target]
    world.check(len(requests) == len(world.followers), f"{len(requests)} requests for the state as events")


def _is_listed(world: World) -> None:
    world.follow()
    world.check(all(found.lists for found in world.reflections), "the state is read as events")


@row("ignored-watch-list")
def ignored_watch_list(world: World) -> None:
    """A server that does not know the parameters sends no end of the state."""
    world.gateway.target = lambda target: target.replace("sendInitialEvents=true&", "").replace(
        "resourceVersionMatch=NotOlderThan&", ""
    )
    # This server sends the end to every watch without a version.
    world.gateway.edit = lambda request, data: b"" if _ENDS in data else data
    _is_listed(world)


@row("no-end-bookmark")
def no_end_bookmark(world: World) -> None:
    """A server does not send the end of the state."""
    world.gateway.edit = lambda request, data: b"" if _ENDS in data else data
    _is_listed(world)


@row("cut-end-bookmark", is_quick=True)
def cut_end_bookmark(world: World) -> None:
    """Connections break before the end of the state."""
    world.gateway.edit = lambda request, data: BREAK if _ENDS in data else data
    _is_listed(world)


# Refusals that last.


def _refuse_for_a_while(world: World, response: bytes) -> None:
    world.follow()
    world.gateway.refuse = lambda request: response
    with world.bounded(world.seconds):
        world.proxy.cut()
        world.change(5)
    world.check(all(len(one.informer) for one in world.followers), "the copies can't be read")
    world.heal()
    world.await_equal()
    _relisted(world, is_so=False)


for _code, _reason in (
    (429, "TooManyRequests"),
    (503, "ServiceUnavailable"),
    (500, "InternalError"),
    (403, "Forbidden"),
):
    row(f"status-{_code}", is_quick=_code == 429)(
        partial(_refuse_for_a_while, response=status_response(_code, _reason))
    )


@row("retry-after", is_quick=True)
def retry_after(world: World) -> None:
    """429 with Retry-After is obeyed."""
    world.follow()
    world.gateway.refuse = lambda request: status_response(429, "TooManyRequests", f"Retry-After: {_PAUSE}")
    began = time.monotonic()
    world.proxy.cut()
    wait_until(lambda: min(world.requests(began).values()) > 1)
    for kind in KINDS:
        times = [at for at, agent in list(world.gateway.times) if agent == kind and at >= began]
        gaps = [after - before for before, after in itertools.pairwise(times)]
        world.check(min(gaps) >= _PAUSE, f"{kind} sent requests after {gaps} seconds")


# Objects that can't be read.

_POISON: Final = {
    "no-metadata": b'{"kind":"ConfigMap","apiVersion":"v1","data":{"k":"v"}}',
    "no-name": b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"namespace":"x","uid":"u","resourceVersion":"7"}}',
    "text-as-metadata": b'{"kind":"ConfigMap","apiVersion":"v1","metadata":"text"}',
    "number-as-name": b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":5,"uid":[],"resourceVersion":{}}}',
    "null": b"null",
    "array": b"[1,2]",
    "deep-metadata": b'{"metadata":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep-data": b'{"metadata":{"name":"x"},"data":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
}


def _poison(world: World, event: bytes) -> None:
    """Let each stream contain an event that can't be read before each other event."""
    world.gateway.edit = lambda request, data: event + data if "watch=true" in request.target else data
    world.follow()
    with world.bounded():
        world.change(10)
        world.await_equal()
    _relisted(world, is_so=False)


for _name, _object in _POISON.items():
    row(f"poison-{_name}", is_quick=True)(partial(_poison, event=b'{"type":"MODIFIED","object":' + _object + b"}\n"))
row("poison-unknown-type", is_quick=True)(
    partial(_poison, event=b'{"type":"RENAMED","object":{"metadata":{"name":"x","resourceVersion":"7"}}}\n')
)


@row("poison-in-list", is_quick=True)
def poison_in_list(world: World) -> None:
    """Lists contain objects that can't be read."""
    items = b",".join(found for name, found in _POISON.items() if not name.startswith("deep"))
    world.gateway.refuse = no_watch_list
    world.gateway.edit = lambda request, data: (
        data.replace(b'"items":[', b'"items":[' + items + b",", 1) if "watch=true" not in request.target else data
    )
    world.follow()
    world.await_equal()
