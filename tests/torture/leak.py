"""Clients leave no threads, sockets or memory behind, and survive forks and the exit of the interpreter."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import anyio

from kubeclient import AsyncClientset, Clientset
from kubecore import rest
from tests.sockets import THREAD_NAME
from tests.torture.leak_programs import BEGIN, CLEAN, PROGRAMS
from tests.torture.server import POD, PodServer, Reply, Request, http_response, pod_reply
from tests.torture.tally import Tally

_ROOT: Final = Path(__file__).parents[2]
_TIMEOUTS: Final = rest.Timeouts(connect=5.0, read=5.0, write=5.0, pool=5.0, total=10.0)
_GETS: Final = 10
_LONGEST_EXIT: Final = 2.0

_STATE: Final = (
    b'{"type":"ADDED","object":%b}\n'
    b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"5","annotations":'
    b'{"k8s.io/initial-events-end":"true"}}}}\n'
) % POD.replace(b'"name":"p"', b'"name":"p","uid":"u","resourceVersion":"3"')
"""The events with which an informer begins."""

_FREE_LEASE: Final = (
    b'{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"lock","namespace":"d"}}'
)


def run(n: int | None, seed: int) -> Tally:
    """Make `n` clients, 200 by default, with ten requests each; then run the programs."""
    tally = Tally("leak")
    clients = 200 if n is None else n
    with PodServer(_reply) as server:
        for mode in ("sync", "asyncio", "trio"):
            for count in (2, clients):  # The first two clients trigger one-time imports and caches.
                before = _state()
                tracemalloc.start()
                if mode == "sync":
                    _use(server.url, count)
                else:
                    anyio.run(_use_async, server.url, count, backend=mode)
                left = server.settle(0)
                server.requests.clear()  # The server's memory is not the client's.
                gc.collect()
                held, _ = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            after = _settled(before)
            tally.check(after == before, f"{mode}: (threads, files) were {before}, are {after}")
            tally.check(left == 0, f"{mode}: {left} connections are left open")
            each = held / (clients * _GETS)
            tally.figure(f"{mode}_bytes", f"{each:.0f}/request")
            tally.tries += clients * _GETS
        for name, program in PROGRAMS.items():
            _program(tally, server, name, program)
        for name, program in CLEAN.items():
            _program(tally, server, name, program, strict=True)
    return tally


def _reply(request: Request) -> Reply:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    if "sendInitialEvents=" in request.target:
        return Reply((head, _STATE), "hold")
    if "watch=" in request.target:
        return Reply((head, b'{"type":"ADDED","object":%b}\n' % POD), "hold")
    if "/leases" in request.target:
        return Reply((http_response(request.body or _FREE_LEASE),))
    if request.target.endswith("/large"):
        return Reply((http_response(POD.replace(b'"name":"p"', b'"annotations":{"a":"%b"}' % (b"x" * 1_000_000))),))
    return pod_reply(request)


def _use(host: str, count: int) -> None:
    for _ in range(count):
        with Clientset(rest.Config(host=host, timeouts=_TIMEOUTS)) as clientset:
            for _ in range(_GETS):
                clientset.core_v1.pods("d").get("p")


async def _use_async(host: str, count: int) -> None:
    for _ in range(count):
        async with AsyncClientset(rest.Config(host=host, timeouts=_TIMEOUTS)) as clientset:
            for _ in range(_GETS):
                await clientset.core_v1.pods("d").get("p")


def _state() -> tuple[int, int]:
    """Count the threads and the open files of this process, without those of the server."""
    threads = [thread for thread in threading.enumerate() if thread.name != THREAD_NAME]
    return len(threads), len(list(_files()))


def _files() -> Iterator[str]:
    for file in Path("/proc/self/fd").iterdir():
        try:
            yield str(file.readlink())
        except OSError:
            continue  # The descriptor that reads the folder.


def _settled(wanted: tuple[int, int], seconds: float = 2.0) -> tuple[int, int]:
    end = time.monotonic() + seconds
    while (found := _state()) != wanted and time.monotonic() < end:
        time.sleep(0.01)
    return found


def _program(tally: Tally, server: PodServer, name: str, program: str, *, strict: bool = False) -> None:
    paths = [str(_ROOT / part) for part in ("core", "generated")]
    text = BEGIN.format(path=paths, host=server.url) + textwrap.dedent(program)
    # Record the time at which the program ends, without the exit of the interpreter.
    text += (
        "\nimport pathlib\npathlib.Path(sys.argv[1]).write_text(repr(time.time()))\n"
        if "sys.exit" not in program
        else ""
    )
    flags = ["-W", "always"] if strict else []
    with tempfile.TemporaryDirectory() as folder:
        stamp = Path(folder, "stamp")
        try:
            done = subprocess.run(
                [sys.executable, *flags, "-c", text, str(stamp)],
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        except subprocess.TimeoutExpired:
            tally.wrong(f"{name}: does not end")
            return
        ended = time.time()
        late = ended - float(stamp.read_text()) if stamp.exists() else 0.0
    output = done.stderr.strip()
    fault = ""
    if done.returncode:
        fault = f"exit code {done.returncode}: {output[-200:]}"
    elif "Traceback" in output or (strict and output):
        fault = f"prints {' '.join(output.split())[-260:]}"
    elif late > _LONGEST_EXIT:
        fault = f"took {late:.1f} s to end"
    tally.check(not fault, f"{name}: {fault}")
