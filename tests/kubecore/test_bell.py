"""A bell wakes threads and tasks when their conditions are met, and not before."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from kubecore.cache.bell import AsyncBell, Bell
from tests.ready import wait_until


class Condition:
    """A condition that knows in which threads it was checked."""

    def __init__(self) -> None:
        self.is_met = False
        self.checks: list[int] = []

    def __call__(self) -> bool:
        self.checks.append(threading.get_ident())
        return self.is_met

    def waiting(self) -> int:
        """Return how often other threads than this one checked the condition."""
        return sum(thread != threading.get_ident() for thread in self.checks)


def test_a_thread_is_woken_only_if_its_condition_is_met() -> None:
    bell, met, other = Bell(), Condition(), Condition()
    with ThreadPoolExecutor(2) as threads:
        waits = [threads.submit(bell.wait, condition, 60) for condition in (met, other)]
        wait_until(lambda: met.waiting() >= 2 and other.waiting() >= 2)  # Then both wait.
        for _ in range(100):
            bell.ring()
        assert (met.waiting(), other.waiting()) == (2, 2)
        met.is_met = True
        bell.ring()
        assert waits[0].result(60)
        assert not waits[1].done()
        other.is_met = True
        bell.ring()
        assert waits[1].result(60)


def test_a_wait_ends_without_its_condition_after_its_time() -> None:
    assert not Bell().wait(Condition(), 0.0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_is_woken_by_another_thread_if_its_condition_is_met(backend: str) -> None:
    async def main() -> None:
        bell, condition = AsyncBell(), Condition()
        ended = anyio.Event()

        async def wait() -> None:
            assert await bell.wait(condition, 60)
            ended.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            while len(condition.checks) < 2:
                await anyio.lowlevel.checkpoint()
            for _ in range(100):
                await anyio.to_thread.run_sync(bell.ring)
            here = threading.get_ident()
            assert condition.checks.count(here) == 2
            condition.is_met = True
            await anyio.to_thread.run_sync(bell.ring)
            await ended.wait()

    anyio.run(main, backend=backend)
