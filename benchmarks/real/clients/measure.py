"""Time the cases of the real server in the process of a client. This module is independent of the clients."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.clients.measure import peak_kib

POD = "web-0"
WRITTEN = "web-1"
"""The pod that `update` and `patch` change."""

FIRST_WRITES = 20
MANAGER = "bench"


class Case:
    """Input of a case: the server's URL, the kubeconfig and the plan (`benchmarks.real.plan`)."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.kubeconfig = str(folder / "kubeconfig")
        plan = json.loads((folder / "plan.json").read_bytes())
        self.namespace: str = plan["namespace"]
        self.label: str = plan["label"]
        self.created: str = plan["created"]
        self.compressed: bool = plan["compressed"]
        self.pods: int = plan["pods"]
        self.labelled: int = plan["labelled"]
        self.page: int = plan["page"]
        self.gets: int = plan["gets"]
        self.warm_up: int = plan["warm_up"]
        self.fan_out: int = plan["fan_out"]
        self.connections: int = plan["connections"]
        self.writes: int = plan["writes"]
        self.creates: int = plan["creates"]
        self.tasks: int = plan["tasks"]
        self.changes: int = plan["changes"]
        self.reads: int = plan["reads"]
        self.items: int = plan["items"]
        self.informers: int = plan["informers"]
        self.idle_seconds: float = plan["idle_seconds"]
        self.first_page = min(self.page, self.pods)


class Stopwatch:
    """Seconds of each repetition, and the CPU seconds of this process in them."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu = 0.0
        self.extra: dict[str, float] = {}
        """Further figures, as `result` returns them."""
        self._started = (0.0, 0.0)

    def start(self) -> None:
        self._started = (time.perf_counter(), time.process_time())

    def stop(self) -> None:
        now, cpu = time.perf_counter(), time.process_time()
        self.seconds.append(now - self._started[0])
        self.cpu += cpu - self._started[1]

    def result(self) -> dict[str, Any]:
        """Return the figures as the programs print them; the CPU seconds are those of one repetition."""
        cpu = self.cpu / max(1, len(self.seconds))
        return {"seconds": self.seconds, "cpu_seconds": cpu, "peak_kib": peak_kib(), **self.extra}


def repeat(call: Callable[[], object], count: int, warm_up: int = 0) -> Stopwatch:
    """Time calls. The result of a call is released outside the measured time."""
    watch = Stopwatch()
    for turn in range(-warm_up, count):
        watch.start()
        made = call()
        if turn >= 0:
            watch.stop()
        del made
    return watch


async def repeat_async(call: Callable[[], Awaitable[object]], count: int, warm_up: int = 0) -> Stopwatch:
    """Time awaited calls."""
    watch = Stopwatch()
    for turn in range(-warm_up, count):
        watch.start()
        made = await call()
        if turn >= 0:
            watch.stop()
        del made
    return watch


def counted(found: Iterable[object], expected: int) -> object:
    """Check the number of the objects in a list, and return them."""
    items = found if isinstance(found, list) else list(found)
    assert len(items) == expected, f"{len(items)} objects instead of {expected}"
    return items


async def fan_out(call: Callable[[], Awaitable[object]], case: Case) -> Stopwatch:
    """Time three runs of concurrent calls, after a run that opens the connections."""

    async def all_at_once() -> None:
        await asyncio.gather(*[call() for _ in range(case.fan_out)])

    return await repeat_async(all_at_once, 3, warm_up=1)


async def by_tasks(call: Callable[[str], Awaitable[object]], case: Case) -> Stopwatch:
    """Time calls with the names of new objects by tasks that run at the same time, after some that open connections."""

    async def some(prefix: str, count: int) -> None:
        numbers = iter(range(count))

        async def work() -> None:
            for number in numbers:
                await call(f"{prefix}-{number}")

        await asyncio.gather(*[work() for _ in range(case.tasks)])

    await some("warm", 2 * case.tasks)
    return await repeat_async(lambda: some("made", case.creates), 1)


def by_threads(call: Callable[[str], object], case: Case) -> Stopwatch:
    """Time calls with the names of new objects by threads, after some that open connections."""
    with ThreadPoolExecutor(case.tasks) as threads:
        list(threads.map(call, [f"warm-{number}" for number in range(2 * case.tasks)]))
        return repeat(lambda: list(threads.map(call, [f"made-{number}" for number in range(case.creates)])), 1)


def follow(events: Iterable[str], case: Case) -> Stopwatch:
    """Time the changes of a watch that is open, from the first to the last; `events` yields their types.

    The printed line lets the process start that makes the changes.
    """
    watch = Stopwatch()
    print("ready", flush=True)
    watch.start()
    cpu = time.process_time()
    left = case.changes
    for kind in events:
        if kind != "MODIFIED":
            continue
        if left == case.changes:
            watch.start()
        left -= 1
        if not left:
            break
    watch.stop()
    watch.cpu = time.process_time() - cpu
    assert not left, f"the watch ended {left} changes early"
    return watch


async def longest_pause(call: Callable[[], Awaitable[object]]) -> Stopwatch:
    """Time an awaited call, and how long a task that wakes every millisecond had to wait at most."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest = max(longest, now - last)
            last = now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    watch = await repeat_async(call, 1)
    await asyncio.sleep(0.002)
    ticking.cancel()
    watch.extra["pause_seconds"] = longest
    return watch


def run(cases: Mapping[str, Callable[[Case], Stopwatch]]) -> None:
    """Run the case that the command line names and print its figures."""
    name, url, folder = sys.argv[1:4]
    print(json.dumps(cases[name](Case(url, Path(folder))).result()))
