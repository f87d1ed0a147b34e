"""Run, time and report a case in the process of a client. This module is independent of the clients."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PODS = 10_000
GETS = 1000
FAN_OUT = 1000
CONNECTIONS = 100
THREADS = 64
WARM_UP = 200
STREAMED = 20_000_000
"""Bytes that a command prints, and size of a log."""

COMMAND = ["head", "-c", str(STREAMED), "/dev/zero"]
PORTS = 100
MESSAGE = b"x" * 1000


class Case:
    """Input of a case: the server's URL and the folder of the recorded files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.kubeconfig = str(folder / "kubeconfig")
        self.added_kib = 0

    def measure_added(self, call: Callable[[], object]) -> None:
        """Measure the peak memory that a call adds to the memory in use before it."""
        before = peak_kib(reset=True)
        made = call()
        self.added_kib = peak_kib() - before
        del made

    @property
    def port(self) -> int:
        """Port of the pod's echo server."""
        return int((self.folder / "port").read_text())

    def body(self, name: str) -> bytes:
        """Return a recorded body."""
        return (self.folder / name).read_bytes()


def repeat(call: Callable[[], object], count: int = 3, warm_up: int = 1) -> list[float]:
    """Return the seconds of each call. The result of a call is released outside the measured time."""
    for _ in range(warm_up):
        call()
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        made = call()
        seconds.append(time.perf_counter() - start)
        del made
    return seconds


async def repeat_async(call: Callable[[], Awaitable[object]], count: int = 3, warm_up: int = 1) -> list[float]:
    """Return the seconds of each awaited call."""
    for _ in range(warm_up):
        await call()
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        made = await call()
        seconds.append(time.perf_counter() - start)
        del made
    return seconds


async def fan_out(call: Callable[[], Awaitable[object]]) -> list[float]:
    """Return the seconds of three runs of a thousand concurrent calls, after a run that opens the connections."""

    async def all_at_once() -> None:
        await asyncio.gather(*[call() for _ in range(FAN_OUT)])

    return await repeat_async(all_at_once)


def from_threads(call: Callable[[], object]) -> list[float]:
    """Return the seconds of three runs of a thousand calls from 64 threads, after a run that opens the connections.

    A single call precedes them. Without it lightkube's process crashes, because msgspec's first inspection of a class
    is not thread-safe.
    """
    call()
    with ThreadPoolExecutor(THREADS) as threads:
        return repeat(lambda: list(threads.map(lambda _: call(), range(FAN_OUT))))


def at_once(call: Callable[[int], object]) -> list[float]:
    """Return the seconds of three runs of a hundred calls, each call from a separate thread."""
    with ThreadPoolExecutor(PORTS) as threads:
        return repeat(lambda: list(threads.map(call, range(PORTS))))


def run(cases: Mapping[str, Callable[[Case], list[float]]], started: float) -> None:
    """Run the case that the command line names and print its figures.

    Args:
        cases: Functions by name of the case. Each returns the seconds of its repetitions.
        started: `time.perf_counter()` before the module imports its client. The case `start` is measured from then.
    """
    name, url, folder = sys.argv[1:4]
    case = Case(url, Path(folder))
    seconds = cases[name](case)
    if name == "start":
        seconds = [time.perf_counter() - started]
    print(json.dumps({"seconds": seconds, "peak_kib": peak_kib(), "added_kib": case.added_kib}))


def peak_kib(*, reset: bool = False) -> int:
    """Return the peak memory of this process in KiB; `ru_maxrss` would include its parent's memory before the exec.

    Args:
        reset: Whether to restart the count from the memory that is in use now.
    """
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmHWM:")


def resident_kib() -> int:
    """Return the resident memory of this process in KiB."""
    return _status("VmRSS:")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
