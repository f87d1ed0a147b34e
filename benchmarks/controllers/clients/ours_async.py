"""kubeclient, for asyncio: informers, electors and work queues."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from benchmarks.controllers.clients import measure
from benchmarks.real.clients.measure import MANAGER, WRITTEN, Case, Stopwatch, counted, repeat_async
from benchmarks.real.clients.ours import configuration
from kubeclient import AsyncClientset
from kubeclient.models import core_v1
from kubecore.cache import AsyncInformer, list_servers
from kubecore.election import AsyncElector
from kubecore.model.meta import ObjectMeta
from kubecore.patch import MergePatch
from kubecore.rest import Attempt
from kubecore.workqueue import AsyncWorkQueue

TIMEOUT = 120.0
WORKERS = 8


def running(use: Callable[[Case], Awaitable[Stopwatch]]) -> Callable[[Case], Stopwatch]:
    async def main(case: Case) -> Stopwatch:
        return await use(case)

    return lambda case: asyncio.run(main(case))


def first_sync(*, by_list: bool) -> Callable[[Case], Stopwatch]:
    async def call(case: Case) -> Stopwatch:
        async with AsyncClientset(configuration(case)) as clientset, AsyncExitStack() as stack:
            pods = clientset.core_v1.pods("")
            await pods.list(limit=1)
            if by_list:
                list_servers.add(clientset.rest_client, pods._resource)  # noqa: SLF001 - no option does this
            before = measure.in_use()
            cache = pods.informer()
            watch = await repeat_async(lambda: stack.enter_async_context(cache), 1)
            counted(cache.keys(), case.pods)
            return measure.memory(watch, before)

    return running(call)


@asynccontextmanager
async def cached(case: Case) -> AsyncIterator[AsyncInformer[core_v1.Pod]]:
    async with AsyncClientset(configuration(case)) as clientset, clientset.core_v1.pods("").informer() as pods:
        yield pods


async def relist(case: Case) -> Stopwatch:
    async with cached(case):
        return await asyncio.to_thread(measure.until_listed)


async def changes(case: Case) -> Stopwatch:
    async with cached(case) as pods:
        seen = measure.Changes(case.changes)
        seen.begin()
        for version in (measure.FIRST_CHANGE, seen.last):
            await pods.wait_until(str(version), timeout=TIMEOUT)
            seen.see(version)
        return seen.watch


async def consumed(case: Case) -> Stopwatch:
    async with cached(case) as pods:
        arriving = pods.changes()
        for _ in range(len(pods)):
            await anext(arriving)
        seen = measure.Changes(case.changes)
        seen.begin()
        async for change in arriving:
            if seen.see(int(change.object.metadata.resource_version or 0)):
                break
        return seen.watch


async def own(case: Case) -> Stopwatch:
    async with AsyncClientset(configuration(case)) as clientset, clientset.core_v1.pods("").informer() as pods:
        own = clientset.core_v1.pods(case.namespace)
        watch = Stopwatch()
        for turn in range(case.writes):
            change = MergePatch({"metadata": {"annotations": {"bench": f"own-{time.time_ns()}-{turn}"}}})
            patched = await own.patch(WRITTEN, change, field_manager=MANAGER, field_validation="Ignore")
            written = int(patched.metadata.resource_version or 0)
            watch.start()
            while int(pods.get(WRITTEN, case.namespace).metadata.resource_version or 0) < written:  # noqa: ASYNC110
                await asyncio.sleep(measure.POLL)
            watch.stop()
        return watch


def lead(case: Case, lease: str) -> None:
    async def main() -> None:
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        async with (
            AsyncClientset(configuration(case)) as clientset,
            AsyncElector(clientset, lease, case.created, identity=measure.FIRST).lead(),
        ):
            print(measure.LEADS, flush=True)
            await ended.wait()

    asyncio.run(main())


def failover(name: str) -> Callable[[Case], Stopwatch]:
    async def call(case: Case) -> Stopwatch:
        lease, written = f"failover-{time.time_ns()}", asyncio.Event()
        with measure.first_leader(case, lease) as first:
            async with AsyncClientset(configuration(case)) as clientset, asyncio.TaskGroup() as tasks:
                elector = AsyncElector(clientset, lease, case.created, identity=measure.SECOND)

                async def follow() -> None:
                    async with elector.lead():
                        body = core_v1.ConfigMap(metadata=ObjectMeta(name=lease))
                        await clientset.core_v1.config_maps(case.created).create(body)
                        written.set()

                async def end() -> None:
                    first.send_signal(measure.ending(name))
                    await written.wait()

                second = tasks.create_task(follow())
                while elector.leader != measure.FIRST:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                watch = await repeat_async(end, 1)
                await second
            return watch

    return running(call)


async def idle(case: Case) -> Stopwatch:
    requests = 0

    def count(_: Attempt) -> None:
        nonlocal requests
        requests += 1

    config = configuration(case)
    config.observers = [count]
    async with AsyncClientset(config) as clientset, AsyncExitStack() as stack:
        maps = clientset.core_v1.config_maps(case.created)
        for number in range(case.informers):
            await stack.enter_async_context(maps.informer(label_selector=f"informer={number}"))
        await asyncio.sleep(1)  # The last watches open after their sync.
        before = requests
        watch = await repeat_async(lambda: asyncio.sleep(case.idle_seconds), 1)
        return measure.each_minute(watch, requests - before, case)


async def workers(case: Case) -> Stopwatch:
    items = measure.items(case)

    async def whole() -> None:
        queue = AsyncWorkQueue[str]()
        for item in items:
            queue.add(item)

        async def work(share: int) -> None:
            for _ in range(share):
                queue.done(await queue.get())

        await asyncio.gather(*[work(share) for share in measure.shares(case, WORKERS)])

    return measure.each_item(await repeat_async(whole, 3), case)


CASES = {
    "sync": first_sync(by_list=True),
    "stream": first_sync(by_list=False),
    "relist": running(relist),
    "changes": running(changes),
    "consumed": running(consumed),
    "own": running(own),
    "killed": failover("killed"),
    "released": failover("released"),
    "idle": running(idle),
    "workers": running(workers),
}

if __name__ == "__main__":
    measure.run(CASES, lead)
