"""Workers that wait for items: threads, asyncio and trio."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from kubecore.clocks import SYSTEM_CLOCK
from kubecore.workqueue import ItemExponential, QueueClosedError, WorkQueue
from tests.kubecore.workqueue_runs import KINDS, Results, Run, draining, is_idle, runner, waiting
from tests.ready import PATIENCE, wait_until, wait_until_async


@pytest.fixture(params=KINDS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner(request.param)


def test_a_worker_that_waits_gets_an_item_that_is_added(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        results = Results(queue)
        async with anyio.create_task_group() as group:
            group.start_soon(results.get)
            await waiting(queue, 1)
            queue.add("a")
        assert results.items == ["a"]

    run(scenario)


def test_an_item_that_was_added_during_its_work_wakes_a_worker_when_it_is_done(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add("a")
        await queue.get()
        results = Results(queue)
        async with anyio.create_task_group() as group:
            group.start_soon(results.get)
            await waiting(queue, 1)
            queue.add("a")
            await anyio.lowlevel.checkpoint()
            assert results.items == []
            queue.done("a")
        assert results.items == ["a"]

    run(scenario)


def test_each_item_wakes_one_worker(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        results = Results(queue)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(results.get)
            await waiting(queue, 5)
            for item in range(3):
                queue.add(item)
            await wait_until_async(lambda: len(results.items) == 3)
            assert len(queue._line.waiting) == 2
            queue.shut_down()
        assert sorted(results.items) == [0, 1, 2]
        assert results.closed == 2

    run(scenario)


def test_shut_down_ends_the_wait_of_every_worker(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        results = Results(queue)
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(results.get)
            await waiting(queue, 3)
            queue.shut_down()
        assert (results.items, results.closed) == ([], 3)

    run(scenario)


def test_shut_down_ends_the_wait_for_delayed_items(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        results = Results(queue)
        queue.add_after("later", 3600)
        async with anyio.create_task_group() as group:
            group.start_soon(results.get)
            group.start_soon(results.get)
            await waiting(queue, 2)
            queue.shut_down()
        assert (results.items, results.closed) == ([], 2)

    run(scenario)


def test_a_drain_waits_until_taken_items_are_done(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add("foo")
        queue.add("bar")
        taken = [await queue.get(), await queue.get()]
        drained: list[bool] = []

        async def drain() -> None:
            drained.append(await queue.shut_down_with_drain())

        async with anyio.create_task_group() as group:
            group.start_soon(drain)
            await draining(queue)
            with pytest.raises(QueueClosedError):
                await queue.get()
            queue.done(taken[0])
            await anyio.lowlevel.checkpoint()
            assert drained == []
            queue.done(taken[1])
        assert drained == [True]

    run(scenario)


def test_a_drain_waits_for_queued_items_too(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add("foo")
        drained: list[bool] = []

        async def drain() -> None:
            drained.append(await queue.shut_down_with_drain())

        async with anyio.create_task_group() as group:
            group.start_soon(drain)
            await draining(queue)
            await anyio.lowlevel.checkpoint()
            assert drained == []
            queue.done(await queue.get())
        assert drained == [True]

    run(scenario)


def test_a_drain_waits_for_items_that_were_added_during_their_work(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add("foo")
        queue.add("bar")
        foo, bar = await queue.get(), await queue.get()
        queue.add(foo)
        queue.add(foo)
        drained: list[bool] = []

        async def drain() -> None:
            drained.append(await queue.shut_down_with_drain())

        async with anyio.create_task_group() as group:
            group.start_soon(drain)
            await draining(queue)
            queue.done(foo)
            queue.done(bar)
            await anyio.lowlevel.checkpoint()
            assert drained == []
            assert await queue.get() == "foo"
            queue.add("foo")  # Ignored: the queue is shut down.
            await anyio.lowlevel.checkpoint()
            assert drained == []
            queue.done(foo)
        assert drained == [True]
        with pytest.raises(QueueClosedError):
            await queue.get()

    run(scenario)


def test_shut_down_ends_a_drain(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add("foo")
        await queue.get()
        drained: list[bool] = []

        async def drain() -> None:
            drained.append(await queue.shut_down_with_drain())

        async with anyio.create_task_group() as group:
            group.start_soon(drain)
            group.start_soon(drain)
            await wait_until_async(lambda: len(queue._drains) == 2)
            queue.shut_down()
        assert drained == [False, False]

    run(scenario)


def test_shut_down_without_drain_does_not_wait(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add("foo")
        await queue.get()
        queue.shut_down()
        queue.done("foo")
        assert await queue.shut_down_with_drain()

    run(scenario)


def test_a_drain_ends_after_its_time_limit(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add("foo")
        await queue.get()
        assert not await queue.shut_down_with_drain(timeout=0.01)
        assert queue.is_shut_down
        queue.done("foo")
        assert await queue.shut_down_with_drain(timeout=0)

    run(scenario)


def test_a_drain_of_a_queue_with_only_delayed_items_drops_them(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        queue.add_after("foo", 3600)
        assert await queue.shut_down_with_drain()
        assert queue._core.next_due() is None

    run(scenario)


def test_a_worker_that_waits_gets_a_delayed_item_when_it_is_due(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        results = Results(queue)
        async with anyio.create_task_group() as group:
            group.start_soon(results.get)
            group.start_soon(results.get)
            await waiting(queue, 2)
            due = SYSTEM_CLOCK.monotonic() + 0.05
            queue.add_after("b", 0.1)
            queue.add_after("a", 0.05)
            await wait_until_async(lambda: results.items)
            assert SYSTEM_CLOCK.monotonic() >= due
        assert results.items == ["a", "b"]

    run(scenario)


def test_an_item_that_is_due_earlier_wakes_a_worker_earlier(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        results = Results(queue)
        queue.add_after("later", 3600)
        async with anyio.create_task_group() as group:
            group.start_soon(results.get)
            await waiting(queue, 1)
            queue.add_after("sooner", 0.01)
        assert results.items == ["sooner"]

    run(scenario)


def test_another_worker_keeps_the_time_when_the_first_one_gets_an_item(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        results = Results(queue)
        async with anyio.create_task_group() as group:
            group.start_soon(results.get)
            group.start_soon(results.get)
            group.start_soon(results.get)
            await waiting(queue, 3)
            queue.add_after("later", 0.05)
            queue.add("now")
            queue.add("now too")
        assert sorted(results.items) == ["later", "now", "now too"]

    run(scenario)


def test_fifty_producers_and_ten_workers_lose_nothing_and_share_nothing(run: Run) -> None:
    async def scenario(queue: Any) -> None:
        running: set[int] = set()
        counts: Counter[int] = Counter()

        async def produce(number: int) -> None:
            for _ in range(20):
                queue.add(number, priority=number % 3 - 1)
                await anyio.lowlevel.checkpoint()

        async def work() -> None:
            again: set[int] = set()
            while True:
                try:
                    item = await queue.get()
                except QueueClosedError:
                    return
                assert item not in running
                running.add(item)
                counts[item] += 1
                if item not in again:  # Each worker adds each item again once.
                    again.add(item)
                    queue.add(item)
                await anyio.lowlevel.checkpoint()
                running.remove(item)
                queue.done(item)

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(work)
            async with anyio.create_task_group() as producers:
                for number in range(50):
                    producers.start_soon(produce, number)
            await wait_until_async(lambda: is_idle(queue))
            assert await queue.shut_down_with_drain()
            queue.add(1000)
        assert len(queue) == 0
        assert {*counts} == {*range(50)}
        assert min(counts.values()) >= 2

    run(scenario)


def test_threads_lose_nothing_and_share_nothing() -> None:
    queue: WorkQueue[int] = WorkQueue(ItemExponential(0.0001, 0.001), name="threads")
    running: set[int] = set()
    counts: Counter[int] = Counter()
    errors: list[BaseException] = []

    def produce(number: int) -> None:
        for turn in range(20):
            queue.add(number, priority=turn % 3)
            queue.add_after(number, 0.0001 * turn)

    def work() -> None:
        again: Counter[int] = Counter()
        try:
            while True:
                item = queue.get()
                assert item not in running
                running.add(item)
                counts[item] += 1
                again[item] += 1
                if again[item] < 3:
                    queue.add_rate_limited(item)
                else:
                    queue.forget(item)
                running.remove(item)
                queue.done(item)
        except QueueClosedError:
            pass
        except BaseException as error:
            errors.append(error)
            queue.shut_down()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        workers = [threading.Thread(target=work) for _ in range(10)]
        producers = [threading.Thread(target=produce, args=[number]) for number in range(50)]
        for thread in workers + producers:
            thread.start()
        for thread in producers:
            thread.join()
        wait_until(lambda: errors or is_idle(queue))
        drained = queue.shut_down_with_drain(timeout=PATIENCE)
        for thread in workers:
            thread.join(PATIENCE)
    finally:
        sys.setswitchinterval(interval)
    assert errors == []
    assert drained
    assert not any(thread.is_alive() for thread in workers)
    assert len(queue) == 0
    assert {*counts} == {*range(50)}
