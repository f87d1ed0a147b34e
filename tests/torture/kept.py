"""Over reused connections every call gets its own response or an error, whatever the server sends and when.

A sequence is a few calls over one pool. The server side of each connection runs in the same thread and acts when the
client sends or waits, so that a seed determines the order of all events. Responses are cut into TLS records and
segments at random positions. They arrive early, in parts, with extra bytes, or truncated. Calls are cancelled, time out
or are interrupted. Connections use plain TCP, TLS, TLS in TLS, or TLS to a proxy, over real socket pairs and OpenSSL.
Clients are synchronous, or run on asyncio or trio.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import anyio

from kubecore import errors, rest
from kubecore._auth.credential import Credential
from kubecore._http.async_pool import AsyncPool
from kubecore._http.pool import Pool
from kubecore._http.request import Request
from kubecore.calls.call import Call
from kubecore.rest.request_builder import RequestBuilder
from tests.torture.kept_connections import Contexts, World
from tests.torture.kept_plans import LARGE, expected
from tests.torture.kept_state import Interrupt
from tests.torture.tally import Tally

Mode = Literal["sync", "asyncio", "trio"]

_CONFIG: Final = rest.Config(host="http://h", timeouts=rest.Timeouts(connect=5, read=5, write=5, pool=5, total=60))


class _Calls:
    """Random calls of one sequence, and the check of their results."""

    def __init__(self, tally: Tally, world: World, name: str, numbers: Iterator[int]) -> None:
        self._tally = tally
        self._world = world
        self._name = name
        self._numbers = numbers
        self._requests = RequestBuilder(_CONFIG)
        self.served = 0
        self.failed = 0

    def draw(self) -> tuple[bytes, Request]:
        """Return a request and its tag."""
        chance = self._world.chance
        tag = b"t%d" % next(self._numbers)
        method = chance.choice(("GET", "GET", "HEAD", "POST", "PUT", "DELETE"))
        has_body = method in ("POST", "PUT")
        body = bytes(LARGE if chance.random() < 0.15 else 20) if has_body else None
        call: Call[Any] = Call(method=method, path="/" + tag.decode(), response=object, verb="x", body=body)
        return tag, self._requests.make(call, Credential(None), streaming=False, deadline=None)

    def judge(self, tag: bytes, method: str, result: object) -> None:
        """Count one call."""
        plan, _ = self._world.plans.get(tag, (None, ""))
        if isinstance(result, tuple):
            self.served += 1
            is_own = plan is not None and result == expected(plan, tag, method)
            self._tally.check(is_own, f"{self._name} {method} {tag!r}: {result!r:.80} of {plan!r:.200}")
            return
        self.failed += 1
        is_known = isinstance(result, (errors.TransportError, Interrupt)) or result == "cancelled"
        is_right = is_known and plan is not None and not plan.is_clean
        self._tally.check(is_right, f"{self._name} {method} {tag!r}: {result!r:.120} of {plan!r:.250}")


def _sequence(pool: Pool, world: World, calls: _Calls, count: int) -> None:
    for _ in range(count):
        tag, request = calls.draw()
        result: object
        try:
            stream = pool.open(request)
            try:
                body = bytes(stream.read(1 << 20)) if world.chance.random() < 0.5 else b"".join(stream.chunks())
                result = stream.status, stream.headers.get("x-tag", ""), body
            finally:
                stream.close()
        except (errors.KubeError, Interrupt) as error:
            result = error
        calls.judge(tag, request.method, result)
        world.idle()


async def _sequence_async(pool: AsyncPool, world: World, calls: _Calls, count: int) -> None:
    for _ in range(count):
        tag, request = calls.draw()
        result: object = "cancelled"
        with anyio.CancelScope() as world.scope:
            try:
                stream = await pool.open(request)
                try:
                    if world.chance.random() < 0.5:
                        body = bytes(await stream.read(1 << 20))
                    else:
                        body = b"".join([piece async for piece in stream.chunks()])
                    result = stream.status, stream.headers.get("x-tag", ""), body
                finally:
                    await stream.aclose()
            except (errors.KubeError, Interrupt) as error:
                result = error
        calls.judge(tag, request.method, result)
        world.idle()


class _Scene(NamedTuple):
    """A kind of connection, with its share of a hundred sequences."""

    name: str
    mode: Mode
    layers: int
    share: int


_SCENES: Final = tuple(
    _Scene(f"{mode} {name}", mode, layers, share)
    for mode in ("sync", "asyncio", "trio")
    for name, layers, share in (
        ("plain", 0, 22),
        ("TLS", 1, 9),
        ("TLS in TLS", 2, 2),
    )
)
_CALLS: Final = 3
_AT_ONCE: Final = 50
"""Number of consecutive sequences that share a pool, so that some reuse the connection of an earlier one."""


def run(n: int | None, seed: int) -> Tally:
    """Run `n` sequences of calls, 100,000 by default."""
    tally = Tally("kept")
    contexts = Contexts()
    numbers = itertools.count()
    wanted = 100_000 if n is None else n
    total = sum(scene.share for scene in _SCENES)
    figures = dict.fromkeys(("sequences", "served", "failed", "reused", "early"), 0)
    for index, scene in enumerate(_SCENES):
        left = max(1, wanted * scene.share // total)
        batch = 0
        while left:
            count = min(left, _AT_ONCE)
            world = World(random.Random(f"{seed} {index} {batch}"), contexts, scene.layers)
            calls = _Calls(tally, world, f"{scene.name} (batch {batch})", numbers)
            try:
                if scene.mode == "sync":
                    _batch(world, calls, count)
                else:
                    anyio.run(_batch_async, world, calls, count, backend=scene.mode)
            finally:
                world.close()
            for name, value in (
                ("sequences", count),
                ("served", calls.served),
                ("failed", calls.failed),
                ("reused", world.reused),
                ("early", world.early),
            ):
                figures[name] += value
            left -= count
            batch += 1
    for name, value in figures.items():
        tally.figure(name, value)
    if not figures["reused"] or not figures["early"]:
        tally.wrong("no connection was reused, or no response was early")
    return tally


def _batch(world: World, calls: _Calls, count: int) -> None:
    pool = Pool(_CONFIG)
    pool._connector = world  # type: ignore[assignment]
    try:
        for _ in range(count):
            _sequence(pool, world, calls, _CALLS)
    finally:
        pool.close()


async def _batch_async(world: World, calls: _Calls, count: int) -> None:
    pool = AsyncPool(_CONFIG)
    pool._connector = world  # type: ignore[assignment]
    try:
        for _ in range(count):
            await _sequence_async(pool, world, calls, _CALLS)
    finally:
        await pool.aclose()
