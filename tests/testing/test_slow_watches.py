"""Watches whose reader is slow, several threads that use one cluster, and cancelled watches."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore.testing.cluster import FakeCluster
from tests.testing.test_cluster import newest
from tests.testing.test_server import Client, events

MANY = 1_200


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(controllers=False) as cluster:
        yield cluster


def config_map(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


def write(cluster: FakeCluster, count: int = MANY, prefix: str = "") -> list[str]:
    names = [f"{prefix}{number:04}" for number in range(count)]
    cluster.add(*(config_map(name) for name in names))
    return names


def test_a_reader_that_does_not_read_gets_the_oldest_events_then_the_end(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset:
        version = newest(cluster)
        with clientset.core_v1.config_maps("default").watch(resource_version=version) as watched:
            names = write(cluster)
            found = [next(watched).object.metadata.name for _ in range(MANY)]
    assert found == names
    assert [call.verb for call in cluster.calls] == ["watch", "watch"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_asynchronous_reader_that_does_not_read_resumes_without_a_loss(cluster: FakeCluster, backend: str) -> None:
    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            version = newest(cluster)
            async with clientset.core_v1.config_maps("default").watch(resource_version=version) as watched:
                names = write(cluster)
                found = [(await anext(watched)).object.metadata.name for _ in range(MANY)]
        assert found == names

    anyio.run(main, backend=backend)
    assert [call.verb for call in cluster.calls] == ["watch", "watch"]


@pytest.mark.parametrize("is_initial", [False, True])
def test_initial_events_and_events_of_the_past_do_not_count(*, is_initial: bool) -> None:
    client = Client()
    version = client.server.store.revision
    for number in range(MANY):
        client.create(f"{number:04}")
    stream = client.watch(f"resourceVersion={0 if is_initial else version}")
    client.create("last")
    assert not stream.is_ended
    assert events(stream)[-1] == ("ADDED", "last")
    client.create("later")
    assert events(stream) == [("ADDED", "later")]


def test_every_thread_sees_the_writes_of_all_threads_in_one_order(cluster: FakeCluster) -> None:
    version = newest(cluster)
    count = 40
    seen: list[list[str]] = [[], [], []]
    with Clientset(cluster.config) as clientset:

        def follow(names: list[str]) -> None:
            with clientset.core_v1.config_maps("default").watch(resource_version=version) as watched:
                names += [str(next(watched).object.metadata.name) for _ in range(3 * count)]

        threads = [threading.Thread(target=follow, args=[names]) for names in seen]
        threads += [threading.Thread(target=write, args=[cluster, count, prefix]) for prefix in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen[0] == seen[1] == seen[2]
    assert sorted(seen[0]) == sorted(f"{prefix}{number:04}" for prefix in "abc" for number in range(count))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_watch_is_forgotten_and_the_next_one_works(cluster: FakeCluster, backend: str) -> None:
    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            version = newest(cluster)
            with anyio.CancelScope() as scope:
                async with clientset.core_v1.config_maps("default").watch(resource_version=version) as watched:
                    scope.cancel()
                    await anext(watched)
            assert scope.cancelled_caught
            assert cluster.cut_watches() == 0
            async with clientset.core_v1.config_maps("default").watch(resource_version=version) as watched:
                cluster.add(config_map("a"))
                assert (await anext(watched)).object.metadata.name == "a"

    anyio.run(main, backend=backend)


def test_a_slow_reader_gets_1001_events_then_the_end() -> None:
    client = Client()
    stream = client.watch(f"resourceVersion={client.server.store.revision}")
    for number in range(MANY):
        client.create(f"{number:04}")
    assert not stream.is_ended
    assert len(stream.take()) == 1001
    assert stream.is_ended
