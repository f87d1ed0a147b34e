"""Workers that are cancelled, or shut down by a signal, and the time at which they wake."""

from __future__ import annotations

import signal
import subprocess
import sys

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio.testing

from kubecore.workqueue import AsyncWorkQueue, QueueClosedError
from tests.kubecore.workqueue_runs import BACKENDS, Results, waiting
from tests.ready import PATIENCE


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
