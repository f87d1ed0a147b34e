"""One client in many event loops, one after the other or at the same time."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from kubeclient import AsyncClientset
from kubecore import rest
from kubecore._auth import authorization
from kubecore._auth.authorization import AsyncAuthorization
from kubecore._auth.credential import Credential
from kubecore._http.per_loop import PerLoop
from tests.torture.server import PodServer

pytestmark = pytest.mark.slow  # hundreds of event loops

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def run_asyncio(work: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(work)


def run_trio(work: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(work, backend="trio")


def run_loop(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run the work in a loop that is closed without ending its asynchronous generators."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


@pytest.fixture(autouse=True)
def small_heap() -> Iterator[None]:
    """Hide the objects of all other tests from the collector, which these tests call often."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


each_loop = pytest.mark.parametrize("run", [run_asyncio, run_trio, run_loop])


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """Lower the limit of open descriptors to 60 more than are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(int(name) for name in os.listdir("/proc/self/fd")) + 60  # noqa: PTH208 - descriptors, not files
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, soft), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def loops() -> int:
    gc.collect()
    return sum(isinstance(each, asyncio.AbstractEventLoop) for each in gc.get_objects())


@each_loop
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_300_event_loops_leave_no_connections_and_no_event_loops(run: Run, few_descriptors: None) -> None:
    before = loops()
    with PodServer() as server:
        clientset = AsyncClientset(rest.Config(host=server.url))

        async def work() -> None:
            pods = clientset.core_v1.pods("d")
            async with anyio.create_task_group() as group:
                group.start_soon(pods.get, "p")
                group.start_soon(pods.get, "p")

        for _ in range(300):
            run(work)
        assert server.settle(2) <= 2
        assert loops() <= before + 1
        run(clientset.aclose)
        assert server.settle(0) == 0
        assert loops() <= before + 1


@each_loop
def test_connections_are_kept_within_a_loop(run: Run) -> None:
    with PodServer() as server:
        clientset = AsyncClientset(rest.Config(host=server.url))

        async def work() -> None:
            for _ in range(5):
                await clientset.core_v1.pods("d").get("p")

        run(work)
        run(work)
        assert server.accepted == 2
        run(clientset.aclose)


def test_event_loops_in_several_threads_have_separate_connections() -> None:
    with PodServer() as server:
        clientset = AsyncClientset(rest.Config(host=server.url))
        failed: list[BaseException] = []

        async def work() -> None:
            for _ in range(20):
                assert (await clientset.core_v1.pods("d").get("p")).metadata.name == "p"

        def thread(number: int) -> None:
            try:
                for _ in range(5):
                    anyio.run(work, backend="trio" if number % 2 else "asyncio")
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=thread, args=(number,)) for number in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        assert not failed
        assert server.settle(0) == 0


@each_loop
def test_a_closed_client_leaves_no_reference_in_a_running_event_loop(run: Run) -> None:
    with PodServer() as server:
        forgotten: list[weakref.ref[Any]] = []

        async def work() -> None:
            for _ in range(3):
                clientset = AsyncClientset(rest.Config(host=server.url))
                await clientset.core_v1.pods("d").get("p")
                await clientset.aclose()
                forgotten.append(weakref.ref(clientset.rest_client._transport))
            del clientset
            await anyio.lowlevel.checkpoint()
            gc.collect()
            assert [each() for each in forgotten] == [None] * 3

        run(work)


@each_loop
def test_locks_of_loops_that_ended_are_dropped(run: Run) -> None:
    class Renewing:
        certificate = None

        def current(self) -> Credential | None:
            return None

        async def renew_async(self, deadline: float | None) -> Credential:
            await anyio.lowlevel.checkpoint()
            return Credential(b"x")

    source: Any = Renewing()
    made: AsyncAuthorization = authorization.AsyncAuthorization(source)

    async def work() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(made.get)
            group.start_soon(made.get)

    for _ in range(20):
        run(work)
        gc.collect()  # trio's tokens are in reference cycles.
    locks: Any = made._locks
    assert len(locks._values) <= 2


def test_values_are_created_once_per_event_loop_and_dropped_after_its_end() -> None:
    dropped: list[object] = []
    values: PerLoop[object] = PerLoop(object, dropped.append)

    async def get() -> object:
        first = values.get()
        await anyio.lowlevel.checkpoint()
        assert values.get() is first
        return first

    one = anyio.run(get)
    assert dropped == []
    two = anyio.run(get, backend="trio")
    assert dropped == [one]
    gc.collect()
    values.clean()
    assert dropped == [one, two]
