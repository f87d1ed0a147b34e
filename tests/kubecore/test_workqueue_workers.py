"""Workers that wait for items: threads, asyncio and trio."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio.testing

from kubecore.clocks import SYSTEM_CLOCK
from kubecore.workqueue import AsyncWorkQueue, ItemExponential, QueueClosedError, WorkQueue
from tests.ready import PATIENCE, wait_until, wait_until_async

KINDS = ("threads", "asyncio", "trio")
BACKENDS = ("asyncio", "trio")


class ThreadQueue:
    """A `WorkQueue` with the methods of `AsyncWorkQueue`: each wait needs a thread."""

    def __init__(self, **options: Any) -> None:
        self.inner: WorkQueue[Any] = WorkQueue(**options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __len__(self) -> int:
        return len(self.inner)

    async def get(self) -> Any:
        return await anyio.to_thread.run_sync(self.inner.get, abandon_on_cancel=True)

    async def shut_down_with_drain(self, **options: Any) -> bool:
        return await anyio.to_thread.run_sync(
            lambda: self.inner.shut_down_with_drain(**options), abandon_on_cancel=True
        )


Scenario = Callable[[Any], Awaitable[None]]
Run = Callable[[Scenario], None]


@pytest.fixture(params=KINDS)
def run(request: pytest.FixtureRequest) -> Run:
    """Run a scenario with a queue of one kind, and fail if it hangs."""
    kind = request.param

    def start(scenario: Scenario, **options: Any) -> None:
        async def main() -> None:
            queue: Any = ThreadQueue(**options) if kind == "threads" else AsyncWorkQueue(**options)
            try:
                with anyio.fail_after(PATIENCE):
                    await scenario(queue)
            finally:
                queue.shut_down()  # Threads of a failed test end, too.

        anyio.run(main, backend="asyncio" if kind == "threads" else kind)

    return start


async def waiting(queue: Any, count: int) -> None:
    """Wait until workers wait for an item."""
    await wait_until_async(lambda: len(queue._line.waiting) == count)


def is_idle(queue: Any) -> bool:
    """Return whether no item is queued, delayed or worked on."""
    core = queue._core
    return not (core._delayed or len(queue) or core._working)


async def draining(queue: Any) -> None:
    await wait_until_async(lambda: queue._drains)


class Results:
    """The items that the workers of a test got."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue
        self.items: list[Any] = []
        self.closed = 0

    async def get(self) -> None:
        try:
            self.items.append(await self.queue.get())
        except QueueClosedError:
            self.closed += 1


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


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cancelled_get_removes_no_item(backend: str) -> None:
    async def main() -> None:
        queue: AsyncWorkQueue[str] = AsyncWorkQueue()
        queue.add("a")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await queue.get()
        assert scope.cancelled_caught
        assert len(queue) == 1
        assert await queue.get() == "a"

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("steps", range(6))
def test_a_get_that_is_cancelled_at_any_step_loses_no_item(backend: str, steps: int) -> None:
    async def main() -> None:
        queue: AsyncWorkQueue[str] = AsyncWorkQueue()
        results = Results(queue)
        scope = anyio.CancelScope()

        async def cancelled() -> None:
            with scope:
                await results.get()

        queue.add("a")
        async with anyio.create_task_group() as group:
            group.start_soon(cancelled)
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            scope.cancel()
        assert len(queue) + len(results.items) == 1

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_item_whose_worker_is_cancelled_wakes_another_worker(backend: str) -> None:
    async def main() -> None:
        queue: AsyncWorkQueue[str] = AsyncWorkQueue()
        results = Results(queue)
        scope = anyio.CancelScope()

        async def cancelled() -> None:
            with scope:
                await results.get()

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(cancelled)
                await waiting(queue, 1)
                group.start_soon(results.get)
                await waiting(queue, 2)
                queue.add("a")  # It wakes the first worker,
                scope.cancel()  # which is cancelled before it runs.
        assert scope.cancelled_caught
        assert results.items == ["a"]

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_when_the_timekeeper_is_cancelled_another_worker_keeps_the_time(backend: str) -> None:
    async def main() -> None:
        queue: AsyncWorkQueue[str] = AsyncWorkQueue()
        results = Results(queue)
        scope = anyio.CancelScope()

        async def cancelled() -> None:
            with scope:
                await results.get()

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as group:
                queue.add_after("a", 0.05)
                group.start_soon(cancelled)
                await waiting(queue, 1)
                group.start_soon(results.get)
                await waiting(queue, 2)
                scope.cancel()
        assert results.items == ["a"]
        assert queue._line._timekeeper is None

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cancelled_drain_leaves_the_queue_shut_down(backend: str) -> None:
    async def main() -> None:
        queue: AsyncWorkQueue[str] = AsyncWorkQueue()
        queue.add("a")
        await queue.get()
        with anyio.move_on_after(0.01) as scope:
            await queue.shut_down_with_drain()
        assert scope.cancelled_caught
        assert queue.is_shut_down
        assert queue._drains == {}

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_worker_that_always_finds_items_lets_other_tasks_run(backend: str) -> None:
    async def main() -> None:
        queue: AsyncWorkQueue[int] = AsyncWorkQueue()
        is_done = False

        async def other() -> None:
            nonlocal is_done
            is_done = True

        async with anyio.create_task_group() as group:
            group.start_soon(other)
            for number in range(1000):
                queue.add(number)
                queue.done(await queue.get())
                if is_done:
                    break
            assert is_done

    anyio.run(main, backend=backend)


