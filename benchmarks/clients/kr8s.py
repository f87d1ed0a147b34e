"""kr8s, which keeps what it gets as plain data."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import asyncio

from kr8s.asyncio import api as connect
from kr8s.asyncio.objects import Pod

from benchmarks.clients.measure import GETS, WARM_UP, Case, fan_out, repeat_async, run


def async_get(case: Case) -> list[float]:
    async def main() -> list[float]:
        api = await connect(kubeconfig=case.kubeconfig)
        return await repeat_async(lambda: Pod.get("web-0", namespace="bench", api=api), GETS, WARM_UP)

    return asyncio.run(main())


def fan_out_async(case: Case) -> list[float]:
    async def main() -> list[float]:
        api = await connect(kubeconfig=case.kubeconfig)
        return await fan_out(lambda: Pod.get("web-0", namespace="bench", api=api))

    return asyncio.run(main())


if __name__ == "__main__":
    run({"async_get": async_get, "fan_out": fan_out_async}, STARTED)
