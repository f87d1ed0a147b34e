"""A controller: ConfigMaps with the label copier.example.com/copy=true have copies in other namespaces.

Run it: python examples/config_map_copier.py [NAMESPACE OF THE LEASE]
        kubectl label configmap settings copier.example.com/copy=true
        kubectl annotate configmap settings copier.example.com/namespaces=blue,green
Start it twice: one process works, the other one takes over. Copies that are changed or deleted are restored, and copies
whose source is gone are deleted. `kubectl describe configmap settings` shows events.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import suppress

import anyio

from kubeclient import AsyncClientset
from kubeclient.models import core_v1
from kubecore import errors
from kubecore.cache import AsyncInformer, Change, Key
from kubecore.election import AsyncElector
from kubecore.recorder import AsyncRecorder
from kubecore.workqueue import AsyncWorkQueue

NAME = "config-map-copier"
SOURCES, IS_COPY = "copier.example.com/copy=true", "copier.example.com/is-copy"
NAMESPACES, SOURCE = "copier.example.com/namespaces", "copier.example.com/source"
ConfigMaps = AsyncInformer[core_v1.ConfigMap]


def key_of(source: core_v1.ConfigMap) -> Iterable[Key]:
    """Return the key of a source."""
    return [Key(source.metadata.namespace, source.metadata.name)]


def by_source(copy: core_v1.ConfigMap) -> Iterable[Key]:
    """Return the key of the source of a copy: the function is an index of the copies."""
    namespace, _, name = copy.metadata.annotations.get(SOURCE, "").partition("/")
    return [Key(namespace, name)]


class Copier:
    """The queue of sources, and the work on one source."""

    def __init__(
        self, clientset: AsyncClientset, sources: ConfigMaps, copies: ConfigMaps, events: AsyncRecorder
    ) -> None:
        self.clientset, self.sources, self.copies, self.events = clientset, sources, copies, events
        self.queue = AsyncWorkQueue[Key]()

    async def follow(
        self,
        changes: AsyncIterable[Change[core_v1.ConfigMap]],
        sources: Callable[[core_v1.ConfigMap], Iterable[Key]],
    ) -> None:
        """Queue the sources that each change is about."""
        async for change in changes:
            for key in sources(change.object):
                self.queue.add(key)

    async def work(self) -> None:
        """Handle one source after the other; a source whose handling fails comes back later."""
        while True:
            key = await self.queue.get()
            source = self.sources.get_or_none(key.name, key.namespace)
            try:
                await self.copy(key, source)
                self.queue.forget(key)
            except errors.KubeError as error:
                print(f"{key}: {error}", flush=True)
                if source is not None:
                    self.events.warning(source, "CopyFailed", str(error), action="Copy")
                self.queue.add_rate_limited(key)
            finally:
                self.queue.done(key)

    async def copy(self, key: Key, source: core_v1.ConfigMap | None) -> None:
        """Make the copies match their source; a copy that matches already needs no request."""
        targets = set[str]()
        if source is not None:
            names = source.metadata.annotations.get(NAMESPACES, "").split(",")
            targets = {name.strip() for name in names} - {"", key.namespace}
        existing = {copy.metadata.namespace: copy for copy in self.copies.indexed(by_source, key)}
        for namespace in existing.keys() - targets:
            with suppress(errors.NotFoundError):
                await self.clientset.core_v1.config_maps(namespace).delete(key.name)
        for namespace in sorted(targets):
            found = self.copies.get_or_none(key.name, namespace)
            if source is None or (found is not None and found.data == source.data):
                continue
            if found is not None and namespace not in existing:
                raise errors.InvalidRequestError(f"{namespace} has a copy of another source")
            metadata = {"name": key.name, "labels": {IS_COPY: "true"}, "annotations": {SOURCE: str(key)}}
            body = {"metadata": metadata, "data": source.data}
            await self.clientset.core_v1.config_maps(namespace).apply(body, field_manager=NAME, force=found is not None)
            self.events.normal(source, "Copied", f"copied to {namespace}", action="Copy")
            print(f"{key}: copied to {namespace}", flush=True)


async def lead(clientset: AsyncClientset, events: AsyncRecorder) -> None:
    """Work until the leadership is lost."""
    config_maps = clientset.core_v1.config_maps("")
    async with (
        config_maps.informer(label_selector=SOURCES) as sources,
        config_maps.informer(label_selector={IS_COPY: "true"}, indexes=[by_source]) as copies,
        anyio.create_task_group() as tasks,
    ):
        copier = Copier(clientset, sources, copies, events)
        tasks.start_soon(copier.follow, sources.changes(), key_of)
        tasks.start_soon(copier.follow, copies.changes(), by_source)
        for _ in range(2):
            tasks.start_soon(copier.work)


async def main() -> None:
    """Wait for the leadership and work, again and again, until Ctrl-C."""
    namespace = sys.argv[1] if len(sys.argv) > 1 else None
    async with AsyncClientset() as clientset, AsyncRecorder(clientset, NAME) as events:
        elector = AsyncElector(clientset, NAME, namespace, events=events)
        while True:
            try:
                async with elector.lead():
                    print("leads", flush=True)
                    await lead(clientset, events)
            except errors.LeadershipLostError as error:
                print(error, flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        anyio.run(main)
