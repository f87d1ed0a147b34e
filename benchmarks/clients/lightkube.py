"""lightkube."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import asyncio
from itertools import islice

from lightkube import AsyncClient, Client
from lightkube.config.kubeconfig import KubeConfig
from lightkube.resources.core_v1 import Pod

from benchmarks.clients.measure import GETS, PODS, WARM_UP, Case, fan_out, from_threads, repeat, run


def client(case: Case) -> Client:
    return Client(KubeConfig.from_file(case.kubeconfig))


def decode(case: Case) -> list[float]:
    from lightkube.core.decoders import decode_list

    body = case.body("list.json")
    return repeat(lambda: decode_list(body, Pod))


def list_pods(case: Case) -> list[float]:
    made = client(case)
    return repeat(lambda: list(made.list(Pod, namespace="*")))


def peak(case: Case) -> list[float]:
    made = client(case)
    return repeat(lambda: list(made.list(Pod, namespace="*")), count=1, warm_up=0)


def get(case: Case) -> list[float]:
    made = client(case)
    return repeat(lambda: made.get(Pod, "web-0", namespace="bench"), GETS, WARM_UP)


def watch(case: Case) -> list[float]:
    made = client(case)

    def follow() -> None:
        for _ in islice(made.watch(Pod, namespace="*", resource_version="1"), PODS):
            pass

    return repeat(follow)


def start(case: Case) -> list[float]:
    client(case).get(Pod, "web-0", namespace="bench")
    return []


def fan_out_async(case: Case) -> list[float]:
    async def main() -> list[float]:
        made = AsyncClient(KubeConfig.from_file(case.kubeconfig))
        return await fan_out(lambda: made.get(Pod, "web-0", namespace="bench"))

    return asyncio.run(main())


def threads(case: Case) -> list[float]:
    made = client(case)
    return from_threads(lambda: made.get(Pod, "web-0", namespace="bench"))


def load(case: Case) -> list[float]:
    return repeat(lambda: KubeConfig.from_file(case.kubeconfig), 50, 5)


if __name__ == "__main__":
    run(
        {
            "decode": decode,
            "list": list_pods,
            "peak": peak,
            "get": get,
            "watch": watch,
            "start": start,
            "fan_out": fan_out_async,
            "threads": threads,
            "load": load,
        },
        STARTED,
    )
