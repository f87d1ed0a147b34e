"""Informers, synchronous and asynchronous, against a server on loopback."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, metrics, rest
from kubecore.cache import Added, Deleted, Keep, Updated
from kubecore.model.meta import PartialObjectMetadata
from kubecore.projection import Projection
from tests.kubecore.informer_runs import KINDS, Collection, close, run, shown, take
from tests.kubecore.watch_runs import change, map_
from tests.ready import wait_until, wait_until_async
from tests.torture.server import PodServer, answer

AB: Final = (change("ADDED", "a", 3, color="red"), change("ADDED", "b", 4))
FORBIDDEN: Final = answer(
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Forbidden","code":403}',
    status="403 Forbidden",
)
BROKEN: Final = answer(b"", status="500 No")


@pytest.fixture(params=KINDS)
def drive(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return partial(run, request.param)


# Entering and leaving.


def test_entering_waits_for_the_state_and_reads_send_no_request(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            assert len(maps) == 2
            assert maps.resource_version == "10"
            assert maps.get("a").data == {"color": "red"}
            assert maps.get("a", "d").metadata.resource_version == "3"
            assert maps.get_or_none("c") is None
            assert [found.metadata.name for found in maps.list()] == ["a", "b"]
            assert 0 <= maps.age < 60
            assert maps.failure == ""
            with pytest.raises(errors.NotFoundError):
                maps.get("c")

    drive(collection, scenario)
    assert len(collection.asks) == 1


def test_the_server_is_requested_to_leave_managed_fields_out(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer():
            pass
        async with clientset.core_v1.config_maps("d").informer(into=PartialObjectMetadata) as metadata:
            assert metadata.get("a").metadata.uid == "u-a"
            await clientset.core_v1.config_maps("d").update(core_v1.ConfigMap.from_dict(map_("a", 12, color="green")))
            assert metadata.get("a").metadata.resource_version == "12"

    drive(collection, scenario)
    assert collection.asks[0].head.endswith(
        b"\r\nAccept: application/json;drop=metadata.managedFields,application/json"
    )
    assert b"as=PartialObjectMetadata;g=meta.k8s.io;v=v1;drop=metadata.managedFields," in collection.asks[1].head


def test_a_server_without_the_state_as_events_is_listed_and_remembered(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)
    collection.refuses_state = True

    async def scenario(clientset: Any) -> None:
        for _ in range(2):
            async with clientset.core_v1.config_maps("d").informer() as maps:
                assert len(maps) == 2
                collection.send(change("ADDED", "c", 11))
                await maps.wait_until("11")

    drive(collection, scenario)
    assert ["sendInitialEvents" in target for target in collection.targets] == [True, False, False, False, False]


def test_an_error_that_will_not_heal_is_raised_when_the_block_begins(drive: Callable[..., Any]) -> None:
    collection = Collection()
    collection.failing = FORBIDDEN

    async def scenario(clientset: Any) -> None:
        informer = clientset.core_v1.config_maps("d").informer()
        with pytest.raises(errors.ForbiddenError, match="no"):
            async with informer:
                pytest.fail("entered")
        hooks = clientset.rest_client.write_hooks.registered
        assert getattr(hooks, "_inner", hooks) == ()

    drive(collection, scenario)


def test_other_errors_before_the_state_are_retried_until_the_timeout(drive: Callable[..., Any]) -> None:
    collection = Collection()
    collection.failing = BROKEN

    async def scenario(clientset: Any) -> None:
        informer = clientset.core_v1.config_maps("d").informer(timeout=0.05)
        with pytest.raises(errors.WaitTimeoutError, match=r"configmaps is not complete within 0.05 s"):
            async with informer:
                pytest.fail("entered")

    drive(collection, scenario)


READS: Final[tuple[Callable[[Any], object], ...]] = (
    lambda lister: lister.get("a"),
    lambda lister: lister.get_or_none("a"),
    lambda lister: lister.list(),
    lambda lister: lister.list(label_selector="app=web"),
    lambda lister: lister.keys(),
    lambda lister: lister.controlled_by("u-a"),
    lambda lister: lister.indexed(str, "x"),
    len,
)


def test_misuse_is_an_error(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        informer = clientset.core_v1.config_maps("d").informer()
        with pytest.raises(RuntimeError, match="not open: write `"):
            informer.changes()
        with pytest.raises(RuntimeError, match="not open: write `"):
            await informer.wait_until("1")
        for read in READS:
            with pytest.raises(RuntimeError, match="the cache of configmaps can be read only inside the block"):
                read(informer)
        async with informer:
            with pytest.raises(RuntimeError, match="only once"):
                await informer.__aenter__()
            assert len(informer) == 2
        with pytest.raises(RuntimeError, match="its block has ended"):
            informer.changes()
        with pytest.raises(RuntimeError, match="only inside the block"):
            informer.get("a")
        with pytest.raises(RuntimeError, match="only once"):
            await informer.__aenter__()
        with pytest.raises(errors.InvalidRequestError, match="Keep"):
            clientset.core_v1.config_maps("d").informer(keep="json")
        with pytest.raises(errors.InvalidRequestError, match="index"):
            clientset.core_v1.config_maps("d").informer(indexes=["name"])
        with pytest.raises(errors.InvalidRequestError, match="nothing"):
            clientset.core_v1.config_maps("d").informer(into=Wrong)

    drive(collection, scenario)


class Wrong(Projection):
    nothing: str = ""


def test_a_closed_clientset_is_an_error() -> None:
    with PodServer(Collection(*AB)) as server:
        with Clientset(rest.Config(host=server.url)) as clientset:
            informer = clientset.core_v1.config_maps("d").informer()
        with pytest.raises(errors.ClosedError), informer:
            pytest.fail("entered")

        async def main() -> None:
            async with AsyncClientset(rest.Config(host=server.url)) as made:
                late = made.core_v1.config_maps("d").informer()
            with pytest.raises(errors.ClosedError):
                async with late:
                    pytest.fail("entered")

        anyio.run(main)
        anyio.run(main, backend="trio")


def test_the_error_of_a_block_is_its_own(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        with pytest.raises(ZeroDivisionError):
            async with clientset.core_v1.config_maps("d").informer():
                raise ZeroDivisionError

    drive(collection, scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_block_can_be_cancelled(backend: str) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        with anyio.move_on_after(PATIENTLY) as scope:
            async with clientset.core_v1.config_maps("d").informer() as maps:
                async for _ in maps.changes():
                    scope.cancel()
            pytest.fail("not cancelled")
        assert scope.cancelled_caught
        with pytest.raises(RuntimeError, match="only inside the block"):
            len(maps)

    run(backend, collection, scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_entering_can_be_cancelled(backend: str) -> None:
    collection = Collection()
    collection.failing = BROKEN

    async def scenario(clientset: Any) -> None:
        with anyio.move_on_after(0.05) as scope:
            async with clientset.core_v1.config_maps("d").informer():
                pytest.fail("entered")
        assert scope.cancelled_caught

    run(backend, collection, scenario)


PATIENTLY: Final = 60.0


# Changes.


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


def test_readers_own_the_objects_that_they_read_unless_these_are_shared(drive: Callable[..., Any]) -> None:
    collection = Collection(*reversed(AB))

    async def scenario(clientset: Any) -> None:
        client = clientset.core_v1.config_maps("d")
        async with client.informer() as maps, client.informer(keep=Keep.OBJECTS) as shared:
            maps.get("a").data["color"] = "changed"
            assert maps.get("a").data == {"color": "red"}
            assert shared.get("a") is shared.get("a")
            assert [found.metadata.name for found in maps.list()] == ["a", "b"], "sorted"

    drive(collection, scenario)


# Faults.


def test_after_the_first_state_the_copy_stays_readable_and_recovers(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            collection.failing = FORBIDDEN
            collection.cut()
            await wait_until_async(lambda: maps.failure)
            assert "no" in maps.failure
            assert maps.get("a").metadata.uid == "u-a"
            before = maps.age
            with pytest.raises(errors.WaitTimeoutError, match=r"has not reached version 11 within 0 s: it is at 10; "):
                await maps.wait_until("11", timeout=0)
            assert maps.age > before
            collection.failing = None
            await wait_until_async(lambda: collection.streams == 2)
            collection.send(change("ADDED", "c", 11))
            await maps.wait_until("11", timeout=PATIENTLY)
            assert maps.failure == ""
            assert len(maps) == 3

    drive(collection, scenario)


def test_410_reads_the_state_again_while_the_copy_is_read(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            changes = maps.changes()
            await take(changes, 2)
            collection.state, collection.version = [AB[0], change("ADDED", "c", 19)], 20
            collection.send(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
            assert await take(changes, 2) == ["Added c 19", "Deleted b 4"]
            await maps.wait_until("20")

    drive(collection, scenario)
    assert len(collection.asks) == 2


def test_a_clientset_that_is_closed_meanwhile_ends_the_changes_of_a_quiet_watch(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            changes = maps.changes()
            assert await take(changes, 2) == ["Added a 3", "Added b 4"]
            await close(clientset)
            with pytest.raises(errors.ClosedError, match="the informer of configmaps: the client is closed"):
                await take(changes, 1)
            with pytest.raises(errors.ClosedError):
                await maps.wait_until("99")
            assert len(maps) == 2

    drive(collection, scenario)


def test_an_informer_without_an_end_stops_with_its_clientset() -> None:
    collection = Collection(*AB)
    with PodServer(collection) as server:
        with Clientset(rest.Config(host=server.url, timeouts=TIMEOUTS)) as clientset:
            clientset.core_v1.config_maps("d").informer(label_selector="left=open").__enter__()
        wait_until(lambda: not [thread for thread in threading.enumerate() if "informer" in thread.name])
        collection.stop()


def test_metrics_show_an_open_informer(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer(label_selector="metrics=yes") as maps:
            collection.state, collection.version = [AB[0]], 20
            collection.send(b'{"type":"ADDED","object":{}}\n')
            collection.send(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
            await maps.wait_until("20")
            shown = [line for line in metrics.REGISTRY.text().splitlines() if "metrics=yes" in line]
        labels = '{resource="configmaps",namespace="d",selector="labelSelector=metrics=yes"}'
        values = dict(line.replace(labels, "").rsplit(" ", 1) for line in shown)
        assert float(values.pop("kubecore_informer_age_seconds")) < 60
        assert int(values.pop("kubecore_informer_bytes")) > 0
        relists = int(values.pop("kubecore_informer_relists_total"))
        assert values == {
            "kubecore_informer_fallbacks_total": "0",
            "kubecore_informer_objects": "1",
            "kubecore_informer_undecodable": "1",
            "kubecore_informer_version": "20",
        }
        assert relists >= 1
        after = [line for line in metrics.REGISTRY.text().splitlines() if "metrics=yes" in line]
        assert [line.partition("{")[0] for line in after] == [
            "kubecore_informer_fallbacks_total",
            "kubecore_informer_relists_total",
        ]

    drive(collection, scenario)


# Own writes.


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


# Forms.


class Row(Projection):
    metadata: RowMetadata
    data: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it


class RowMetadata(Projection):
    name: str


def by_color(found: core_v1.ConfigMap) -> Iterable[str]:
    return list(found.data.values())


def by_row_color(found: Row) -> Iterable[str]:
    return list(found.data.values())


def test_objects_are_found_by_index_in_every_form(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        client = clientset.core_v1.config_maps("d")
        for keep in Keep:
            async with client.informer(keep=keep, indexes=[by_color]) as maps:
                assert [found.metadata.name for found in maps.indexed(by_color, "red")] == ["a"]
        async with client.informer(into=Row, indexes=[by_row_color]) as rows:
            assert [row.metadata.name for row in rows.indexed(by_row_color, "red")] == ["a"]
            assert isinstance(rows.get("a"), Row)

    drive(collection, scenario)


def test_selectors_are_sent(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        options = {"label_selector": {"app": "web"}, "field_selector": "metadata.name=a", "shard_selector": "x"}
        async with clientset.core_v1.config_maps("d").informer(**options):
            pass

    drive(collection, scenario)
    sent = collection.targets[0]
    assert "labelSelector=app=web" in sent
    assert "fieldSelector=metadata.name=a" in sent
    assert "shardSelector=x" in sent


def test_an_index_that_raises_stops_nobody(drive: Callable[..., Any]) -> None:
    def broken(found: core_v1.ConfigMap) -> Iterable[str]:
        return [found.data["color"]]

    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer(indexes=[broken]) as maps:
            assert [found.metadata.name for found in maps.indexed(broken, "red")] == ["a"]
            assert len(maps) == 2

    drive(collection, scenario)


@pytest.mark.parametrize("call", [*READS, lambda maps: maps.changes()], ids=[*map(str, range(len(READS))), "changes"])
def test_an_index_that_calls_its_cache_fails_instead_of_waiting_for_ever(
    drive: Callable[..., Any], call: Callable[[Any], object], caplog: pytest.LogCaptureFixture
) -> None:
    informers: list[Any] = []

    def reading(found: core_v1.ConfigMap) -> Iterable[str]:
        call(informers[0])
        return ["found"]

    async def scenario(clientset: Any) -> None:
        informers.append(clientset.core_v1.config_maps("d").informer(indexes=[reading], timeout=5))
        async with informers[0] as maps:
            assert maps.indexed(reading, "found") == []
            assert len(maps) == 2

    drive(Collection(*AB), scenario)
    assert "must not call the cache of configmaps" in caplog.text


TIMEOUTS: Final = rest.Timeouts(connect=5, read=5, write=5, pool=5, total=10)
