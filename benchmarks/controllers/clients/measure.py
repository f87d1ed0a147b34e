"""Time the cases of controllers in the process of a client. This module is independent of the clients."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.clients.measure import resident_kib
from benchmarks.real.clients.measure import Case, Stopwatch, repeat
from benchmarks.real.clients.measure import run as run_case

BATCHES: Final = 20
FIRST_CHANGE: Final = 3_000_000
"""The version of the first change: `benchmarks.controllers.bodies.FIRST_CHANGE`."""

POLL: Final = 1e-5
LEAD: Final = "lead"
LEADS: Final = "leads"
FIRST, SECOND = "first", "second"
"""Identities of the electors."""


def in_use() -> int:
    """Return the resident memory in KiB after a collection of garbage."""
    gc.collect()
    return resident_kib()


def memory(watch: Stopwatch, before: int) -> Stopwatch:
    """Note the memory now and that of before a cache was filled."""
    watch.extra |= {"resident_kib": in_use(), "before_kib": before}
    return watch


def ready() -> None:
    """Let the benchmark begin."""
    print("ready", flush=True)


def until_listed() -> Stopwatch:
    """Time until the benchmark has seen the client list again."""
    ready()
    return repeat(sys.stdin.read, 1)


class Changes:
    """Time from the first change to the last.

    Args:
        count: Number of changes.
    """

    def __init__(self, count: int) -> None:
        self.last = FIRST_CHANGE + count - 1
        self.watch = Stopwatch()
        self._has_begun = False

    def begin(self) -> None:
        """Let the benchmark send the changes; the CPU time counts from now."""
        self.watch.start()
        self._cpu = time.process_time()
        ready()

    def see(self, version: int) -> bool:
        """Note that a version was seen, and return whether it is the last."""
        if version >= FIRST_CHANGE and not self._has_begun:
            self._has_begun = True
            self.watch.start()
        if version < self.last:
            return False
        self.watch.stop()
        self.watch.cpu = time.process_time() - self._cpu
        return True


def batched(call: Callable[[], object], size: int) -> Stopwatch:
    """Time batches of calls; each figure is the time of one call."""
    watch = Stopwatch()
    for _ in range(BATCHES):
        began = time.perf_counter()
        for _ in range(size):
            call()
        watch.seconds.append((time.perf_counter() - began) / size)
    return watch


def own_writes(patch: Callable[[str], int], version: Callable[[], int], case: Case) -> Stopwatch:
    """Time from the response of a write until the cache has it.

    Args:
        patch: Write a text into the pod, and return its new version.
        version: Return the version of the pod in the cache.
        case: The input of the case.
    """
    watch = Stopwatch()
    for turn in range(case.writes):
        written = patch(f"own-{time.time_ns()}-{turn}")
        watch.start()
        while version() < written:
            time.sleep(POLL)
        watch.stop()
    return watch


def each_minute(watch: Stopwatch, requests: int, case: Case) -> Stopwatch:
    """Return the CPU time and the requests of idle informers for one minute."""
    watch.cpu *= 60 / case.idle_seconds
    watch.extra["requests"] = requests * 60 / case.idle_seconds
    return watch


def items(case: Case) -> list[str]:
    """Return the items of a work queue."""
    return [f"{case.namespace}/web-{number}" for number in range(case.items)]


def shares(case: Case, workers: int) -> list[int]:
    """Return how many items each worker handles."""
    return [len(range(worker, case.items, workers)) for worker in range(workers)]


def each_item(watch: Stopwatch, case: Case) -> Stopwatch:
    """Return the time of one item."""
    watch.seconds = [seconds / case.items for seconds in watch.seconds]
    return watch


@contextmanager
def first_leader(case: Case, lease: str) -> Iterator[subprocess.Popen[str]]:
    """Run this program again, to lead; return when it does."""
    spec = sys.modules["__main__"].__spec__
    assert spec is not None
    command = [sys.executable, "-m", spec.name, LEAD, case.url, str(case.folder), lease]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == LEADS
            yield process
        finally:
            process.kill()


def run(cases: Mapping[str, Callable[[Case], Stopwatch]], lead: Callable[[Case, str], None]) -> None:
    """Run the case that the command line names and print its figures, or be the first leader of a lease."""
    if sys.argv[1] == LEAD:
        lead(Case(sys.argv[2], Path(sys.argv[3])), sys.argv[4])
    else:
        run_case(cases)


def ending(name: str) -> signal.Signals:
    """Return the signal that ends the first leader in a case: it is killed, or releases the lease."""
    return signal.SIGKILL if name == "killed" else signal.SIGTERM
