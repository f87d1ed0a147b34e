"""A controller with an informer and a work queue on the fake cluster: it converges in spite of all faults."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors
from kubecore.cache import Deleted
from kubecore.retry import Backoff
from kubecore.testing import FakeCluster
from kubecore.workqueue import AsyncWorkQueue, ItemExponential, QueueClosedError, WorkQueue
from tests.ready import wait_until, wait_until_async
from tests.testing.toolkit_runs import SECONDS, quickly


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch)


def add(cluster: FakeCluster, name: str, value: str) -> None:
    metadata = {"name": name, "labels": {"test": "yes"}}
    cluster.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"wanted": value}})


def want(cluster: FakeCluster, number: int) -> None:
    """Change the desired state of one of ten objects."""
    name = f"c{number % 10}"
    if number < 10:
        add(cluster, name, str(number))
    else:
        cluster.patch("ConfigMap", name, "default", {"data": {"wanted": str(number)}})


def is_done(cluster: FakeCluster) -> bool:
    found = [each for each in cluster.documents("ConfigMap", "default") if "labels" in each["metadata"]]
    return bool(found) and all(each["data"].get("seen") == each["data"]["wanted"] for each in found)


def disturb(cluster: FakeCluster, chance: random.Random) -> None:
    """Begin a fault that ends by itself."""
    chance.choice(
        (
            lambda: cluster.fail("update", core_v1.ConfigMap, "Conflict", times=3),
            lambda: cluster.lose_response("update", core_v1.ConfigMap, times=2),
            lambda: cluster.fail("get", core_v1.ConfigMap, "ServiceUnavailable", retry_after=0, times=1),
            lambda: cluster.throttle("*", core_v1.ConfigMap, retry_after=0, times=2),
            lambda: cluster.refuse_connections(times=1),
            lambda: cluster.cut_watches(reset=True),
            cluster.compact,
        )
    )()


def change(found: core_v1.ConfigMap) -> None:
    """Bring an object into the desired state."""
    found.data["seen"] = found.data["wanted"]


@pytest.mark.parametrize("seed", range(3))
def test_a_controller_of_threads_converges(cluster: FakeCluster, seed: int) -> None:
    chance = random.Random(seed)
    with (
        Clientset(cluster.config) as clientset,
        clientset.core_v1.config_maps("default").informer(label_selector="test=yes") as cache,
    ):
        queue = WorkQueue[str](ItemExponential(0.002, 0.02))
        config_maps = clientset.core_v1.config_maps("default")

        def follow() -> None:
            with suppress(errors.ClosedError, QueueClosedError):
                for found in cache.changes():
                    if not isinstance(found, Deleted):
                        queue.add(found.key.name)

        def work() -> None:
            with suppress(QueueClosedError):
                while True:
                    name = queue.get()
                    try:
                        config_maps.modify(name, change)
                        queue.forget(name)
                    except errors.KubeError:
                        queue.add_rate_limited(name)
                    finally:
                        queue.done(name)

        threads = [threading.Thread(target=each, daemon=True) for each in (follow, work, work)]
        for thread in threads:
            thread.start()
        for number in range(30):
            disturb(cluster, chance)
            want(cluster, number)
        wait_until(lambda: is_done(cluster))
        queue.shut_down()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_controller_of_tasks_converges(cluster: FakeCluster, backend: str, seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        async with (
            AsyncClientset(cluster.config) as clientset,
            clientset.core_v1.config_maps("default").informer(label_selector="test=yes") as cache,
            anyio.create_task_group() as tasks,
        ):
            queue = AsyncWorkQueue[str](ItemExponential(0.002, 0.02))
            config_maps = clientset.core_v1.config_maps("default")

            async def follow() -> None:
                async for found in cache.changes():
                    if not isinstance(found, Deleted):
                        queue.add(found.key.name)

            async def work() -> None:
                while True:
                    name = await queue.get()
                    try:
                        await config_maps.modify(name, change)
                        queue.forget(name)
                    except errors.KubeError:
                        queue.add_rate_limited(name)
                    finally:
                        queue.done(name)

            for task in (follow, work, work):
                tasks.start_soon(task)
            for number in range(30):
                disturb(cluster, chance)
                want(cluster, number)
                await anyio.lowlevel.checkpoint()
            await wait_until_async(lambda: is_done(cluster))
            tasks.cancel_scope.cancel()

    anyio.run(main, backend=backend)


def test_a_delay_ends_when_the_clock_of_the_cluster_moves(cluster: FakeCluster) -> None:
    queue = WorkQueue[str](clock=cluster.clock)
    queue.add_after("a", 3600)
    assert len(queue) == 0
    cluster.clock.advance(3600)
    assert queue.get() == "a"
    queue.add_after("b", 1)
    cluster.clock.set(cluster.clock.now() + timedelta(days=1))  # An administrator sets the time: delays do not change.
    assert len(queue) == 0


@pytest.mark.parametrize("kind", ["conflicts", "lost responses"])
def test_a_change_survives_a_storm(cluster: FakeCluster, kind: str) -> None:
    """`modify` reads and writes again until nobody else writes in between."""
    add(cluster, "a", "1")
    with Clientset(cluster.config) as clientset:
        if kind == "conflicts":
            cluster.on("update", core_v1.ConfigMap, times=4)(
                lambda received: cluster.patch("ConfigMap", "a", "default", {"data": {"other": str(received.number)}})
            )
        else:
            cluster.lose_response("update", core_v1.ConfigMap, times=1)
        try:
            clientset.core_v1.config_maps("default").modify("a", change, backoff=Backoff(steps=10, duration=0.001))
        except errors.TransportError:
            assert kind == "lost responses"  # The program must look whether the write has taken effect.
    assert cluster.get(core_v1.ConfigMap, "a", "default").data["seen"] == "1"
