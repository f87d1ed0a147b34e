"""Programs of the toolkit on a fake cluster: each scenario is written once for threads, asyncio and trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import rest
from kubecore._support.backoff import Backoff
from kubecore.election import AsyncElector, Elector, async_elector, elector, watchdog
from kubecore.rest import attempts
from kubecore.testing import FakeCluster
from kubecore.watch import pacing
from tests.kubecore.election_runs import LeaseServer, VirtualTime
from tests.kubecore.election_runs import Run as ElectionRun
from tests.kubecore.informer_runs import Awaiting

KINDS: Final = ("sync", "asyncio", "trio")
SECONDS: Final = 60.0
"""The time limit of a scenario, reached only if the awaited thing never happens."""

Scenario = Callable[[Any], Awaitable[Any]]


def quickly(patch: pytest.MonkeyPatch) -> None:
    """Let requests, watches and informers wait for milliseconds after failures."""
    patch.setattr(attempts, "_BACKOFF", Backoff(steps=1, duration=0.002, jitter=0.25))
    patch.setattr(pacing, "_BACKOFF", Backoff(steps=1, duration=0.002, factor=2.0, jitter=0.5, cap=0.01))


def run(kind: str, cluster: FakeCluster, scenario: Scenario, **options: Any) -> Any:
    """Run a scenario with a clientset of a cluster.

    Args:
        kind: `sync`, `asyncio` or `trio`.
        cluster: The cluster.
        scenario: The scenario, which gets a clientset with asynchronous methods.
        **options: Attributes of the configuration.

    Returns:
        The result of the scenario.
    """
    config = cluster.config
    for name, value in options.items():
        setattr(config, name, value)

    async def main() -> Any:
        with anyio.fail_after(SECONDS):
            if kind == "sync":
                with Clientset(config) as made:
                    return await scenario(Awaiting(made))
            async with AsyncClientset(config) as made:
                return await scenario(made)

    return anyio.run(main, backend="asyncio" if kind == "sync" else kind)


class ClusterTime(VirtualTime):
    """The time of a toolkit and of a cluster; threads and tasks that wait continue when a test moves it."""

    def __init__(self, cluster: FakeCluster) -> None:
        super().__init__()
        self._cluster = cluster

    def advance(self, seconds: float) -> None:
        self._cluster.clock.advance(seconds)
        super().advance(seconds)


class Electors(ElectionRun):
    """Electors of one kind of client on a fake cluster.

    Attributes:
        cluster: The cluster.
    """

    def __init__(self, kind: str, cluster: FakeCluster) -> None:
        super().__init__(kind, LeaseServer(), ClusterTime(cluster))
        self.cluster = cluster

    def elector(self, identity: str = "a", *, name: str = "lock", **options: Any) -> Any:
        """Return an elector for a Lease in the namespace default."""
        create: Any = Elector if self.kind == "sync" else AsyncElector
        return create(self.clientset, name, "default", identity=identity, clock=self.clock, **options)

    @property
    def lease(self) -> dict[str, Any]:
        """The specification of the Lease."""
        spec: dict[str, Any] = self.cluster.document("Lease", "lock", "default")["spec"]
        return spec


def elect(
    kind: str, cluster: FakeCluster, patch: pytest.MonkeyPatch, scenario: Callable[[Electors], Awaitable[None]]
) -> None:
    """Run a scenario with electors.

    Args:
        kind: `sync`, `asyncio` or `trio`.
        cluster: The cluster.
        patch: Replaces the functions that wait.
        scenario: The scenario.
    """
    electors = Electors(kind, cluster)
    patch.setattr(elector, "Wakeup", electors.clock.wakeup)
    patch.setattr(watchdog, "Wakeup", electors.clock.wakeup)
    patch.setattr(async_elector, "AsyncWakeup", electors.clock.async_wakeup)
    patch.setattr("os._exit", electors.exits.append)
    config = rest.Config(host="https://fake.invalid", transport=cluster.config.transport, max_retries=0)

    async def main() -> None:
        with anyio.fail_after(SECONDS):
            if kind == "sync":
                with Clientset(config) as electors.clientset:
                    await scenario(electors)
            else:
                async with AsyncClientset(config) as electors.clientset:
                    await scenario(electors)

    anyio.run(main, backend="asyncio" if kind == "sync" else kind)
