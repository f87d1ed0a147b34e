"""Limiters that fail: threads, asyncio and trio."""

from __future__ import annotations

import math
from typing import Any

import anyio
import pytest

from kubecore.clocks import FakeClock
from tests.kubecore.workqueue_runs import KINDS, Results, runner, waiting


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Broken:
    """A limiter of a user that fails."""

    def __init__(self, wait: object) -> None:
        self.wait = wait

    def when(self, item: object) -> Any:
        if isinstance(self.wait, Exception):
            raise self.wait
        return self.wait

    def forget(self, item: object) -> None: ...

    def num_requeues(self, item: object) -> int:
        return 0


@pytest.mark.parametrize(
    "wait",
    [math.nan, math.inf, -math.inf, None, "soon", pytest.param(10**400, id="huge"), RuntimeError("no"), OSError()],
)
def test_a_limiter_that_fails_loses_no_item(kind: str, wait: object) -> None:
    clock = FakeClock()

    async def scenario(queue: Any) -> None:
        queue.add("a")
        assert await queue.get() == "a"
        results = Results(queue)
        async with anyio.create_task_group() as group:
            group.start_soon(results.get)
            await waiting(queue, 1)
            with pytest.raises(ValueError, match=r"limiter Broken .* item 'a', .* after 1000 s") as caught:
                queue.add_rate_limited("a", priority=1)
            assert caught.value.__cause__ is not None
            if isinstance(wait, Exception):
                assert caught.value.__cause__ is wait
            queue.done("a")
            clock.advance(999)
            assert len(queue) == 0
            clock.advance(1)
            assert len(queue) == 1
            queue.add("b")  # Wakes the worker: it waits in real time.
        assert results.items == ["a"]

    runner(kind)(scenario, limiter=Broken(wait), clock=clock)


def test_a_negative_wait_counts_as_0(kind: str) -> None:
    async def scenario(queue: Any) -> None:
        queue.add_rate_limited("a")
        assert await queue.get() == "a"

    runner(kind)(scenario, limiter=Broken(-1))
