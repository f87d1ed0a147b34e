"""lightkube, for blocking code; for asyncio if a case is about many requests at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
from lightkube import AsyncClient, Client
from lightkube.config.kubeconfig import KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Pod
from lightkube.types import PatchType

from benchmarks.real.clients import measure
from benchmarks.real.clients.measure import Case, Stopwatch, counted, repeat

TIMEOUT = httpx2.Timeout(60)


def with_client(use: Callable[[Client, Case], Stopwatch]) -> Callable[[Case], Stopwatch]:
    def call(case: Case) -> Stopwatch:
        client = Client(KubeConfig.from_file(case.kubeconfig), namespace=case.namespace, timeout=TIMEOUT)
        client.get(Pod, measure.POD)
        return use(client, case)

    return call


def with_async_client(use: Callable[[AsyncClient, Case], Awaitable[Stopwatch]]) -> Callable[[Case], Stopwatch]:
    async def main(case: Case) -> Stopwatch:
        client = AsyncClient(KubeConfig.from_file(case.kubeconfig), namespace=case.namespace, timeout=TIMEOUT)
        await client.get(Pod, measure.POD)
        return await use(client, case)

    return lambda case: asyncio.run(main(case))


def listed(client: Client, case: Case) -> Stopwatch:
    return repeat(lambda: counted(client.list(Pod, namespace="*"), case.pods), 1)


def label(client: Client, case: Case) -> Stopwatch:
    name, _, value = case.label.partition("=")
    return repeat(lambda: counted(client.list(Pod, namespace="*", labels={name: value}), case.labelled), 3)


def page(client: Client, case: Case) -> Stopwatch:
    def first() -> object:
        found = iter(client.list(Pod, namespace="*", chunk_size=case.page))
        return counted([next(found) for _ in range(case.first_page)], case.first_page)

    return repeat(first, 5)


def get(client: Client, case: Case) -> Stopwatch:
    return repeat(lambda: client.get(Pod, measure.POD), case.gets, case.warm_up)


async def fan_out(client: AsyncClient, case: Case) -> Stopwatch:
    return await measure.fan_out(lambda: client.get(Pod, measure.POD), case)


async def pause(client: AsyncClient, case: Case) -> Stopwatch:
    kept: list[Pod] = []  # To release the objects takes time, too.

    async def list_all() -> None:
        kept.extend([pod async for pod in client.list(Pod, namespace="*")])

    return await measure.longest_pause(list_all)


async def create(client: AsyncClient, case: Case) -> Stopwatch:
    def config_map(name: str) -> ConfigMap:
        metadata = ObjectMeta(name=name, namespace=case.created, labels={"app": "bench"})
        return ConfigMap(metadata=metadata, data={"number": name})

    return await measure.by_tasks(lambda name: client.create(config_map(name)), case)


def update(client: Client, case: Case) -> Stopwatch:
    pod = client.get(Pod, measure.WRITTEN)

    def write() -> None:
        nonlocal pod
        pod.metadata.annotations["bench"] = str(int(pod.metadata.annotations.get("bench", "0")) + 1)
        pod = client.replace(pod, field_manager=measure.MANAGER)

    return repeat(write, case.writes, measure.FIRST_WRITES)


def patch(client: Client, case: Case) -> Stopwatch:
    turns = iter(range(case.writes + measure.FIRST_WRITES))

    def write() -> None:
        change = {"metadata": {"annotations": {"bench": str(next(turns))}}}
        client.patch(Pod, measure.WRITTEN, change, patch_type=PatchType.MERGE, field_manager=measure.MANAGER)

    return repeat(write, case.writes, measure.FIRST_WRITES)


def watch(client: Client, case: Case) -> Stopwatch:
    found = client.list(Pod, namespace="*", chunk_size=1)
    next(iter(found))
    events = client.watch(Pod, namespace="*", resource_version=found.resourceVersion)
    return measure.follow((kind for kind, _ in events), case)


CASES = {
    "list": with_client(listed),
    "pause": with_async_client(pause),
    "label": with_client(label),
    "page": with_client(page),
    "get": with_client(get),
    "fan_out": with_async_client(fan_out),
    "create": with_async_client(create),
    "update": with_client(update),
    "patch": with_client(patch),
    "watch": with_client(watch),
}

if __name__ == "__main__":
    measure.run(CASES)
