"""Compare the time and the CPU of a request with aiohttp alone, interleaved in one process.

    python -m benchmarks.per_request [ROUNDS]

It needs this project, aiohttp and trustme in one environment. Each round runs every case once with each client, so that
other load on the machine affects both. "CPU" is the time of the client's process.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from benchmarks import record
from benchmarks.clients.measure import CONNECTIONS
from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1, meta_v1
from kubecore import rest

PODS = "/api/v1/namespaces/bench/pods"
MAPS = "/api/v1/namespaces/bench/configmaps"
TASKS = 32
SMALL = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "small"}, "data": {"key": "value"}}

Call = Callable[[], Awaitable[object]]
Round = Callable[[], Awaitable[None]]


def main() -> None:
    """Measure over http and over TLS."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory(prefix="kgen-bench-") as name:
        folder = Path(name)
        record.write_certificates(folder)
        record.write_bodies(folder)
        for scheme in ("http", "https"):
            command = [sys.executable, "-m", "benchmarks.server", str(folder), scheme]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
                assert server.stdout is not None
                try:
                    url = f"{scheme}://127.0.0.1:{int(server.stdout.readline())}"
                    asyncio.run(compare(scheme, url, folder, rounds))
                finally:
                    server.kill()


async def compare(scheme: str, url: str, folder: Path, rounds: int) -> None:
    """Run all cases against one server, and print a line for each."""
    config = rest.Config(host=url, max_connections=CONNECTIONS, tls=rest.TLSConfig(ca_file=str(folder / "ca.pem")))
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    connector = aiohttp.TCPConnector(ssl=context, limit=CONNECTIONS)
    with Clientset(config) as blocking:
        async with AsyncClientset(config) as clientset, aiohttp.ClientSession(connector=connector) as session:
            pods, maps = clientset.core_v1.pods("bench"), clientset.core_v1.config_maps("bench")
            blocking_pods, blocking_maps = blocking.core_v1.pods("bench"), blocking.core_v1.config_maps("bench")
            small = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="small"), data={"key": "value"})

            async def get_alone() -> None:
                async with session.get(url + PODS + "/web-0") as response:
                    await response.read()

            async def create_alone() -> None:
                body = json.dumps(SMALL).encode()
                async with session.post(url + MAPS, data=body) as response:
                    await response.read()

            async def get_blocking() -> None:
                blocking_pods.get("web-0")

            async def create_blocking() -> None:
                blocking_maps.create(small)

            one_by_one: tuple[Callable[[Call], Round], int] = (in_turn(400), 400)
            cases: dict[str, tuple[tuple[Callable[[Call], Round], int], Call, Call | None]] = {
                "get, one by one": (one_by_one, lambda: pods.get("web-0"), get_alone),
                "get, 1,000 at once": ((at_once(1000), 1000), lambda: pods.get("web-0"), get_alone),
                "create, one by one": (one_by_one, lambda: maps.create(small), create_alone),
                "create, 32 tasks": ((by_tasks(2000), 2000), lambda: maps.create(small), create_alone),
                "sync get": (one_by_one, get_blocking, None),
                "sync create": (one_by_one, create_blocking, None),
            }
            for name, ((kind, count), ours, alone) in cases.items():
                runs = {"ours": kind(ours)} | ({"aiohttp": kind(alone)} if alone else {})
                report(f"{scheme:5} {name}", await measure(runs, rounds), count)


def in_turn(count: int) -> Callable[[Call], Round]:
    """Return a round of calls, each after the one before."""

    def of(call: Call) -> Round:
        async def run() -> None:
            for _ in range(count):
                await call()

        return run

    return of


def at_once(count: int) -> Callable[[Call], Round]:
    """Return a round of calls that all begin at once."""

    def of(call: Call) -> Round:
        async def run() -> None:
            await asyncio.gather(*[call() for _ in range(count)])

        return run

    return of


def by_tasks(count: int) -> Callable[[Call], Round]:
    """Return a round of calls that several tasks share."""

    def of(call: Call) -> Round:
        async def worker() -> None:
            for _ in range(count // TASKS):
                await call()

        async def run() -> None:
            await asyncio.gather(*[worker() for _ in range(TASKS)])

        return run

    return of


async def measure(runs: dict[str, Round], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return the seconds and the CPU seconds of each round, after one that opens the connections."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            start, cpu = time.perf_counter(), time.process_time()
            await run()
            if number:
                found[name].append((time.perf_counter() - start, time.process_time() - cpu))
    return found


def report(title: str, found: dict[str, list[tuple[float, float]]], count: int) -> None:
    """Print microseconds of each request: minimum and median."""
    parts = []
    for name, pairs in found.items():
        wall, cpu = zip(*pairs, strict=True)
        us = [1e6 / count * value for value in (min(wall), statistics.median(wall), min(cpu), statistics.median(cpu))]
        parts.append(f"{name} {us[0]:5.0f} {us[1]:5.0f} us, CPU {us[2]:5.0f} {us[3]:5.0f}")
    if "aiohttp" in found:
        ratios = [
            statistics.median(
                alone[part] / ours[part] for ours, alone in zip(found["ours"], found["aiohttp"], strict=True)
            )
            for part in (0, 1)
        ]
        parts.append(f"ratio {ratios[0]:.2f}, CPU {ratios[1]:.2f}")
    print(f"{title:26} {' | '.join(parts)}", flush=True)


if __name__ == "__main__":
    main()
