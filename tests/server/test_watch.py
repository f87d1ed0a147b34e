"""All kinds of watchers at once survive faults of the real server. Each fault is caused once for all of them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import meta_v1
from kubecore import async_verbs, errors, kubeconfig, rest, sync_verbs
from kubecore.calls.resource import Resource
from kubecore.model.model import Model, always
from tests.cluster import Cluster
from tests.conftest import running
from tests.ready import PATIENCE, wait_until, wait_until_idle
from tests.torture.history import judge, read
from tests.torture.tally import Tally
from tests.torture.watch import play

pytestmark = pytest.mark.server


AT_ONCE: Final = 20.0
"""Seconds within which a busy machine finishes operations without a wait. Timeouts and idle streams last longer."""


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A cluster that may be broken."""
    with running(all_apis=False, controllers=False) as started:
        yield started


def quick(own: Cluster) -> rest.Config:
    config = kubeconfig.load_config(own.kubeconfig)
    config.timeouts = rest.Timeouts(connect=2, read=4, write=4, pool=4, total=30, idle=1.0)
    return config


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(["cut", "rst"] * 5, id="cut and reset at random"),
        pytest.param(["stop", "mute"], id="mute"),
        pytest.param(["expire"], id="killed, started and compacted", marks=pytest.mark.thorough),
    ],
)
def test_every_change_is_yielded_exactly_once_despite_faults(faults: list[str], own: Cluster, tmp_path: Path) -> None:
    """`python -m tests.torture watch` runs longer."""
    tally = Tally("watch")
    play(tally, own, tmp_path, 100, faults, 7)
    judgement = judge([record for file in tmp_path.glob("*.jsonl") for record in read(file)])
    assert [*tally.bad, *judgement.bad] == []
    assert judgement.writes > 100


class Mirror:
    """Copy of the objects of a namespace, which a list and watch in a separate thread updates."""

    def __init__(self, mode: str, config: rest.Config, namespace: str) -> None:
        self.there: dict[str, tuple[str, str]] = {}
        self.told: list[str] = []
        self.error: BaseException | None = None
        self._mode = mode
        self._config = config
        self._namespace = namespace
        self._events: Any = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            if self._mode == "sync":
                self._follow()
            else:
                anyio.run(self._follow_async, backend=self._mode)
        except BaseException as error:
            self.error = error

    def _follow(self) -> None:
        with Clientset(self._config) as clientset:
            with clientset.core_v1.config_maps(self._namespace).list_and_watch(timeout_seconds=60) as self._events:
                self._begin()
                for event in self._events:
                    if self._take(event):
                        return

    async def _follow_async(self) -> None:
        async with AsyncClientset(self._config) as clientset:
            maps = clientset.core_v1.config_maps(self._namespace)
            async with maps.list_and_watch(timeout_seconds=60) as self._events:
                self._begin()
                async for event in self._events:
                    if self._take(event):
                        return

    def _begin(self) -> None:
        self.there = {item.metadata.name: (item.metadata.uid, item.data["k"]) for item in self._events.items}

    def _take(self, event: Any) -> bool:
        meta = event.object.metadata
        self.told.append(f"{event.type} {meta.name}")
        if event.type == "DELETED":
            assert self.there.pop(meta.name)[0] == meta.uid
        else:
            self.there[meta.name] = (meta.uid, event.object.data["k"])
        is_last: bool = meta.name == "the-last"
        return is_last


@pytest.mark.thorough
def test_list_and_watch_follows_a_server_restored_from_a_backup(own: Cluster) -> None:
    """Resource versions decrease, and watchers receive events for the undone changes."""
    config = quick(own)
    namespace = f"restored-{uuid.uuid4().hex[:8]}"
    with Clientset(kubeconfig.load_config(own.kubeconfig)) as clientset:
        clientset.core_v1.namespaces().create({"metadata": {"name": namespace}})
        maps = clientset.core_v1.config_maps(namespace)

        def put(name: str, value: str) -> None:
            maps.create({"metadata": {"name": name}, "data": {"k": value}})

        for name in ("kept", "changed", "deleted"):
            put(name, "before")
        own.save_etcd()
        mirrors = [Mirror(mode, config, namespace) for mode in ("sync", "asyncio", "trio")]
        for mirror in mirrors:
            mirror.thread.start()
        wait_until(lambda: all(len(mirror.there) == 3 for mirror in mirrors))
        for number in range(100):  # The restored server must not reach this version by itself.
            maps.patch("changed", {"data": {"k": f"after {number}"}}, type="merge")
        maps.delete("deleted")
        put("new", "after")
        wait_until(lambda: all(mirror.told[-1:] == ["ADDED new"] for mirror in mirrors))
        own.restore_etcd()
        wait_until(lambda: all("ADDED deleted" in mirror.told for mirror in mirrors))
        put("the-last", "now")
        for mirror in mirrors:
            mirror.thread.join(PATIENCE)
            assert (mirror.error, mirror.thread.is_alive()) == (None, False)
            wanted = {item.metadata.name: (item.metadata.uid, item.data["k"]) for item in maps.list().items}
            assert mirror.there == wanted
            assert mirror.told[-4:] == ["DELETED new", "MODIFIED changed", "ADDED deleted", "ADDED the-last"]


