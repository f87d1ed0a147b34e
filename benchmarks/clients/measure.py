"""What every client's process does around its cases: repeat, time, tell. It knows no client."""

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
"""Bytes that a command prints, and that a log holds."""

COMMAND = ["head", "-c", str(STREAMED), "/dev/zero"]
PORTS = 100
MESSAGE = b"x" * 1000


class Case:
    """What a case gets: the server's URL and the folder of the recorded files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.kubeconfig = str(folder / "kubeconfig")
        self.above_kib = 0

    def measure_above(self, call: Callable[[], object], body: str) -> None:
        """Note how much memory a call takes beside the body that it reads; what came before is warm and counts not."""
        before = peak_kib(reset=True)
        made = call()
        self.above_kib = peak_kib() - before - (self.folder / body).stat().st_size // 1024
        del made

    @property
    def port(self) -> int:
        """The pod's port on which what comes is repeated."""
        return int((self.folder / "port").read_text())

    def body(self, name: str) -> bytes:
        """Return a recorded body."""
        return (self.folder / name).read_bytes()


def repeat(call: Callable[[], object], count: int = 3, warm_up: int = 1) -> list[float]:
    """Return the seconds of each call; what a call returns is let go outside the time."""
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
    """Return the seconds of a thousand calls at once, three times; the first connects."""

    async def all_at_once() -> None:
        await asyncio.gather(*[call() for _ in range(FAN_OUT)])

    return await repeat_async(all_at_once)


def from_threads(call: Callable[[], object]) -> list[float]:
    """Return the seconds of a thousand calls from 64 threads, three times; the first connects.

    One call goes before: lightkube's first one from many threads at once ends its process, as msgspec's first look at a
    class is not safe.
    """
    call()
    with ThreadPoolExecutor(THREADS) as threads:
        return repeat(lambda: list(threads.map(lambda _: call(), range(FAN_OUT))))


def at_once(call: Callable[[int], object]) -> list[float]:
    """Return the seconds of a hundred calls from as many threads, three times."""
    with ThreadPoolExecutor(PORTS) as threads:
        return repeat(lambda: list(threads.map(call, range(PORTS))))


def run(cases: Mapping[str, Callable[[Case], list[float]]], started: float) -> None:
    """Run the case that the command line names and print its figures.

    Args:
        cases: By name, what returns the seconds of its repetitions.
        started: When the module was about to import its client, by `time.perf_counter()`; the case `start` counts from
            there.
    """
    name, url, folder = sys.argv[1:4]
    case = Case(url, Path(folder))
    seconds = cases[name](case)
    if name == "start":
        seconds = [time.perf_counter() - started]
    print(json.dumps({"seconds": seconds, "peak_kib": peak_kib(), "above_kib": case.above_kib}))


def peak_kib(*, reset: bool = False) -> int:
    """Return the most memory that this process has held; `ru_maxrss` would count its parent's before the exec.

    Args:
        reset: Whether it counts from what is held now.
    """
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
