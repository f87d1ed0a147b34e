"""Read many namespaces at once in one event loop: the images that run in each.

Run it: python examples/fan_out_async.py
At most 20 requests are sent at the same time. One that fails does not stop the others.
"""

from __future__ import annotations

import asyncio

from kubeclient import AsyncClientset
from kubecore import errors


async def images(clientset: AsyncClientset, namespace: str, limit: asyncio.Semaphore) -> set[str]:
    """Return the images of a namespace's pods."""
    async with limit:
        pods = await clientset.core_v1.pods(namespace).list(timeout=30)
    return {container.image or "" for pod in pods for container in pod.spec.containers}


async def main() -> None:
    """Print one line for each namespace."""
    limit = asyncio.Semaphore(20)
    async with AsyncClientset() as clientset:
        found = await clientset.core_v1.namespaces().list()
        names = [namespace.metadata.name or "" for namespace in found]
        results = await asyncio.gather(*(images(clientset, name, limit) for name in names), return_exceptions=True)
    for name, result in zip(names, results, strict=True):
        if isinstance(result, errors.KubeError):
            print(f"{name}: {result}")
        elif isinstance(result, BaseException):
            raise result
        else:
            print(f"{name}: {', '.join(sorted(result)) or 'no pods'}")


if __name__ == "__main__":
    asyncio.run(main())
