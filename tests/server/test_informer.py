"""Informers of the real server: their first state, changes, own writes and faults."""

from __future__ import annotations

import random
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1, meta_v1
from kubecore import errors, kubeconfig, rest
from kubecore.cache import Keep
from kubecore.model.meta import PartialObjectMetadata
from kubecore.projection import Projection
from tests.cluster import Cluster
from tests.cluster.build import OLDER
from tests.conftest import running
from tests.kubecore.informer_runs import Awaiting
from tests.ready import wait_until
from tests.server.informers import KINDS, LAST, Follower, followers
from tests.server.things import AsyncThings, Things, crd
from tests.torture.proxy import FaultProxy, Plan

Drive = Callable[..., Any]


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A cluster that may be broken."""
    with running(all_apis=False, controllers=False) as started:
        yield started


@pytest.fixture(params=KINDS)
def drive(request: pytest.FixtureRequest) -> Drive:
    """Run a scenario with a clientset of each kind."""

    def run(config: rest.Config, scenario: Callable[[Any], Any]) -> Any:
        async def synchronous() -> Any:
            with Clientset(config) as made:
                return await scenario(Awaiting(made))

        async def asynchronous() -> Any:
            async with AsyncClientset(config) as made:
                return await scenario(made)

        if request.param == "sync":
            return anyio.run(synchronous)
        return anyio.run(asynchronous, backend=request.param)

    return run


def quick(cluster: Cluster, port: int | None = None) -> rest.Config:
    config = kubeconfig.load_config(cluster.kubeconfig)
    config.timeouts = rest.Timeouts(connect=2, read=4, write=4, pool=4, total=30, idle=1.0)
    if port is not None:
        config.host = f"https://127.0.0.1:{port}"
    return config


@contextmanager
def followed(config: rest.Config, namespace: str, **options: Any) -> Iterator[list[Follower]]:
    """Follow a namespace with an informer of each kind, until the last object is created."""
    with ExitStack() as stack:
        yield [stack.enter_context(follower) for follower in followers(config, namespace, **options)]


def new_namespace(clientset: Clientset) -> str:
    name = f"test-{uuid.uuid4().hex[:8]}"
    clientset.core_v1.namespaces().create({"metadata": {"name": name}})
    return name


class Metadata(Projection):
    name: str
    resource_version: str


class Row(Projection):
    metadata: Metadata
    data: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it


# The first state, reads and own writes.


@pytest.mark.parametrize("keep", Keep)
def test_reads_equal_a_list(keep: Keep, config: rest.Config, namespace: str, drive: Drive) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        for number in range(20):
            await maps.create({"metadata": {"name": f"m{number}", "labels": {"odd": str(number % 2)}}})
        async with maps.informer(keep=keep) as informer:
            wanted = (await maps.list()).items
            for item in wanted:
                item.metadata.managed_fields = []
                item.api_version, item.kind = "v1", "ConfigMap"
            assert informer.list() == wanted
            assert informer.list(label_selector="odd=1") == [
                item for item in wanted if item.metadata.labels.get("odd") == "1"
            ]
            assert not informer._reflection.lists, "the server sends the state as events"

    drive(config, scenario)


def test_metadata_and_projections_are_all_that_is_kept(config: rest.Config, namespace: str, drive: Drive) -> None:
    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        async with maps.informer(into=PartialObjectMetadata) as metadata, maps.informer(into=Row) as rows:
            created = await maps.create({"metadata": {"name": "a", "labels": {"x": "y"}}, "data": {"k": "v"}})
            version = created.metadata.resource_version
            assert metadata.get("a").metadata.labels == {"x": "y"}
            assert (rows.get("a").metadata.resource_version, rows.get("a").data) == (version, {"k": "v"})
            assert b'"data"' not in metadata._store.get(metadata.keys()[-1]).value
            await metadata.wait_until(version)
            await rows.wait_until(version)
            await maps.delete("a")
            assert (metadata.get_or_none("a"), rows.get_or_none("a")) == (None, None)

    drive(config, scenario)


def test_own_writes_of_every_verb_are_read_at_once(config: rest.Config, namespace: str, drive: Drive) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        container = core_v1.Container(name="c", image="i")
        spec = core_v1.PodSpec(containers=[container], termination_grace_period_seconds=0)
        async with pods.informer() as informer:

            def read() -> core_v1.Pod:
                found: core_v1.Pod = informer.get("a")
                return found

            pod = await pods.create(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"), spec=spec))
            assert read().metadata.resource_version == pod.metadata.resource_version
            pod.metadata.labels = {"step": "update"}
            pod = await pods.update(pod)
            assert read().metadata.labels == {"step": "update"}
            await pods.patch("a", {"metadata": {"labels": {"step": "patch"}}}, type="merge")
            assert read().metadata.labels == {"step": "patch"}
            applied = {"metadata": {"name": "a", "labels": {"applied": "yes"}}}
            await pods.apply(applied, field_manager="test", force=True)
            assert read().metadata.labels == {"step": "patch", "applied": "yes"}
            await pods.modify("a", lambda found: found.metadata.labels.update(step="modify"))
            assert read().metadata.labels["step"] == "modify"
            await pods.patch_status("a", {"status": {"phase": "Failed"}}, type="merge")
            assert read().status.phase == "Failed"
            await pods.delete("a", grace_period_seconds=0)
            assert informer.get_or_none("a") is None
            again = await pods.create(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"), spec=spec))
            assert read().metadata.uid == again.metadata.uid
            await informer.wait_until(again.metadata.resource_version)
            assert read().metadata.uid == again.metadata.uid

    drive(config, scenario)


def test_an_object_that_leaves_the_selection_is_reported_as_deleted(
    config: rest.Config, clientset: Clientset, namespace: str, drive: Drive
) -> None:
    others = clientset.core_v1.config_maps(namespace)

    async def scenario(made: Any) -> None:
        async with made.core_v1.config_maps(namespace).informer(label_selector="app=web") as informer:
            changes = informer.changes()
            found = others.create({"metadata": {"name": "a", "labels": {"app": "web"}}})
            first = await anext(changes)
            assert (type(first).__name__, first.object.metadata.uid) == ("Added", found.metadata.uid)
            others.patch("a", {"metadata": {"labels": {"app": "other"}}}, type="merge")
            assert type(await anext(changes)).__name__ == "Deleted"
            assert informer.get_or_none("a") is None
            others.patch("a", {"metadata": {"labels": {"app": "web"}}}, type="merge")
            assert type(await anext(changes)).__name__ == "Added"
            others.delete("a")
            assert type(await anext(changes)).__name__ == "Deleted"

    drive(config, scenario)


def test_dictionaries_of_the_dynamic_client_are_complete(config: rest.Config, namespace: str, drive: Drive) -> None:
    async def scenario(clientset: Any) -> None:
        maps = await clientset.dynamic.resource("cm", namespace)
        await maps.create({"metadata": {"name": "a"}, "data": {"k": "v"}})
        async with maps.informer() as informer:
            found = informer.get("a")
            assert (found["apiVersion"], found["kind"], found["data"]) == ("v1", "ConfigMap", {"k": "v"})

    drive(config, scenario)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_selectors_and_missing_rights_are_raised(kind: str, config: rest.Config, own: Cluster) -> None:
    async def enter(clientset: Any, error: type[Exception], **options: Any) -> None:
        with pytest.raises(error):
            async with clientset.core_v1.config_maps("default").informer(**options):
                pytest.fail("entered")

    async def main() -> None:
        nobody = user(own, "nobody")
        if kind == "sync":
            with Clientset(config) as one, Clientset(nobody) as two:
                await enter(Awaiting(one), errors.BadRequestError, field_selector="spec.nothing=1")
                await enter(Awaiting(two), errors.ForbiddenError)
        else:
            async with AsyncClientset(config) as one, AsyncClientset(nobody) as two:
                await enter(one, errors.BadRequestError, field_selector="spec.nothing=1")
                await enter(two, errors.ForbiddenError)

    anyio.run(main, backend="trio" if kind == "trio" else "asyncio")


def user(cluster: Cluster, name: str, port: int | None = None) -> rest.Config:
    """Return the configuration of a user without rights."""
    config = quick(cluster, port)
    cert, key = cluster.client_cert(name)
    config.tls.cert_file, config.tls.key_file = str(cert), str(key)
    config.tls.cert_data = config.tls.key_data = None
    return config


# Older servers, and servers with other settings.


@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.real_only("needs_processes")
def test_an_older_server_sends_the_state_as_events() -> None:
    with running(all_apis=False, controllers=False, version=OLDER) as older:
        follow_some_changes(older, lists=False)


@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.real_only("needs_processes")
def test_a_server_without_the_feature_is_listed() -> None:
    flags = ["--feature-gates=WatchList=false"]
    with running(all_apis=False, controllers=False, extra_flags=flags) as server:
        follow_some_changes(server, lists=True)


def follow_some_changes(cluster: Cluster, *, lists: bool) -> None:
    with Clientset(quick(cluster)) as clientset:
        namespace = new_namespace(clientset)
        maps = clientset.core_v1.config_maps(namespace)
        for number in range(1200):  # More than two pages.
            maps.create({"metadata": {"name": f"m{number}"}})
        with followed(quick(cluster), namespace) as all_kinds:
            maps.delete("m7")
            maps.create({"metadata": {"name": LAST}})
            items = maps.list().items
            wait_until(lambda: all(follower.is_equal_to(items) for follower in all_kinds))
            assert {follower.informer._reflection.lists for follower in all_kinds} == {lists}


# Faults.


def test_a_restarted_server_is_followed_and_the_copies_stay_readable(own: Cluster) -> None:
    with Clientset(quick(own)) as clientset:
        namespace = new_namespace(clientset)
        maps = clientset.core_v1.config_maps(namespace)
        maps.create({"metadata": {"name": "a"}})
        with followed(quick(own), namespace) as all_kinds:
            own.kill_apiserver()
            wait_until(lambda: all(follower.informer.failure for follower in all_kinds))
            assert [len(follower.informer) for follower in all_kinds] == [1, 1, 1], "the copies stay readable"
            own.start_apiserver()
            maps.create({"metadata": {"name": "b"}})
            wait_until(lambda: all(len(follower.informer) == 2 for follower in all_kinds))
            assert [follower.informer.failure for follower in all_kinds] == ["", "", ""]
            maps.create({"metadata": {"name": LAST}})


def test_a_version_that_was_compacted_leads_to_the_differences(own: Cluster) -> None:
    with Clientset(quick(own)) as clientset, FaultProxy(own.port) as proxy:
        namespace = new_namespace(clientset)
        maps = clientset.core_v1.config_maps(namespace)
        for name in ("kept", "changed", "deleted", "again"):
            maps.create({"metadata": {"name": name}})
        with followed(quick(own, proxy.port), namespace) as all_kinds:
            wait_until(lambda: all(len(follower.told) == 4 for follower in all_kinds))
            expire(own, proxy, partial(change_four, maps))
            wait_until(lambda: all(follower.is_equal_to(maps.list().items) for follower in all_kinds))
            for follower in all_kinds:
                assert follower.informer._reflection.relists >= 1
                assert sorted(follower.told[4:]) == [
                    "Added again",
                    "Added new",
                    "Deleted again",
                    "Deleted deleted",
                    "Updated changed",
                ]
            maps.create({"metadata": {"name": LAST}})


def change_four(maps: Any) -> None:
    maps.patch("changed", {"data": {"k": "v"}}, type="merge")
    maps.delete("deleted")
    maps.delete("again")
    maps.create({"metadata": {"name": "again"}})
    maps.create({"metadata": {"name": "new"}})


def expire(cluster: Cluster, proxy: FaultProxy, change: Callable[[], object]) -> None:
    """Make changes while no informer is connected, and let the server forget the versions before them."""
    proxy.plan = Plan(cut_after=0)
    proxy.cut()
    change()
    cluster.compact()
    cluster.restart_apiserver()
    proxy.plan = Plan()


@pytest.mark.thorough
def test_a_server_that_was_restored_from_a_backup_is_followed(own: Cluster) -> None:
    with Clientset(quick(own)) as clientset:
        namespace = new_namespace(clientset)
        maps = clientset.core_v1.config_maps(namespace)
        for name in ("kept", "changed", "deleted"):
            maps.create({"metadata": {"name": name}})
        own.save_etcd()
        with followed(quick(own), namespace) as all_kinds:
            for number in range(100):  # The restored server must not reach this version by itself.
                maps.patch("changed", {"data": {"k": f"after {number}"}}, type="merge")
            maps.delete("deleted")
            maps.create({"metadata": {"name": "new"}})
            wait_until(lambda: all(follower.is_equal_to(maps.list().items) for follower in all_kinds))
            for follower in all_kinds:
                follower.went_back()
            own.restore_etcd()
            wait_until(lambda: all(follower.is_equal_to(maps.list().items) for follower in all_kinds))
            for follower in all_kinds:
                assert "deleted" in {found.metadata.name for found in follower.informer.list()}
            maps.create({"metadata": {"name": LAST}})


@pytest.mark.thorough
def test_a_stopped_server_is_waited_for(own: Cluster) -> None:
    with Clientset(quick(own)) as clientset:
        namespace = new_namespace(clientset)
        maps = clientset.core_v1.config_maps(namespace)
        with followed(quick(own), namespace) as all_kinds:
            own.signal_apiserver(signal.SIGSTOP)
            wait_until(lambda: all(follower.informer.failure for follower in all_kinds))
            own.signal_apiserver(signal.SIGCONT)
            maps.create({"metadata": {"name": "a"}})
            wait_until(lambda: all(len(follower.informer) == 1 for follower in all_kinds))
            maps.create({"metadata": {"name": LAST}})


def test_revoked_rights_that_are_given_back_need_no_restart(own: Cluster) -> None:
    with Clientset(quick(own)) as clientset, FaultProxy(own.port) as proxy:
        namespace = new_namespace(clientset)
        maps = clientset.core_v1.config_maps(namespace)
        name = f"reader-{namespace}"
        rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
        clientset.rbac_v1.roles(namespace).create({"metadata": {"name": name}, "rules": rules})
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
        }
        bindings = clientset.rbac_v1.role_bindings(namespace)
        bindings.create(binding)
        maps.create({"metadata": {"name": "a"}})
        config = user(own, name, proxy.port)
        wait_until(lambda: may_list(config, namespace))
        with followed(config, namespace) as all_kinds:
            bindings.delete(name)
            wait_until(lambda: not may_list(config, namespace))
            proxy.cut()
            wait_until(lambda: all("forbidden" in follower.informer.failure for follower in all_kinds))
            assert [len(follower.informer) for follower in all_kinds] == [1, 1, 1]
            maps.create({"metadata": {"name": "b"}})
            bindings.create(binding)
            wait_until(lambda: all(len(follower.informer) == 2 for follower in all_kinds))
            maps.create({"metadata": {"name": LAST}})


def may_list(config: rest.Config, namespace: str) -> bool:
    with Clientset(config) as clientset:
        try:
            clientset.core_v1.config_maps(namespace).list(limit=1)
        except errors.ForbiddenError:
            return False
    return True


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_thousand_random_changes_with_cuts_and_410s_the_copies_equal_a_list(seed: int, own: Cluster) -> None:
    chance = random.Random(seed)
    with Clientset(quick(own)) as clientset, FaultProxy(own.port) as proxy:
        namespace = new_namespace(clientset)
        maps = clientset.core_v1.config_maps(namespace)
        known: set[str] = set()

        def change() -> None:
            name = f"m{chance.randrange(30)}"
            if name not in known:
                maps.create({"metadata": {"name": name}, "data": {"k": "ü" * chance.randrange(2000)}})
                known.add(name)
            elif chance.random() < 0.3:
                maps.delete(name)
                known.discard(name)
            else:
                maps.patch(name, {"data": {"k": str(chance.random())}}, type="merge")

        with followed(quick(own, proxy.port), namespace) as all_kinds:
            for number in range(1000):
                change()
                if number % 50 == 25:
                    proxy.cut(chance.choice(("fin", "rst")))
                if number % 400 == 200:
                    expire(own, proxy, change)
            items = maps.list().items
            wait_until(lambda: all(follower.is_equal_to(items) for follower in all_kinds))
            assert all(follower.informer._reflection.relists >= 1 for follower in all_kinds)
            maps.create({"metadata": {"name": LAST}})


# Kinds that come and go.


CRD_PATH: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PLACE: Final = "/apis/informer.example.com/v1/namespaces/default/things"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_is_removed_and_made_again_is_followed_again(kind: str, own: Cluster) -> None:
    def make(name: str) -> None:
        body = {"apiVersion": "informer.example.com/v1", "kind": "Thing", "metadata": {"name": name}}
        wait_until(lambda: own.raw("POST", PLACE, body)[0] in (201, 409))

    def define() -> None:
        assert own.raw("POST", CRD_PATH, crd("v1"))[0] == 201

    def remove() -> None:
        own.raw("DELETE", f"{CRD_PATH}/things.informer.example.com")
        wait_until(lambda: own.raw("GET", f"{CRD_PATH}/things.informer.example.com")[0] == 404)

    def scenario(things: Any) -> None:
        wait_until(lambda: [thing.metadata.name for thing in things.list()] == ["one"])
        remove()
        wait_until(lambda: len(things) == 0)
        wait_until(lambda: things.failure)
        define()
        make("two")
        wait_until(lambda: [thing.metadata.name for thing in things.list()] == ["two"])

    async def main() -> None:
        async with rest.AsyncClient(quick(own)) as client, AsyncThings(client, "default").informer() as things:
            await anyio.to_thread.run_sync(scenario, things)

    define()
    make("one")
    if kind == "sync":
        with rest.Client(quick(own)) as client, Things(client, "default").informer() as things:
            scenario(things)
    else:
        anyio.run(main, backend=kind)
    remove()
