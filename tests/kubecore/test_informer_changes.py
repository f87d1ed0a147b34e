"""The changes that informers report, own writes among them, against a server on loopback."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest

from kubeclient import Clientset
from kubeclient.models import core_v1
from kubecore import rest
from kubecore.cache import Added, Deleted, Updated
from tests.kubecore.informer_runs import AB, KINDS, PATIENTLY, TIMEOUTS, Collection, run, shown, take
from tests.kubecore.watch_runs import change, map_
from tests.ready import wait_until
from tests.torture.server import PodServer


@pytest.fixture(params=KINDS)
def drive(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return partial(run, request.param)


def test_changes_begin_with_all_objects(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            changes = maps.changes()
            first, second = [await anext(changes) for _ in range(2)]
            assert isinstance(first, Added)
            assert first.is_initial
            assert first.object.data == {"color": "red"}
            assert second.key.name == "b"
            collection.send(change("MODIFIED", "a", 11, color="blue"))
            third = await anext(changes)
            assert isinstance(third, Updated)
            assert (third.old.data, third.object.data) == ({"color": "red"}, {"color": "blue"})
            collection.send(change("DELETED", "a", 12), change("ADDED", "c", 13))
            fourth, fifth = await anext(changes), await anext(changes)
            assert isinstance(fourth, Deleted)
            assert fourth.is_final
            assert isinstance(fifth, Added)
            assert not fifth.is_initial

    drive(collection, scenario)


def test_two_consumers_are_independent_and_a_late_one_gets_all_objects(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            one, two = maps.changes(), maps.changes()
            assert await take(one, 2) == ["Added a 3", "Added b 4"]
            collection.send(change("ADDED", "c", 11))
            assert await take(one, 1) == ["Added c 11"]
            assert await take(two, 3) == ["Added a 3", "Added b 4", "Added c 11"]
            assert await take(maps.changes(), 3) == ["Added a 3", "Added b 4", "Added c 11"]

    drive(collection, scenario)


def test_a_slow_consumer_stops_nobody_and_gets_the_newest_states(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            slow = maps.changes()
            assert await take(slow, 2) == ["Added a 3", "Added b 4"]
            for version in range(11, 1011):
                collection.send(change("MODIFIED", "a", version))
            collection.send(change("DELETED", "b", 2000))
            await maps.wait_until("2000")
            assert maps.get("a").metadata.resource_version == "1010"
            assert await take(slow, 2) == ["Updated a 1010", "Deleted b 2000"]

    drive(collection, scenario)


def test_a_consumer_that_raises_gets_its_own_error_and_the_others_continue(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            other = maps.changes()
            with pytest.raises(ZeroDivisionError):
                async for _ in maps.changes():
                    raise ZeroDivisionError
            collection.send(change("ADDED", "c", 11))
            assert await take(other, 3) == ["Added a 3", "Added b 4", "Added c 11"]
            assert len(maps) == 3

    drive(collection, scenario)


def test_nothing_is_kept_for_a_consumer_that_left(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            assert await take(maps.changes(), 1) == ["Added a 3"]
            kept = maps.changes()
            gc.collect()
            collection.send(change("ADDED", "c", 11))
            await maps.wait_until("11")
            assert len(maps._store.feeds) == 1
            kept.close()
            assert await take(kept, 1) == []
            collection.send(change("ADDED", "d", 12))
            await maps.wait_until("12")
            assert len(maps._store.feeds) == 0

    drive(collection, scenario)


def test_the_end_of_the_block_ends_the_iterations(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            changes = maps.changes()
            assert await take(changes, 1) == ["Added a 3"]
        assert await take(changes, 5) == ["Added b 4"], "what was taken already"
        assert await take(changes, 5) == []

    drive(collection, scenario)


def test_another_thread_can_close_an_informer() -> None:
    collection = Collection(*AB)
    found: list[str] = []
    with PodServer(collection) as server, Clientset(rest.Config(host=server.url, timeouts=TIMEOUTS)) as clientset:
        with clientset.core_v1.config_maps("d").informer() as maps:

            def follow() -> None:
                found.extend(shown(taken) for taken in maps.changes())

            thread = threading.Thread(target=follow)
            thread.start()
            wait_until(lambda: len(found) == 2 or not thread.is_alive())
        thread.join(PATIENTLY)
        assert not thread.is_alive()
        collection.stop()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_another_task_can_follow_the_changes(backend: str) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        found: list[str] = []
        enough = anyio.Event()

        async def follow(maps: Any) -> None:
            async for taken in maps.changes():
                found.append(shown(taken))
                if len(found) == 3:
                    enough.set()

        async with anyio.create_task_group() as group:
            async with clientset.core_v1.config_maps("d").informer() as maps:
                group.start_soon(follow, maps)
                collection.send(change("ADDED", "c", 11))
                with anyio.fail_after(PATIENTLY):
                    await enough.wait()
        assert found == ["Added a 3", "Added b 4", "Added c 11"]

    run(backend, collection, scenario)


def test_own_writes_are_read_at_once_and_reported_once(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        client = clientset.core_v1.config_maps("d")
        async with client.informer(label_selector="!hidden") as maps:
            changes = maps.changes()
            await take(changes, 2)
            await client.create(core_v1.ConfigMap.from_dict(map_("c", 12)))
            assert maps.get("c").metadata.resource_version == "12"
            await client.update(core_v1.ConfigMap.from_dict(map_("a", 13, color="green")))
            assert maps.get("a").data == {"color": "green"}
            assert await take(changes, 2) == ["Added c 12", "Updated a 13"]
            collection.send(change("ADDED", "c", 12), change("MODIFIED", "a", 13), change("ADDED", "e", 14))
            assert await take(changes, 1) == ["Added e 14"]
            hidden = map_("a", 15)
            hidden["metadata"]["labels"] = {"hidden": "yes"}
            await client.update(core_v1.ConfigMap.from_dict(hidden))
            assert maps.get_or_none("a") is None
            await client.create(core_v1.ConfigMap.from_dict(map_("dry", 16)), dry_run="All")
            assert maps.get_or_none("dry") is None
            await clientset.core_v1.secrets("d").create({"metadata": {"name": "s", "resourceVersion": "17"}})
            assert maps.get_or_none("s") is None

    drive(collection, scenario)


def test_writes_of_another_namespace_are_left_out(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            other = map_("c", 12)
            other["metadata"]["namespace"] = "other"
            await clientset.core_v1.config_maps("other").create(core_v1.ConfigMap.from_dict(other))
            assert len(maps) == 2

    drive(collection, scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_own_writes_of_another_event_loop_wake_a_waiting_consumer(backend: str) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async def write() -> None:
            await clientset.core_v1.config_maps("d").create(core_v1.ConfigMap.from_dict(map_("c", 12)))

        async def in_a_thread() -> None:
            await anyio.to_thread.run_sync(lambda: anyio.run(write))

        async with clientset.core_v1.config_maps("d").informer() as maps:
            changes = maps.changes()
            await take(changes, 2)
            with anyio.fail_after(PATIENTLY):
                async with anyio.create_task_group() as group:
                    group.start_soon(in_a_thread)
                    assert await take(changes, 1) == ["Added c 12"]

    run(backend, collection, scenario)
