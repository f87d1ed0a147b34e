"""Fill a real API server with pods, as its controllers, its scheduler and its kubelets do.

Usage: python -m benchmarks.real.fill KUBECONFIG PODS
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

import anyio

from benchmarks.real import pods
from kubeclient import AsyncClientset
from kubecore import kubeconfig
from kubecore.patch import StrategicMergePatch

TASKS = 32
NODES = 100


async def each(count: int, call: Callable[[int], Awaitable[object]]) -> None:
    """Call a function for each number below `count`, from many tasks."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await call(number)

    async with anyio.create_task_group() as tasks:
        for _ in range(TASKS):
            tasks.start_soon(work)


async def fill(clientset: AsyncClientset, count: int) -> None:
    """Create the namespaces and the pods: each is created, bound to a node, and reported as running."""
    core = clientset.core_v1
    for namespace in (pods.NAMESPACE, "created"):
        await core.namespaces().create({"metadata": {"name": namespace}})
        await core.service_accounts(namespace).create({"metadata": {"name": "default"}})
    recorded, bench = pods.recorded(), core.pods(pods.NAMESPACE)

    async def run(number: int) -> None:
        name, node = f"web-{number}", f"node-{number % NODES}"
        await bench.create(pods.created(recorded, number), field_manager="kube-controller-manager")
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        await bench.bind(name, {"metadata": {"name": name}, "target": target}, field_manager="kube-scheduler")
        status = StrategicMergePatch(pods.reported(recorded, number))
        await bench.patch_status(name, status, field_manager="kubelet", field_validation="Ignore")

    await each(count, run)


async def main(path: str, count: int) -> None:
    async with AsyncClientset(kubeconfig.load_config(path)) as clientset:
        await fill(clientset, count)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]))
