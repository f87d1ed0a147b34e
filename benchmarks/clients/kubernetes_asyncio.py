"""kubernetes_asyncio."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import asyncio
from collections.abc import Awaitable, Callable

from kubernetes_asyncio import client, config

from benchmarks.clients.measure import GETS, WARM_UP, Case, fan_out, repeat_async, run


def with_api(case: Case, use: Callable[[client.CoreV1Api], Awaitable[list[float]]]) -> list[float]:
    async def main() -> list[float]:
        await config.load_kube_config(case.kubeconfig)
        async with client.ApiClient() as api:
            return await use(client.CoreV1Api(api))

    return asyncio.run(main())


def async_get(case: Case) -> list[float]:
    return with_api(case, lambda api: repeat_async(lambda: api.read_namespaced_pod("web-0", "bench"), GETS, WARM_UP))


def async_list(case: Case) -> list[float]:
    return with_api(case, lambda api: repeat_async(lambda: api.list_pod_for_all_namespaces(), count=1, warm_up=0))


def fan_out_async(case: Case) -> list[float]:
    return with_api(case, lambda api: fan_out(lambda: api.read_namespaced_pod("web-0", "bench")))


if __name__ == "__main__":
    run({"async_get": async_get, "async_list": async_list, "fan_out": fan_out_async}, STARTED)
