"""Programs that use clients and end in unusual ways, for `leak`."""

from __future__ import annotations

from typing import Final

__all__ = ["BEGIN", "CLEAN", "PROGRAMS"]

BEGIN: Final = """
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

_INFORMERS: Final = """
files = lambda: len(os.listdir("/proc/self/fd"))
threads = lambda: [thread.name for thread in threading.enumerate() if thread.name.startswith("kubecore-informer")]
with Clientset(config) as clientset:
    pods = clientset.core_v1.pods("d")
    with pods.informer() as informer:
        assert informer.get("p").metadata.uid == "u"
    before = files()
    for _ in range(20):
        with pods.informer() as informer:
            for change in informer.changes():
                break
            forgotten = informer.changes()
            assert len(threads()) == 1, threads()
        assert threads() == [], threads()
    assert files() == before, (files(), before)
gc.collect()
"""

_ASYNC_INFORMERS: Final = """
import anyio
async def main():
    async with AsyncClientset(config) as clientset:
        pods = clientset.core_v1.pods("d")
        for _ in range(20):
            async with pods.informer() as informer:
                async for change in informer.changes():
                    break
                forgotten = informer.changes()
        with anyio.move_on_after(0.05):
            async with pods.informer() as informer:
                async for change in informer.changes():
                    pass
    gc.collect()
    await anyio.sleep(0.01)
anyio.run(main, backend={backend!r})
gc.collect()
"""

_OPEN_INFORMER: Final = """
clientset = Clientset(config)
informer = clientset.core_v1.pods("d").informer()
informer.__enter__()
assert informer.get("p").metadata.uid == "u"
"""

# Programs that end while something is open, or that use a client in unusual ways. Each must exit promptly with code 0.
PROGRAMS: Final[dict[str, str]] = {
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
    "end with an informer open": _OPEN_INFORMER,
    "end with an informer open, exit()": _OPEN_INFORMER + "sys.exit(0)\n",
    "end with changes read by a daemon thread": _OPEN_INFORMER
    + "threading.Thread(target=lambda: list(informer.changes()), daemon=True).start()\ntime.sleep(0.1)\n",
    "end within the block of an informer": """
with Clientset(config) as clientset, clientset.core_v1.pods("d").informer():
    sys.exit(0)
""",
    "informer closed by another thread": _OPEN_INFORMER
    + """
thread = threading.Thread(target=lambda: list(informer.changes()))
thread.start()
time.sleep(0.1)
informer.close()
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
CLEAN: Final[dict[str, str]] = {
    **{
        f"async watch left by {leave}, {backend}": _ASYNC_WATCH.format(leave=leave, backend=backend)
        for leave in ("break", "return")
        for backend in ("asyncio", "trio")
    },
    "informers, sync": _INFORMERS,
    **{f"informers, {backend}": _ASYNC_INFORMERS.format(backend=backend) for backend in ("asyncio", "trio")},
    "informer never entered": """
with Clientset(config) as clientset:
    clientset.core_v1.pods("d").informer()
gc.collect()
""",
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
