"""Informers in separate threads, which verify every change that they report."""

from __future__ import annotations

import threading
from typing import Any, Final, Self

import anyio

from kubeclient import AsyncClientset, Clientset
from kubeclient.typed.core.v1.configmap import AsyncConfigMaps, ConfigMaps
from kubecore import rest
from kubecore.cache import Deleted, Updated
from tests.ready import PATIENCE, wait_until

__all__ = ["KINDS", "LAST", "Follower", "followers"]

KINDS: Final = ("sync", "asyncio", "trio")

LAST: Final = "the-last"
"""The name of the object with which a follower ends."""


class Follower:
    """An informer of config maps in a thread, and a consumer of its changes.

    Args:
        kind: `sync`, or the asynchronous backend.
        config: The configuration of the client.
        namespace: The namespace.
        clients: The synchronous and the asynchronous client of another resource.
        **options: Options of the informer.

    Attributes:
        informer: The informer, once the block was entered.
        told: The changes as text.
        state: The versions of the objects by key, according to the changes.
        wrong: Changes that must not be reported.
        error: The exception that ended the thread.
    """

    def __init__(
        self,
        kind: str,
        config: rest.Config,
        namespace: str,
        *,
        clients: tuple[type[Any], type[Any]] = (ConfigMaps, AsyncConfigMaps),
        **options: Any,
    ) -> None:
        self.kind = kind
        self.informer: Any = None
        self.told: list[str] = []
        self.state: dict[str, tuple[str, int]] = {}
        self.wrong: list[str] = []
        self.error: BaseException | None = None
        self._config = config
        self._namespace = namespace
        self._clients = clients
        self._options = options
        self._newest: dict[str, int] = {}
        self.thread = threading.Thread(target=self._run, name=f"follower-{kind}", daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        wait_until(lambda: self.informer is not None or not self.thread.is_alive())
        if self.error is not None:
            raise self.error
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error
        assert self.wrong == []

    def _run(self) -> None:
        try:
            if self.kind == "sync":
                self._follow()
            else:
                anyio.run(self._follow_async, backend=self.kind)
        except BaseException as error:
            self.error = error

    def _follow(self) -> None:
        with Clientset(self._config) as clientset:
            maps = self._clients[0](clientset.rest_client, self._namespace)
            with maps.informer(**self._options) as informer:
                self.informer = informer
                for change in informer.changes():
                    if self._take(change):
                        return

    async def _follow_async(self) -> None:
        async with AsyncClientset(self._config) as clientset:
            maps = self._clients[1](clientset.rest_client, self._namespace)
            async with maps.informer(**self._options) as informer:
                self.informer = informer
                async for change in informer.changes():
                    if self._take(change):
                        return

    def _take(self, change: Any) -> bool:
        """Verify a change; return whether it is the last one."""
        kind, name, entry = type(change).__name__, str(change.key), change.entry
        before = self.state.get(name)
        self.told.append(f"{kind} {change.key.name}")
        if isinstance(change, Deleted):
            if before is None or before[0] != entry.uid:
                self.wrong.append(f"{kind} {name} of an object that was not reported: {before} {entry.uid}")
            self.state.pop(name, None)
            return False
        if (before is None) == isinstance(change, Updated) or (before is not None and before[0] != entry.uid):
            self.wrong.append(f"{kind} {name} after {before}: {entry.uid}")
        if entry.version <= self._newest.get(entry.uid, 0):
            self.wrong.append(f"{kind} {name}: version {entry.version} after {self._newest[entry.uid]}")
        self._newest[entry.uid] = entry.version
        self.state[name] = (entry.uid, entry.version)
        return bool(change.key.name == LAST)

    def went_back(self) -> None:
        """Accept older versions from now on: the server was restored."""
        self._newest.clear()

    def is_equal_to(self, items: list[Any]) -> bool:
        """Return whether the copy and the reported changes contain these objects, in these versions."""
        wanted = {
            f"{item.metadata.namespace}/{item.metadata.name}": (item.metadata.uid, int(item.metadata.resource_version))
            for item in items
        }
        informer = self.informer
        with informer._lock:
            kept = {str(entry.key): (entry.uid, entry.version) for entry in informer._store}
        return kept == wanted and self.state == wanted


def followers(config: rest.Config, namespace: str, **options: Any) -> list[Follower]:
    """Return a follower of each kind."""
    return [Follower(kind, config, namespace, **options) for kind in KINDS]