class TrioClock:
    """The clock of the event loop, which tests let run as fast as nothing happens."""

    def monotonic(self) -> float:
        return trio.current_time()

    def time(self) -> float:
        return trio.current_time()


def test_a_worker_wakes_exactly_when_an_item_is_due_and_never_in_between() -> None:
    async def main() -> None:
        queue: AsyncWorkQueue[str] = AsyncWorkQueue(clock=TrioClock())
        begin = trio.current_time()
        times: list[tuple[str, float]] = []
        waits = 0

        async def work() -> None:
            while True:
                try:
                    item = await queue.get()
                except QueueClosedError:
                    return
                times.append((item, trio.current_time() - begin))
                queue.done(item)

        join = queue._line.join

        def counted(worker: anyio.Event) -> None:
            nonlocal waits
            waits += 1
            join(worker)

        queue._line.join = counted  # type: ignore[method-assign]
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(work)
            await waiting(queue, 3)
            waits = 0
            start = trio.current_time() - begin
            for item, delay in (("c", 5000.0), ("a", 0.25), ("b", 1000.0), ("b too", 1000.0)):
                queue.add_after(item, delay)
            await trio.sleep(10_000)
            queue.shut_down()
        expected = [("a", start + 0.25), ("b", start + 1000), ("b too", start + 1000), ("c", start + 5000)]
        assert [item for item, _ in times] == [item for item, _ in expected]
        assert [at for _, at in times] == pytest.approx([at for _, at in expected], abs=1e-6)
        assert waits <= 7  # Each item, one worker for the first delay, and one that takes over the time.

    clock = trio.testing.MockClock(autojump_threshold=0)
    anyio.run(main, backend="trio", backend_options={"clock": clock})


@pytest.mark.slow
def test_a_signal_handler_may_shut_down_a_queue_at_any_moment() -> None:
    code = """
import signal, threading
from kubecore.workqueue import QueueClosedError, WorkQueue

queue = WorkQueue()
signal.signal(signal.SIGALRM, lambda *_: queue.shut_down())
for turn in range(200):
    queue = WorkQueue()
    signal.setitimer(signal.ITIMER_REAL, 0.0001 + turn * 0.00001)
    try:
        while True:
            queue.add(1)
            queue.add_after(2, 1)
            queue.done(queue.get())
            if turn % 2:
                queue.get()
    except QueueClosedError:
        pass
print("ended")
"""
    assert hasattr(signal, "SIGALRM")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("ended\n", "")


def test_threads_need_no_event_loop_library() -> None:
    code = "import sys, kubecore.workqueue; print('anyio' in sys.modules, hasattr(kubecore.workqueue, 'x'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
