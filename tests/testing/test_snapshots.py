"""Snapshots to compare, and checkpoints to return to."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors
from kubecore.testing import FakeCluster
from tests.conformance.bodies import definition

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
EXPECTED: dict[str, dict[str, Any]] = {
    "v1 ConfigMap default/child": {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {
            "name": "child",
            "namespace": "default",
            "uid": "uid-1",
            "resourceVersion": "version-2",
            "creationTimestamp": "time-2",
            "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "uid-2"}],
        },
    },
    "v1 ConfigMap default/owner": {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {
            "name": "owner",
            "namespace": "default",
            "uid": "uid-2",
            "resourceVersion": "version-1",
            "creationTimestamp": "time-1",
        },
        "data": {"n": "41"},
    },
}


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


def fill(cluster: FakeCluster) -> None:
    cluster.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}, "data": {"n": "41"}})
    cluster.clock.advance(1)
    uid = cluster.document("ConfigMap", "owner", "default")["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    cluster.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "child", "ownerReferences": [owner]}})


def test_a_snapshot_is_equal_in_every_run() -> None:
    for seed, now in ((0, START), (7, None)):
        with FakeCluster(seed=seed, now=now) as cluster:
            fill(cluster)
            assert cluster.snapshot() == EXPECTED


def test_a_snapshot_of_kinds_has_all_their_objects() -> None:
    with FakeCluster() as cluster:
        found = cluster.snapshot(core_v1.Namespace, "serviceaccounts")
        assert list(found) == [
            "v1 Namespace default",
            "v1 Namespace kube-node-lease",
            "v1 Namespace kube-public",
            "v1 Namespace kube-system",
            *(
                f"v1 ServiceAccount {name}/default"
                for name in ("default", "kube-node-lease", "kube-public", "kube-system")
            ),
        ]
        fill(cluster)
        child = cluster.snapshot("ConfigMap", managed_fields=True)["v1 ConfigMap default/child"]
        assert child["metadata"]["managedFields"][0]["time"] == child["metadata"]["creationTimestamp"]


def test_a_snapshot_is_a_copy() -> None:
    with FakeCluster() as cluster:
        fill(cluster)
        cluster.snapshot()["v1 ConfigMap default/owner"].clear()
        assert cluster.snapshot() == EXPECTED


def test_restore_returns_to_the_objects_and_the_versions() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        fill(cluster)
        checkpoint = cluster.checkpoint()
        created = config_maps.create({"metadata": {"name": "later"}}).metadata
        config_maps.delete("owner")
        cluster.restore(checkpoint)
        assert cluster.snapshot() == EXPECTED
        assert config_maps.list().metadata.resource_version == str(checkpoint.revision)
        again = config_maps.create({"metadata": {"name": "later"}}).metadata
        assert again.resource_version is not None
        assert int(again.resource_version) <= int(created.resource_version or "")
        assert again.uid != created.uid


def test_restore_expires_older_versions_and_ends_watches() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        old = config_maps.list().metadata.resource_version
        fill(cluster)
        newest = config_maps.list().metadata.resource_version
        with config_maps.watch(resource_version=newest) as events:
            config_maps.create({"metadata": {"name": "a"}})
            next(events)
            cluster.restore(cluster.checkpoint())
            assert cluster.cut_watches() == 0
        with pytest.raises(errors.ExpiredError):
            config_maps.list(resource_version=old, resource_version_match="Exact")


def test_controllers_know_the_restored_objects() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        fill(cluster)
        checkpoint = cluster.checkpoint()
        clientset.core_v1.config_maps("default").delete("owner")
        assert list(cluster.snapshot()) == []
        cluster.restore(checkpoint)
        clientset.core_v1.config_maps("default").delete("owner")
        assert list(cluster.snapshot()) == []  # The child was garbage again.


def test_custom_kinds_are_restored_with_their_definitions() -> None:
    with FakeCluster() as cluster:
        without = cluster.checkpoint()
        cluster.add(definition("example.com"))
        kind = "widgets.example.com"
        assert cluster.documents(kind) == []
        with_kind = cluster.checkpoint()
        cluster.restore(without)
        with pytest.raises(errors.NoMatchError):
            cluster.documents(kind)
        cluster.restore(with_kind)
        assert cluster.documents(kind) == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_watch_misses_the_versions_that_are_given_again(cluster: FakeCluster, backend: str) -> None:
    """As on a real server: only caches that look again notice a restored backup."""

    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            config_maps = clientset.core_v1.config_maps("default")
            version = (await config_maps.list()).metadata.resource_version
            async with config_maps.watch(resource_version=version) as events:
                await config_maps.create({"metadata": {"name": "a"}})
                assert (await anext(events)).object.metadata.name == "a"
                cluster.restore(checkpoint)
                await config_maps.create({"metadata": {"name": "b"}})
                await config_maps.create({"metadata": {"name": "c"}})
                assert (await anext(events)).object.metadata.name == "c"

    checkpoint = cluster.checkpoint()
    anyio.run(main, backend=backend)


def test_a_snapshot_can_not_be_restored() -> None:
    with FakeCluster() as cluster:
        snapshot: Any = cluster.snapshot()
        with pytest.raises(TypeError, match=r"restore needs the result of checkpoint\(\), not a dict"):
            cluster.restore(snapshot)
