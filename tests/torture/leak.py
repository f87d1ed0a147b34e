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
from tests.torture.server import POD, Ask, PodServer, Reply, answer, pod_reply
from tests.torture.tally import Tally

_ROOT: Final = Path(__file__).parents[2]
_TIMEOUTS: Final = rest.Timeouts(connect=5.0, read=5.0, write=5.0, pool=5.0, total=10.0)
_GETS: Final = 10
_LONGEST_EXIT: Final = 2.0

_BEGIN: Final = """
import sys, os, time, threading, asyncio, gc
sys.path[:0] = {path!r}
from kubecore import rest
from kubeclient import AsyncClientset, Clientset
config = rest.Config(host={host!r}, max_retries=0, timeouts=rest.Timeouts(read=5, total=10))
"""

_FORK: Final = """
clientset = Clientset(config)
pods = clientset.core_v1.pods("d")
pods.get("p")
{before}
child = os.fork()
for i in range(20):
    assert pods.get("p").metadata.name == "p", i
if child == 0:
    {child_end}
    os._exit(0)
{joined}
_, status = os.waitpid(child, 0)
assert status == 0, status
for i in range(20):
    assert pods.get("p").metadata.name == "p", i
clientset.close()
"""

_MEANWHILE: Final = """
busy = [threading.Thread(target=lambda: [pods.get("p") for _ in range(200)], daemon=True) for _ in range(8)]
for thread in busy: thread.start()
"""

_JOINED: Final = """
for thread in busy:
    thread.join(10)
"""

_NO_FILES: Final = """
import resource
from kubecore import errors
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
def full():
    while True:
        try:
            taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            return
taken = []
{use}
"""

_FULL: Final = """
with Clientset(config) as clientset:
    clientset.core_v1.pods("d").get("p")
with Clientset(config) as clientset:
    pods = clientset.core_v1.pods("d")
    full()
    for _ in range(5):
        try:
            pods.get("p")
        except errors.TransportError:
            pass
        else:
            raise AssertionError("got one")
    for one in taken: os.close(one)
    for _ in range(3):
        assert pods.get("p").metadata.name == "p"
"""

_FULL_ASYNC: Final = """
import anyio
async def main():
    async with AsyncClientset(config) as clientset:
        await clientset.core_v1.pods("d").get("p")
    async with AsyncClientset(config) as clientset:
        pods = clientset.core_v1.pods("d")
        full()
        for _ in range(5):
            try:
                await pods.get("p")
            except errors.TransportError:
                pass
            else:
                raise AssertionError("got one")
        for one in taken: os.close(one)
        for _ in range(3):
            assert (await pods.get("p")).metadata.name == "p"
anyio.run(main, backend={backend!r})
"""

_FREE_LEASE: Final = (
    b'{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"lock","namespace":"d"}}'
)

_SIGNALS: Final = """
import signal
count = 0
def handle(*_):
    global count
    count += 1
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
with Clientset(config) as clientset:
    pods = clientset.core_v1.pods("d")
    for _ in range(50):
        assert len(pods.get("large").metadata.annotations["a"]) == 1_000_000
signal.setitimer(signal.ITIMER_REAL, 0)
assert count > 10, count
"""

_INTERRUPTS: Final = """
import random, signal
from kubecore import errors
config.max_connections = 1
config.timeouts = rest.Timeouts(pool=1.0, read=5, total=10)
def handle(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, handle)
chance, count = random.Random(1), 0
with Clientset(config) as clientset:
    pods = clientset.core_v1.pods("d")
    pods.get("p")  # What is imported late is there now: Python itself says so when an import is interrupted.
    for _ in range(2000):
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00002, 0.0008))
                pods.get("p")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            count += 1
    for _ in range(3):
        try:
            assert pods.get("p").metadata.name == "p"
        except errors.PoolTimeoutError as error:
            raise AssertionError(f"{count} interrupts took the pool's only slot") from error
assert count > 100, count
"""

_OPEN_WATCH: Final = """
clientset = Clientset(config)
watch = clientset.core_v1.pods("d").watch(resource_version="1")
watch.__enter__()
next(watch)
"""

_ASYNC_WATCH: Final = """
import anyio
async def one():
    async with AsyncClientset(config) as clientset:
        async with clientset.core_v1.pods("d").watch(resource_version="1") as events:
            async for event in events:
                {leave}
async def main():
    await one()
    gc.collect()
    await anyio.sleep(0.01)
anyio.run(main, backend={backend!r})
gc.collect()
"""

_LEAD: Final = """
from kubecore.election import AsyncElector, Elector
def threads():
    return [thread.name for thread in threading.enumerate() if "election" in thread.name]
{use}
"""

_LEAD_ASYNC: Final = """
import anyio
async def main():
    async with AsyncClientset(config) as clientset:
        for _ in range(20):
            async with AsyncElector(clientset, "lock", "d").lead():
                assert len(threads()) == 1, threads()
        assert not threads(), threads()
anyio.run(main, backend={backend!r})
"""

