"""kubeclient."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

from itertools import islice

import anyio

from benchmarks.clients.measure import (
    COMMAND,
    CONNECTIONS,
    GETS,
    MESSAGE,
    PODS,
    STREAMED,
    WARM_UP,
    Case,
    at_once,
    fan_out,
    from_threads,
    repeat,
    repeat_async,
    run,
)
from kubeclient import AsyncClientset, Clientset
from kubecore import kubeconfig
from kubecore.projection import Projection


def decode(case: Case, name: str = "list.json") -> list[float]:
    from kubeclient.models import core_v1
    from kubecore.codec import decode

    body = case.body(name)
    return repeat(lambda: decode.decode(body, core_v1.PodList))


def list_pods(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return repeat(lambda: clientset.core_v1.pods("").list())


def peak(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return repeat(lambda: clientset.core_v1.pods("").list(), count=1, warm_up=0)


def added(case: Case, into: type[Row] | None = None) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        pods, one = clientset.core_v1.pods(""), clientset.core_v1.pods("bench")
        one.list(into=into) if into else one.list()
        case.measure_added(lambda: pods.list(into=into) if into else pods.list())
    return []


class Metadata(Projection):
    name: str
    namespace: str
    uid: str


class Spec(Projection):
    node_name: str | None = None


class Status(Projection):
    phase: str = ""
    pod_ip: str | None = None


class Row(Projection):
    metadata: Metadata
    spec: Spec
    status: Status


def rows(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return repeat(lambda: clientset.core_v1.pods("").list(into=Row))


def get(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return repeat(lambda: clientset.core_v1.pods("bench").get("web-0"), GETS, WARM_UP)


def watch(case: Case) -> list[float]:
    def follow() -> None:
        with clientset.core_v1.pods("").watch(resource_version="1") as events:
            for _ in islice(events, PODS):
                pass

    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return repeat(follow)


def execute(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return repeat(lambda: _whole(clientset.core_v1.pods("default").run("web", COMMAND).stdout))


def log(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return repeat(lambda: _whole(clientset.core_v1.pods("default").get_logs("web")))


def _whole(data: bytes) -> bytes:
    assert len(data) == STREAMED
    return data


def forward(case: Case) -> list[float]:
    def talk(_: int) -> None:
        with ports.connect(case.port) as stream:
            stream.write(MESSAGE)
            left = len(MESSAGE)
            while left:
                left -= len(stream.read(left))

    with (
        Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset,
        clientset.core_v1.pods("default").port_forward("web") as ports,
    ):
        return at_once(talk)


def start(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        clientset.core_v1.pods("bench").get("web-0")
    return []


def async_get(case: Case) -> list[float]:
    async def main() -> list[float]:
        async with AsyncClientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
            return await repeat_async(lambda: clientset.core_v1.pods("bench").get("web-0"), GETS, WARM_UP)

    return anyio.run(main)


def async_list(case: Case) -> list[float]:
    async def main() -> list[float]:
        async with AsyncClientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
            return await repeat_async(lambda: clientset.core_v1.pods("").list())

    return anyio.run(main)


def fan_out_async(case: Case) -> list[float]:
    async def main() -> list[float]:
        config = kubeconfig.load_config(case.kubeconfig)
        config.max_connections = CONNECTIONS
        async with AsyncClientset(config) as clientset:
            return await fan_out(lambda: clientset.core_v1.pods("bench").get("web-0"))

    return anyio.run(main)


def threads(case: Case) -> list[float]:
    with Clientset(kubeconfig.load_config(case.kubeconfig)) as clientset:
        return from_threads(lambda: clientset.core_v1.pods("bench").get("web-0"))


def load(case: Case) -> list[float]:
    return repeat(lambda: kubeconfig.load_config(case.kubeconfig), 50, 5)


if __name__ == "__main__":
    run(
        {
            "decode": decode,
            "odd": lambda case: decode(case, "odd.json"),
            "list": list_pods,
            "peak": peak,
            "added": added,
            "rows": rows,
            "rows_added": lambda case: added(case, Row),
            "get": get,
            "watch": watch,
            "exec": execute,
            "log": log,
            "forward": forward,
            "start": start,
            "async_get": async_get,
            "async_list": async_list,
            "fan_out": fan_out_async,
            "threads": threads,
            "load": load,
        },
        STARTED,
    )
