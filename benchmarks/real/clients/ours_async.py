"""kubeclient, for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.real.clients import measure
from benchmarks.real.clients.measure import Case, Stopwatch, counted, repeat_async
from benchmarks.real.clients.ours import config_map, configuration
from kubeclient import AsyncClientset
from kubeclient.typed.core.v1.pod import AsyncPods
from kubecore.patch import MergePatch


def with_pods(
    use: Callable[[AsyncPods, Case], Awaitable[Stopwatch]], *, everywhere: bool = True
) -> Callable[[Case], Stopwatch]:
    async def main(case: Case) -> Stopwatch:
        async with AsyncClientset(configuration(case)) as clientset:
            pods = clientset.core_v1.pods("" if everywhere else case.namespace)
            await pods.list(limit=1)
            return await use(pods, case)

    return lambda case: asyncio.run(main(case))


async def _listed(pods: AsyncPods, expected: int) -> object:
    return counted((await pods.list()).items, expected)


async def listed(pods: AsyncPods, case: Case) -> Stopwatch:
    return await repeat_async(lambda: _listed(pods, case.pods), 1)


async def pause(pods: AsyncPods, case: Case) -> Stopwatch:
    await pods.list(limit=1)  # Imports the models.
    kept: list[Any] = []  # To release the objects takes time, too.

    async def list_all() -> None:
        kept.append(await pods.list())

    watch = await measure.longest_pause(list_all)
    counted(kept[0].items, case.pods)
    return watch


async def label(pods: AsyncPods, case: Case) -> Stopwatch:
    async def some() -> object:
        return counted((await pods.list(label_selector=case.label)).items, case.labelled)

    return await repeat_async(some, 3)


async def page(pods: AsyncPods, case: Case) -> Stopwatch:
    async def first() -> object:
        return counted((await pods.list(limit=case.page)).items, case.first_page)

    return await repeat_async(first, 5)


async def get(pods: AsyncPods, case: Case) -> Stopwatch:
    return await repeat_async(lambda: pods.get(measure.POD), case.gets, case.warm_up)


async def fan_out(pods: AsyncPods, case: Case) -> Stopwatch:
    return await measure.fan_out(lambda: pods.get(measure.POD), case)


async def update(pods: AsyncPods, case: Case) -> Stopwatch:
    pod = await pods.get(measure.WRITTEN)

    async def write() -> None:
        nonlocal pod
        pod.metadata.annotations["bench"] = str(int(pod.metadata.annotations.get("bench", "0")) + 1)
        pod = await pods.update(pod, field_manager=measure.MANAGER)

    return await repeat_async(write, case.writes, measure.FIRST_WRITES)


async def patch(pods: AsyncPods, case: Case) -> Stopwatch:
    turns = iter(range(case.writes + measure.FIRST_WRITES))

    async def write() -> None:
        change = MergePatch({"metadata": {"annotations": {"bench": str(next(turns))}}})
        await pods.patch(measure.WRITTEN, change, field_manager=measure.MANAGER, field_validation="Ignore")

    return await repeat_async(write, case.writes, measure.FIRST_WRITES)


def create(case: Case) -> Stopwatch:
    async def main() -> Stopwatch:
        async with AsyncClientset(configuration(case)) as clientset:
            maps = clientset.core_v1.config_maps(case.created)
            return await measure.by_tasks(lambda name: maps.create(config_map(name)), case)

    return asyncio.run(main())


CASES = {
    "list": with_pods(listed),
    "pause": with_pods(pause),
    "label": with_pods(label),
    "page": with_pods(page),
    "get": with_pods(get, everywhere=False),
    "fan_out": with_pods(fan_out, everywhere=False),
    "create": create,
    "update": with_pods(update, everywhere=False),
    "patch": with_pods(patch, everywhere=False),
}

if __name__ == "__main__":
    measure.run(CASES)
