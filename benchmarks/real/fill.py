"""Fill a real API server with pods, as its controllers, its scheduler and its kubelets do.

`python -m benchmarks.real.fill KUBECONFIG PODS` creates them, `... KUBECONFIG PODS change COUNT` changes pods.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable

import anyio

from benchmarks.real import pods
from kubeclient import AsyncClientset
from kubecore import errors, kubeconfig
from kubecore.patch import MergePatch, StrategicMergePatch

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


async def change(clientset: AsyncClientset, count: int, changes: int) -> None:
    """Change an annotation of pods, one after the other, until so many changes were made."""
    bench = clientset.core_v1.pods(pods.NAMESPACE)
    begun = time.time_ns()  # The server ignores a value that is stored already.

    async def run(number: int) -> None:
        body = MergePatch({"metadata": {"annotations": {"changed": f"{begun}-{number}"}}})
        try:
            await bench.patch(f"web-{number % count}", body, field_manager="bench", field_validation="Ignore")
        except errors.ConflictError:  # Two tasks changed the same pod.
            await run(number)

    await each(changes, run)


async def main(path: str, count: int, changes: int) -> None:
    config = kubeconfig.load_config(path)
    async with AsyncClientset(config) as clientset:
        await (change(clientset, count, changes) if changes else fill(clientset, count))


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]), int(sys.argv[4]) if sys.argv[3:] else 0)
