"""An operator in plain code: each Greeting (greetings.example.com) gets a ConfigMap with its text.

Run it: kubectl apply -f examples/greetings.yaml
        python examples/operator_loop.py
One task watches and queues the names of objects, another makes the cluster match them. A name is in the queue once; if
it fails, it is queued again after a growing pause. When a Greeting is deleted, the server deletes its ConfigMap.
"""

from __future__ import annotations

import asyncio
from typing import Any

from kubeclient import AsyncClientset
from kubecore import errors
from kubecore.dynamic import AsyncObjects
from kubecore.model import owners

Key = tuple[str, str]
"""Namespace and name."""


class Operator:
    """The queue, and the work on its keys."""

    def __init__(self, clientset: AsyncClientset, greetings: AsyncObjects[dict[str, Any]]) -> None:
        self.clientset = clientset
        self.greetings = greetings
        self.queue = asyncio.Queue[Key]()
        self.queued = set[Key]()
        self.failures = dict[Key, int]()

    def add(self, key: Key) -> None:
        """Queue a key, unless it is in the queue."""
        if key not in self.queued:
            self.queued.add(key)
            self.queue.put_nowait(key)

    async def watch(self) -> None:
        """Queue everything that exists, then everything that changes."""
        async with self.greetings.list_and_watch() as changes:
            for found in changes.items:
                self.add((found["metadata"]["namespace"], found["metadata"]["name"]))
            async for event in changes:
                self.add((event.object["metadata"]["namespace"], event.object["metadata"]["name"]))

    async def work(self) -> None:
        """Reconcile one key after the other."""
        while True:
            key = await self.queue.get()
            self.queued.remove(key)
            try:
                await self.reconcile(*key)
                self.failures.pop(key, None)
            except errors.KubeError as error:
                count = self.failures[key] = self.failures.get(key, 0) + 1
                pause = min(0.1 * 2**count, 60.0)
                print(f"{'/'.join(key)}: {error}; again in {pause:g} s", flush=True)
                asyncio.get_running_loop().call_later(pause, self.add, key)

    async def reconcile(self, namespace: str, name: str) -> None:
        """Make the ConfigMap match the Greeting as it is now."""
        greetings = await self.clientset.dynamic.resource("greetings.example.com", namespace)
        greeting = await greetings.get_or_none(name)
        if greeting is None:
            return
        metadata = {"name": name, "namespace": namespace}
        wanted: dict[str, Any] = {"metadata": metadata, "data": {"text": greeting["spec"]["text"]}}
        owners.set_controller_reference(wanted, greeting)
        config_maps = self.clientset.core_v1.config_maps(namespace)
        await config_maps.apply(wanted, field_manager="greeter", force=True)
        await greetings.patch_status(name, {"status": {"configMap": name}}, type="merge")
        print(f"{namespace}/{name}: {greeting['spec']['text']}", flush=True)


async def main() -> None:
    """Run until a permanent error or Ctrl-C."""
    async with AsyncClientset() as clientset:
        operator = Operator(clientset, await clientset.dynamic.resource("greetings.example.com"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(operator.watch())
            tasks.create_task(operator.work())


if __name__ == "__main__":
    asyncio.run(main())
