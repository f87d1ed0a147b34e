"""Informers on the fake cluster while its watches end, its history is lost, and its reads are old."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from kubecore import errors, rest
from kubecore.cache import Deleted
from kubecore.patch import MergePatch
from kubecore.testing import FakeCluster, Response
from tests.ready import wait_until_async
from tests.testing.toolkit_runs import KINDS, quickly, run


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        for name in ("a", "b"):
            add(cluster, name)
        yield cluster


@pytest.fixture(params=KINDS)
def drive(request: pytest.FixtureRequest, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    quickly(monkeypatch)
    return partial(run, request.param, cluster)


def add(cluster: FakeCluster, name: str, value: str = "1") -> None:
    metadata = {"name": name, "labels": {"test": "yes"}}
    cluster.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"n": value}})


def state(cluster: FakeCluster) -> dict[str, str]:
    """Return the version of each object on the server."""
    found = cluster.documents("ConfigMap", "default")
    return {
        each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in found if "labels" in each["metadata"]
    }


def copy_of(cache: Any) -> dict[str, str]:
    """Return the version of each object in the copy."""
    return {each.metadata.name: each.metadata.resource_version for each in cache.list()}


def informer(clientset: Any) -> Any:
    return clientset.core_v1.config_maps("default").informer(label_selector="test=yes")


@pytest.mark.parametrize("reset", [False, True])
def test_no_change_is_lost_when_watches_end(cluster: FakeCluster, drive: Callable[..., Any], *, reset: bool) -> None:
    async def scenario(clientset: Any) -> None:
        async with informer(clientset) as cache:
            for number in range(10):
                add(cluster, f"c{number}")
                cluster.cut_watches(reset=reset)
            await wait_until_async(lambda: copy_of(cache) == state(cluster))
            assert len(cache) == 12

    drive(scenario)
    assert cluster.calls.of(verb="list").of(kind="ConfigMap")[1:] == []


def test_a_deletion_that_the_history_lost_is_noticed(cluster: FakeCluster, drive: Callable[..., Any]) -> None:
    async def scenario(clientset: Any) -> None:
        async with informer(clientset) as cache:
            changes = cache.changes()
            for _ in range(2):
                await anext(changes)
            with cluster.down():
                cluster.restart()
                await wait_until_async(lambda: cache.failure)
                cluster.delete("ConfigMap", "a", "default")
                add(cluster, "c")
                cluster.compact()
            await wait_until_async(lambda: copy_of(cache) == state(cluster))
            found: list[Any] = [await anext(changes) for _ in range(2)]
            assert [(each.key.name, each.is_final) for each in found if isinstance(each, Deleted)] == [("a", False)]
            assert cache.failure == ""

    drive(scenario)


def test_a_silent_watch_is_replaced(cluster: FakeCluster, drive: Callable[..., Any]) -> None:
    async def scenario(clientset: Any) -> None:
        async with informer(clientset) as cache:
            silence = cluster.mute_watches()
            add(cluster, "c")
            cluster.on("*", "configmaps", times=1)(lambda received: silence.remove())
            await wait_until_async(lambda: copy_of(cache) == state(cluster))

    drive(scenario, timeouts=rest.Timeouts(idle=0.05))


def test_an_old_state_does_not_put_the_copy_back(cluster: FakeCluster, drive: Callable[..., Any]) -> None:
    async def scenario(clientset: Any) -> None:
        async with informer(clientset) as cache:
            cluster.compact()
            for name in ("c", "d", "e"):
                add(cluster, name)
            await wait_until_async(lambda: copy_of(cache) == state(cluster))
            cluster.stale_reads(by=3)
            cluster.fail("watch", "configmaps", "Expired", times=1)
            changes = cache.changes()
            found: list[str] = []
            cluster.cut_watches()
            add(cluster, "f")
            while "f" not in found:
                each: Any = await anext(changes)
                assert not isinstance(each, Deleted)
                found.append(each.key.name)
            assert sorted(found) == ["a", "b", "c", "d", "e", "f"]

    drive(scenario)


@pytest.mark.parametrize("fault", ["throttle", "unavailable", "broken", "garbled", "lost", "expired"])
@pytest.mark.parametrize("verb", ["list", "watch"])
def test_a_copy_is_complete_after_faults(
    cluster: FakeCluster, drive: Callable[..., Any], verb: str, fault: str
) -> None:
    responses = {
        "throttle": Response.throttled(0),
        "unavailable": Response.status("ServiceUnavailable", retry_after=0),
        "broken": Response.broken(300),
        "garbled": Response.html(),
        "lost": Response.lost(),
        "expired": Response.status("Expired"),
    }
    faults = [cluster.respond_with(verb, "configmaps", responses[fault], times=2)]
    if verb == "list":  # A list is needed only if the server does not send the state as events.
        faults.append(
            cluster.on("watch", "configmaps")(
                lambda received: Response.status("Invalid") if "sendInitialEvents" in dict(received.query) else None
            )
        )

    async def scenario(clientset: Any) -> None:
        async with informer(clientset) as cache:
            assert copy_of(cache) == state(cluster)
            add(cluster, "c")
            cluster.cut_watches(reset=True)
            add(cluster, "d")
            await wait_until_async(lambda: copy_of(cache) == state(cluster))

    drive(scenario)
    assert faults[0].count == 2


def test_the_state_of_a_restored_backup_replaces_the_copy(cluster: FakeCluster, drive: Callable[..., Any]) -> None:
    async def scenario(clientset: Any) -> None:
        async with informer(clientset) as cache:
            backup = cluster.checkpoint()
            for name in ("c", "d", "e"):
                add(cluster, name)
            await wait_until_async(lambda: len(cache) == 5)
            cluster.restore(backup)
            add(cluster, "f")
            await wait_until_async(lambda: copy_of(cache) == state(cluster))
            assert sorted(copy_of(cache)) == ["a", "b", "f"]

    drive(scenario, timeouts=rest.Timeouts(idle=0.05))


def test_own_writes_are_in_the_copy_before_the_watch_yields_them(
    cluster: FakeCluster, drive: Callable[..., Any]
) -> None:
    async def scenario(clientset: Any) -> None:
        config_maps = clientset.core_v1.config_maps("default")
        async with config_maps.informer() as cache:
            cluster.mute_watches()
            await config_maps.patch("a", MergePatch({"data": {"n": "2"}}))
            assert cache.get("a").data == {"n": "2"}
            cluster.lose_response("patch", "configmaps", times=1)
            with pytest.raises(errors.ReadError):
                await config_maps.patch("a", MergePatch({"data": {"n": "3"}}))
            assert cache.get("a").data == {"n": "2"}  # The program does not know that it has taken effect.
            cluster.mute_watches(is_silent=False)
            await wait_until_async(lambda: cache.get("a").data == {"n": "3"})

    drive(scenario, timeouts=rest.Timeouts(idle=None))


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_follows_random_writes_and_faults(cluster: FakeCluster, drive: Callable[..., Any], seed: int) -> None:
    chance = random.Random(seed)

    def write() -> None:
        name = chance.choice("abcdefgh")
        if name not in state(cluster):
            add(cluster, name)
        elif chance.random() < 0.5:
            cluster.delete("ConfigMap", name, "default")
        else:
            cluster.patch("ConfigMap", name, "default", {"data": {"n": str(chance.random())}})

    def disturb() -> None:
        chance.choice(
            (
                lambda: cluster.cut_watches(reset=chance.random() < 0.5),
                cluster.compact,
                lambda: cluster.fail("*", "configmaps", "ServiceUnavailable", retry_after=0, times=1),
                lambda: cluster.throttle("*", "configmaps", retry_after=0, times=1),
                lambda: cluster.break_off("watch", "configmaps", after_bytes=chance.randrange(600), times=1),
                lambda: cluster.lose_response("watch", "configmaps", times=1),
                lambda: cluster.refuse_connections(times=1),
                lambda: cluster.stale_reads(by=chance.randrange(1, 5), times=1),
                lambda: cluster.clock.advance(60),
            )
        )()

    async def scenario(clientset: Any) -> None:
        async with informer(clientset) as cache:
            for _ in range(60):
                chance.choice((write, write, disturb))()
            add(cluster, "last")
            await wait_until_async(lambda: copy_of(cache) == state(cluster))

    drive(scenario)
