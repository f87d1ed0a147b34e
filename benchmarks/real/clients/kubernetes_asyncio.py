"""kubernetes_asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from kubernetes_asyncio import client, config

from benchmarks.real.clients import measure
from benchmarks.real.clients.measure import Case, Stopwatch, counted, repeat_async


def with_api(use: Callable[[Any, Case], Awaitable[Stopwatch]]) -> Callable[[Case], Stopwatch]:
    async def main(case: Case) -> Stopwatch:
        settings = client.Configuration()
        await config.load_kube_config(case.kubeconfig, client_configuration=settings)
        settings.connection_pool_maxsize = case.connections
        async with client.ApiClient(settings) as made:
            api = client.CoreV1Api(made)
            await api.list_pod_for_all_namespaces(limit=1)
            return await use(api, case)

    return lambda case: asyncio.run(main(case))


async def _listed(api: Any, expected: int, **options: Any) -> object:
    return counted((await api.list_pod_for_all_namespaces(**options)).items, expected)


async def listed(api: Any, case: Case) -> Stopwatch:
    return await repeat_async(lambda: _listed(api, case.pods), 1)


async def pause(api: Any, case: Case) -> Stopwatch:
    await api.list_pod_for_all_namespaces(limit=1)
    kept: list[Any] = []  # To release the objects takes time, too.

    async def list_all() -> None:
        kept.append(await api.list_pod_for_all_namespaces())

    return await measure.longest_pause(list_all)


async def label(api: Any, case: Case) -> Stopwatch:
    return await repeat_async(lambda: _listed(api, case.labelled, label_selector=case.label), 3)


async def page(api: Any, case: Case) -> Stopwatch:
    return await repeat_async(lambda: _listed(api, case.first_page, limit=case.page), 5)


async def get(api: Any, case: Case) -> Stopwatch:
    return await repeat_async(lambda: api.read_namespaced_pod(measure.POD, case.namespace), case.gets, case.warm_up)


async def fan_out(api: Any, case: Case) -> Stopwatch:
    return await measure.fan_out(lambda: api.read_namespaced_pod(measure.POD, case.namespace), case)


async def create(api: Any, case: Case) -> Stopwatch:
    def config_map(name: str) -> Any:
        metadata = client.V1ObjectMeta(name=name, labels={"app": "bench"})
        return client.V1ConfigMap(metadata=metadata, data={"number": name})

    return await measure.by_tasks(lambda name: api.create_namespaced_config_map(case.created, config_map(name)), case)


async def update(api: Any, case: Case) -> Stopwatch:
    pod = await api.read_namespaced_pod(measure.WRITTEN, case.namespace)

    async def write() -> None:
        nonlocal pod
        pod.metadata.annotations["bench"] = str(int(pod.metadata.annotations.get("bench", "0")) + 1)
        pod = await api.replace_namespaced_pod(measure.WRITTEN, case.namespace, pod, field_manager=measure.MANAGER)

    return await repeat_async(write, case.writes, measure.FIRST_WRITES)


async def patch(api: Any, case: Case) -> Stopwatch:
    turns = iter(range(case.writes + measure.FIRST_WRITES))

    async def write() -> None:
        change = {"metadata": {"annotations": {"bench": str(next(turns))}}}
        await api.patch_namespaced_pod(
            measure.WRITTEN,
            case.namespace,
            change,
            field_manager=measure.MANAGER,
            _content_type="application/merge-patch+json",
        )

    return await repeat_async(write, case.writes, measure.FIRST_WRITES)


CASES = {
    "list": with_api(listed),
    "pause": with_api(pause),
    "label": with_api(label),
    "page": with_api(page),
    "get": with_api(get),
    "fan_out": with_api(fan_out),
    "create": with_api(create),
    "update": with_api(update),
    "patch": with_api(patch),
}

if __name__ == "__main__":
    measure.run(CASES)