# Programs that end while something is open, or that use a client in unusual ways. Each must exit promptly with code 0.
_PROGRAMS: Final[dict[str, str]] = {
    "fork": _FORK.format(before="", child_end="clientset.close()", joined=""),
    "fork, the child does not close": _FORK.format(before="", child_end="pass", joined=""),
    "fork under requests of threads": _FORK.format(before=_MEANWHILE, child_end="clientset.close()", joined=_JOINED),
    "fork of a fork": _FORK.format(
        before="",
        child_end="""grandchild = os.fork()
    pods.get("p")
    if grandchild: assert os.waitpid(grandchild, 0)[1] == 0
    else: os._exit(0)""",
        joined="",
    ),
    "end with a watch open": _OPEN_WATCH,
    "end with a watch open, exit()": _OPEN_WATCH + "sys.exit(0)\n",
    "end with a watch read by a daemon thread": _OPEN_WATCH
    + "threading.Thread(target=lambda: list(watch), daemon=True).start()\ntime.sleep(0.1)\n",
    "end with a client open": "clientset = Clientset(config)\nclientset.core_v1.pods('d').get('p')\n",
    "end within a with block": "with Clientset(config) as clientset:\n    clientset.core_v1.pods('d').get('p')\n    sys.exit(0)\n",
    "watch closed by another thread": _OPEN_WATCH
    + """
def read():
    try:
        list(watch)
    except Exception as error:
        found.append(error)
found = []
thread = threading.Thread(target=read)
thread.start()
time.sleep(0.1)
clientset.close()
watch.close()
thread.join(1.5)
assert not thread.is_alive()
""",
    "no file is left, sync": _NO_FILES.format(use=_FULL),
    **{
        f"no file is left, {backend}": _NO_FILES.format(use=_FULL_ASYNC.format(backend=backend))
        for backend in ("asyncio", "trio")
    },
    "end while it leads": _LEAD.format(
        use="""clientset = Clientset(config)
leading = Elector(clientset, "lock", "d").lead()
leading.__enter__()
"""
    ),
    "signals every millisecond": _SIGNALS,
    "Ctrl-C at random": _INTERRUPTS,
    "a client in two loops": """
clientset = AsyncClientset(config)
async def main():
    for _ in range(3):
        assert (await clientset.core_v1.pods("d").get("p")).metadata.name == "p"
asyncio.run(main())
asyncio.run(main())
asyncio.run(clientset.aclose())
""",
    "a loop closed with a watch open": """
clientset = AsyncClientset(config)
async def main():
    events = clientset.core_v1.pods("d").watch(resource_version="1")
    await events.__aenter__()
    await anext(events)
    return events
events = asyncio.run(main())
async def again():
    assert (await clientset.core_v1.pods("d").get("p")).metadata.name == "p"
    await clientset.aclose()
asyncio.run(again())
""",
}

# Programs that stop using something half-way and close it properly. With all warnings on, stderr must be empty.
_CLEAN: Final[dict[str, str]] = {
    **{
        f"async watch left by {leave}, {backend}": _ASYNC_WATCH.format(leave=leave, backend=backend)
        for leave in ("break", "return")
        for backend in ("asyncio", "trio")
    },
    "terms, sync": _LEAD.format(
        use="""
with Clientset(config) as clientset:
    for _ in range(20):
        with Elector(clientset, "lock", "d").lead():
            assert len(threads()) == 2, threads()
    assert not threads(), threads()
"""
    ),
    **{f"terms, {backend}": _LEAD.format(use=_LEAD_ASYNC.format(backend=backend)) for backend in ("asyncio", "trio")},
    "watch left by break": """
with Clientset(config) as clientset, clientset.core_v1.pods("d").watch(resource_version="1") as events:
    for event in events:
        break
gc.collect()
""",
    "watch never entered": """
with Clientset(config) as clientset:
    clientset.core_v1.pods("d").watch(resource_version="1")
gc.collect()
""",
}


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
                server.asks.clear()  # The server's memory is not the client's.
                gc.collect()
                held, _ = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            after = _settled(before)
            tally.check(after == before, f"{mode}: (threads, files) were {before}, are {after}")
            tally.check(left == 0, f"{mode}: {left} connections are left open")
            each = held / (clients * _GETS)
            tally.figure(f"{mode}_bytes", f"{each:.0f}/request")
            tally.tries += clients * _GETS
        for name, program in _PROGRAMS.items():
            _program(tally, server, name, program)
        for name, program in _CLEAN.items():
            _program(tally, server, name, program, strict=True)
    return tally


def _reply(ask: Ask) -> Reply:
    if "watch=" in ask.target:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        return Reply((head, b'{"type":"ADDED","object":%b}\n' % POD), "hold")
    if "/leases" in ask.target:
        return Reply((answer(ask.body or _FREE_LEASE),))
    if ask.target.endswith("/large"):
        return Reply((answer(POD.replace(b'"name":"p"', b'"annotations":{"a":"%b"}' % (b"x" * 1_000_000))),))
    return pod_reply(ask)


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
    text = _BEGIN.format(path=paths, host=server.url) + textwrap.dedent(program)
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
    said = done.stderr.strip()
    fault = ""
    if done.returncode:
        fault = f"exit code {done.returncode}: {said[-200:]}"
    elif "Traceback" in said or (strict and said):
        fault = f"says {' '.join(said.split())[-260:]}"
    elif late > _LONGEST_EXIT:
        fault = f"took {late:.1f} s to end"
    tally.check(not fault, f"{name}: {fault}")
