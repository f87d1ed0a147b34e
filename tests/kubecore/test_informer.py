"""Informers, synchronous and asynchronous, against a server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, rest
from kubecore.cache import Keep
from kubecore.model.meta import PartialObjectMetadata
from kubecore.projection import Projection
from tests.kubecore.informer_runs import AB, FORBIDDEN, KINDS, PATIENTLY, Collection, run
from tests.kubecore.watch_runs import change, map_
from tests.torture.server import PodServer, http_response

BROKEN: Final = http_response(b"", status="500 No")


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
    assert len(collection.requests) == 1


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
    assert collection.requests[0].head.endswith(
        b"\r\nAccept: application/json;drop=metadata.managedFields,application/json"
    )
    assert b"as=PartialObjectMetadata;g=meta.k8s.io;v=v1;drop=metadata.managedFields," in collection.requests[1].head


def test_a_server_without_the_state_as_events_is_listed_and_remembered(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)
    collection.refuses_state = True

    async def scenario(clientset: Any) -> None:
        for _ in range(2):
            async with clientset.core_v1.config_maps("d").informer() as maps:
                assert len(maps) >= 2  # The second informer may have received the change of the first round already.
                collection.send(change("ADDED", "c", 11))
                await maps.wait_until("11")
                assert len(maps) == 3

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
