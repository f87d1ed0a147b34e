"""The loops of a watch, synchronous and asynchronous, against a server on loopback that fails in time."""

from __future__ import annotations

import inspect
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import anyio
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest, watch
from tests.kubecore.test_parity import members, plain
from tests.kubecore.watch_runs import bookmark, change, line
from tests.ready import PATIENCE, wait_until, wait_until_async, wait_until_idle
from tests.server.conftest import Awaited
from tests.torture.server import PodServer, Reply, Request, http_response

pytestmark = pytest.mark.slow  # real pauses

AT_ONCE: Final = 20.0
"""Seconds in which a busy machine completes work without pauses. A timeout or an idle stream lasts longer."""


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
LIST = http_response(b'{"kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":[]}')
SILENCE: Final = 1.0
TIMEOUTS = rest.Timeouts(connect=5, read=5, write=5, pool=5, total=10, idle=SILENCE)

Drive = Callable[..., Any]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def drive(request: pytest.FixtureRequest) -> Drive:
    """Run a scenario with a client of config maps, of the synchronous clientset or the asynchronous one."""

    def run(url: str, scenario: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
        config = rest.Config(host=url, **{"timeouts": TIMEOUTS, "max_retries": 0, **options})

        async def synchronous() -> Any:
            with Clientset(config) as made:
                return await scenario(Awaited(made).core_v1.config_maps("d"))

        async def asynchronous() -> Any:
            async with AsyncClientset(config) as made:
                return await scenario(made.core_v1.config_maps("d"))

        if request.param == "sync":
            return anyio.run(synchronous)
        return anyio.run(asynchronous, backend=request.param)

    return run


class Script:
    """Respond to each watch with the next chunks and keep or close the connection. Lists are empty."""

    def __init__(self, *replies: Reply | bytes) -> None:
        self._all = replies
        self._replies = iter(replies)
        self.watches: list[str] = []

    def again(self) -> Script:
        return Script(*self._all)

    def __call__(self, request: Request) -> Reply:
        if "watch=true" not in request.target:
            return Reply((LIST,))
        self.watches.append(request.target)
        reply = next(self._replies, Reply((HEAD,), "hold"))
        return reply if isinstance(reply, Reply) else Reply((HEAD, reply), "close")


def held(data: bytes = b"") -> Reply:
    return Reply((HEAD, data), "hold")


def cut(data: bytes) -> Reply:
    """Return a response that ends in the middle of a chunk."""
    head = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    return Reply((head, b"%x\r\n%b" % (len(data) + 100, data)), "close")


async def take(events: Any, count: int) -> list[str]:
    found: list[str] = []
    async for event in events:
        found.append(f"{event.type} {event.object.metadata.name} {event.object.metadata.resource_version}")
        if len(found) == count:
            break
    return found


def test_a_watch_resumes_after_ends_cuts_garbage_and_idle_connections(drive: Drive) -> None:
    """The watch yields each event once, although the server repeats some."""
    script = Script(
        change("ADDED", "a", 6) + change("ADDED", "b", 7),
        cut(change("ADDED", "b", 7) + change("ADDED", "c", 8) + change("ADDED", "d", 9)[:-20]),
        held(change("ADDED", "d", 9)),
        change("ADDED", "e", 10) + b"garbage\n" + change("ADDED", "x", 11),
        change("ADDED", "f", 11) + line("ERROR", {"code": 429, "reason": "TooManyRequests"}),
        held(change("ADDED", "g", 12)),
    )

    async def scenario(maps: Any) -> list[str]:
        async with maps.watch() as events:
            return await take(events, 7)

    with PodServer(script) as server:
        found = drive(server.url, scenario)
        assert server.settle(0) == 0
    assert found == [f"ADDED {name} {number}" for number, name in enumerate("abcdefg", 6)]
    versions = [target.partition("resourceVersion=")[2].partition("&")[0] for target in script.watches]
    assert versions == ["5", "7", "8", "9", "10", "11"]


# The behaviour of the server throughout a test: it is idle, fails, or never responds.
ENDLESS: dict[str, tuple[Script | Callable[[Request], Reply], bool]] = {
    "mute": (Script(held(change("ADDED", "a", 6))), True),
    "fails": (Script(change("ADDED", "a", 6), *[Reply((http_response(b"", status="503 No"),))] * 9), True),
    "never answers": (lambda request: Reply((), "hold"), False),
}


@pytest.mark.parametrize(("server_does", "answers"), ENDLESS.values(), ids=ENDLESS.keys())
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_watch_ends_at_its_time_limit(server_does: Callable[[Request], Reply], answers: bool, kind: str) -> None:
    async def read(maps: Any) -> list[str]:
        async with maps.watch(timeout_seconds=1) as events:
            return await take(events, 100)

    async def main(url: str) -> list[str]:
        if kind == "sync":
            with Clientset(rest.Config(host=url)) as clientset:
                return await read(Awaited(clientset).core_v1.config_maps("d"))
        async with AsyncClientset(rest.Config(host=url)) as made:
            return await read(made.core_v1.config_maps("d"))

    if isinstance(server_does, Script):
        server_does = server_does.again()
    with PodServer(server_does) as server:
        began = time.monotonic()
        if answers:
            assert anyio.run(main, server.url) == ["ADDED a 6"]
        else:
            with pytest.raises(errors.DeadlineError, match="time that was given"):
                anyio.run(main, server.url)
        assert 0.9 < time.monotonic() - began < AT_ONCE


def test_a_watch_retries_after_429_and_raises_closed_error_with_a_closed_client(drive: Drive) -> None:
    no = Reply((http_response(b"", "Retry-After: 0", status="429 No"),))
    script = Script(no, no, change("ADDED", "a", 6), held(bookmark(7)))

    async def scenario(maps: Any) -> list[str]:
        async with maps.watch() as events:
            return await take(events, 1)

    with PodServer(script) as server:
        assert drive(server.url, scenario, max_retries=1) == ["ADDED a 6"]
        assert len(script.watches) == 3
        with Clientset(rest.Config(host=server.url, timeouts=TIMEOUTS)) as clientset:
            events = clientset.core_v1.config_maps("d").watch(resource_version="1")
            events.__enter__()
        with pytest.raises(errors.ClosedError):
            next(events)
        events.close()


def test_the_idle_timeout_ends_a_stream_only_if_enabled() -> None:
    done = threading.Event()

    def slowly(seconds: float) -> Iterator[bytes]:
        yield HEAD + b"a"
        done.wait(seconds)
        yield b"b"

    from kubeclient.typed.core.v1.configmap import CONFIG_MAPS

    call = CONFIG_MAPS.watch("d", ())
    pauses = iter([1.5 * SILENCE, PATIENCE, PATIENCE])
    with PodServer(lambda request: Reply(slowly(next(pauses)), "close")) as server:
        config = rest.Config(host=server.url, timeouts=TIMEOUTS)
        with rest.Client(config) as client:
            with client.stream(call) as stream:
                assert b"".join(stream.chunks()) == b"ab"
            with (
                pytest.raises(errors.ReadTimeoutError, match=rf"sent nothing for {SILENCE} s"),
                client.stream(call, idle_timeout=True) as s,
            ):
                list(s.chunks())
            with pytest.raises(errors.DeadlineError), client.stream(call, ends_at=time.monotonic() + 0.2) as s:
                list(s.chunks())
        done.set()


def test_a_watch_resumes_after_an_idle_connection_of_a_custom_http_client() -> None:
    script = Script(held(change("ADDED", "a", 6)), held(change("ADDED", "b", 7)))
    with PodServer(script) as server, httpx.Client() as own:
        config = rest.Config(host=server.url, timeouts=TIMEOUTS)
        with Clientset(config, http_client=own) as clientset, clientset.core_v1.config_maps("d").watch() as events:
            assert [next(events).object.metadata.name for _ in "ab"] == ["a", "b"]


# States of an idle watch: it reads, pauses before a retry, or pauses in the transport.
IDLE: dict[str, Reply] = {
    "in silence": held(),
    "before it tries again": Reply((http_response(b"", status="503 No"),)),
    "because the server asked": Reply((http_response(b"", "Retry-After: 30", status="429 No"),)),
}


@pytest.mark.parametrize("reply", IDLE.values(), ids=IDLE.keys())
def test_another_thread_closes_an_idle_watch_at_once(reply: Reply) -> None:
    script = Script(change("ADDED", "a", 6), *[reply] * 50)
    with PodServer(script) as server:
        with Clientset(rest.Config(host=server.url, timeouts=rest.Timeouts())) as clientset:
            with clientset.core_v1.config_maps("d").watch() as events:
                found: list[object] = []
                thread = threading.Thread(target=lambda: found.extend(events))
                thread.start()
                wait_until(lambda: len(script.watches) > 1)
                wait_until_idle(thread)
                began = time.monotonic()
                events.close()
                thread.join(AT_ONCE)
                assert time.monotonic() - began < AT_ONCE
                assert len(found) == 1
                with pytest.raises(StopIteration):
                    next(events)
        assert server.settle(0) == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("how", ["cancelled", "closed"])
@pytest.mark.parametrize("reply", IDLE.values(), ids=IDLE.keys())
def test_another_task_ends_an_idle_watch_at_once(reply: Reply, how: str, backend: str) -> None:
    script = Script(change("ADDED", "a", 6), *[reply] * 50)
    found: list[object] = []

    async def main() -> float:
        async with AsyncClientset(rest.Config(host=server.url, timeouts=rest.Timeouts())) as clientset:
            events = clientset.core_v1.config_maps("d").watch()

            async def read() -> None:
                async with events:
                    async for event in events:
                        found.append(event)  # noqa: PERF401

            async with anyio.create_task_group() as group:
                group.start_soon(read)
                await wait_until_async(lambda: len(script.watches) > 1)
                await anyio.wait_all_tasks_blocked()
                began = time.monotonic()
                if how == "closed":
                    await events.aclose()
                else:
                    group.cancel_scope.cancel()
            return time.monotonic() - began

    with PodServer(script) as server:
        assert anyio.run(main, backend=backend) < AT_ONCE
        assert server.settle(0) == 0
    assert len(found) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_wait_for_an_event_loses_nothing(backend: str) -> None:
    def reply(request: Request) -> Reply:
        if "watch=true" not in request.target:
            return Reply((LIST,))
        version = int(request.target.partition("resourceVersion=")[2].partition("&")[0])
        return Reply(slowly(version), "hold")

    def slowly(version: int) -> Iterator[bytes]:
        yield HEAD
        for number in range(version + 1, 60):
            data = change("ADDED", "a", number)
            yield data[:50]
            time.sleep(0.003)
            yield data[50:]

    async def main() -> None:
        found: list[str] = []
        async with AsyncClientset(rest.Config(host=server.url)) as clientset:
            async with clientset.core_v1.config_maps("d").watch() as events:
                await anext(events)
                while len(found) < 53:
                    with anyio.move_on_after(0.002):
                        while True:
                            found.append((await anext(events)).object.metadata.resource_version)
                            await anyio.sleep(0.0005)
        assert found == [str(number) for number in range(7, 60)]

    with PodServer(reply) as server:
        anyio.run(main, backend=backend)
        assert len(server.requests) == 2  # One list and one watch.


def test_a_failing_or_slow_handler_loses_no_events(drive: Drive) -> None:
    script = Script(*[cut(b"".join(change("ADDED", "a", number) for number in range(6, 30)))] * 2, held())

    async def scenario(maps: Any) -> list[str]:
        found: list[str] = []
        async with maps.watch() as events:
            while len(found) < 24:
                try:
                    async for event in events:
                        found.append(event.object.metadata.resource_version)
                        if len(found) % 5 == 0:
                            raise LookupError
                        time.sleep(0.002)  # noqa: ASYNC251
                        if len(found) == 24:
                            break
                except LookupError:
                    continue
        return found

    with PodServer(script) as server:
        assert drive(server.url, scenario) == [str(number) for number in range(6, 30)]


def test_ctrl_c_between_two_events_of_a_chunk_loses_nothing(drive: Drive) -> None:
    events = b"".join(change("ADDED", "a", number) for number in range(6, 10))

    async def scenario(maps: Any) -> list[str]:
        watch = maps.watch()
        async with watch as events:
            await take(events, 1)
            made = getattr(watch, "_inner", watch)
            made._batch = interrupted(made._batch)
            with pytest.raises(KeyboardInterrupt):
                await take(events, 3)
            return await take(events, 2)

    def interrupted(batch: Iterator[Any]) -> Iterator[Any]:
        yield next(batch)
        raise KeyboardInterrupt

    with PodServer(Script(held(events), held(events))) as server:
        assert drive(server.url, scenario) == ["ADDED a 8", "ADDED a 9"]


def test_the_memory_stays_flat_over_many_events(drive: Drive) -> None:
    """`python -m tests.torture watch --events 1000000` is the long form of this test."""
    count, size = 20_000, 200

    def reply(request: Request) -> Reply:
        if "watch=true" not in request.target:
            return Reply((LIST,))
        batches = range(6, 6 + count, size)
        pieces = (b"".join(change("MODIFIED", "a", number) for number in range(at, at + size)) for at in batches)
        return Reply((HEAD, *pieces), "hold")

    async def scenario(maps: Any) -> list[int]:
        held: list[int] = []
        async with maps.watch() as events:
            seen = 0
            async for _ in events:
                seen += 1
                if seen in (count // 4, count - 1):
                    held.append(tracemalloc.get_traced_memory()[0])
                if seen == count - 1:
                    return held
        return held

    with PodServer(lambda request: replies[request.target.count("watch=true")]) as server:
        replies = [reply(Request("GET", target, b"", b"", 1, 1)) for target in ("", "watch=true")]
        tracemalloc.start()
        try:
            early, late = drive(server.url, scenario)
        finally:
            tracemalloc.stop()
    # One received chunk of up to 256 KiB may be in memory at either time; 15,000 leaked events would be many MB.
    assert late - early < 1_000_000


def test_a_watch_outside_of_with_raises_runtime_error() -> None:
    with PodServer() as server, Clientset(rest.Config(host=server.url)) as clientset:
        with pytest.raises(RuntimeError, match="with"):
            next(clientset.core_v1.config_maps("d").watch())
        assert server.accepted == 0


@pytest.mark.parametrize(
    ("sync", "asynchronous"),
    [(watch.Watch, watch.AsyncWatch), (watch.ListAndWatch, watch.AsyncListAndWatch)],
)
def test_both_kinds_are_equal(sync: type, asynchronous: type) -> None:
    def public(cls: type) -> dict[str, str]:
        return {
            name: plain(f"{inspect.getdoc(found)}{inspect.signature(found).parameters.keys()}")
            for name, found in members(cls).items()
            if name.startswith("__") or not name.startswith("_")
        }

    ours, theirs = public(sync), public(asynchronous)
    words = {"__aiter__": "__iter__", "__anext__": "__next__"}
    theirs = {words.get(name, name): text.replace("task", "thread") for name, text in theirs.items()}
    assert {name: text.replace("task", "thread") for name, text in ours.items()} == theirs
