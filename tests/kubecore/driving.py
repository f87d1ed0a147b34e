"""Run one scenario with each kind of client, on a server that the test starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import anyio

from kubeclient.typed.core.v1.pod import PODS
from kubecore import async_verbs, rest, sync_verbs


class SyncPods(sync_verbs.Exec, sync_verbs.Attach, sync_verbs.Copy):
    _resource = PODS


class AsyncPods(async_verbs.Exec, async_verbs.Attach, async_verbs.Copy):
    _resource = PODS


class Awaited:
    """A synchronous object with awaitable methods. Each call runs in a worker thread, so that calls can overlap."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, "close" if name == "aclose" else name)
        if not callable(found):
            return found
        if name in ("exec", "attach"):
            return lambda *arguments, **options: Awaited(found(*arguments, **options))

        async def call(*arguments: Any, **options: Any) -> Any:
            return await anyio.to_thread.run_sync(lambda: found(*arguments, **options), abandon_on_cancel=False)

        return call

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self.inner.__enter__)
        return self

    async def __aexit__(self, *error: object) -> None:
        await anyio.to_thread.run_sync(self.inner.__exit__, *error)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (output := await self.read()) is not None:
            yield output


Scenario = Callable[[Any], Awaitable[None]]
KINDS = ("sync", "asyncio", "trio")


def drive(kind: str, config: rest.Config, scenario: Scenario) -> None:
    """Run a scenario with a client of pods of the namespace `n`."""

    async def synchronous() -> None:
        with rest.Client(config) as client:
            await scenario(Awaited(SyncPods(client, "n")))

    async def asynchronous() -> None:
        async with rest.AsyncClient(config) as client:
            await scenario(AsyncPods(client, "n"))

    with_threads = kind == "sync"
    anyio.run(synchronous if with_threads else asynchronous, backend="asyncio" if with_threads else kind)
