"""Requests that are cancelled, on asyncio and trio.

First a stepper drives one request at a time and cancels it at its k-th wait, for every k. Then many requests are
cancelled at random times. Afterwards every connection of the pool must be free immediately, only the connections of the
pool may be open, and no task may be left.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import anyio
import trio
import trustme

from kubeclient import AsyncClientset
from kubecore import rest
from tests.torture.callers import described
from tests.torture.server import POD, PodServer, Reply, Request, http_response
from tests.torture.tally import Tally

_MOST: Final = 2
_BUSY: Final = 0.004
_TIMEOUTS: Final = rest.Timeouts(connect=5.0, read=5.0, write=5.0, pool=2.0, total=10.0)
_MOST_POINTS: Final = 200

How = Literal["task", "twice", "scope"]
"""Way to cancel: one `Task.cancel`, two of them at consecutive waits, or a cancel scope of anyio."""


class _Stepper:
    """Driver of a coroutine that cancels it during its k-th wait.

    Args:
        work: The coroutine.
        at: The numbers of the waits at which to cancel, from 1.
        cancel: The function that cancels the coroutine.
    """

    def __init__(self, work: Coroutine[Any, Any, Any], at: tuple[int, ...], cancel: Callable[[], object]) -> None:
        self._work = work
        self._at = at
        self._cancel = cancel
        self.points = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[Any], Any] = self._work.send
        given: Any = None
        while True:
            try:
                yielded = step(given)
            except StopIteration as done:
                return done.value
            self.points += 1
            if self.points in self._at:
                self._cancel()
            try:
                given = yield yielded
                step = self._work.send
            except BaseException as error:
                given, step = error, self._work.throw


def _reply(request: Request) -> Reply:
    name = request.target.partition("?")[0].rsplit("/", 1)[-1]
    if name == "busy":
        time.sleep(_BUSY)
    if name == "parts":
        return Reply(_slowly(http_response(POD), 5))
    if name == "chunks":
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        return Reply(_slowly(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(POD), POD), 5))
    if name == "last":
        return Reply((http_response(POD, "Content-Type: application/json", "Connection: close"),), "close")
    if name == "pods":
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        return Reply(_slowly(head + b'{"type":"ADDED","object":%b}\n' % POD, 3), "hold")
    if name == "unread":
        return Reply((http_response(b"x" * 100, status="502 No"),))
    return Reply((http_response(POD),))


def _slowly(data: bytes, pieces: int) -> Iterator[bytes]:
    size = math.ceil(len(data) / pieces)
    for at in range(0, len(data), size):
        yield data[at : at + size]
        time.sleep(0.001)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A cancelled request and the activity during it.

    Attributes:
        name: The name of the scene.
        target: The requested pod; "watch" for a watch.
        before: Number of earlier requests, one by one, which leave connections in the pool.
        busy: Number of concurrent requests.
        drop: Whether the server closes the connections of the pool first.
        tls: Whether the server uses TLS.
    """

    name: str
    target: str = "p"
    before: int = 0
    busy: int = 0
    drop: bool = False
    tls: bool = False


_SCENES: Final = (
    _Scene("fresh"),
    _Scene("kept", before=1),
    _Scene("stale", before=1, drop=True),
    _Scene("one busy", busy=1),
    _Scene("full", busy=2),
    _Scene("full, others wait", busy=4),
    _Scene("full, last response", "last", busy=2),
    _Scene("parts", "parts", busy=1),
    _Scene("chunks", "chunks", before=1),
    _Scene("last response", "last"),
    _Scene("watch", "watch"),
    _Scene("watch, full", "watch", busy=2),
    _Scene("TLS", tls=True),
    _Scene("TLS, full", tls=True, busy=2),
    _Scene("TLS, last response", "last", tls=True),
)


