"""kr8s, which keeps responses as plain data."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import asyncio
from collections.abc import Awaitable, Callable

from kr8s.asyncio import api as connect
from kr8s.asyncio.objects import Pod

from benchmarks.clients.measure import (
    COMMAND,
    GETS,
    MESSAGE,
    PORTS,
    STREAMED,
    WARM_UP,
    Case,
    fan_out,
    repeat_async,
    run,
)


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


def pod(use: Callable[[Pod], Awaitable[list[float]]], case: Case) -> list[float]:
    async def main() -> list[float]:
        api = await connect(kubeconfig=case.kubeconfig)
        return await use(await Pod.get("web", namespace="default", api=api))

    return asyncio.run(main())


async def execute(found: Pod) -> list[float]:
    async def whole() -> None:
        assert len((await found.exec(COMMAND)).stdout) == STREAMED

    return await repeat_async(whole)


async def log(found: Pod) -> list[float]:
    async def whole() -> None:
        seen = 0
        async for line in found.logs():
            seen += len(line) + 1
        assert seen == STREAMED

    return await repeat_async(whole)


async def forward(found: Pod, port: int) -> list[float]:
    async def talk(local: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", local)
        writer.write(MESSAGE)
        await reader.readexactly(len(MESSAGE))
        writer.close()
        await writer.wait_closed()

    async with found.portforward(remote_port=port, local_port="auto") as local:

        async def all_at_once() -> None:
            await asyncio.gather(*[talk(local) for _ in range(PORTS)])

        return await repeat_async(all_at_once)


if __name__ == "__main__":
    run(
        {
            "async_get": async_get,
            "fan_out": fan_out_async,
            "exec": lambda case: pod(execute, case),
            "log": lambda case: pod(log, case),
            "forward": lambda case: pod(lambda found: forward(found, case.port), case),
        },
        STARTED,
    )