@pytest.mark.thorough
def test_a_plain_watch_from_an_expired_version_raises_expired_error(own: Cluster) -> None:
    own.compact()
    own.restart_apiserver()

    async def asynchronous() -> None:
        async with AsyncClientset(quick(own)) as clientset:
            async with clientset.core_v1.config_maps("default").watch(resource_version="1") as events:
                await anext(events)

    with Clientset(quick(own)) as clientset, pytest.raises(errors.ExpiredError):
        with clientset.core_v1.config_maps("default").watch(resource_version="1") as events:
            next(events)
    for backend in ("asyncio", "trio"):
        with pytest.raises(errors.ExpiredError):
            anyio.run(asynchronous, backend=backend)


def test_an_idle_watch_is_closed_at_once(own: Cluster) -> None:
    """The connection uses TLS."""
    with Clientset(quick(own)) as clientset, clientset.core_v1.secrets("default").watch(resource_version="0") as events:
        thread = threading.Thread(target=lambda: list(events))
        thread.start()
        wait_until_idle(thread)
        began = time.monotonic()
        events.close()
        thread.join(AT_ONCE)
        assert time.monotonic() - began < AT_ONCE

    async def asynchronous() -> float:
        async with AsyncClientset(quick(own)) as clientset:
            async with clientset.core_v1.secrets("default").watch(resource_version="0") as events:
                with anyio.move_on_after(0.5) as scope:
                    await anext(events)
            return anyio.current_time() - scope.deadline

    for backend in ("asyncio", "trio"):
        assert anyio.run(asynchronous, backend=backend) < AT_ONCE


class Thing(Model, kw_only=True):
    api_version: Literal["watch.example.com/v1"] = always("watch.example.com/v1")
    kind: Literal["Thing"] = always("Thing")
    metadata: meta_v1.ObjectMeta


class ThingList(Model, kw_only=True):
    metadata: meta_v1.ListMeta
    items: list[Thing]


THINGS = Resource(
    group="watch.example.com", version="v1", plural="things", namespaced=True, kind=Thing, list_kind=ThingList
)


class Things(sync_verbs.Watch[Thing]):
    _resource = THINGS


class AsyncThings(async_verbs.Watch[Thing]):
    _resource = THINGS


@pytest.mark.parametrize("mode", ["sync", "asyncio"])
def test_a_watch_of_a_removed_kind_raises_not_found(mode: str, own: Cluster) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    schema = {"type": "object"}
    spec = {
        "group": "watch.example.com",
        "scope": "Namespaced",
        "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
    }
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    assert own.raw("POST", path, {**body, "metadata": {"name": "things.watch.example.com"}})[0] == 201
    place = "/apis/watch.example.com/v1/namespaces/default/things"
    made = {"apiVersion": "watch.example.com/v1", "kind": "Thing", "metadata": {"name": "one"}}
    wait_until(lambda: own.raw("POST", place, made)[0] in (201, 409))

    def remove() -> None:
        own.raw("DELETE", f"{path}/things.watch.example.com")

    def synchronous() -> list[str]:
        told: list[str] = []
        with rest.Client(quick(own)) as client, pytest.raises(errors.NotFoundError):
            with Things(client, "default").watch() as events:
                for event in events:
                    told.append(event.type)
                    if len(told) == 1:
                        remove()
        return told

    async def asynchronous() -> list[str]:
        told: list[str] = []
        async with rest.AsyncClient(quick(own)) as client:
            with pytest.raises(errors.NotFoundError):
                async with AsyncThings(client, "default").watch() as events:
                    async for event in events:
                        told.append(event.type)
                        if len(told) == 1:
                            remove()
        return told

    told = synchronous() if mode == "sync" else anyio.run(asynchronous, backend=mode)
    assert told[:1] == ["ADDED"]
    wait_until(lambda: own.raw("GET", f"{path}/things.watch.example.com")[0] == 404)