class _Run:
    """Runs of all scenes on one backend."""

    def __init__(self, tally: Tally, backend: str, plain: PodServer, secure: PodServer, ca: bytes) -> None:
        self._tally = tally
        self._backend = backend
        self._plain = plain
        self._secure = secure
        self._ca = ca
        self.cancelled = 0

    async def step(self) -> None:
        """Cancel every scene at each of its waits."""
        hows: tuple[How, ...] = ("scope", "task", "twice") if self._backend == "asyncio" else ("scope",)
        for scene in _SCENES:
            for how in hows:
                for at in range(1, _MOST_POINTS):
                    fault, is_past = await self._trial(scene, how, at)
                    if is_past:  # The request finished before this wait.
                        self._tally.check(at > 1 and fault is None, f"{self._backend} {scene.name}, {how}: {fault}")
                        break
                    self.cancelled += 1
                    self._tally.check(fault is None, f"{self._backend} {scene.name}, {how} at {at}: {fault}")

    async def _trial(self, scene: _Scene, how: How, at: int) -> tuple[str | None, bool]:
        server = self._secure if scene.tls else self._plain
        tasks = _tasks()
        fault: str | None = None
        async with self._client(server, _MOST) as clientset:
            for _ in range(scene.before):
                await clientset.core_v1.pods("d").get("p")
            if scene.drop:
                server.drop()
                await _settled(lambda: server.open == 0)
            async with anyio.create_task_group() as group:
                for _ in range(scene.busy):
                    group.start_soon(clientset.core_v1.pods("d").get, "busy")
                if scene.busy:
                    await anyio.sleep(0.001)
                try:
                    with anyio.fail_after(5):
                        points = await _cancelled(_work(clientset, scene.target), how, at)
                except Exception as error:
                    fault, points = f"{type(error).__name__}: {error}", at
            fault = fault or await _damage(clientset, server, _MOST)
        if fault is None and not await _settled(lambda: server.open == 0):
            fault = f"{server.open} connections are open after the client was closed"
        if fault is None and not await _settled(lambda: _tasks() == tasks):
            fault = f"{_tasks() - tasks} tasks are left"
        return fault, points < at

    def _client(self, server: PodServer, most: int) -> AsyncClientset:
        tls = rest.TLSConfig(ca_data=self._ca) if server is self._secure else rest.TLSConfig()
        return AsyncClientset(
            rest.Config(host=server.url, max_connections=most, timeouts=_TIMEOUTS, tls=tls, max_retries=0)
        )

    async def storm(self, n: int, chance: random.Random) -> None:
        """Cancel `n` requests at random times."""
        most, at_once = 4, 12
        tasks = _tasks()
        server = self._plain
        async with self._client(server, most) as clientset:
            for begun in range(0, n, at_once):
                async with anyio.create_task_group() as group:
                    for _ in range(min(at_once, n - begun)):
                        name = chance.choice(("p", "p", "busy", "parts", "chunks", "last"))
                        group.start_soon(self._one, clientset, name, chance.choice((0.0005, 0.003, 0.01)), chance)
            fault = await _damage(clientset, server, most)
            self._tally.check(fault is None, f"{self._backend} after {n} random cancels: {fault}")
        is_closed = await _settled(lambda: server.open == 0)
        self._tally.check(is_closed, f"{self._backend} after {n} random cancels: {server.open} connections are open")
        is_done = await _settled(lambda: _tasks() == tasks)
        self._tally.check(is_done, f"{self._backend} after {n} random cancels: {_tasks() - tasks} tasks are left")

    async def _one(self, clientset: AsyncClientset, name: str, longest: float, chance: random.Random) -> None:
        seconds = chance.uniform(0, longest)
        get = clientset.core_v1.pods("d").get(name)
        try:
            if self._backend == "asyncio" and chance.random() < 0.5:
                await asyncio.wait_for(get, seconds)
            else:
                with anyio.fail_after(seconds):
                    await get
        except TimeoutError as error:
            if type(error) is not TimeoutError:  # A timeout error of kubecore: a part of the client was too slow.
                self._tally.wrong(f"{self._backend} random: {type(error).__name__}: {error}")
                return
            self.cancelled += 1
        except Exception as error:
            self._tally.wrong(f"{self._backend} random: {type(error).__name__}: {error}")
            return
        self._tally.good()


async def _work(clientset: AsyncClientset, target: str) -> None:
    if target != "watch":
        await clientset.core_v1.pods("d").get(target)
        return
    async with clientset.core_v1.pods("d").watch(resource_version="1") as events:
        await anext(events)


async def _cancelled(work: Coroutine[Any, Any, None], how: How, at: int) -> int:
    """Cancel a coroutine at its k-th wait; return how often it waited."""
    if how == "scope":
        with anyio.CancelScope() as scope:
            stepper = _Stepper(work, (at,), scope.cancel)
            await stepper
        return stepper.points
    made: list[_Stepper] = []

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        made.append(_Stepper(work, (at,) if how == "task" else (at, at + 1), task.cancel))
        await made[0]

    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.ensure_future(run())
    return made[0].points


async def _damage(clientset: AsyncClientset, server: PodServer, most: int) -> str | None:
    """Return the damage that the cancelled requests left behind, or None."""
    began = time.monotonic()
    found: list[object] = []

    async def get() -> None:
        found.append(await clientset.core_v1.pods("d").get("busy"))

    try:
        async with anyio.create_task_group() as group:
            for _ in range(most):
                group.start_soon(get)
    except BaseExceptionGroup as caught:
        return f"the pool can't serve {most} requests at once: {caught.exceptions[0]}"
    if len(found) != most or time.monotonic() - began > 1:
        return f"{len(found)} of {most} requests were served, in {time.monotonic() - began:.1f} s"
    connections: Any = clientset.rest_client._transport._connections()  # type: ignore[attr-defined]
    if connections.slots.free != most:
        return f"{connections.slots.free} of {most} slots are free"
    idle = len(connections.idle)
    if not await _settled(lambda: server.open == idle):
        return f"{server.open} connections are open, of which the pool knows {idle}"
    return None


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return trio.lowlevel.current_statistics().tasks_living


async def _settled(is_so: Callable[[], bool], seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        await anyio.sleep(0.001)
    return True


def run(n: int | None, seed: int) -> Tally:
    """Cancel at each point, then `n` times at random: 5,000 by default, half of them on each backend."""
    tally = Tally("cancel")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    count = 5_000 if n is None else n
    chance = random.Random(seed)
    for backend in ("asyncio", "trio"):
        with (
            PodServer(_reply) as plain,
            PodServer(_reply, context=context) as secure,
            described(tally, backend),
        ):
            made = _Run(tally, backend, plain, secure, authority.cert_pem.bytes())

            async def main(made: _Run = made, backend: str = backend) -> None:
                await made.step()
                points = made.cancelled
                tally.figure(f"{backend}_points", points)
                await made.storm(count // 2, chance)
                tally.figure(f"{backend}_random", made.cancelled - points)

            work: Callable[[], Awaitable[None]] = main
            anyio.run(work, backend=backend)
    return tally
