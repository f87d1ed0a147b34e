"""One watch for each resource of a server, all of them in the event loop of one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

import anyio
from anyio.from_thread import BlockingPortal

from kubecore.discovery.catalog import ApiResource
from kubecore.dynamic import AsyncObjects
from kubecore.dynamic.resource import OBJECT, discovered
from kubecore.errors import KubeError
from kubecore.rest import AsyncClient, Config
from kubecore.testing._background.view import Item
from kubecore.testing.machine.live_view import Served, item_from

__all__ = ["ResourceWatches"]

_PAUSE = 0.5
"""Seconds between two watches of a resource if the first one failed."""


class ResourceWatches:
    """The watches.

    Args:
        config: The configuration of the server.
        report: Called in the thread of the watches with each object, and whether it was deleted.
    """

    def __init__(self, config: Config, report: Callable[[Item, bool], None]) -> None:
        self._config = config
        self._report = report
        self._started = threading.Event()
        self._portal: BlockingPortal | None = None
        self._open: Callable[[ApiResource], AsyncObjects[dict[str, Any]]]
        self._watches: dict[tuple[str, str, str], Future[None]] = {}
        self._thread = threading.Thread(target=lambda: anyio.run(self._run), name="kubecore-watches", daemon=True)
        self._thread.start()
        self._started.wait()

    def follow(self, resources: Iterable[ApiResource]) -> None:
        """Watch these resources, and no others."""
        wanted = {(found.group, found.version, found.plural): found for found in resources if _is_watched(found)}
        for key in self._watches.keys() - wanted:
            self._watches.pop(key).cancel()
        for key in wanted.keys() - self._watches.keys():
            if self._portal is not None:
                self._watches[key] = self._portal.start_task_soon(self._watch, wanted[key])

    def close(self) -> None:
        """End all watches and the thread."""
        if self._portal is not None:
            self._portal.start_task_soon(self._portal.stop, True)
        self._thread.join()

    async def _run(self) -> None:
        try:
            async with AsyncClient(self._config) as client, BlockingPortal() as portal:
                self._portal = portal
                self._open = lambda resource: AsyncObjects(client, discovered(resource, OBJECT, lambda: None))
                self._started.set()
                await portal.sleep_until_stopped()
        finally:
            self._portal = None
            self._started.set()

    async def _watch(self, resource: ApiResource) -> None:
        served = Served(
            resource.group, resource.version, resource.plural, resource.kind, resource.namespaced, resource.verbs
        )
        while True:
            try:
                async with self._open(resource).watch_metadata() as events:
                    async for event in events:
                        self._report(item_from(served, event.object), event.type == "DELETED")
            except KubeError:
                pass  # The resource may not be served any more; then `follow` ends this.
            await anyio.sleep(_PAUSE)


def _is_watched(resource: ApiResource) -> bool:
    return {"list", "watch", "delete"} <= set(resource.verbs)
